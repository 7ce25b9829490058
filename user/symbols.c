/* SPDX-License-Identifier: MIT */
/*
 * What the dynamic linker knows of a library, read without its locks: whoever
 * holds those may wait for the one that asks.
 *
 *   link_map ── dynamic section ── DT_GNU_HASH ── bucket ── chain ──► symbol
 *                               └─ DT_HASH: its symbols one after the other
 *
 * The library must stay loaded meanwhile. In the shared library only.
 */
#include <ashlar/string.h>
#include <stddef.h>
#include "symbols.h"

static const void *in_memory(const struct symbol_table *t, uintptr_t pointer)
{
	return (const void *)(pointer < t->bias ? pointer + t->bias : pointer);
}

/* True if the library has symbols that can be looked up. */
bool symbols_of(struct symbol_table *t, const struct link_map *map)
{
	const ElfW(Dyn) * d;

	*t = (struct symbol_table){ .bias = map->l_addr };
	for (d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			t->symbols = in_memory(t, d->d_un.d_ptr);
		if (d->d_tag == DT_STRTAB)
			t->strings = in_memory(t, d->d_un.d_ptr);
		if (d->d_tag == DT_GNU_HASH)
			t->hash = in_memory(t, d->d_un.d_ptr);
		if (d->d_tag == DT_HASH)
			t->old_hash = in_memory(t, d->d_un.d_ptr);
	}
	return t->symbols && t->strings && (t->hash || t->old_hash);
}

static Elf32_Word hash_of(const char *name)
{
	Elf32_Word h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static bool is_called(const struct symbol_table *t, Elf32_Word i,
		      const char *name)
{
	return t->symbols[i].st_shndx != SHN_UNDEF &&
	       !ashlar_strcmp(t->strings + t->symbols[i].st_name, name);
}

/* The first symbol from @i on of a library that has only DT_HASH, or NULL. */
static const ElfW(Sym) * find_slowly(const struct symbol_table *t,
				     const char *name, Elf32_Word i)
{
	for (; i < t->old_hash[1]; i++)
		if (is_called(t, i, name))
			return &t->symbols[i];
	return NULL;
}

/*
 * symbol_find() - what a library defines under @name
 * @after: the one found last, since there may be several versions; or NULL
 *
 * Context: any. Return: the symbol, or NULL.
 */
const ElfW(Sym) * symbol_find(const struct symbol_table *t, const char *name,
			      const ElfW(Sym) * after)
{
	Elf32_Word i = after ? (Elf32_Word)(after - t->symbols) : 0, h;

	if (!t->hash)
		return find_slowly(t, name, i + 1);
	h = hash_of(name);
	if (after && symbol_chain(t, i) & 1)
		return NULL;
	i = after ? i + 1 : symbol_buckets(t)[h % t->hash[0]];
	if (i < t->hash[1])
		return NULL;
	for (;; i++) {
		if ((symbol_chain(t, i) | 1) == (h | 1) &&
		    is_called(t, i, name))
			return &t->symbols[i];
		if (symbol_chain(t, i) & 1)
			return NULL;
	}
}

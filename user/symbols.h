/* SPDX-License-Identifier: MIT */
/* The names that a loaded library has, by its own tables: symbols.c. */
#ifndef ASHLAR_USER_SYMBOLS_H
#define ASHLAR_USER_SYMBOLS_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

/* A loaded library's table of symbols, with the hash that leads into it. */
struct symbol_table {
	uintptr_t bias; /* between its file's addresses and memory's */
	const ElfW(Sym) * symbols;
	const char *strings;
	const Elf32_Word *hash; /* DT_GNU_HASH, or NULL */
	const Elf32_Word *old_hash; /* DT_HASH, or NULL */
};

bool symbols_of(struct symbol_table *t, const struct link_map *map);
const ElfW(Sym) * symbol_find(const struct symbol_table *t, const char *name,
			      const ElfW(Sym) * after);

static inline const Elf32_Word *symbol_buckets(const struct symbol_table *t)
{
	return t->hash + 4 + t->hash[2] * (sizeof(ElfW(Addr)) / 4);
}

/* The hash of symbol @i, but for its lowest bit, which ends a chain. */
static inline Elf32_Word symbol_chain(const struct symbol_table *t,
				      Elf32_Word i)
{
	return symbol_buckets(t)[t->hash[0] + i - t->hash[1]];
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What few programs have this library call of the C library. These are called
 * in its place, as no name is nearer, and look for the real one at their first
 * call; the dynamic linker would at each start, 620 instructions a name.
 *
 *   program ─► the vDSO ─► libraries, in the order of their loading ─► …
 *                          the first that has the name
 *
 * The C library was loaded with the program, so of what is looked at nothing
 * is ever unloaded.
 */
#include <stddef.h>
#include "port/user/find_object.h"
#include "port/user/unwind.h"
#include "symbols.h"
#include "user.h"

void _IO_list_lock(void);
void _IO_list_unlock(void);

static void *found(const char *name)
{
	const struct link_map *map;
	const ElfW(Sym) * symbol;
	struct dl_find_object o;
	struct symbol_table t;

	if (!find_object((uintptr_t)found, &o))
		return NULL;
	for (map = o.dlfo_link_map; map->l_prev;)
		map = map->l_prev;
	for (; map; map = map->l_next) {
		symbol = symbols_of(&t, map) ? symbol_find(&t, name, NULL) :
					       NULL;
		if (symbol)
			return (void *)(t.bias + symbol->st_value);
	}
	return NULL;
}

/* For a fork of several threads (port/user/cpu.c). */
void _IO_list_lock(void)
{
	static void (*real)(void);

	if (!real)
		*(void **)&real = found("_IO_list_lock");
	if (real)
		real();
}

void _IO_list_unlock(void)
{
	static void (*real)(void);

	if (!real)
		*(void **)&real = found("_IO_list_unlock");
	if (real)
		real();
}

/*
 * Where samples are taken: the stack of a thread begins below the thread-local
 * variables that are there from the start, and these below its descriptor.
 */
void ashlar_thread_tops(void)
{
	void (*real)(size_t * bytes, size_t * align);
	size_t bytes, align;
	const uint32_t *own;

	*(void **)&real = found("_dl_get_tls_static_info");
	own = found("_thread_db_sizeof_pthread");
	if (!real || !own)
		return;
	real(&bytes, &align);
	if (is_power_of_2(align))
		unwind_thread_top = ALIGN(bytes, align) - *own;
}

/* The real one takes this library for its caller, as it should. */
void *dlsym(void *restrict handle, const char *restrict name)
{
	static void *(*real)(void *handle, const char *name);

	if (!real)
		*(void **)&real = found("dlsym");
	return real ? real(handle, name) : NULL;
}

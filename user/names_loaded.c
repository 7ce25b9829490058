/* SPDX-License-Identifier: MIT */
/*
 * In the shared library the names that C++'s operators go on by, and others
 * that few programs come to, are looked for at their first call. The dynamic
 * linker would do it at the start of every program: thirteen names, 7,800
 * instructions.
 *
 *   program ── libraries before this one ── libashlar-malloc ── others
 *   ◄── the first that has the name, or ──────┘ own: this one's
 *
 * Who comes before this library was loaded with the program, and stays. The
 * C++ runtime comes behind it, or later; what is wanted of it (when memory is
 * short, and an exception about to be thrown) the dynamic linker finds.
 */
#include <stdbool.h>
#include "port/user/find_object.h"
#include "names.h"
#include "symbols.h"
#include "user.h"

#define FIND(field, name, own) \
	(*(void **)&names.field = named(before, name, (void *)(own)))

/* The function under @name of the first library up to @last, or @own. */
static void *named(const struct link_map *last, const char *name, void *own)
{
	const ElfW(Sym) * symbol;
	struct symbol_table t;
	void *found = own;

	for (; last; last = last->l_prev) {
		if (!symbols_of(&t, last))
			continue;
		symbol = symbol_find(&t, name, NULL);
		if (symbol)
			found = (void *)(t.bias + symbol->st_value);
	}
	return found;
}

static const struct link_map *libraries_before(void)
{
	struct dl_find_object o;

	if (!find_object((uintptr_t)named, &o))
		return NULL;
	return o.dlfo_link_map->l_prev;
}

static bool others_ours(const struct link_map *before)
{
	static const char others[][24] = {
		NEW_NAME NOTHROW,
		NEW_ARRAY_NAME NOTHROW,
		"_ZdlPv" CXX_SIZE,
		"_ZdaPv" CXX_SIZE,
	};
	unsigned int i;

	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (named(before, others[i], NULL))
			return false;
	return true;
}

/* Threads may do this together: they find the same. */
const struct operator_names *ashlar_operator_names(void)
{
	static struct operator_names names;
	static bool found;
	const struct link_map *before;

	if (__atomic_load_n(&found, __ATOMIC_ACQUIRE))
		return &names;
	before = libraries_before();
	FIND(malloc, "malloc", ashlar_own_malloc);
	FIND(release, "free", ashlar_own_free);
	FIND(aligned_alloc, "aligned_alloc", ashlar_own_aligned_alloc);
	FIND(new_one, NEW_NAME, own_operator_new);
	FIND(new_array, NEW_ARRAY_NAME, own_operator_new_array);
	FIND(new_aligned, NEW_NAME ALIGN_VAL, own_operator_new_aligned);
	FIND(new_array_aligned, NEW_ARRAY_NAME ALIGN_VAL,
	     own_operator_new_array_aligned);
	FIND(delete_one, "_ZdlPv", own_operator_delete);
	FIND(delete_array, "_ZdaPv", own_operator_delete_array);
	FIND(delete_one_aligned, "_ZdlPv" ALIGN_VAL,
	     own_operator_delete_aligned);
	FIND(delete_array_aligned, "_ZdaPv" ALIGN_VAL,
	     own_operator_delete_array_aligned);
	names.others_ours = others_ours(before);
	__atomic_store_n(&found, true, __ATOMIC_RELEASE);
	return &names;
}

const struct family_names *ashlar_family_names(void)
{
	static struct family_names names;
	static bool found;
	const struct link_map *before;

	if (__atomic_load_n(&found, __ATOMIC_ACQUIRE))
		return &names;
	before = libraries_before();
	FIND(resize, "realloc", ashlar_own_realloc);
	FIND(release, "free", ashlar_own_free);
	__atomic_store_n(&found, true, __ATOMIC_RELEASE);
	return &names;
}

void ashlar_find_runtime(struct cxx_runtime *runtime)
{
	*(void **)&runtime->get_new_handler =
		dlsym(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
	*(void **)&runtime->throw_bad_alloc =
		dlsym(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv");
}

void ashlar_print(FILE *f, const char *text, size_t n)
{
	size_t (*print)(const void *text, size_t size, size_t n, FILE *f);

	*(void **)&print = dlsym(RTLD_DEFAULT, "fwrite");
	if (print)
		print(text, n, 1, f);
}

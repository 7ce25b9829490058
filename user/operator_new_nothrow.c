/* SPDX-License-Identifier: MIT */
/*
 * The nothrow forms of operator new return NULL where the others throw, a
 * throw of the new-handler's included. Catching is the C++ runtime's: its own
 * nothrow forms call plain operator new, which is ours or the program's, and
 * catch. So each form here goes on to the next library's, but only where that
 * matters: when memory is short, or the program replaced plain operator new.
 * Otherwise the block is ours at once, for the next library may be another
 * allocator, whose blocks our delete cannot take. In the shared library only:
 * in a static link the runtime's forms are found by themselves.
 */
#include <dlfcn.h>
#include <stddef.h>
#include "port/user/user.h"
#include "names.h"
#include "user.h"

#define CXX(name) \
	__asm__(name) __attribute__((__weak__, __visibility__("default")))

typedef void *(*nothrow_new)(size_t size, const void *tag);
typedef void *(*nothrow_new_aligned)(size_t size, size_t align,
				     const void *tag);

static void *next_form(void **slot, const char *name)
{
	void *next = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (!next) {
		next = dlsym(RTLD_NEXT, name);
		__atomic_store_n(slot, next, __ATOMIC_RELAXED);
	}
	return next;
}

/*
 * True if a rule of what is to fail refuses such a call, and no handler could
 * help: the runtime's form would ask once more, and be given a block.
 */
static bool is_refused(void)
{
	struct cxx_runtime runtime;

	if (!fail_wanted)
		return false;
	ashlar_find_runtime(&runtime);
	return !runtime.get_new_handler || !runtime.get_new_handler();
}

/* True if blocks of plain operator new are ours. */
static bool new_is_ours(void)
{
	const struct operator_names *names = ashlar_operator_names();

	ashlar_choose_operators();
	return names->new_one == own_operator_new &&
	       names->malloc == ashlar_own_malloc;
}

static void *new_nothrow(void **slot, const char *name, size_t size,
			 const void *tag, bool array)
{
	void *p = NULL;
	nothrow_new next;

	if (new_is_ours()) {
		p = ashlar_kind_new_or_null(size, array);
		if (p || is_refused())
			return p;
	}
	*(void **)&next = next_form(slot, name);
	return next ? next(size, tag) : ashlar_operator_names()->malloc(size);
}

static void *new_aligned_nothrow(void **slot, const char *name, size_t size,
				 size_t align, const void *tag, bool array)
{
	void *p = NULL;
	nothrow_new_aligned next;

	if (new_is_ours()) {
		p = ashlar_new_aligned(size, align, array);
		if (p || is_refused())
			return p;
	}
	*(void **)&next = next_form(slot, name);
	return next ? next(size, align, tag) :
		      ashlar_operator_names()->aligned_alloc(align, size);
}

#define DEFINE_NOTHROW_NEW(id, mangled, array)                                \
	void *id(size_t size, const void *tag) CXX(mangled NOTHROW);          \
	void *id(size_t size, const void *tag)                                \
	{                                                                     \
		static void *next;                                            \
                                                                              \
		return new_nothrow(&next, mangled NOTHROW, size, tag, array); \
	}                                                                     \
	void *id##_aligned(size_t size, size_t align, const void *tag)        \
		CXX(mangled ALIGN_VAL NOTHROW);                               \
	void *id##_aligned(size_t size, size_t align, const void *tag)        \
	{                                                                     \
		static void *next;                                            \
                                                                              \
		return new_aligned_nothrow(&next, mangled ALIGN_VAL NOTHROW,  \
					   size, align, tag, array);          \
	}

DEFINE_NOTHROW_NEW(operator_new_nothrow, NEW_NAME, false)
DEFINE_NOTHROW_NEW(operator_new_array_nothrow, NEW_ARRAY_NAME, true)

/* SPDX-License-Identifier: MIT */
/*
 * C++'s operator new and delete, in C under their mangled names (Itanium C++
 * ABI 5.1.5), so that the library needs no C++ runtime of its own.
 *
 *   new[] ──► new ──► malloc        delete[] ──► delete ──► free
 *   sized, nothrow deletes ──► the plain one
 *   nothrow new: operator_new_nothrow.c
 *
 * A program may replace any of these ([replacement.functions]), so each form
 * calls the next by its public name, and each is weak: the program's own
 * wins, in a static link too. What only the C++ runtime can do (throw
 * bad_alloc, say which new-handler is set) is asked of it through weak
 * references: a program that uses operator new has it.
 */
#include <stddef.h>
#include <stdlib.h>
#include "user.h"

#define CXX(name) \
	__asm__(name) __attribute__((__weak__, __visibility__("default")))
#define RUNTIME(name) __asm__(name) __attribute__((__weak__))
#define COLD __attribute__((__noinline__, __cold__))
#define likely(x) __builtin_expect(!!(x), 1)

#define NOTHROW "RKSt9nothrow_t"
#define ALIGN_VAL "St11align_val_t"

typedef void (*new_handler)(void);

new_handler get_new_handler(void) RUNTIME("_ZSt15get_new_handlerv");
void throw_bad_alloc(void) RUNTIME("_ZSt17__throw_bad_allocv");

/* ---- new ---- */

void *operator_new(size_t size) CXX("_Znwm");
void *operator_new_array(size_t size) CXX("_Znam");
void *operator_new_aligned(size_t size, size_t align) CXX("_Znwm" ALIGN_VAL);
void *operator_new_array_aligned(size_t size, size_t align)
	CXX("_Znam" ALIGN_VAL);

/* [new.delete.single]: call the handler until it helps, throws or is gone. */
static COLD void *new_failed(size_t size, size_t align)
{
	new_handler handler;
	void *p;

	for (;;) {
		handler = get_new_handler ? get_new_handler() : NULL;
		if (!handler) {
			if (throw_bad_alloc)
				throw_bad_alloc();
			abort();
		}
		handler();
		p = align ? aligned_alloc(align, size) : malloc(size);
		if (p)
			return p;
	}
}

static COLD void *plain_new_failed(size_t size)
{
	return new_failed(size, 0);
}

/* malloc is the program's, or our own in a static link. */
static COLD void *new_by_name(size_t size)
{
	void *p = malloc(size);

	return likely(p) ? p : new_failed(size, 0);
}

void *operator_new(size_t size)
{
	if (likely(malloc == ashlar_own_malloc))
		return ashlar_malloc_or(size, plain_new_failed);
	return new_by_name(size);
}

void *operator_new_aligned(size_t size, size_t align)
{
	void *p = aligned_alloc(align, size);

	return likely(p) ? p : new_failed(size, align);
}

/* Ours, under a name that no program replaces. */
extern __typeof(operator_new) own_operator_new
	__attribute__((__alias__("_Znwm"), __visibility__("hidden")));

void *operator_new_array(size_t size)
{
	return operator_new(size);
}

void *operator_new_array_aligned(size_t size, size_t align)
{
	return operator_new_aligned(size, align);
}

/* ---- delete ---- */

void operator_delete(void *p) CXX("_ZdlPv");
void operator_delete_array(void *p) CXX("_ZdaPv");
void operator_delete_aligned(void *p, size_t align) CXX("_ZdlPv" ALIGN_VAL);
void operator_delete_array_aligned(void *p, size_t align)
	CXX("_ZdaPv" ALIGN_VAL);

void operator_delete(void *p)
{
	free(p);
}

void operator_delete_aligned(void *p, size_t align)
{
	(void)align;
	free(p);
}

void operator_delete_array(void *p)
{
	operator_delete(p);
}

void operator_delete_array_aligned(void *p, size_t align)
{
	operator_delete_aligned(p, align);
}

#define DEFINE_DELETES(id, mangled)                                       \
	void id##_sized(void *p, size_t size) CXX(mangled "m");           \
	void id##_sized(void *p, size_t size)                             \
	{                                                                 \
		(void)size;                                               \
		id(p);                                                    \
	}                                                                 \
	void id##_nothrow(void *p, const void *tag) CXX(mangled NOTHROW); \
	void id##_nothrow(void *p, const void *tag)                       \
	{                                                                 \
		(void)tag;                                                \
		id(p);                                                    \
	}                                                                 \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
		CXX(mangled "m" ALIGN_VAL);                               \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
	{                                                                 \
		(void)size;                                               \
		id##_aligned(p, align);                                   \
	}                                                                 \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
		CXX(mangled ALIGN_VAL NOTHROW);                           \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
	{                                                                 \
		(void)tag;                                                \
		id##_aligned(p, align);                                   \
	}

DEFINE_DELETES(operator_delete, "_ZdlPv")
DEFINE_DELETES(operator_delete_array, "_ZdaPv")

/* SPDX-License-Identifier: MIT */
/*
 * C++'s operator new and delete, in C under their mangled names (Itanium C++
 * ABI 5.1.5), so that the library needs no C++ runtime of its own.
 *
 *   new[] ──► new ──► malloc        delete[] ──► delete ──► free
 *   sized, nothrow deletes ──► the plain one; watched blocks: watched.c
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

/* True if aligned_alloc is ours: whoever has one of his own has malloc, too. */
static bool malloc_is_ours(void)
{
	return malloc == ashlar_own_malloc;
}

/* malloc is the program's, or our own in a static link. */
static COLD void *new_by_name(size_t size)
{
	void *p = malloc(size);

	return likely(p) ? p : new_failed(size, 0);
}

void *operator_new(size_t size)
{
	if (likely(malloc_is_ours()))
		return ashlar_new_or(size, plain_new_failed);
	return new_by_name(size);
}

static void *new_aligned(size_t size, size_t align, bool array)
{
	void *p = likely(malloc_is_ours()) ?
			  ashlar_new_aligned(size, align, array) :
			  aligned_alloc(align, size);

	return likely(p) ? p : new_failed(size, align);
}

void *operator_new_aligned(size_t size, size_t align)
{
	return new_aligned(size, align, false);
}

/* Ours, under a name that no program replaces. */
extern __typeof(operator_new) own_operator_new
	__attribute__((__alias__("_Znwm"), __visibility__("hidden")));
extern __typeof(operator_new_aligned) own_operator_new_aligned
	__attribute__((__alias__("_Znwm" ALIGN_VAL), __visibility__("hidden")));

void *operator_new_array(size_t size)
{
	if (likely(operator_new == own_operator_new && malloc_is_ours()))
		return ashlar_new_array_or(size, plain_new_failed);
	return operator_new(size);
}

void *operator_new_array_aligned(size_t size, size_t align)
{
	if (likely(operator_new_aligned == own_operator_new_aligned))
		return new_aligned(size, align, true);
	return operator_new_aligned(size, align);
}

/* ---- delete ---- */

void operator_delete(void *p) CXX("_ZdlPv");
void operator_delete_array(void *p) CXX("_ZdaPv");
void operator_delete_aligned(void *p, size_t align) CXX("_ZdlPv" ALIGN_VAL);
void operator_delete_array_aligned(void *p, size_t align)
	CXX("_ZdaPv" ALIGN_VAL);

/* Ours, as above. */
extern __typeof(operator_delete) own_operator_delete
	__attribute__((__alias__("_ZdlPv"), __visibility__("hidden")));
extern __typeof(operator_delete_array) own_operator_delete_array
	__attribute__((__alias__("_ZdaPv"), __visibility__("hidden")));
extern __typeof(operator_delete_aligned) own_operator_delete_aligned
	__attribute__((__alias__("_ZdlPv" ALIGN_VAL),
		       __visibility__("hidden")));
extern __typeof(operator_delete_array_aligned) own_operator_delete_array_aligned
	__attribute__((__alias__("_ZdaPv" ALIGN_VAL),
		       __visibility__("hidden")));

typedef void (*delete_plain)(void *p);
typedef void (*delete_with)(void *p, size_t size_or_align);
typedef void (*delete_with_both)(void *p, size_t size, size_t align);

/*
 * Where each form goes on, with all of its arguments: whoever takes fewer
 * does not see the last ones, in every C calling convention there is here. So
 * a form costs one jump, be blocks watched or not.
 */
struct delete_forms {
	delete_plain plain;
	delete_with sized, aligned;
	delete_with_both sized_aligned;
};

#define AS(type, function) ((type)(void (*)(void))(function))

static struct delete_forms one = {
	free,
	AS(delete_with, operator_delete),
	AS(delete_with, free),
	AS(delete_with_both, operator_delete_aligned),
};

static struct delete_forms array = {
	operator_delete,
	AS(delete_with, operator_delete_array),
	operator_delete_aligned,
	AS(delete_with_both, operator_delete_array_aligned),
};

#define DEFINE_DELETES(id, forms, mangled)                                \
	void id(void *p)                                                  \
	{                                                                 \
		forms.plain(p);                                           \
	}                                                                 \
	void id##_aligned(void *p, size_t align)                          \
	{                                                                 \
		forms.aligned(p, align);                                  \
	}                                                                 \
	void id##_sized(void *p, size_t size) CXX(mangled "m");           \
	void id##_sized(void *p, size_t size)                             \
	{                                                                 \
		forms.sized(p, size);                                     \
	}                                                                 \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
		CXX(mangled "m" ALIGN_VAL);                               \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
	{                                                                 \
		forms.sized_aligned(p, size, align);                      \
	}                                                                 \
	void id##_nothrow(void *p, const void *tag) CXX(mangled NOTHROW); \
	void id##_nothrow(void *p, const void *tag)                       \
	{                                                                 \
		(void)tag;                                                \
		id(p);                                                    \
	}                                                                 \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
		CXX(mangled ALIGN_VAL NOTHROW);                           \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
	{                                                                 \
		(void)tag;                                                \
		id##_aligned(p, align);                                   \
	}

DEFINE_DELETES(operator_delete, one, "_ZdlPv")
DEFINE_DELETES(operator_delete_array, array, "_ZdaPv")

/* ---- while blocks are watched: each form says all it knows ---- */

#define DEFINE_WATCHED(id)                                             \
	static void watched_##id(void *p)                              \
	{                                                              \
		ashlar_##id(p, SIZE_UNKNOWN, 1);                       \
	}                                                              \
	static void watched_##id##_sized(void *p, size_t size)         \
	{                                                              \
		ashlar_##id(p, size, 1);                               \
	}                                                              \
	static void watched_##id##_aligned(void *p, size_t align)      \
	{                                                              \
		ashlar_##id(p, SIZE_UNKNOWN, align);                   \
	}                                                              \
	static void watched_##id##_sized_aligned(void *p, size_t size, \
						 size_t align)         \
	{                                                              \
		ashlar_##id(p, size, align);                           \
	}

DEFINE_WATCHED(delete)
DEFINE_WATCHED(delete_array)

/* A form that would call what the program has replaced stays as it is. */
void ashlar_watch_operators(void)
{
	bool one_ours = operator_delete == own_operator_delete;
	bool aligned_ours = operator_delete_aligned ==
			    own_operator_delete_aligned;

	if (free != ashlar_own_free)
		return;
	one.plain = watched_delete;
	one.aligned = watched_delete_aligned;
	if (one_ours) {
		one.sized = watched_delete_sized;
		array.plain = watched_delete_array;
		if (operator_delete_array == own_operator_delete_array)
			array.sized = watched_delete_array_sized;
	}
	if (aligned_ours) {
		one.sized_aligned = watched_delete_sized_aligned;
		array.aligned = watched_delete_array_aligned;
		if (operator_delete_array_aligned ==
		    own_operator_delete_array_aligned)
			array.sized_aligned =
				watched_delete_array_sized_aligned;
	}
}

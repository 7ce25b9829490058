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

/*
 * Where each form goes on is asked once: it depends on what the program has
 * replaced, and on whether blocks are watched. A call costs a jump then.
 */
static void choose_forms(void);

typedef void *(*new_form)(size_t size, alloc_failed failed);

/* malloc is the program's, or our own in a static link. */
static void *new_by_name(size_t size, alloc_failed failed)
{
	void *p = malloc(size);

	return likely(p) ? p : failed(size);
}

static void *array_by_name(size_t size, alloc_failed failed)
{
	(void)failed;
	return operator_new(size);
}

static void *first_new(size_t size, alloc_failed failed);
static void *first_new_array(size_t size, alloc_failed failed);

static struct new_forms {
	new_form one, array;
} news = { first_new, first_new_array };

static COLD void *first_new(size_t size, alloc_failed failed)
{
	choose_forms();
	return news.one(size, failed);
}

static COLD void *first_new_array(size_t size, alloc_failed failed)
{
	choose_forms();
	return news.array(size, failed);
}

void *operator_new(size_t size)
{
	return news.one(size, plain_new_failed);
}

void *operator_new_array(size_t size)
{
	return news.array(size, plain_new_failed);
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
 * With all of its arguments: whoever takes fewer does not see the last ones,
 * in every C calling convention there is here.
 */
struct delete_forms {
	delete_plain plain;
	delete_with sized, aligned;
	delete_with_both sized_aligned;
};

#define AS(type, function) ((type)(void (*)(void))(function))

#define DEFINE_FIRST(forms)                                           \
	static struct delete_forms forms;                             \
	static COLD void forms##_first(void *p)                       \
	{                                                             \
		choose_forms();                                       \
		forms.plain(p);                                       \
	}                                                             \
	static COLD void forms##_first_sized(void *p, size_t size)    \
	{                                                             \
		choose_forms();                                       \
		forms.sized(p, size);                                 \
	}                                                             \
	static COLD void forms##_first_aligned(void *p, size_t align) \
	{                                                             \
		choose_forms();                                       \
		forms.aligned(p, align);                              \
	}                                                             \
	static COLD void forms##_first_both(void *p, size_t size,     \
					    size_t align)             \
	{                                                             \
		choose_forms();                                       \
		forms.sized_aligned(p, size, align);                  \
	}                                                             \
	static struct delete_forms forms = { forms##_first,           \
					     forms##_first_sized,     \
					     forms##_first_aligned,   \
					     forms##_first_both }

DEFINE_FIRST(one);
DEFINE_FIRST(array);

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

static bool watching;

/* A form that has been replaced is called by those that go on to it. */
static void choose_deletes(void)
{
	bool one_ours = operator_delete == own_operator_delete;
	bool array_ours = operator_delete_array == own_operator_delete_array;

	one.plain = free;
	one.sized = one_ours ? AS(delete_with, free) :
			       AS(delete_with, operator_delete);
	array.plain = one_ours ? free : operator_delete;
	array.sized = array_ours ? AS(delete_with, array.plain) :
				   AS(delete_with, operator_delete_array);
	if (!watching || free != ashlar_own_free)
		return;
	one.plain = watched_delete;
	if (!one_ours)
		return;
	one.sized = watched_delete_sized;
	array.plain = watched_delete_array;
	if (array_ours)
		array.sized = watched_delete_array_sized;
}

static void choose_aligned_deletes(void)
{
	bool one_ours = operator_delete_aligned == own_operator_delete_aligned;
	bool array_ours = operator_delete_array_aligned ==
			  own_operator_delete_array_aligned;

	one.aligned = AS(delete_with, free);
	one.sized_aligned = AS(delete_with_both, operator_delete_aligned);
	array.aligned = operator_delete_aligned;
	array.sized_aligned =
		AS(delete_with_both, operator_delete_array_aligned);
	if (!watching || free != ashlar_own_free)
		return;
	one.aligned = watched_delete_aligned;
	if (!one_ours)
		return;
	one.sized_aligned = watched_delete_sized_aligned;
	array.aligned = watched_delete_array_aligned;
	if (array_ours)
		array.sized_aligned = watched_delete_array_sized_aligned;
}

static COLD void choose_forms(void)
{
	choose_deletes();
	choose_aligned_deletes();
	news.one = malloc_is_ours() ? ashlar_new_or : new_by_name;
	news.array = array_by_name;
	if (operator_new == own_operator_new)
		news.array = malloc_is_ours() ? ashlar_new_array_or :
						new_by_name;
}

void ashlar_watch_operators(void)
{
	watching = true;
	choose_forms();
}

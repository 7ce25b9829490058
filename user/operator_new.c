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
 * calls the next by its public name (names.h), and each is weak: the program's
 * own wins, in a static link too. What only the C++ runtime can do (throw
 * bad_alloc, say which new-handler is set) is asked of it: a program that uses
 * operator new has it.
 */
#include <stddef.h>
#include <stdlib.h>
#include "names.h"
#include "user.h"

#define CXX(name) \
	__asm__(name) __attribute__((__weak__, __visibility__("default")))
#define COLD __attribute__((__noinline__, __cold__))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- new ---- */

void *operator_new(size_t size) CXX(NEW_NAME);
void *operator_new_array(size_t size) CXX(NEW_ARRAY_NAME);
void *operator_new_aligned(size_t size, size_t align) CXX(NEW_NAME ALIGN_VAL);
void *operator_new_array_aligned(size_t size, size_t align)
	CXX(NEW_ARRAY_NAME ALIGN_VAL);

/* True if aligned_alloc is ours: whoever has one of his own has malloc, too. */
static bool malloc_is_ours(void)
{
	return ashlar_operator_names()->malloc == ashlar_own_malloc;
}

/* @align: 0 if none was asked for */
static void *try_again(size_t size, size_t align, bool array)
{
	const struct operator_names *names = ashlar_operator_names();

	if (!malloc_is_ours())
		return align ? names->aligned_alloc(align, size) :
			       names->malloc(size);
	return align ? ashlar_new_aligned(size, align, array) :
		       ashlar_kind_new_or_null(size, array);
}

/* [new.delete.single]: call the handler until it helps, throws or is gone. */
static COLD void *new_failed(size_t size, size_t align, bool array)
{
	struct cxx_runtime runtime;
	new_handler handler;
	void *p;

	ashlar_find_runtime(&runtime);
	for (;;) {
		handler = runtime.get_new_handler ? runtime.get_new_handler() :
						    NULL;
		if (!handler) {
			if (runtime.throw_bad_alloc)
				runtime.throw_bad_alloc();
			abort();
		}
		handler();
		p = try_again(size, align, array);
		if (p)
			return p;
	}
}

COLD void *ashlar_new_failed(size_t size, bool array)
{
	return new_failed(size, 0, array);
}

/*
 * Where each form goes on is asked once: it depends on what the program has
 * replaced, and on whether blocks are watched. A call costs a jump then.
 */
static void choose_forms(void);

typedef void *(*new_form)(size_t size);

/* malloc is the program's, or our own in a static link. */
static void *new_by_name(size_t size)
{
	void *p = ashlar_operator_names()->malloc(size);

	return likely(p) ? p : ashlar_new_failed(size, false);
}

static void *array_by_name(size_t size)
{
	return ashlar_operator_names()->new_one(size);
}

static void *first_new(size_t size);
static void *first_new_array(size_t size);

static struct new_forms {
	new_form one, array;
	/* Both false before the choice: then it is made. */
	bool aligned_ours, array_aligned_ours;
} news = { .one = first_new, .array = first_new_array };

static COLD void *first_new(size_t size)
{
	choose_forms();
	return news.one(size);
}

static COLD void *first_new_array(size_t size)
{
	choose_forms();
	return news.array(size);
}

/* What operators.c looks at: a size over it is for new_otherwise(). */
size_t ashlar_new_most;

void *ashlar_new_otherwise(size_t size)
{
	return news.one(size);
}

void *operator_new(size_t size)
{
	return news.one(size);
}

void *operator_new_array(size_t size)
{
	return news.array(size);
}

static COLD void *new_aligned_by_name(size_t size, size_t align, bool array)
{
	const struct operator_names *names = ashlar_operator_names();
	void *p;

	choose_forms();
	if (array && !news.array_aligned_ours)
		return names->new_aligned(size, align);
	p = news.aligned_ours ? ashlar_new_aligned(size, align, array) :
				names->aligned_alloc(align, size);
	return likely(p) ? p : new_failed(size, align, array);
}

void *operator_new_aligned(size_t size, size_t align)
{
	void *p;

	if (unlikely(!news.aligned_ours))
		return new_aligned_by_name(size, align, false);
	p = ashlar_new_aligned(size, align, false);
	return likely(p) ? p : new_failed(size, align, false);
}

void *operator_new_array_aligned(size_t size, size_t align)
{
	void *p;

	if (unlikely(!news.aligned_ours || !news.array_aligned_ours))
		return new_aligned_by_name(size, align, true);
	p = ashlar_new_aligned(size, align, true);
	return likely(p) ? p : new_failed(size, align, true);
}

/* Ours, under names that no program replaces. */
#define OWN(own, function, mangled)   \
	extern __typeof(function) own \
		__attribute__((__alias__(mangled), __visibility__("hidden")))

OWN(own_operator_new, operator_new, NEW_NAME);
OWN(own_operator_new_array, operator_new_array, NEW_ARRAY_NAME);
OWN(own_operator_new_aligned, operator_new_aligned, NEW_NAME ALIGN_VAL);
OWN(own_operator_new_array_aligned, operator_new_array_aligned,
    NEW_ARRAY_NAME ALIGN_VAL);

/* ---- delete ---- */

void operator_delete(void *p) CXX("_ZdlPv");
void operator_delete_array(void *p) CXX("_ZdaPv");
void operator_delete_aligned(void *p, size_t align) CXX("_ZdlPv" ALIGN_VAL);
void operator_delete_array_aligned(void *p, size_t align)
	CXX("_ZdaPv" ALIGN_VAL);

OWN(own_operator_delete, operator_delete, "_ZdlPv");
OWN(own_operator_delete_array, operator_delete_array, "_ZdaPv");
OWN(own_operator_delete_aligned, operator_delete_aligned, "_ZdlPv" ALIGN_VAL);
OWN(own_operator_delete_array_aligned, operator_delete_array_aligned,
    "_ZdaPv" ALIGN_VAL);

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

void ashlar_delete_otherwise(void *p, size_t size)
{
	one.sized(p, size);
}

#define DEFINE_DELETES(id, forms, field, mangled)                         \
	void id(void *p)                                                  \
	{                                                                 \
		forms.plain(p);                                           \
	}                                                                 \
	void id##_aligned(void *p, size_t align)                          \
	{                                                                 \
		forms.aligned(p, align);                                  \
	}                                                                 \
	void id##_sized(void *p, size_t size) CXX(mangled CXX_SIZE);      \
	void id##_sized(void *p, size_t size)                             \
	{                                                                 \
		forms.sized(p, size);                                     \
	}                                                                 \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
		CXX(mangled CXX_SIZE ALIGN_VAL);                          \
	void id##_sized_aligned(void *p, size_t size, size_t align)       \
	{                                                                 \
		forms.sized_aligned(p, size, align);                      \
	}                                                                 \
	void id##_nothrow(void *p, const void *tag) CXX(mangled NOTHROW); \
	void id##_nothrow(void *p, const void *tag)                       \
	{                                                                 \
		(void)tag;                                                \
		ashlar_operator_names()->field(p);                        \
	}                                                                 \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
		CXX(mangled ALIGN_VAL NOTHROW);                           \
	void id##_aligned_nothrow(void *p, size_t align, const void *tag) \
	{                                                                 \
		(void)tag;                                                \
		ashlar_operator_names()->field##_aligned(p, align);       \
	}

DEFINE_DELETES(operator_delete, one, delete_one, "_ZdlPv")
DEFINE_DELETES(operator_delete_array, array, delete_array, "_ZdaPv")

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

/* True if sizes that are said are those that our new was asked for. */
static bool sizes_count(const struct operator_names *names)
{
	return names->release == ashlar_own_free && malloc_is_ours() &&
	       names->new_one == own_operator_new &&
	       names->new_array == own_operator_new_array;
}

static bool aligned_sizes_count(const struct operator_names *names)
{
	return names->release == ashlar_own_free &&
	       names->aligned_alloc == ashlar_own_aligned_alloc &&
	       names->new_aligned == own_operator_new_aligned &&
	       names->new_array_aligned == own_operator_new_array_aligned;
}

/* True if no form of the program's takes or gives what ours gave or takes. */
static bool all_ours(const struct operator_names *names)
{
	return sizes_count(names) && aligned_sizes_count(names) &&
	       names->others_ours && names->delete_one == own_operator_delete &&
	       names->delete_array == own_operator_delete_array &&
	       names->delete_one_aligned == own_operator_delete_aligned &&
	       names->delete_array_aligned == own_operator_delete_array_aligned;
}

/* What is chosen, until all of it is. */
struct forms {
	struct new_forms news;
	struct delete_forms one, array;
};

/* A form that has been replaced is called by those that go on to it. */
static void choose_deletes(struct forms *f, const struct operator_names *names)
{
	bool one_ours = names->delete_one == own_operator_delete;
	bool array_ours = names->delete_array == own_operator_delete_array;

	f->one.plain = names->release;
	f->one.sized =
		AS(delete_with, one_ours ? names->release : names->delete_one);
	f->array.plain = one_ours ? names->release : names->delete_one;
	f->array.sized = array_ours ? AS(delete_with, f->array.plain) :
				      AS(delete_with, names->delete_array);
	if (one_ours && sizes_count(names)) {
		ashlar_sizes_count();
		f->one.sized = ashlar_delete_sized;
		if (array_ours)
			f->array.sized = ashlar_delete_sized;
	}
	if (!watching || names->release != ashlar_own_free)
		return;
	f->one.plain = watched_delete;
	if (!one_ours)
		return;
	f->one.sized = watched_delete_sized;
	f->array.plain = watched_delete_array;
	if (array_ours)
		f->array.sized = watched_delete_array_sized;
}

static void choose_aligned_deletes(struct forms *f,
				   const struct operator_names *names)
{
	bool one_ours = names->delete_one_aligned ==
			own_operator_delete_aligned;
	bool array_ours = names->delete_array_aligned ==
			  own_operator_delete_array_aligned;

	f->one.aligned = AS(delete_with, names->release);
	f->one.sized_aligned = AS(delete_with_both, names->delete_one_aligned);
	f->array.aligned = names->delete_one_aligned;
	f->array.sized_aligned =
		AS(delete_with_both, names->delete_array_aligned);
	if (one_ours && aligned_sizes_count(names)) {
		f->one.sized_aligned = ashlar_delete_sized_aligned;
		if (array_ours)
			f->array.sized_aligned = ashlar_delete_sized_aligned;
	}
	if (!watching || names->release != ashlar_own_free)
		return;
	f->one.aligned = watched_delete_aligned;
	if (!one_ours)
		return;
	f->one.sized_aligned = watched_delete_sized_aligned;
	f->array.aligned = watched_delete_array_aligned;
	if (array_ours)
		f->array.sized_aligned = watched_delete_array_sized_aligned;
}

static void choose_news(struct forms *f, const struct operator_names *names)
{
	bool ours = malloc_is_ours();

	f->news.one = ours ? ashlar_new : new_by_name;
	f->news.array = array_by_name;
	if (names->new_one == own_operator_new)
		f->news.array = ours ? ashlar_new_array : new_by_name;
	f->news.aligned_ours = ours;
	f->news.array_aligned_ours = names->new_aligned ==
				     own_operator_new_aligned;
}

/* Each kind of new and of delete has its own objects: kinds.c. */
static void choose_kinds(struct forms *f)
{
	f->news.one = ashlar_kind_new;
	f->news.array = ashlar_kind_new_array;
	f->one.plain = ashlar_kind_delete;
	f->one.aligned = AS(delete_with, ashlar_kind_delete);
	f->array.plain = ashlar_kind_delete_array;
	f->array.aligned = AS(delete_with, ashlar_kind_delete_array);
	f->array.sized = ashlar_delete_array_sized;
	f->array.sized_aligned = ashlar_delete_array_sized_aligned;
}

/*
 * Threads may do this together: each writes the same. Nothing is allocated by
 * what is chosen before all know how to release it.
 */
static COLD void choose_forms(void)
{
	const struct operator_names *names = ashlar_operator_names();
	bool kinds = false;
	struct forms f;

	if (sizes_count(names))
		kinds = ashlar_kinds_begin(!watching && all_ours(names));
	choose_deletes(&f, names);
	choose_aligned_deletes(&f, names);
	choose_news(&f, names);
	if (kinds)
		choose_kinds(&f);
	one = f.one;
	array = f.array;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ashlar_new_most = kinds ? NEW_AT_ONCE : 0;
	news = f.news;
}

void ashlar_choose_operators(void)
{
	if (news.one == first_new)
		choose_forms();
}

void ashlar_watch_operators(void)
{
	watching = true;
	choose_forms();
}

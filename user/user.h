/* SPDX-License-Identifier: MIT */
/* What the files of user/ share. */
#ifndef ASHLAR_USER_H
#define ASHLAR_USER_H

#include <stdbool.h>
#include <stddef.h>

#define HIDDEN __attribute__((__visibility__("hidden")))

struct kmem_cache;

#define EXPORT __attribute__((__visibility__("default")))

/*
 * A name under which the C library exports @function a second time: a library
 * that goes around a replaced malloc uses it, and its blocks reach our free.
 */
#if __has_attribute(__copy__) /* else gcc warns that they differ */
#define SAME_AS(function) __copy__(function), __alias__(#function)
#else
#define SAME_AS(function) __alias__(#function)
#endif
#define ALSO_AS(name, function)        \
	extern __typeof(function) name \
		__attribute__((SAME_AS(function), __visibility__("default")))

/* Memory that malloc is asked for is all there is: it keeps no reserve. */
#define GFP_MALLOC (GFP_KERNEL | __GFP_NOWARN | __GFP_MEMALLOC)

/* mallopt()'s; read without a lock. */
struct malloc_params {
	size_t mmap_threshold; /* bytes; larger blocks get a mapping */
	size_t cached_most; /* bytes; larger ones are of no general cache */
	int perturb; /* byte to fill freed blocks with; 0: none */
};

extern struct malloc_params malloc_params HIDDEN;

void ashlar_thread_tops(void) HIDDEN __attribute__((__weak__)); /* late.c */

/* The operators, under names that no program replaces. */
void *own_operator_new(size_t size) HIDDEN;
void *own_operator_new_array(size_t size) HIDDEN;
void *own_operator_new_aligned(size_t size, size_t align) HIDDEN;
void *own_operator_new_array_aligned(size_t size, size_t align) HIDDEN;
void own_operator_delete(void *p) HIDDEN;
void own_operator_delete_array(void *p) HIDDEN;
void own_operator_delete_aligned(void *p, size_t align) HIDDEN;
void own_operator_delete_array_aligned(void *p, size_t align) HIDDEN;

/*
 * Where the library's own operators go that find no object, or no room, at
 * hand, or may not look: operator_new.c.
 */
#define NEW_AT_ONCE 256
extern size_t ashlar_new_most HIDDEN; /* bytes; 0: ask the other one */
void *ashlar_new_otherwise(size_t size) HIDDEN;
void ashlar_delete_otherwise(void *p, size_t size) HIDDEN;

/* Calls the handler until it helps, throws or is gone; operator_new.c. */
void *ashlar_new_failed(size_t size, bool array) HIDDEN
	__attribute__((__weak__));

/*
 * malloc's, under names that no program replaces. In the archive nobody has
 * them: what asks for public names alone can be had without our malloc.
 */
void *ashlar_own_malloc(size_t size) HIDDEN __attribute__((__weak__));
void ashlar_own_free(void *p) HIDDEN __attribute__((__weak__));
void *ashlar_own_realloc(void *p, size_t size) HIDDEN __attribute__((__weak__));
void *ashlar_own_aligned_alloc(size_t align, size_t size) HIDDEN
	__attribute__((__weak__));
void *ashlar_new(size_t size) HIDDEN __attribute__((__weak__));
void *ashlar_new_array(size_t size) HIDDEN __attribute__((__weak__));
void *ashlar_new_or_null(size_t size, bool array) HIDDEN
	__attribute__((__weak__));
void *ashlar_new_aligned(size_t size, size_t align, bool array) HIDDEN
	__attribute__((__weak__));

/* kinds.c: the same, where kinds are told apart, and whether they are */
void *ashlar_kind_new(size_t size) HIDDEN __attribute__((__weak__));
void *ashlar_kind_new_array(size_t size) HIDDEN __attribute__((__weak__));
void *ashlar_kind_new_or_null(size_t size, bool array) HIDDEN
	__attribute__((__weak__));
void ashlar_kind_delete(void *p) HIDDEN __attribute__((__weak__));
void ashlar_kind_delete_array(void *p) HIDDEN __attribute__((__weak__));
void ashlar_choose_operators(void) HIDDEN; /* operator_new.c */
bool ashlar_kinds_begin(bool ours) HIDDEN __attribute__((__weak__));
void ashlar_kinds_mix(void) HIDDEN;

/*
 * Releases that say how the block was allocated: @size is SIZE_UNKNOWN and
 * @align is 1 where nothing is said of them.
 */
#define SIZE_UNKNOWN (~(size_t)0)

void ashlar_free(void *p, size_t size, size_t align) HIDDEN
	__attribute__((__weak__));
void ashlar_delete(void *p, size_t size, size_t align) HIDDEN
	__attribute__((__weak__));
void ashlar_delete_array(void *p, size_t size, size_t align) HIDDEN
	__attribute__((__weak__));

/* sized.c: the same, of blocks that are not watched */
void ashlar_delete_sized(void *p, size_t size) HIDDEN __attribute__((__weak__));
void ashlar_delete_sized_aligned(void *p, size_t size, size_t align) HIDDEN
	__attribute__((__weak__));
void ashlar_delete_array_sized(void *p, size_t size) HIDDEN
	__attribute__((__weak__));
void ashlar_delete_array_sized_aligned(void *p, size_t size,
				       size_t align) HIDDEN
	__attribute__((__weak__));
void ashlar_check_sized(void *p, size_t size, size_t align);
void ashlar_sizes_count(void) HIDDEN __attribute__((__weak__));

/* From now on the operators say so: operator_new.c, where it is linked. */
void ashlar_watch_operators(void) HIDDEN __attribute__((__weak__));

/* malloc.c */
bool block_size(void *p, size_t *size);

/* mistakes.c */
void block_bad(const char *call, const void *p);
void release_bad(const char *call, const void *p);

/* malloc.c; other C libraries do not declare it */
#ifndef __GLIBC__
void *pvalloc(size_t size);
#endif

void malloc_perturb_set(int value);
void malloc_perturb_free(struct kmem_cache *s, void *obj);

#endif

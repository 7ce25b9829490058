/* SPDX-License-Identifier: MIT */
/* What the files of user/ share. */
#ifndef ASHLAR_USER_H
#define ASHLAR_USER_H

#include <stddef.h>

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

/* mallopt()'s; read without a lock. */
struct malloc_params {
	size_t mmap_threshold; /* bytes; larger blocks get a mapping */
	int perturb; /* byte to fill freed blocks with; 0: none */
};

extern struct malloc_params malloc_params;

void *own_operator_new(size_t size) __attribute__((__visibility__("hidden")));
size_t malloc_block_size(void *p);
void malloc_perturb_free(struct kmem_cache *s, void *obj);

#endif

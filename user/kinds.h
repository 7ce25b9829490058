/* SPDX-License-Identifier: MIT */
/* Blocks that are malloc's, new's or new []'s: kinds.c. */
#ifndef ASHLAR_USER_KINDS_H
#define ASHLAR_USER_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include "mm/internal.h"
#include "mm/slab_record.h"

extern bool kinds_on __attribute__((__visibility__("hidden")));

struct kmem_cache *kind_cache(unsigned int id);
void kind_check(void *p, enum alloc_kind kind);

/* Where new's objects, or new []'s, of a class are while kinds are on. */
static __always_inline unsigned int kind_id(unsigned int index, bool array)
{
	if (index > KIND_CLASSES)
		return index;
	return array ? ARRAY_ID(index) : NEW_ID(index);
}

/*
 * The general cache of @size bytes (up to KMALLOC_MAX_CACHE_SIZE; 0 counts as
 * 1) that are asked for by @kind; or NULL.
 */
static __always_inline struct kmem_cache *cache_of_kind(size_t size,
							enum alloc_kind kind)
{
	unsigned int index = kmalloc_index(size ? size : 1);

	if (kind == ALLOC_MALLOC || index > KIND_CLASSES || !kinds_on)
		return kmalloc_cache(index);
	return kind_cache(kind_id(index, kind == ALLOC_NEW_ARRAY));
}

/* malloc.c: the slow paths, for a kind */
void *alloc_kind(size_t size, enum alloc_kind kind);
void free_as(void *p, enum alloc_kind kind);
void free_outside(void *p, enum alloc_kind kind);

#endif

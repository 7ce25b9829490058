/* SPDX-License-Identifier: MIT */
/* Blocks that are malloc's, new's or new []'s: kinds.c. */
#ifndef ASHLAR_USER_KINDS_H
#define ASHLAR_USER_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include "mm/slab_record.h"

struct kmem_cache;

extern bool kinds_on __attribute__((__visibility__("hidden")));

struct kmem_cache *kind_cache(size_t size, enum alloc_kind kind);
void kind_check(void *p, enum alloc_kind kind);

/* malloc.c: the slow paths, for a kind */
void *alloc_kind(size_t size, enum alloc_kind kind);
void free_as(void *p, enum alloc_kind kind);

#endif

/* SPDX-License-Identifier: MIT */
/* Blocks that the heap profile samples. */
#ifndef ASHLAR_USER_PROFILED_H
#define ASHLAR_USER_PROFILED_H

#include <ashlar/profile.h>
#include <stdbool.h>
#include <stddef.h>

#include "mm/slab_record.h"

struct kmem_cache;

/* The largest size whose fast path stays, while profile_on. */
#define PROFILED_FAST 1024

/* Each while profile_on. */
void *profiled_object(struct kmem_cache *s, size_t size);
void *profiled_large(void *p, size_t size);
void *profiled_resize(void *p, size_t size, size_t *old);
bool profiled_free(const void *p);
bool profiled_free_object(const struct kmem_cache *s, const void *p);

void *alloc_noted(struct kmem_cache *s, size_t size, size_t align,
		  size_t rounded, enum alloc_kind kind);
void free_noted(struct kmem_cache *s, void *p);

#endif

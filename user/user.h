/* SPDX-License-Identifier: MIT */
/* What the files of user/ share. */
#ifndef ASHLAR_USER_H
#define ASHLAR_USER_H

#include <stddef.h>

struct kmem_cache;

/* mallopt()'s; read without a lock. */
struct malloc_params {
	size_t mmap_threshold; /* bytes; larger blocks get a mapping */
	int perturb; /* byte to fill freed blocks with; 0: none */
};

extern struct malloc_params malloc_params;

/* C23 and old names that <stdlib.h> does not declare yet, or any more. */
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);
void cfree(void *p);

void *own_operator_new(size_t size) __attribute__((__visibility__("hidden")));
size_t malloc_block_size(void *p);
void malloc_perturb_free(struct kmem_cache *s, void *obj);

#endif

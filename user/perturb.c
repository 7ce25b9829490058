/* SPDX-License-Identifier: MIT */
/*
 * mallopt()'s M_PERTURB: what malloc returns, and what was freed, is filled
 * with a byte, so that a program that relies on either shows it.
 *
 *   | mark | ... the byte ...                 |   a freed object
 *   └ object_mark(): it still has to tell a second free
 */
#include <string.h>
#include "mm/internal.h"
#include "user.h"

/* Blocks are filled in the slow paths, so the fast ones have to miss. */
void malloc_perturb_set(int value)
{
	malloc_params.perturb = value & 0xff;
	slab_without_sheaves(malloc_params.perturb != 0);
}

void malloc_perturb_free(struct kmem_cache *s, void *obj)
{
	void **mark = object_mark(obj);

	if (cache_is_watched(s)) /* it has poison of its own */
		return;
	memset(obj, malloc_params.perturb, sizeof(void *));
	memset(mark + 1, malloc_params.perturb,
	       slab_ksize(s) - 2 * sizeof(void *));
}

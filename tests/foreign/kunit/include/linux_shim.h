/* SPDX-License-Identifier: MIT */
/*
 * What Linux's tests of its allocator call of Linux, in terms of Ashlar: each
 * of the headers that they include becomes this one (../../linux-kunit).
 */
#ifndef ASHLAR_LINUX_SHIM_H
#define ASHLAR_LINUX_SHIM_H

#include <ashlar/compiler.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>
#include <ashlar/types.h>
#include <mm/slab.h>

#define MODULE_LICENSE(name) struct kmem_cache

/* ---- mm/slab.h, to slub_kunit.c ---- */

/*
 * Linux's counter counts reports, and what was put right; kmem_cache_validate()
 * says how much that was.
 */
void validate_slab_cache(struct kmem_cache *s);

/* Where a free object points to the next one: nowhere (../../linux-kunit.cases,
 * test_next_pointer). */
#define offset object_size

/* Nobody but the tests' own compiler looks at each access. */
static inline void kasan_disable_current(void)
{
}

static inline void kasan_enable_current(void)
{
}

#endif

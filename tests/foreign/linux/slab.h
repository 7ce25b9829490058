/* SPDX-License-Identifier: MIT */
/*
 * <linux/slab.h> as Linux's user-space suites (tools/testing/radix-tree) see
 * it when they run on Ashlar.  This folder stands first on their include
 * path, so this file is found in place of theirs:
 *
 *   their sources -> this header -> suite_*() in radix_slab.c -> Ashlar
 *
 * The two worlds meet in plain C types only.  Flags have Linux's values here
 * and Ashlar's there, so each is named one by one at the crossing.
 */
#ifndef ASHLAR_TESTS_LINUX_SLAB_H
#define ASHLAR_TESTS_LINUX_SLAB_H

#include <linux/types.h>
#include <linux/gfp.h>

#define SLAB_PANIC 1u
#define SLAB_RECLAIM_ACCOUNT 2u

struct kmem_cache;
struct list_lru;

struct kmem_cache *suite_cache_create(const char *name, unsigned int size,
				      unsigned int align, int reclaimable,
				      void (*ctor)(void *));
void *suite_cache_alloc(struct kmem_cache *s, int zero);
int suite_cache_alloc_bulk(struct kmem_cache *s, int zero, size_t n, void **p);
void suite_cache_free(struct kmem_cache *s, void *obj);
void suite_cache_free_bulk(struct kmem_cache *s, size_t n, void **p);
void *suite_kmalloc(size_t size, int zero);
void suite_kfree(void *p);

/*
 * The suites call their error paths by asking without leave to wait, and
 * count on getting nothing; a kernel would try, and mostly succeed.
 */
static inline bool suite_refuses(gfp_t gfp)
{
	return !(gfp & __GFP_DIRECT_RECLAIM);
}

static inline struct kmem_cache *
kmem_cache_create(const char *name, unsigned int size, unsigned int align,
		  unsigned int flags, void (*ctor)(void *))
{
	return suite_cache_create(name, size, align,
				  !!(flags & SLAB_RECLAIM_ACCOUNT), ctor);
}

static inline void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	if (suite_refuses(gfp))
		return NULL;
	return suite_cache_alloc(s, !!(gfp & __GFP_ZERO));
}

static inline void *kmem_cache_alloc_lru(struct kmem_cache *s,
					 struct list_lru *lru, gfp_t gfp)
{
	return kmem_cache_alloc(s, gfp);
}

static inline void kmem_cache_free(struct kmem_cache *s, void *obj)
{
	suite_cache_free(s, obj);
}

static inline int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp,
					size_t n, void **p)
{
	if (suite_refuses(gfp))
		return 0;
	return suite_cache_alloc_bulk(s, !!(gfp & __GFP_ZERO), n, p);
}

static inline void kmem_cache_free_bulk(struct kmem_cache *s, size_t n,
					void **p)
{
	suite_cache_free_bulk(s, n, p);
}

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (suite_refuses(gfp))
		return NULL;
	return suite_kmalloc(size, !!(gfp & __GFP_ZERO));
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

static inline void kfree(void *p)
{
	suite_kfree(p);
}

#endif

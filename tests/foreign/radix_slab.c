/* SPDX-License-Identifier: MIT */
/*
 * Ashlar's side of linux/slab.h (see there), with the counters that the
 * suites' own slab keeps: they ask at the end whether nr_allocated is 0.
 *
 * On exit every cache without objects is destroyed, Ashlar validates itself
 * before and after (it panics on what it finds), and the rest is counted.
 *
 * As long as an object lies free, its constructed state is the cache's to
 * keep; the suites hand objects back constructed and never construct again.
 */
#include <ashlar/mm.h>
#include <ashlar/slab.h>
#include <stdio.h>
#include <urcu.h>

#define MAX_CACHES 4

static struct kmem_cache *caches[MAX_CACHES];
static unsigned int nr_caches;

int nr_allocated; /* objects of all caches; atomic */
int kmalloc_nr_allocated; /* objects of kmalloc; atomic */
int kmalloc_verbose;
int preempt_count;
int test_verbose;

static void count(int *counter, int by)
{
	__atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

static gfp_t suite_gfp(int zero)
{
	return zero ? GFP_KERNEL | __GFP_ZERO : GFP_KERNEL;
}

struct kmem_cache *suite_cache_create(const char *name, unsigned int size,
				      unsigned int align, int reclaimable,
				      void (*ctor)(void *))
{
	slab_flags_t flags = SLAB_PANIC;
	struct kmem_cache *s;

	if (reclaimable)
		flags |= SLAB_RECLAIM_ACCOUNT;
	s = kmem_cache_create(name, size, align, flags, ctor);
	if (nr_caches < MAX_CACHES)
		caches[nr_caches++] = s;
	return s;
}

/* Frees that wait for a grace period are made before anything is counted. */
__attribute__((destructor)) static void settle(void)
{
	unsigned int i;

	rcu_barrier();
	mm_validate();
	for (i = 0; i < nr_caches && !nr_allocated; i++)
		kmem_cache_destroy(caches[i]);
	mm_validate();
	printf("left: %d objects\n", nr_allocated);
}

void *suite_cache_alloc(struct kmem_cache *s, int zero)
{
	void *obj = kmem_cache_alloc(s, suite_gfp(zero));

	if (obj)
		count(&nr_allocated, 1);
	return obj;
}

int suite_cache_alloc_bulk(struct kmem_cache *s, int zero, size_t n, void **p)
{
	int got = kmem_cache_alloc_bulk(s, suite_gfp(zero), n, p);

	count(&nr_allocated, got);
	return got;
}

void suite_cache_free(struct kmem_cache *s, void *obj)
{
	count(&nr_allocated, -1);
	kmem_cache_free(s, obj);
}

void suite_cache_free_bulk(struct kmem_cache *s, size_t n, void **p)
{
	count(&nr_allocated, -(int)n);
	kmem_cache_free_bulk(s, n, p);
}

void *suite_kmalloc(size_t size, int zero)
{
	void *p = kmalloc(size, suite_gfp(zero));

	if (p)
		count(&kmalloc_nr_allocated, 1);
	return p;
}

void suite_kfree(void *p)
{
	if (!p)
		return;
	count(&kmalloc_nr_allocated, -1);
	kfree(p);
}

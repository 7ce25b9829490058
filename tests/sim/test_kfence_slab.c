/* SPDX-License-Identifier: MIT */
/*
 * Samples of the kernel's own objects, on paper; what a processor stops is
 * tried in the kernel (tests/machine/mistakes.c).
 */
#include <string.h>

#include "../../mm/internal.h"
#include "../../mm/kfence.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

static void sample_all(void)
{
	CHECK_EQ(setup_sample("1/1"), 0);
	kfence_init();
	CHECK(kfence_slab);
	kfree(kmalloc(100, GFP_KERNEL)); /* the first one is never due */
}

static bool is_guarded(const void *p)
{
	size_t size;

	return kfence_holds(p, &size);
}

TEST(without_the_option_no_object_is_guarded)
{
	kfence_init();
	CHECK(!kfence_slab);
	CHECK(!is_guarded(take(100, GFP_KERNEL)));
}

TEST(without_a_pool_no_object_is_guarded)
{
	CHECK_EQ(setup_sample("1/1"), 0);
	sim.refuse_guards = true;
	kfence_init();
	CHECK(!kfence_slab && !kfence_on);
}

TEST(kmalloc_may_give_a_guarded_object)
{
	char *p;

	sample_all();
	p = NEED(kmalloc(100, GFP_KERNEL | __GFP_ZERO));
	if (!is_guarded(p)) {
		kfree(p);
		return;
	}
	CHECK_EQ(ksize(p), 100);
	CHECK_EQ((uintptr_t)p % KMALLOC_MIN_SIZE, 0);
	CHECK(!p[0] && !p[99]);
	CHECK_EQ(kfence_stats.live, 1);
	kfree(p);
	CHECK(!sim_is_open(p));
	CHECK_EQ(kfence_stats.live, 0);
	CHECK_EQ(kfence_stats.allocated, kfence_stats.freed);
}

TEST(a_guarded_object_grows_into_any)
{
	char *p, *q;

	sample_all();
	p = NEED(kmalloc(PAGE_SIZE, GFP_KERNEL));
	memset(p, 7, PAGE_SIZE);
	q = krealloc(p, PAGE_SIZE + 1, GFP_KERNEL);
	if (!q)
		kfree(p);
	NEED(q);
	CHECK(!is_guarded(q));
	CHECK(q[0] == 7 && q[PAGE_SIZE - 1] == 7);
	kfree(q);
}

static void construct(void *p)
{
	memset(p, 5, 48);
}

TEST(objects_of_caches_are_guarded_and_constructed)
{
	struct kmem_cache *s;
	unsigned char *p;

	sample_all();
	s = take_cache("built", 48, 0, 0, construct);
	p = NEED(kmem_cache_alloc(s, GFP_KERNEL));
	CHECK(is_guarded(p));
	CHECK(p[0] == 5 && p[47] == 5);
	CHECK_EQ(kfence_owned(s), 1);
	kmem_cache_free(s, p);
	CHECK_EQ(kfence_owned(s), 0);
}

TEST(objects_read_while_free_are_not_guarded)
{
	struct kmem_cache *s;
	void *p;

	sample_all();
	s = take_cache("rcu", 48, 0, SLAB_TYPESAFE_BY_RCU, NULL);
	p = NEED(kmem_cache_alloc(s, GFP_KERNEL));
	CHECK(!is_guarded(p));
	CHECK(kfence_stats.incompatible);
	kmem_cache_free(s, p);
}

TEST(a_guarded_object_of_another_cache_stays)
{
	struct kmem_cache *s, *other;
	unsigned long reports;
	void *p;

	sim.tolerate_reports = true;
	sample_all();
	s = take_cache("mine", 48, 0, 0, NULL);
	other = take_cache("other", 48, 0, 0, NULL);
	p = NEED(kmem_cache_alloc(s, GFP_KERNEL));
	kmem_cache_free(other, p);
	CHECK(!strcmp(sim.last_report, "bad-free kmem_cache_free of a block of "
				       "48 of cache mine into another"));
	CHECK(is_guarded(p));
	reports = sim.reports;
	kmem_cache_free(s, p);
	CHECK_EQ(sim.reports, reports);
}

TEST_DIES(a_cache_with_a_guarded_object_is_in_use,
	  "cache busy destroyed with 1 objects")
{
	struct kmem_cache *s;

	sample_all();
	s = kmem_cache_create("busy", 48, 0, 0, NULL);
	CHECK(is_guarded(kmem_cache_alloc(s, GFP_KERNEL)));
	kmem_cache_destroy(s);
	NOT_REACHED();
}

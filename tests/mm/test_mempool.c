/* SPDX-License-Identifier: MIT */
/* Pools whose backing allocator fails when told to. */
#include <string.h>

#include <ashlar/errno.h>
#include "../../mm/internal.h"
#include "../harness.h"

/* A backing allocator with a switch. */
static struct backing {
	bool fail;
	unsigned long allocs, frees;
	gfp_t last_gfp;
} backing;

static void *backing_alloc(gfp_t gfp, void *data)
{
	struct backing *b = data;
	void *element = b->fail ? NULL : kmalloc(40, gfp);

	WRITE_ONCE(b->last_gfp, gfp);
	__atomic_fetch_add(&b->allocs, element != NULL, __ATOMIC_RELAXED);
	return element;
}

static void backing_free(void *element, void *data)
{
	struct backing *b = data;

	__atomic_fetch_add(&b->frees, 1, __ATOMIC_RELAXED);
	kfree(element);
}

static mempool_t *pool_of(int min_nr)
{
	backing = (struct backing){ 0 };
	return NEED(
		mempool_create(min_nr, backing_alloc, backing_free, &backing));
}

TEST(a_pool_fills_its_reserve_at_once)
{
	mempool_t *pool = pool_of(5);

	CHECK_EQ(backing.allocs, 5);
	mempool_destroy(pool);
	CHECK_EQ(backing.frees, 5);
}

TEST(the_reserve_serves_when_the_allocator_fails)
{
	mempool_t *pool = pool_of(4);
	void *e[5];

	backing.fail = true;
	for (int i = 0; i < 4; i++) {
		e[i] = mempool_alloc(pool, GFP_NOWAIT);
		CHECK(e[i] != NULL);
		for (int k = 0; k < i; k++)
			CHECK(e[i] != e[k]);
		memset(e[i], i, 40);
	}
	/* Used up: who may not wait fails, and has not waited. */
	CHECK(!mempool_alloc(pool, GFP_ATOMIC));
	CHECK(!(backing.last_gfp & __GFP_RECLAIM));
	mempool_free(e[3], pool);
	e[3] = mempool_alloc(pool, GFP_ATOMIC);
	CHECK(e[3] != NULL);
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], pool);
	mempool_destroy(pool);
	CHECK_EQ(backing.allocs, backing.frees);
}

TEST(the_allocator_is_asked_before_the_reserve)
{
	mempool_t *pool = pool_of(2);
	void *e = mempool_alloc(pool, GFP_KERNEL);

	CHECK(e != NULL);
	if (!sweeping())
		CHECK_EQ(backing.allocs, 3);
	/* It is asked once without waiting before anything else. */
	if (!sweeping())
		CHECK(!(backing.last_gfp & __GFP_RECLAIM));
	/* A caller of a pool need not be told that its allocator failed. */
	CHECK(backing.last_gfp & __GFP_NOWARN);
	mempool_free(e, pool);
	mempool_destroy(pool);
	CHECK_EQ(backing.allocs, backing.frees);
}

TEST(a_freed_element_refills_the_reserve_first)
{
	mempool_t *pool = pool_of(2);
	void *a, *b;

	backing.fail = true;
	a = mempool_alloc(pool, GFP_NOWAIT);
	b = mempool_alloc(pool, GFP_NOWAIT);
	CHECK(a && b);
	mempool_free(a, pool);
	mempool_free(b, pool);
	CHECK_EQ(backing.frees, 0);
	backing.fail = false;
	mempool_destroy(pool);
	CHECK_EQ(backing.frees, 2);
}

TEST(resizing)
{
	mempool_t *pool = pool_of(2);
	void *e[8];
	int err = mempool_resize(pool, 6);

	if (err) {
		CHECK(sweeping());
		CHECK_EQ(err, -ENOMEM);
	} else if (!sweeping()) {
		CHECK_EQ(backing.allocs, 6);
		backing.fail = true;
		for (int i = 0; i < 6; i++)
			CHECK((e[i] = mempool_alloc(pool, GFP_NOWAIT)));
		CHECK(!mempool_alloc(pool, GFP_NOWAIT));
		for (int i = 0; i < 6; i++)
			mempool_free(e[i], pool);
	}
	CHECK_EQ(mempool_resize(pool, 1), 0);
	CHECK_EQ(backing.allocs - backing.frees, 1);
	CHECK_EQ(mempool_resize(pool, 0), -EINVAL);
	CHECK_EQ(mempool_resize(pool, -3), -EINVAL);
	mempool_destroy(pool);
	CHECK_EQ(backing.allocs, backing.frees);
}

TEST(resizing_while_elements_are_out)
{
	mempool_t *pool = pool_of(4);
	void *e[4];

	backing.fail = true;
	for (int i = 0; i < 4; i++)
		CHECK((e[i] = mempool_alloc(pool, GFP_NOWAIT)));
	CHECK_EQ(mempool_resize(pool, 2), 0);
	for (int i = 0; i < 4; i++)
		mempool_free(e[i], pool);
	CHECK_EQ(backing.frees, 2);
	mempool_destroy(pool);
	CHECK_EQ(backing.allocs, backing.frees);
}

TEST(pools_that_cannot_be)
{
	CHECK(!mempool_create(0, backing_alloc, backing_free, &backing));
	CHECK(!mempool_create(-1, backing_alloc, backing_free, &backing));
	backing = (struct backing){ .fail = true };
	CHECK(!mempool_create(3, backing_alloc, backing_free, &backing));
	CHECK_EQ(backing.allocs, backing.frees);
	mempool_destroy(NULL);
}

TEST(pools_of_the_three_kinds)
{
	struct kmem_cache *s = take_cache("pooled", 72, 0, 0, NULL);
	mempool_t *pool[3] = { 0 };
	void *e[3] = { 0 };

	pool[0] = mempool_create_slab_pool(3, s);
	pool[1] = mempool_create_kmalloc_pool(3, 300);
	pool[2] = mempool_create_page_pool(3, 1);
	for (int i = 0; i < 3; i++) {
		CHECK(pool[i] || sweeping());
		if (pool[i])
			CHECK((e[i] = mempool_alloc(pool[i], GFP_ATOMIC)));
	}
	if (e[0])
		memset(e[0], 1, 72);
	if (e[1])
		CHECK_OP(ksize(e[1]), >=, 300);
	if (e[2])
		memset(page_address(e[2]), 1, 2 * PAGE_SIZE);
	for (int i = 0; i < 3; i++) {
		if (pool[i])
			mempool_free(e[i], pool[i]);
		mempool_destroy(pool[i]);
	}
}

TEST(no_element_is_freed_for_null)
{
	mempool_t *pool = pool_of(1);

	mempool_free(NULL, pool);
	mempool_destroy(pool);
}

/* ---- several CPUs ---- */

static mempool_t *shared_pool;

static void borrow(void *arg)
{
	for (unsigned long step = 0; step < 3000; step++) {
		unsigned long *e = mempool_alloc(shared_pool, GFP_KERNEL);

		if (!e)
			check_failed(__FILE__, __LINE__,
				     "a pool failed a caller who may wait");
		e[0] = step;
		e[4] = step;
		mempool_free(e, shared_pool);
	}
}

TEST_NO_SWEEP(users_of_a_pool_wait_for_each_other)
{
	shared_pool = pool_of(2);
	backing.fail = true;
	in_parallel(TEST_CPUS, borrow, NULL);
	backing.fail = false;
	mempool_destroy(shared_pool);
	CHECK_EQ(backing.allocs, backing.frees);
}

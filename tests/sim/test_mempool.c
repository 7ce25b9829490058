/* SPDX-License-Identifier: MIT */
/* Waits at an empty pool, and what ends them. */
#include "../../mm/internal.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

static mempool_t *pool;
static void *held;
static gfp_t gfp_while_empty;

static void *never(gfp_t gfp, void *data)
{
	bool *fail = data;

	gfp_while_empty = gfp;
	return *fail ? NULL : kmalloc(32, gfp);
}

static void always(void *element, void *data)
{
	(void)data;
	kfree(element);
}

static bool free_held(const void *key)
{
	CHECK(key == pool);
	if (sim.waits == 3)
		mempool_free(held, pool);
	return sim.waits <= 3;
}

TEST(a_caller_who_may_wait_waits_for_an_element)
{
	bool fail = false;
	void *e;

	pool = NEED(mempool_create(1, never, always, &fail));
	fail = true;
	held = mempool_alloc(pool, GFP_NOWAIT);
	CHECK(held != NULL);
	sim.waits = 0;
	sim.on_wait = free_held;
	e = mempool_alloc(pool, GFP_KERNEL);
	CHECK(e == held);
	CHECK_EQ(sim.waits, 3);
	/* Once there was no other way, the allocator was asked to wait. */
	CHECK(gfp_while_empty & __GFP_RECLAIM);
	mempool_free(e, pool);
	CHECK_OP(sim.wakes, >, 0);
	mempool_destroy(pool);
}

TEST_DIES(a_wait_that_nothing_ends, "a wait that nothing can end")
{
	bool fail = false;

	pool = mempool_create(1, never, always, &fail);
	fail = true;
	held = mempool_alloc(pool, GFP_KERNEL);
	mempool_alloc(pool, GFP_KERNEL);
}

/* SPDX-License-Identifier: MIT */
/* How much each shrinker is asked for. */
#include "../../mm/internal.h"
#include <ashlar/shrinker.h>
#include "../harness.h"

static struct {
	unsigned long count; /* what count_objects says */
	unsigned long asked, calls, largest;
	unsigned long answer; /* 0: all it was asked for */
} cache;

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return cache.count;
}

static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	cache.calls++;
	cache.asked += sc->nr_to_scan;
	cache.largest = max(cache.largest, sc->nr_to_scan);
	if (cache.answer)
		return cache.answer;
	cache.count -= min(cache.count, sc->nr_to_scan);
	return sc->nr_to_scan;
}

static struct shrinker shrinker = {
	.count_objects = count,
	.scan_objects = scan,
	.seeks = DEFAULT_SEEKS,
};

static void start(unsigned long nr)
{
	cache.count = nr;
	cache.asked = cache.calls = cache.largest = cache.answer = 0;
	shrinker.seeks = DEFAULT_SEEKS;
	CHECK_EQ(register_shrinker(&shrinker, "test"), 0);
}

TEST(priority_zero_asks_for_everything)
{
	start(10000);
	CHECK_OP(shrink_slab(GFP_KERNEL, 0), >=, 10000);
	CHECK_EQ(cache.count, 0);
	CHECK_OP(cache.largest, <=, 1024);
	unregister_shrinker(&shrinker);
}

TEST(a_mild_round_asks_for_a_little)
{
	start(1 << 20);
	shrink_slab(GFP_KERNEL, 12);
	/* A 4096th, times two for the default cost. */
	CHECK_EQ(cache.asked, 2 * ((1 << 20) >> 12));
	unregister_shrinker(&shrinker);
}

TEST(what_is_too_little_is_deferred)
{
	start(4096 * max(1, SHRINK_BATCH / 16));
	for (int i = 0; i < 4; i++) {
		shrink_slab(GFP_KERNEL, 12);
		CHECK_EQ(cache.calls, 0);
	}
	for (int i = 0; i < 12 && !cache.calls; i++)
		shrink_slab(GFP_KERNEL, 4);
	CHECK_OP(cache.calls, >, 0);
	unregister_shrinker(&shrinker);
}

TEST(dear_objects_are_spared)
{
	unsigned long cheap;

	start(1 << 20);
	shrink_slab(GFP_KERNEL, 6);
	cheap = cache.asked;
	unregister_shrinker(&shrinker);
	start(1 << 20);
	shrinker.seeks = 8 * DEFAULT_SEEKS;
	shrink_slab(GFP_KERNEL, 6);
	CHECK_OP(cache.asked, <, cheap / 4);
	unregister_shrinker(&shrinker);
}

TEST(a_shrinker_that_cannot_go_on_is_left_alone)
{
	start(100000);
	cache.answer = SHRINK_STOP;
	shrink_slab(GFP_KERNEL, 0);
	CHECK_EQ(cache.calls, 1);
	unregister_shrinker(&shrinker);
}

TEST(an_empty_shrinker_is_not_scanned)
{
	start(0);
	shrink_slab(GFP_KERNEL, 0);
	cache.count = SHRINK_EMPTY;
	shrink_slab(GFP_KERNEL, 0);
	CHECK_EQ(cache.calls, 0);
	unregister_shrinker(&shrinker);
}

TEST(an_unregistered_shrinker_is_not_asked)
{
	start(1000);
	unregister_shrinker(&shrinker);
	shrink_slab(GFP_KERNEL, 0);
	CHECK_EQ(cache.calls, 0);
}

TEST(reclaim_reaps_empty_slabs)
{
	struct kmem_cache *s = take_cache("reaped", 512, 0, 0, NULL);
	static void *obj[200];

	for (unsigned int i = 0; i < 200; i++)
		obj[i] = take_object(s, GFP_KERNEL);
	for (unsigned int i = 0; i < 200; i++)
		give_object(s, obj[i]);
	if (!sweeping())
		CHECK_OP(s->nr_slabs, >, 0);
	/* Full sheaves in the barn count as empty slabs waiting to be. */
	while (shrink_slab(GFP_KERNEL, 0))
		;
	CHECK_EQ(s->inuse, 0);
	CHECK_EQ(s->nr_slabs, 0);
}

/* What mild rounds left undone, too little for a batch, is not forgotten. */
TEST(what_is_left_over_is_done_later)
{
	unsigned int i;

	start(5080);
	for (i = 0; i < 200; i++)
		shrink_slab(GFP_KERNEL, 12);
	CHECK_EQ(cache.asked, 0);
	/* An eighth times two is 1270; an eighth of the 400 deferred is 50. */
	shrink_slab(GFP_KERNEL, 3);
	CHECK_EQ(cache.asked, (1270 + 50) / SHRINK_BATCH * SHRINK_BATCH);
	unregister_shrinker(&shrinker);
}

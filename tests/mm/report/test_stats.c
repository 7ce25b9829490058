/* SPDX-License-Identifier: MIT */
/* The parts of memory add up to what is held: parts.c and stats.c. */
#include <string.h>

#include "../../../mm/report/report.h"
#include "../../harness.h"
#include <ashlar/errno.h>

#define MOST_CLASSES 160

static struct ashlar_memory_class classes[MOST_CLASSES];
static char text[64 << 10];

static struct ashlar_memory stats_now(unsigned int flags)
{
	struct ashlar_memory s = { .size = sizeof(s) };

	CHECK_EQ(ashlar_memory_stats(&s, flags), 0);
	CHECK_EQ(s.size, sizeof(s));
	CHECK_EQ(s.held, s.live + s.rounding + s.room + s.cached + s.own +
				 s.free_kept + s.large_kept);
	return s;
}

/* Every frame is in one part: what the zones have, and its descriptors. */
TEST(stats_have_every_frame)
{
	struct ashlar_memory s = stats_now(0);
	struct mm_totals t;

	mm_collect_totals(&t);
	CHECK_EQ(s.held + s.given_back + t.slab_cached_bytes - s.cached,
		 ((t.managed + t.large) << PAGE_SHIFT) +
			 t.managed * (sizeof(struct page) + 1));
}

TEST(stats_tell_what_is_live)
{
	struct kmem_cache *s = take_cache("stats", 100, 0, 0, NULL);
	struct ashlar_memory before, after;
	struct page *page;
	void *obj[8];
	int i;

	before = stats_now(0);
	for (i = 0; i < 8; i++)
		obj[i] = take_object(s, GFP_KERNEL);
	after = stats_now(0);
	CHECK_EQ(after.blocks - before.blocks, 8);
	CHECK_EQ(after.live - before.live, 8 * 100);
	CHECK_OP(after.rounding - before.rounding, >=, 8 * 12);

	page = alloc_pages(GFP_KERNEL, 2);
	before = after;
	after = stats_now(0);
	if (page) {
		CHECK_EQ(after.live - before.live, 4 << PAGE_SHIFT);
		__free_pages(page, 2);
	}
	for (i = 0; i < 8; i++)
		give_object(s, obj[i]);
	give_cache(s);
}

TEST(stats_of_classes_add_up)
{
	struct ashlar_memory s, sum = { 0 };
	void *p = take(500, GFP_KERNEL);
	bool found = false;
	size_t nr, i;

	nr = ashlar_memory_classes(classes, MOST_CLASSES, sizeof(*classes));
	CHECK_OP(nr, <=, MOST_CLASSES);
	s = stats_now(0);
	for (i = 0; i < nr; i++) {
		sum.room += classes[i].room;
		sum.cached += classes[i].cached;
		sum.rounding += classes[i].rounding;
		sum.live += classes[i].live;
		sum.blocks += classes[i].blocks;
		if (classes[i].live && classes[i].object_size == ksize(p))
			found = true;
	}
	CHECK(found);
	CHECK_EQ(sum.room, s.room);
	CHECK_EQ(sum.cached, s.cached);
	CHECK_EQ(sum.rounding, s.rounding);
	CHECK_EQ(sum.blocks, s.blocks);
	CHECK_OP(sum.live, <=, s.live);
	give(p);
}

TEST_NO_SWEEP(stats_are_versioned)
{
	struct {
		struct ashlar_memory s;
		size_t more[3];
	} later;
	struct ashlar_memory s = { .size = sizeof(s) - 1 };

	CHECK_EQ(ashlar_memory_stats(&s, 0), -EINVAL);
	s.size = sizeof(s);
	CHECK_EQ(ashlar_memory_stats(&s, 1u << 7), -EINVAL);
	memset(&later, 0xff, sizeof(later));
	later.s.size = sizeof(later);
	CHECK_EQ(ashlar_memory_stats(&later.s, ASHLAR_STATS_RESIDENT), 0);
	CHECK_EQ(later.s.size, sizeof(later.s));
	CHECK_EQ(later.more[0] | later.more[2], 0);
	CHECK_OP(later.s.resident, >, 0);
}

TEST_NO_SWEEP(stats_as_json)
{
	size_t n = ashlar_memory_stats_json(NULL, 0, 0), whole;

	CHECK_EQ(ashlar_memory_stats_json(text, sizeof(text), 0), strlen(text));
	CHECK_OP(strlen(text), <=, n + 16);
	CHECK(!strncmp(text, "{\"held\":", 8));
	CHECK_EQ(text[strlen(text) - 1], '}');
	whole = ashlar_memory_stats_json(text, sizeof(text),
					 ASHLAR_STATS_CLASSES |
						 ASHLAR_STATS_RESIDENT);
	CHECK_EQ(whole, strlen(text));
	CHECK(strstr(text, "{\"name\":\"kmem_cache\",") != NULL);
	CHECK(strstr(text, "\"resident\":") != NULL);
	CHECK_OP(ashlar_memory_stats_json(text, 10, 0), >, 10);
	CHECK_EQ(strlen(text), 9);
}

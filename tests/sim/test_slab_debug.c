/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in watched caches on a machine that goes on after a report: each is
 * told once, what was overwritten is put right, and the cache works on.
 */
#include <string.h>

#include "../../mm/slab_debug.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

#define ALL                                                      \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER)

static struct kmem_cache *tolerant_cache(slab_flags_t flags)
{
	struct kmem_cache *s = take_cache("wrong", 60, 0, flags, NULL);

	take_object(s, GFP_KERNEL); /* keeps the slab */
	sim.tolerate_reports = true;
	sim.reports = 0;
	return s;
}

/* One report since the last look, of this kind. */
static void check_reported(const char *kind)
{
	CHECK_EQ(sim.reports, 1);
	CHECK(!strncmp(sim.last_report, kind, strlen(kind)));
	sim.reports = 0;
}

static void check_works(struct kmem_cache *s)
{
	unsigned char *obj = take_object(s, GFP_KERNEL);

	memset(obj, 1, 60);
	give_object(s, obj);
	CHECK_EQ(kmem_cache_validate(s), 0);
	CHECK_EQ(sim.reports, 0);
}

TEST_NO_SWEEP(what_was_overwritten_is_put_right)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	unsigned char *obj = take_object(s, GFP_KERNEL);

	obj[60] = obj[62] = 0;
	CHECK_EQ(kmem_cache_validate(s), 1);
	check_reported("heap-buffer-overflow write of 1 byte, 0 bytes past ");
	CHECK_EQ(sim.last_record.address, (uintptr_t)obj + 60);
	CHECK_EQ(sim.last_record.block, (uintptr_t)obj);
	CHECK_EQ(sim.last_record.asked, 60);
	CHECK_EQ(kmem_cache_validate(s), 0);
	obj[-2] = 0;
	give_object(s, obj);
	check_reported("heap-buffer-overflow write of 1 byte, 2 bytes before ");
	obj[3] = 0;
	obj = take_object(s, GFP_KERNEL);
	check_reported("heap-use-after-free write of 1 byte, 3 bytes into ");
	CHECK_EQ(obj[3], 0x5a);
	give_object(s, obj);
	check_works(s);
}

TEST(wrong_releases_leave_all_as_it_was)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	unsigned char *obj = take_object(s, GFP_KERNEL);
	void *other = take(200, GFP_KERNEL);
	unsigned long inuse = s->inuse;

	kmem_cache_free(s, obj + 16);
	check_reported("bad-free ");
	kmem_cache_free(s, obj - s->red_left);
	check_reported("bad-free ");
	kmem_cache_free(s, other);
	check_reported("bad-free ");
	kmem_cache_free(s, &inuse);
	check_reported("bad-free ");
	CHECK_EQ(s->inuse, inuse);
	give_object(s, obj);
	kmem_cache_free(s, obj);
	check_reported("double-free ");
	CHECK_EQ(s->inuse, inuse - 1);
	check_works(s);
}

/* A write that was told of before it was made is not told of again. */
TEST_NO_SWEEP(one_report_for_one_write)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	unsigned char *obj = take_object(s, GFP_KERNEL);
	struct slab_block b;

	CHECK(slab_block_at(obj + 50, &b));
	slab_report_access(&b, obj + 50, 12, true, "memset");
	check_reported("heap-buffer-overflow write of 12 bytes by memset, ");
	memset(obj + 50, 1, 12);
	CHECK_EQ(kmem_cache_validate(s), 1);
	CHECK_EQ(sim.reports, 0);
	obj[70] = 1;
	CHECK_EQ(kmem_cache_validate(s), 1);
	check_reported("heap-buffer-overflow write of 1 byte, 10 bytes past ");
	slab_report_access(&b, obj + 50, 200, true, "memset");
	sim.reports = 0;
	memset(slot_record(s, (char *)obj - s->red_left), 1, 32);
	CHECK_EQ(kmem_cache_validate(s), 1);
	CHECK_EQ(sim.reports, 0);
	check_works(s);
}

/* Where the slots of a slab lie depends on its address: how much, too. */
TEST(what_lies_between_objects)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	unsigned char *obj = take_object(s, GFP_KERNEL);
	struct page *slab = virt_to_page(obj - s->red_left);
	unsigned char *start, *end, *first, *last;

	slab = slab->flags & PG_tail ? slab->head : slab;
	start = page_address(slab);
	end = start + ((size_t)slab->nr << PAGE_SHIFT);
	first = (unsigned char *)slab_start(s, slab);
	last = first + (size_t)slab_objects(s, slab) * s->size;
	CHECK(start < first || last < end);
	if (start < first) {
		start[0] = 0;
		CHECK_EQ(kmem_cache_validate(s), 1);
		check_reported("heap-buffer-overflow write to ");
	}
	if (last < end) {
		end[-1] = 0;
		CHECK_EQ(kmem_cache_validate(s), 1);
		check_reported("heap-buffer-overflow write to ");
	}
	check_works(s);
}

TEST(a_report_names_who_allocated_and_who_freed)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	unsigned char *obj = take_object(s, GFP_KERNEL);
	const struct report_record *r = &sim.last_record;

	give_object(s, obj);
	kmem_cache_free(s, obj);
	check_reported("double-free ");
	CHECK(r->alloc.flags & REPORT_STACK_KNOWN);
	CHECK(r->free.flags & REPORT_STACK_KNOWN);
	CHECK_EQ(r->alloc.pc[0], 0x1000);
	CHECK_EQ(r->alloc.pc[1], 0);
	CHECK_EQ(r->free.pc[0], 0x1000);
	CHECK_EQ(r->free.tid, port_pid());
	CHECK_EQ(r->block, (uintptr_t)obj);
}

TEST(a_cache_that_is_destroyed_in_use_lists_its_objects)
{
	struct kmem_cache *s = tolerant_cache(ALL);
	void *obj = take_object(s, GFP_KERNEL);
	unsigned long lines = sim.log_lines;

	kmem_cache_destroy(s);
	check_reported("cache-in-use ");
	/* Two objects, and of each who allocated it, if there was memory. */
	CHECK_OP(sim.log_lines - lines, <=, 6);
	CHECK_OP(sim.log_lines - lines, >=, sweeping() ? 4 : 6);
	give_object(s, obj);
}

TEST(calls_are_traced)
{
	struct kmem_cache *s = tolerant_cache(SLAB_TRACE);
	unsigned long lines = sim.log_lines;
	void *obj = take_object(s, GFP_KERNEL);

	CHECK(strstr(sim.last_log, "TRACE wrong alloc "));
	give_object(s, obj);
	CHECK(strstr(sim.last_log, "TRACE wrong free "));
	CHECK_EQ(sim.log_lines - lines, 2);
	CHECK_EQ(s->red_left, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * The buddy system on a machine that does as it is told: which block is
 * split, what merges, where each kind of request may go and where it ends.
 *
 * The DMA zone has no per-CPU lists in front of it, so there every single
 * step of the buddy system is seen; elsewhere the lists are drained first.
 */
#include <stdlib.h>
#include <string.h>

#include "../../mm/page_alloc.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

#define FRAMES_MAX (1ul << 16)
#define TOP (MAX_ORDER - 1)

static unsigned long nr_free(const struct zone *z, unsigned int order)
{
	unsigned long n = 0;

	for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
		n += z->free_area[order].nr_free[t];
	return n;
}

static struct zone *zone_of(const struct page *page)
{
	for (struct zone *z = zones; z < zones + MAX_NR_ZONES; z++)
		if (page_to_pfn(page) - z->start_pfn < z->spanned_pages)
			return z;
	return NULL;
}

/* ---- splitting and merging, step by step ---- */

TEST(a_split_leaves_one_block_of_each_order)
{
	struct zone *z = &zones[ZONE_DMA];
	struct page *page;

	CHECK_EQ(nr_free(z, TOP), 2);
	page = take_pages(GFP_DMA, 0);
	CHECK_EQ(nr_free(z, TOP), 1);
	for (unsigned int o = 0; o < TOP; o++)
		CHECK_EQ(nr_free(z, o), 1);
	give_pages(page, 0);
	CHECK_EQ(nr_free(z, TOP), 2);
	for (unsigned int o = 0; o < TOP; o++)
		CHECK_EQ(nr_free(z, o), 0);
}

TEST(the_smallest_sufficient_block_is_taken)
{
	struct zone *z = &zones[ZONE_DMA];
	struct page *first = take_pages(GFP_DMA, 0), *page[MAX_ORDER];

	/* One block of each order is free: each request has its own. */
	for (unsigned int o = 0; o < TOP; o++) {
		page[o] = take_pages(GFP_DMA, o);
		CHECK_EQ(nr_free(z, o), 0);
		CHECK_EQ(nr_free(z, TOP), 1);
	}
	/* Now a second of order 0 must split the last large one. */
	page[TOP] = take_pages(GFP_DMA, 0);
	CHECK_EQ(nr_free(z, TOP), 0);
	give_pages(page[TOP], 0);
	for (unsigned int o = 0; o < TOP; o++)
		give_pages(page[o], o);
	give_pages(first, 0);
	CHECK_EQ(nr_free(z, TOP), 2);
}

TEST(buddies_merge_and_neighbours_do_not)
{
	struct zone *z = &zones[ZONE_DMA];
	struct page *block = NEED(alloc_pages(GFP_DMA, 2));

	split_page(block, 2);
	/* Frames 1 and 2 touch, but are no buddies. */
	__free_page(block + 1);
	__free_page(block + 2);
	CHECK_EQ(nr_free(z, 0), 2);
	__free_page(block);
	CHECK_EQ(nr_free(z, 0), 1);
	CHECK_EQ(nr_free(z, 1), 1 + (TOP > 1 ? 0 : 1));
	__free_page(block + 3);
	CHECK_EQ(nr_free(z, 0), 0);
	CHECK_EQ(nr_free(z, TOP), 2);
}

/* ---- against a reference model ---- */

/*
 * The model knows which frames are free and nothing else: the free lists
 * must be the one way to tile those with the largest aligned blocks.
 */
static u8 frame_free[FRAMES_MAX];

static void model_reset(void)
{
	struct page *page;
	struct zone *z;

	memset(frame_free, 0, sizeof(frame_free));
	for_each_populated_zone(z)
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
				list_for_each_entry(
					page, &z->free_area[o].free_list[t],
					lru)
					memset(frame_free + page_to_pfn(page),
					       1, 1ul << o);
}

static void model_set(const struct page *page, unsigned int order, u8 is_free)
{
	unsigned long pfn = page_to_pfn(page);

	for (unsigned long i = 0; i < 1ul << order; i++) {
		CHECK_EQ(frame_free[pfn + i], !is_free);
		frame_free[pfn + i] = is_free;
	}
}

static bool model_all_free(const struct zone *z, unsigned long pfn,
			   unsigned int order)
{
	if (pfn < z->start_pfn ||
	    pfn + (1ul << order) > z->start_pfn + z->spanned_pages)
		return false;
	return !memchr(frame_free + pfn, 0, 1ul << order);
}

static void model_tile(const struct zone *z, unsigned long pfn,
		       unsigned int order, unsigned long *count)
{
	if (model_all_free(z, pfn, order)) {
		count[order]++;
	} else if (order > 0) {
		model_tile(z, pfn, order - 1, count);
		model_tile(z, pfn + (1ul << (order - 1)), order - 1, count);
	}
}

static void model_compare(void)
{
	struct zone *z;

	pcp_drain(&mm_this_cpu()->pcp);
	for_each_populated_zone(z) {
		unsigned long count[MAX_ORDER] = { 0 };
		unsigned long end = z->start_pfn + z->spanned_pages;

		for (unsigned long pfn = ALIGN_DOWN(z->start_pfn, 1ul << TOP);
		     pfn < end; pfn += 1ul << TOP)
			model_tile(z, pfn, TOP, count);
		for (unsigned int o = 0; o < MAX_ORDER; o++)
			CHECK_EQ(nr_free(z, o), count[o]);
	}
	buddy_validate();
}

static gfp_t random_gfp(void)
{
	static const gfp_t where[] = { 0, 0, GFP_DMA, __GFP_HIGHMEM };
	static const gfp_t mobility[] = { 0, __GFP_MOVABLE, __GFP_RECLAIMABLE };

	return where[rnd(4)] | mobility[rnd(3)] | __GFP_NOWARN;
}

#define MODEL_BLOCKS 200

static void model_run(unsigned long steps)
{
	static struct {
		struct page *page;
		unsigned int order;
	} b[MODEL_BLOCKS];

	memset(b, 0, sizeof(b));
	sim.refuse_ram = true;
	pcp_drain(&mm_this_cpu()->pcp);
	model_reset();
	for (unsigned long step = 0; step < steps; step++) {
		unsigned long i = rnd(MODEL_BLOCKS);

		if (b[i].page) {
			__free_pages(b[i].page, b[i].order);
			model_set(b[i].page, b[i].order, 1);
			b[i].page = NULL;
		} else {
			b[i].order = (unsigned int)(rnd(4) ? rnd(3) :
							     rnd(MAX_ORDER));
			b[i].page = alloc_pages(random_gfp(), b[i].order);
			if (b[i].page)
				model_set(b[i].page, b[i].order, 0);
		}
		if (step % 16 == 0)
			model_compare();
	}
	for (unsigned long i = 0; i < MODEL_BLOCKS; i++) {
		__free_pages(b[i].page, b[i].order);
		if (b[i].page)
			model_set(b[i].page, b[i].order, 1);
	}
	model_compare();
}

TEST_NO_SWEEP(free_lists_are_the_models)
{
	model_run(6000);
}

TEST_NO_SWEEP(free_lists_are_the_models_with_holes)
{
	unsigned long at = ZONE_NORMAL;

	/*
	 * NORMAL gets a second piece behind a hole; both pieces end where no
	 * block does.
	 */
	at = zones[ZONE_NORMAL].start_pfn + zones[ZONE_NORMAL].spanned_pages;
	mm_online_pages(ZONE_NORMAL, at + 3, (1ul << TOP) + 2, true);
	model_run(3000);
}

/* ---- mobility ---- */

static unsigned int block_type(const struct page *page)
{
	return pageblock_type_of(pfn_to_page(
		ALIGN_DOWN(page_to_pfn(page), 1ul << pageblock_order)));
}

TEST(mobility_types_keep_apart)
{
	struct page *movable = take_pages(GFP_DMA | __GFP_MOVABLE, 0);
	struct page *fixed = take_pages(GFP_DMA, 0);
	struct page *reclaimable = take_pages(GFP_DMA | __GFP_RECLAIMABLE, 0);

	CHECK_EQ(block_type(movable), MIGRATE_MOVABLE);
	CHECK_EQ(block_type(fixed), MIGRATE_UNMOVABLE);
	CHECK_EQ(block_type(reclaimable), MIGRATE_RECLAIMABLE);
}

TEST_NO_SWEEP(unmovable_pages_fill_their_block_first)
{
	unsigned long frames = 1ul << pageblock_order;
	unsigned long blocks = vm_events(PGSTEAL_BLOCK);
	struct page *first = take_pages(GFP_DMA, 0), *page;
	unsigned long one_steal;

	one_steal = vm_events(PGSTEAL_BLOCK) - blocks;
	for (unsigned long i = 1; i < frames; i++) {
		page = take_pages(GFP_DMA, 0);
		CHECK_EQ(page_to_pfn(page) >> pageblock_order,
			 page_to_pfn(first) >> pageblock_order);
		CHECK_EQ(block_type(page), MIGRATE_UNMOVABLE);
	}
	CHECK_EQ(vm_events(PGSTEAL_BLOCK) - blocks, one_steal);
}

/* Frames of the DMA zone in use, by address. */
static struct page *dma_frame(unsigned long i)
{
	return pfn_to_page(zones[ZONE_DMA].start_pfn + i);
}

static unsigned int unmovable_blocks(void)
{
	unsigned int n = 0;

	for (unsigned long i = 0; i < zones[ZONE_DMA].managed_pages;
	     i += 1ul << pageblock_order)
		n += block_type(dma_frame(i)) == MIGRATE_UNMOVABLE;
	return n;
}

/*
 * A caller that has to borrow a frame takes the page block with it only if at
 * least half of that is free.
 */
TEST_NO_SWEEP(a_page_block_in_use_does_not_change_hands)
{
	const gfp_t gfp = GFP_DMA | GFP_ATOMIC | __GFP_NOWARN;
	unsigned long frames = 1ul << pageblock_order, i;
	struct zone *z = &zones[ZONE_DMA];

	sim.refuse_ram = true;
	while (alloc_pages(gfp | __GFP_MOVABLE, 0))
		;
	if (z->free_pages + 1 < frames / 2) {
		__free_page(dma_frame(1));
		CHECK(alloc_pages(gfp, 0) != NULL);
		CHECK_EQ(unmovable_blocks(), 0);
	}
	for (i = 0; i < frames; i++)
		if (dma_frame(i)->flags & PG_used)
			__free_page(dma_frame(i));
	/* A few loose frames have been lent out before; those go first. */
	for (i = 0; i < frames / 2 && !unmovable_blocks(); i++)
		CHECK(alloc_pages(gfp, 0) != NULL);
	CHECK_EQ(unmovable_blocks(), 1);
	for (i = 0; i < z->managed_pages; i++)
		if (dma_frame(i)->flags & PG_used)
			__free_page(dma_frame(i));
}

TEST_NO_SWEEP(all_types_together_can_use_all_memory)
{
	struct zone *z = &zones[ZONE_HIGHMEM];
	unsigned long taken = 0;

	while (z->free_pages > z->watermark[WMARK_LOW]) {
		static const gfp_t type[] = { 0, __GFP_MOVABLE,
					      __GFP_RECLAIMABLE };

		if (zone_of(take_pages(__GFP_HIGHMEM | type[taken % 3], 0)) ==
		    z)
			taken++;
	}
	/* But for those on the CPU's list. */
	stop_all_cpus();
	CHECK_EQ(taken, z->managed_pages - z->free_pages);
	CHECK_OP(z->free_pages, <=, z->watermark[WMARK_LOW] + PCP_HIGH);
}

/* ---- zones ---- */

TEST(each_request_gets_its_zone)
{
	CHECK(zone_of(take_pages(GFP_DMA, 0)) == &zones[ZONE_DMA]);
	CHECK(zone_of(take_pages(GFP_KERNEL, 0)) == &zones[ZONE_NORMAL]);
	CHECK(zone_of(take_pages(GFP_HIGHUSER, 0)) == &zones[ZONE_HIGHMEM]);
	CHECK(zone_of(take_pages(GFP_KERNEL | GFP_DMA, 2)) == &zones[ZONE_DMA]);
}

/* Take single pages until there are none left for this request. */
static struct page *hoard[FRAMES_MAX];
static unsigned long nr_hoard;

static unsigned long hoard_pages(gfp_t gfp)
{
	unsigned long before = nr_hoard;

	while ((hoard[nr_hoard] = alloc_pages(gfp | __GFP_NOWARN, 0)))
		nr_hoard++;
	return nr_hoard - before;
}

static void unhoard(void)
{
	while (nr_hoard)
		__free_page(hoard[--nr_hoard]);
}

TEST_NO_SWEEP(dma_requests_stay_in_their_zone)
{
	sim.refuse_ram = true;
	hoard_pages(GFP_DMA);
	for (unsigned long i = 0; i < nr_hoard; i++)
		CHECK(zone_of(hoard[i]) == &zones[ZONE_DMA]);
	CHECK_EQ(zones[ZONE_DMA].free_pages,
		 zones[ZONE_DMA].watermark[WMARK_MIN]);
	unhoard();
}

TEST_NO_SWEEP(kernel_requests_fall_back_to_dma_but_not_to_highmem)
{
	unsigned long high = zones[ZONE_HIGHMEM].free_pages;

	sim.refuse_ram = true;
	hoard_pages(GFP_NOWAIT);
	CHECK_EQ(zones[ZONE_HIGHMEM].free_pages, high);
	CHECK_EQ(zones[ZONE_NORMAL].free_pages,
		 zones[ZONE_NORMAL].watermark[WMARK_MIN]);
	/* A lower zone keeps a reserve from those who could go elsewhere. */
	CHECK_EQ(zones[ZONE_DMA].free_pages,
		 zones[ZONE_DMA].watermark[WMARK_MIN] +
			 zones[ZONE_DMA].lowmem_reserve[ZONE_NORMAL]);
	unhoard();
}

TEST_NO_SWEEP(highmem_requests_fall_back_to_all_zones)
{
	sim.refuse_ram = true;
	hoard_pages(__GFP_HIGHMEM);
	CHECK(zone_of(hoard[0]) == &zones[ZONE_HIGHMEM]);
	CHECK(zone_of(hoard[nr_hoard - 1]) == &zones[ZONE_DMA]);
	CHECK_EQ(zones[ZONE_HIGHMEM].free_pages,
		 zones[ZONE_HIGHMEM].watermark[WMARK_MIN]);
	unhoard();
}

/* ---- watermarks, waiting, failing ---- */

TEST(watermarks_are_in_order)
{
	struct zone *z;

	for_each_populated_zone(z) {
		CHECK_OP(z->watermark[WMARK_MIN], <=, z->watermark[WMARK_LOW]);
		CHECK_OP(z->watermark[WMARK_LOW], <=, z->watermark[WMARK_HIGH]);
		CHECK_OP(z->watermark[WMARK_HIGH], <, z->managed_pages);
	}
	CHECK_OP(zones[ZONE_NORMAL].watermark[WMARK_MIN], >, 0);
}

TEST_NO_SWEEP(atomic_requests_reach_deeper_and_never_wait)
{
	struct zone *z = &zones[ZONE_DMA];

	sim.refuse_ram = true;
	hoard_pages(GFP_DMA | GFP_NOWAIT);
	CHECK_EQ(z->free_pages, z->watermark[WMARK_MIN]);
	CHECK_EQ(hoard_pages(GFP_DMA | GFP_ATOMIC),
		 z->watermark[WMARK_MIN] - z->watermark[WMARK_MIN] / 2);
	CHECK(alloc_pages(GFP_DMA | GFP_ATOMIC | __GFP_NOWARN, 0) == NULL);
	CHECK_EQ(sim.waits, 0);
	CHECK_EQ(vm_events(ALLOCSTALL), 0);
	CHECK_OP(vm_events(ALLOC_FAIL), >=, 3);
	unhoard();
}

TEST_NO_SWEEP(failures_are_logged_now_and_then_unless_asked_not_to)
{
	unsigned long before;

	sim.refuse_ram = true;
	hoard_pages(GFP_DMA);
	sim.time_ms += 5000;
	before = sim.log_lines;
	CHECK(!alloc_pages(GFP_DMA | __GFP_NOWARN, 0));
	CHECK_EQ(sim.log_lines, before);
	CHECK(!alloc_pages(GFP_DMA, 1));
	CHECK_EQ(sim.log_lines, before + 1);
	CHECK(strstr(sim.last_log, "page allocation failure: order:1"));
	CHECK(!alloc_pages(GFP_DMA, 2));
	CHECK_EQ(sim.log_lines, before + 1);
	sim.time_ms += 5000;
	CHECK(!alloc_pages(GFP_DMA, 3));
	CHECK_EQ(sim.log_lines, before + 2);
	CHECK(strstr(sim.last_log, "order:3"));
	CHECK(strstr(sim.last_log, "and others before"));
	unhoard();
}

static unsigned long rounds_asked;

static unsigned long never_reclaims(gfp_t gfp, unsigned int order)
{
	CHECK_EQ(sim_locks_held(), 0);
	CHECK(gfpflags_allow_blocking(gfp));
	rounds_asked++;
	(void)order;
	return 0;
}

static unsigned long reclaims_one(gfp_t gfp, unsigned int order)
{
	(void)gfp;
	(void)order;
	rounds_asked++;
	if (rounds_asked < 3)
		return 1; /* progress, but not in this zone */
	__free_page(hoard[--nr_hoard]);
	return 1;
}

/* Run with another reclaim function, in a DMA zone that is used up. */
static void with_reclaim(unsigned long (*reclaim)(gfp_t, unsigned int),
			 void (*fn)(void))
{
	unsigned long (*before)(gfp_t, unsigned int) = page_alloc_reclaim;

	sim.refuse_ram = true;
	hoard_pages(GFP_DMA);
	rounds_asked = 0;
	page_alloc_reclaim = reclaim;
	fn();
	page_alloc_reclaim = before;
	unhoard();
}

static void blocking_fails(void)
{
	CHECK(!alloc_pages(GFP_DMA | GFP_KERNEL | __GFP_NOWARN, 0));
	CHECK_EQ(rounds_asked, 1);
	CHECK_EQ(sim.waits, 0);
}

TEST_NO_SWEEP(a_blocking_request_fails_when_reclaim_finds_nothing)
{
	with_reclaim(never_reclaims, blocking_fails);
}

static void blocking_succeeds(void)
{
	struct page *page = alloc_pages(GFP_DMA | GFP_KERNEL, 0);

	CHECK(page != NULL);
	CHECK_EQ(rounds_asked, 3);
	__free_page(page);
}

TEST_NO_SWEEP(a_blocking_request_goes_on_while_reclaim_makes_progress)
{
	with_reclaim(reclaims_one, blocking_succeeds);
}

static void noretry_fails(void)
{
	CHECK(!alloc_pages(GFP_DMA | GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
			   0));
	CHECK_EQ(rounds_asked, 1);
}

TEST_NO_SWEEP(noretry_asks_reclaim_once)
{
	with_reclaim(reclaims_one, noretry_fails);
}

static bool free_one_on_wait(const void *key)
{
	(void)key;
	if (sim.waits == 4)
		__free_page(hoard[--nr_hoard]);
	return sim.waits <= 4;
}

static void nofail_waits(void)
{
	struct page *page;

	sim.on_wait = free_one_on_wait;
	page = alloc_pages(GFP_DMA | GFP_KERNEL | __GFP_NOFAIL, 0);
	CHECK(page != NULL);
	CHECK_EQ(sim.waits, 4);
	__free_page(page);
}

TEST_NO_SWEEP(nofail_waits_until_there_is_memory)
{
	with_reclaim(never_reclaims, nofail_waits);
}

/* ---- lists of a CPU ---- */

TEST_NO_SWEEP(a_cpu_keeps_few_pages)
{
	struct mm_cpu *cpu = mm_this_cpu();
	unsigned int most = 0;

	for (unsigned int i = 0; i < 10 * PCP_HIGH; i++)
		hoard[nr_hoard++] = alloc_pages(GFP_KERNEL, 0);
	while (nr_hoard) {
		__free_page(hoard[--nr_hoard]);
		CHECK_OP(cpu->pcp.count, <=, PCP_HIGH);
		most = max(most, cpu->pcp.count);
	}
	CHECK_OP(most, >, PCP_HIGH / 2);
	pcp_drain(&cpu->pcp);
	CHECK_EQ(cpu->pcp.count, 0);
}

/* ---- RAM that grows ---- */

TEST(ram_grows_when_it_is_used_up)
{
	unsigned long managed = zones[ZONE_NORMAL].managed_pages;
	unsigned long n = managed >> TOP;

	for (unsigned long i = 0; i <= n; i++)
		take_pages(GFP_KERNEL, TOP);
	CHECK_OP(sim.grown, >, 0);
	CHECK_EQ(zones[ZONE_NORMAL].managed_pages, managed + sim.grown);
	sim.grown = 0;
}

TEST_NO_SWEEP(ram_that_does_not_grow_is_a_failure)
{
	sim.refuse_ram = true;
	hoard_pages(GFP_KERNEL);
	CHECK_EQ(sim.grown, 0);
	unhoard();
}

/* ---- frames given back to the host ---- */

TEST_NO_SWEEP(reported_frames_read_as_zero_and_are_not_resident)
{
	struct zone *z = &zones[ZONE_DMA];
	struct page *page;

	page_report_set_keep(PAGE_SIZE << MAX_ORDER);
	page = take_pages(GFP_DMA, TOP);
	memset(page_address(page), 0xff, PAGE_SIZE << TOP);
	give_pages(page, TOP);
	CHECK_OP(z->resident_free, >=, 1ul << TOP);
	page_report_all();
	CHECK_EQ(z->resident_free, 0);
	CHECK_OP(sim.discarded, >=, 1ul << TOP);
	page = take_pages(GFP_DMA | __GFP_ZERO, TOP);
	CHECK(!memchr(page_address(page), 0xff, PAGE_SIZE << TOP));
}

/* Resident blocks are used before the host has to find larger ones. */
TEST_NO_SWEEP(fewer_frames_are_asked_for_where_only_those_are_resident)
{
	struct page *page[3];

	page_report_all();
	/* What is too small to be given back is used first. */
	while (page_report_at_hand(8, 2) < 8)
		take_pages(GFP_KERNEL, 1);
	/* The buddy of the second is the first, or the third. */
	for (unsigned int i = 0; i < 3; i++)
		page[i] = take_pages(GFP_KERNEL, 1);
	pcp_drain(&mm_this_cpu()->pcp);
	page_report_all();
	memset(page_address(page[1]), 1, PAGE_SIZE << 1);
	give_pages(page[1], 1);
	pcp_drain(&mm_this_cpu()->pcp);
	CHECK_EQ(page_report_at_hand(8, 2), 2);
	CHECK_EQ(page_report_at_hand(6, 1), 1);
	CHECK_EQ(page_report_at_hand(8, 4), 8);
}

#define BREATH 4

/* Frames given back when some are taken, written and freed. */
static unsigned long breathe(void)
{
	struct page *page[BREATH];
	unsigned long before;

	for (unsigned int i = 0; i < BREATH; i++) {
		CHECK((page[i] = alloc_pages(GFP_KERNEL, TOP)));
		memset(page_address(page[i]), 1, PAGE_SIZE << TOP);
	}
	before = sim.discarded;
	for (unsigned int i = 0; i < BREATH; i++)
		__free_pages(page[i], TOP);
	return sim.discarded - before;
}

/* A program that breathes keeps its breath, for a while. */
TEST_NO_SWEEP(frames_that_come_and_go_are_not_given_back_each_time)
{
	unsigned long first = breathe(), last = 0;

	CHECK_OP(first, >, 0);
	for (unsigned int round = 0; round < 20; round++) {
		sim.time_ms += 1;
		last = breathe();
	}
	CHECK_OP(last, <, first / 2 + 1);
	sim.time_ms += 60000;
	CHECK_OP(breathe(), >, 0);
}

/* What is wanted long after it was given back is no breath. */
TEST_NO_SWEEP(frames_wanted_later_do_not_add_to_slack)
{
	struct zone *z = &zones[ZONE_NORMAL];
	struct page *page[BREATH];
	unsigned long slack;

	for (unsigned int ms = 60000; ms; ms /= 60000) {
		sim.time_ms += 60000;
		CHECK_OP(breathe(), >, 0);
		slack = z->report_slack;
		sim.time_ms += ms;
		for (unsigned int i = 0; i < BREATH; i++)
			CHECK((page[i] = alloc_pages(GFP_KERNEL, TOP)));
		CHECK_EQ(z->report_slack > slack, ms == 1);
		for (unsigned int i = 0; i < BREATH; i++)
			__free_pages(page[i], TOP);
	}
}

static struct page *late[BREATH];
static unsigned int until_late;

/* CPU 1 frees much while CPU 0 reports, at one of the unlocks. */
static void free_late(void)
{
	if (!zones[ZONE_NORMAL].reporting || !until_late || --until_late)
		return;
	sim_run_on(1);
	for (unsigned int i = 0; i < BREATH; i++)
		__free_pages(late[i], TOP);
	sim_run_on(0);
}

TEST_NO_SWEEP(what_is_freed_during_a_report_is_reported)
{
	struct zone *z = &zones[ZONE_NORMAL];
	unsigned long low, rounds = 0;

	for (unsigned int at = 1; at <= 12; at++) {
		for (unsigned int i = 0; i < BREATH; i++)
			CHECK((late[i] = alloc_pages(GFP_KERNEL, TOP)));
		sim.time_ms += 60000;
		until_late = at;
		sim.on_unlock = free_late;
		breathe();
		sim.on_unlock = NULL;
		rounds += !until_late;
		low = max(REPORT_KEEP_BYTES >> PAGE_SHIFT,
			  (z->managed_pages - z->free_pages) /
				  REPORT_KEEP_FRACTION);
		low += z->report_slack;
		CHECK_OP(z->resident_free, <=,
			 low + low / 4 + z->report_refused);
		if (until_late)
			break;
	}
	CHECK_OP(rounds, >, 1);
	for (unsigned int i = 0; until_late && i < BREATH; i++)
		__free_pages(late[i], TOP);
}

/* Blocks that are too small stay above the margin, a large one is refused. */
TEST_NO_SWEEP(a_host_that_takes_nothing_is_not_asked_for_ever)
{
	static struct page *page[4 * (REPORT_KEEP_BYTES >> PAGE_SHIFT)];
	struct page *block;

	CHECK((block = alloc_pages(GFP_KERNEL, TOP)));
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		CHECK((page[i] = alloc_pages(GFP_KERNEL, 0)));
	sim.time_ms += 60000;
	sim.refuse_discard = true;
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i += 2)
		__free_pages(page[i], 0);
	__free_pages(block, TOP);
	CHECK_OP(zones[ZONE_NORMAL].report_refused, >, 0);
	sim.refuse_discard = false;
	for (unsigned int i = 1; i < ARRAY_SIZE(page); i += 2)
		__free_pages(page[i], 0);
}

TEST(frames_the_host_refuses_keep_their_state)
{
	struct zone *z = &zones[ZONE_DMA];
	unsigned long resident;
	struct page *page;

	page = take_pages(GFP_DMA, TOP);
	memset(page_address(page), 0xff, PAGE_SIZE << TOP);
	give_pages(page, TOP);
	resident = z->resident_free;
	sim.refuse_discard = true;
	page_report_all();
	CHECK_EQ(z->resident_free, resident);
	page = take_pages(GFP_DMA | __GFP_ZERO, TOP);
	CHECK(!memchr(page_address(page), 0xff, PAGE_SIZE << TOP));
}

/* Take and free @n blocks, written to; with a frame of one locked, or not. */
static void dirty_blocks(unsigned int n, bool lock)
{
	struct page *page[8];

	for (unsigned int i = 0; i < n; i++) {
		CHECK((page[i] = alloc_pages(GFP_KERNEL, TOP)));
		memset(page_address(page[i]), 1, PAGE_SIZE << TOP);
	}
	if (lock)
		sim.locked_pfn = page_to_pfn(page[n - 1]) + 1;
	for (unsigned int i = 0; i < n; i++)
		__free_pages(page[i], TOP);
	pcp_drain(&(*this_cpu_ptr(mm_cpu_self))->pcp);
}

static unsigned long blocks_resident(void)
{
	unsigned long frames = 0;
	struct zone *z;

	for_each_populated_zone(z)
		frames += z->resident_free;
	return frames >> TOP;
}

/* What is refused is one block's affair, and only for as long as it is. */
TEST_NO_SWEEP(a_refused_block_does_not_keep_the_others)
{
	dirty_blocks(4, true);
	page_report_all();
	CHECK_OP(sim.refused, >, 0);
	CHECK_EQ(blocks_resident(), 1);
	mm_validate();
	dirty_blocks(4, false);
	page_report_all();
	CHECK_EQ(blocks_resident(), 1);
	sim.locked_pfn = 0;
	page_report_all();
	CHECK_EQ(blocks_resident(), 0);
}

/* The host is not asked again at every release for what it refuses. */
TEST_NO_SWEEP(a_host_that_refuses_is_asked_now_and_then)
{
	unsigned long before, first;

	sim.refuse_discard = true;
	before = sim.refused;
	breathe();
	first = sim.refused - before;
	CHECK_OP(first, >, 0);
	before = sim.refused;
	for (unsigned int i = 0; i < 50; i++)
		breathe();
	CHECK_OP(sim.refused - before, <, 50);
	sim.time_ms += 60000;
	before = sim.refused;
	breathe();
	CHECK_OP(sim.refused, >, before);
	sim.refuse_discard = false;
	sim.time_ms += 60000;
	before = sim.discarded;
	breathe();
	CHECK_OP(sim.discarded, >, before);
}

/* ---- blocks that the host gets with their addresses ---- */

/* The thread that had begun with a block may have given its addresses back. */
TEST_NO_SWEEP(a_child_gives_no_addresses_back_that_its_parent_had_begun_with)
{
	struct zone *z = &zones[ZONE_NORMAL];
	struct list_head *list = z->free_area[TOP].free_list;
	unsigned long had, before = sim.retired;
	struct page *block;

	dirty_blocks(4, false);
	sim.retire = true;
	had = z->managed_pages;
	spin_lock(&z->lock);
	while (list_empty(list))
		list++;
	block = list_first_entry(list, struct page, lru);
	isolate_free_block(z, block);
	list_add_tail(&block->lru, &z->isolated);
	spin_unlock(&z->lock);
	page_report_fork_child();
	CHECK_EQ(sim.retired, before);
	CHECK(list_empty(&z->isolated));
	CHECK_EQ(z->managed_pages, had - (1ul << TOP));
	mm_validate();
	sim.retire = false;
	hoard_pages(GFP_KERNEL);
	unhoard();
	CHECK_OP(z->managed_pages, >=, had);
	sim.grown = 0;
}

TEST_NO_SWEEP(retired_blocks_leave_the_zone_and_come_back)
{
	struct zone *z = &zones[ZONE_NORMAL];
	unsigned long had = z->managed_pages + sim.retired - sim.grown;
	unsigned long before = sim.retired;

	sim.retire = true;
	dirty_blocks(4, false);
	page_report_all();
	CHECK_OP(sim.retired, >, before);
	CHECK_EQ(z->managed_pages, had - sim.retired + sim.grown);
	CHECK_EQ(z->present_pages, z->managed_pages);
	mm_validate();
	sim.retire = false;
	hoard_pages(GFP_KERNEL);
	unhoard();
	CHECK_EQ(z->retired_pages, 0);
	CHECK_EQ(z->managed_pages, had - sim.retired + sim.grown);
	mm_validate();
	sim.grown = 0;
}

TEST_NO_SWEEP(a_program_that_breathes_keeps_its_addresses)
{
	unsigned long first, last = 0, before = sim.retired;

	sim.retire = true;
	breathe();
	first = sim.retired - before;
	for (unsigned int round = 0; round < 20; round++) {
		sim.time_ms += 1;
		before = sim.retired;
		breathe();
		last = sim.retired - before;
	}
	CHECK_OP(first, >, 0);
	CHECK_OP(last, <, first / 2 + 1);
	sim.retire = false;
	hoard_pages(GFP_KERNEL);
	unhoard();
	sim.grown = 0;
}

/* ---- mm_validate() sees what is wrong ---- */

TEST_DIES(a_wrong_count_is_noticed, "blocks listed")
{
	zones[ZONE_DMA].free_area[TOP].nr_free[MIGRATE_MOVABLE]++;
	mm_validate();
}

TEST_DIES(wrong_free_pages_are_noticed, "counted")
{
	zones[ZONE_NORMAL].free_pages--;
	mm_validate();
}

TEST_DIES(wrong_resident_pages_are_noticed, "counted")
{
	zones[ZONE_NORMAL].resident_free++;
	mm_validate();
}

TEST_DIES(an_allocated_block_on_a_free_list_is_noticed, "free frame")
{
	struct zone *z = &zones[ZONE_DMA];

	list_first_entry(&z->free_area[TOP].free_list[MIGRATE_MOVABLE],
			 struct page, lru)
		->flags = PG_used;
	mm_validate();
}

TEST_DIES(two_free_buddies_are_noticed, "buddy")
{
	struct page *page = alloc_pages(GFP_DMA, 0);

	/* Freed behind the buddy system's back: on the list, not merged. */
	page->flags = PG_buddy;
	page->order = 0;
	page->list_type = MIGRATE_UNMOVABLE;
	list_add(&page->lru,
		 &zones[ZONE_DMA].free_area[0].free_list[MIGRATE_UNMOVABLE]);
	mm_validate();
}

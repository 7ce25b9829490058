/* SPDX-License-Identifier: MIT */
/*
 * The buddy system as its callers see it, on any machine. What needs a
 * machine that does as it is told is in tests/sim/test_page_alloc.c.
 */
#include <string.h>

#include "../../mm/internal.h"
#include "../harness.h"

#define WORDS (PAGE_SIZE / sizeof(unsigned long))

/* Write @mark all over a block; and see that it is still there. */
static void paint(struct page *page, unsigned int order, unsigned long mark)
{
	unsigned long *p = page_address(page);

	for (unsigned long i = 0; i < WORDS << order; i++)
		p[i] = mark + i;
}

static void check_paint(struct page *page, unsigned int order,
			unsigned long mark)
{
	unsigned long *p = page_address(page);

	for (unsigned long i = 0; i < WORDS << order; i++)
		if (p[i] != mark + i)
			check_failed(__FILE__, __LINE__,
				     "frame %#lx, word %lu: %#lx, not %#lx",
				     page_to_pfn(page), i, p[i], mark + i);
}

static bool reads_zero(const void *p, size_t size)
{
	const unsigned char *byte = p;

	for (size_t i = 0; i < size; i++)
		if (byte[i])
			return false;
	return true;
}

TEST(blocks_are_aligned_to_their_size)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct page *page = take_pages(GFP_KERNEL, order);

		CHECK_EQ(page_to_pfn(page) & ((1ul << order) - 1), 0);
		paint(page, order, order);
		check_paint(page, order, order);
		give_pages(page, order);
	}
}

TEST(blocks_do_not_overlap)
{
	struct {
		struct page *page;
		unsigned int order;
		unsigned long mark;
	} block[24] = { 0 };

	for (unsigned long step = 1; step < 600; step++) {
		unsigned long i = rnd(24);

		if (block[i].page) {
			check_paint(block[i].page, block[i].order,
				    block[i].mark);
			give_pages(block[i].page, block[i].order);
			block[i].page = NULL;
			continue;
		}
		block[i].order = (unsigned int)rnd(MAX_ORDER > 5 ? 5 : 2);
		block[i].mark = step << (4 * sizeof(step));
		block[i].page = take_pages(GFP_KERNEL, block[i].order);
		paint(block[i].page, block[i].order, block[i].mark);
	}
}

TEST(an_order_that_does_not_exist_fails)
{
	CHECK(alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER) == NULL);
	CHECK(alloc_pages(GFP_KERNEL | __GFP_NOWARN, ~0u) == NULL);
	CHECK_EQ(__get_free_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER), 0);
}

TEST(zeroed_means_zero)
{
	struct page *page;

	for (unsigned int order = 0; order < 3; order++) {
		page = take_pages(GFP_KERNEL, order);
		memset(page_address(page), 0xff, PAGE_SIZE << order);
		give_pages(page, order);
		page = take_pages(GFP_KERNEL | __GFP_ZERO, order);
		CHECK(reads_zero(page_address(page), PAGE_SIZE << order));
		memset(page_address(page), 0xff, PAGE_SIZE << order);
		give_pages(page, order);
	}
}

TEST(get_zeroed_page_is_zero)
{
	unsigned long addr = get_zeroed_page(GFP_KERNEL);

	NEED((void *)addr);
	CHECK_EQ(addr % PAGE_SIZE, 0);
	CHECK(reads_zero((void *)addr, PAGE_SIZE));
	memset((void *)addr, 0xff, PAGE_SIZE);
	free_page(addr);
}

TEST(addresses_and_frames_agree)
{
	struct page *page = take_pages(GFP_KERNEL, 1);
	char *addr = page_address(page);

	CHECK(virt_to_page(addr) == page);
	CHECK(virt_to_page(addr + PAGE_SIZE - 1) == page);
	CHECK(virt_to_page(addr + PAGE_SIZE) == page + 1);
	CHECK(pfn_to_page(page_to_pfn(page)) == page);
	CHECK(virt_addr_valid(addr));
	CHECK(!virt_addr_valid(&addr));
	CHECK(!virt_addr_valid(NULL));
	CHECK(!virt_addr_valid((void *)~0ul));
}

TEST(nothing_is_freed_for_nothing)
{
	free_pages(0, 0);
	__free_pages(NULL, 0);
	free_pages_exact(NULL, 100);
}

TEST(a_split_block_is_freed_page_by_page)
{
	unsigned long before = pages_in_use();
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	NEED(page);
	CHECK_EQ(pages_in_use(), before + 4);
	split_page(page, 2);
	for (unsigned int i = 0; i < 4; i++)
		__free_page(page + (i * 3) % 4);
	CHECK_EQ(pages_in_use(), before);
}

TEST(exact_blocks_hold_no_tail)
{
	unsigned long before = pages_in_use();

	for (size_t pages = 1; pages <= 1ul << (MAX_ORDER - 1);
	     pages += 1 + pages / 3) {
		size_t size = pages * PAGE_SIZE - (pages % 2 ? 0 : 7);
		char *p = alloc_pages_exact(size, GFP_KERNEL);

		NEED(p);
		CHECK_EQ((uintptr_t)p % PAGE_SIZE, 0);
		CHECK_EQ(pages_in_use(), before + pages);
		memset(p, 0xa5, pages * PAGE_SIZE);
		free_pages_exact(p, size);
		CHECK_EQ(pages_in_use(), before);
	}
}

TEST(exact_blocks_have_limits)
{
	CHECK(alloc_pages_exact(0, GFP_KERNEL) == NULL);
	CHECK(alloc_pages_exact((PAGE_SIZE << (MAX_ORDER - 1)) + 1,
				GFP_KERNEL | __GFP_NOWARN) == NULL);
	CHECK(alloc_pages_exact(~0ul, GFP_KERNEL | __GFP_NOWARN) == NULL);
}

TEST(exact_blocks_can_be_zeroed)
{
	char *p = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);

	NEED(p);
	memset(p, 0xff, 3 * PAGE_SIZE);
	free_pages_exact(p, 3 * PAGE_SIZE);
	p = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL | __GFP_ZERO);
	NEED(p);
	CHECK(reads_zero(p, 3 * PAGE_SIZE));
	free_pages_exact(p, 3 * PAGE_SIZE);
}

TEST(get_order_rounds_up)
{
	CHECK_EQ(get_order(0), 0);
	CHECK_EQ(get_order(1), 0);
	CHECK_EQ(get_order(PAGE_SIZE), 0);
	CHECK_EQ(get_order(PAGE_SIZE + 1), 1);
	CHECK_EQ(get_order(2 * PAGE_SIZE), 1);
	CHECK_EQ(get_order(PAGE_SIZE * 1024), 10);
	CHECK_EQ(get_order(PAGE_SIZE * 1024 + 1), 11);
	CHECK_OP(get_order(~0ul), >=, MAX_ORDER);
}

TEST(frames_by_count)
{
	unsigned long before = pages_in_use();

	for (unsigned int nr = 1; nr <= 1u << (MAX_ORDER - 1); nr += 1 + nr) {
		struct page *page = alloc_frames(GFP_KERNEL, nr);

		NEED(page);
		CHECK_EQ(pages_in_use(), before + nr);
		memset(page_address(page), 0x5a, (size_t)nr << PAGE_SHIFT);
		free_frames(page, nr);
		CHECK_EQ(pages_in_use(), before);
	}
}

/* ---- CPUs ---- */

static void free_one(void *arg)
{
	give_pages(arg, 0);
}

TEST(freed_on_another_cpu)
{
	for (unsigned int i = 0; i < 3 * PCP_HIGH; i++)
		on_cpu(1 + i % TEST_CPUS, free_one, take_pages(GFP_KERNEL, 0));
}

static void take_one(void *arg)
{
	*(struct page **)arg = alloc_pages(GFP_KERNEL, 0);
}

static unsigned long pages_on_cpu_lists(void)
{
	struct mm_cpu *cpu;
	unsigned long n = 0;

	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->pcp.count;
	return n;
}

TEST(a_cpu_that_stops_keeps_no_pages)
{
	struct page *page = NULL;
	unsigned long before;

	stop_all_cpus();
	before = pages_on_cpu_lists();
	CHECK_EQ(before, 0);
	on_cpu(1, take_one, &page);
	NEED(page);
	__free_page(page);
	/* In a sweep there may have been no memory for the CPU. */
	CHECK_OP(pages_on_cpu_lists(), >, sweeping() ? -1 : 0);
	stop_all_cpus();
	CHECK_EQ(pages_on_cpu_lists(), 0);
}

/* Each CPU for itself; the harness's tracking is not for many threads. */
static void churn(void *arg)
{
	static const gfp_t mobility[] = { 0, __GFP_MOVABLE, __GFP_RECLAIMABLE };
	struct page *page[8] = { 0 };
	u64 x = (uintptr_t)&page;

	for (unsigned long step = 0; step < 2000; step++) {
		unsigned long i;

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		i = (unsigned long)(x >> 61);
		if (page[i]) {
			check_paint(page[i], (unsigned int)i % 3, i);
			__free_pages(page[i], (unsigned int)i % 3);
			page[i] = NULL;
		} else {
			page[i] = alloc_pages(GFP_KERNEL | mobility[(u32)x % 3],
					      (unsigned int)i % 3);
			if (page[i])
				paint(page[i], (unsigned int)i % 3, i);
		}
	}
	for (unsigned int i = 0; i < 8; i++)
		__free_pages(page[i], i % 3);
	(void)arg;
}

TEST_NO_SWEEP(all_cpus_at_once)
{
	in_parallel(TEST_CPUS, churn, NULL);
}

/* ---- mistakes ---- */

TEST_DIES(page_freed_twice, "ERROR: Ashlar: double-free")
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);

	__free_page(page);
	__free_page(page);
}

TEST_DIES(page_freed_with_wrong_order, "ERROR: Ashlar: bad-free")
{
	__free_pages(alloc_pages(GFP_KERNEL, 1), 0);
}

TEST_DIES(page_inside_a_block_freed, "ERROR: Ashlar:")
{
	__free_page(alloc_pages(GFP_KERNEL, 1) + 1);
}

TEST_DIES(foreign_page_freed, "ERROR: Ashlar: bad-free")
{
	int mine = 0;

	free_page((unsigned long)&mine);
}

TEST_DIES(exact_block_freed_with_wrong_size, "ERROR: Ashlar: bad-free")
{
	free_pages_exact(alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL),
			 2 * PAGE_SIZE);
}

TEST_DIES(exact_block_freed_as_pages, "ERROR: Ashlar: bad-free")
{
	free_pages((unsigned long)alloc_pages_exact(PAGE_SIZE, GFP_KERNEL), 0);
}

TEST(frames_that_were_freed_are_known)
{
	struct page *page = take_pages(GFP_KERNEL, 2);

	for (unsigned int i = 0; i < 4; i++)
		CHECK(!page_was_freed(page + i));
	give_pages(page, 2);
	for (unsigned int i = 0; i < 4; i++)
		CHECK(page_was_freed(page + i));
}

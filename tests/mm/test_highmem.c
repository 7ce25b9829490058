/* SPDX-License-Identifier: MIT */
/* Windows on high frames: mm/highmem.c. */
#include "../../mm/internal.h"
#include "../../port/sim/sim.h"
#include "../harness.h"
#include <mach/sanitize.h>
#include <ashlar/highmem.h>

static struct page *take_high(gfp_t gfp)
{
	struct page *page = take_pages(gfp | __GFP_HIGHMEM, 0);

	CHECK(PageHighMem(page));
	return page;
}

static void fill(struct page *page, char with)
{
	char *p = kmap_local_page(page);

	memset(p, with, PAGE_SIZE);
	kunmap_local(p);
}

static bool full_of(struct page *page, char what)
{
	char *p = kmap_local_page(page);
	bool full = true;

	for (unsigned long i = 0; i < PAGE_SIZE; i++)
		full &= p[i] == what;
	kunmap_local(p);
	return full;
}

TEST(low_frames_need_no_window)
{
	struct page *page = take_pages(GFP_KERNEL, 0);

	CHECK(kmap_local_page(page) == page_address(page));
	CHECK(kmap(page) == page_address(page));
	CHECK_EQ(*this_cpu_ptr(kmap_local_top), 0);
	CHECK_EQ(nr_kmaps(), 0);
}

TEST(high_frames_are_cleared_on_request)
{
	struct page *page = take_high(0);

	fill(page, 'x');
	give_pages(page, 0);
	for (int i = 0; i < 4; i++)
		CHECK(full_of(take_high(__GFP_ZERO), 0));
}

TEST(local_windows_nest)
{
	struct page *pages[KMAP_LOCAL_SLOTS];
	char *at[KMAP_LOCAL_SLOTS];
	int i;

	for (i = 0; i < KMAP_LOCAL_SLOTS; i++)
		pages[i] = take_high(0);
	for (i = 0; i < KMAP_LOCAL_SLOTS; i++) {
		at[i] = kmap_local_page(pages[i]);
		memset(at[i], 'a' + i, PAGE_SIZE);
	}
	for (i = KMAP_LOCAL_SLOTS - 1; i >= 0; i--) {
		CHECK_EQ(at[i][PAGE_SIZE - 1], 'a' + i);
		kunmap_local(at[i] + 17);
	}
	for (i = 0; i < KMAP_LOCAL_SLOTS; i++)
		CHECK(full_of(pages[i], (char)('a' + i)));
}

TEST(two_windows_show_one_frame)
{
	struct page *page = take_high(__GFP_ZERO);
	char *permanent = kmap(page), *local = kmap_local_page(page);

	CHECK(permanent != local);
	local[5] = 'v';
	CHECK_EQ(permanent[5], 'v');
	kunmap_local(local);
	kunmap(page);
}

TEST(copies_between_high_and_low)
{
	struct page *high = take_high(0), *low = take_pages(GFP_KERNEL, 0);
	char word[4] = "";

	fill(high, 'h');
	copy_user_highpage(low, high, 0);
	CHECK(full_of(low, 'h'));
	clear_user_highpage(high, 0);
	CHECK(full_of(high, 0));
	memcpy_to_page(high, PAGE_SIZE - 4, "end", 4);
	memcpy_from_page(word, high, PAGE_SIZE - 4, 4);
	CHECK(!memcmp(word, "end", 4));
	zero_user(high, PAGE_SIZE - 4, 4);
	CHECK(full_of(high, 0));
}

TEST(a_task_takes_its_windows_along)
{
	struct page *one = take_high(0), *two = take_high(0);
	struct kmap_ctrl a = { 0 }, b = { 0 };
	char *mine = kmap_local_page(one), *its;

	mine[0] = '1';
	kmap_local_switch(&a, &b);
	CHECK_EQ(*this_cpu_ptr(kmap_local_top), 0);
	its = kmap_local_page(two);
	its[0] = '2';
	kmap_local_switch(&b, &a);
	CHECK_EQ(mine[0], '1');
	kunmap_local(mine);
	kmap_local_switch(&a, &b);
	CHECK_EQ(its[0], '2');
	kunmap_local(its);
	CHECK_EQ(*this_cpu_ptr(kmap_local_top), 0);
}

TEST(a_permanent_window_is_shared)
{
	struct page *page = take_high(0);
	char *first = kmap(page);

	CHECK(kmap(page) == first);
	CHECK_EQ(nr_kmaps(), 1);
	kunmap(page);
	CHECK_EQ(nr_kmaps(), 1);
	first[0] = 'x';
	kunmap(page);
	CHECK_EQ(nr_kmaps(), 0);
}

/* More pages one after the other than there are windows. */
TEST_NO_SWEEP(permanent_windows_are_used_again)
{
	struct page *pages[8];
	int i;

	for (i = 0; i < 8; i++)
		fill(pages[i] = take_high(0), (char)('a' + i));
	for (i = 0; i < 3 * LAST_PKMAP; i++) {
		struct page *page = take_high(0);

		CHECK_EQ(*(char *)kmap(pages[i % 8]), 'a' + i % 8);
		memset(kmap(page), 'x', 16);
		kunmap(page);
		kunmap(pages[i % 8]);
		give_pages(page, 0);
	}
	CHECK_EQ(nr_kmaps(), 0);
}

static struct page *holder;

static bool give_a_window_back(const void *key)
{
	(void)key;
	kunmap(holder);
	return true;
}

TEST_NO_SWEEP(kmap_waits_for_a_window)
{
	static struct page *pages[LAST_PKMAP];
	int i;

	for (i = 0; i < LAST_PKMAP; i++)
		pages[i] = take_high(0);
	for (i = 0; i < LAST_PKMAP - 1; i++)
		kmap(pages[i]);
	holder = pages[77];
	sim.on_wait = give_a_window_back;
	kmap(pages[LAST_PKMAP - 1]);
	CHECK_EQ(sim.waits, 1);
	for (i = 0; i < LAST_PKMAP; i++)
		if (i != 77)
			kunmap(pages[i]);
	CHECK_EQ(nr_kmaps(), 0);
}

TEST_DIES(a_window_too_many, "windows are open")
{
	struct page *page = take_high(0);

	for (;;)
		kmap_local_page(page);
}

TEST_DIES(a_kunmap_too_many, "has no window")
{
	struct page *page = take_high(0);

	kmap(page);
	kunmap(page);
	kunmap(page);
}

#ifdef SIM_ASAN
TEST_DIES(a_high_frame_has_no_address, "AddressSanitizer")
{
	struct page *page = take_high(0);

	*(volatile char *)page_address(page) = 1;
	NOT_REACHED();
}
#endif

TEST_DIES(a_closed_window_is_closed, "SEGV")
{
	struct page *page = take_high(0);
	volatile char *p = kmap_local_page(page);

	kunmap_local((char *)p);
	*p = 1;
	NOT_REACHED();
}

static char *its_window;

static void open_window(void *page)
{
	its_window = kmap_local_page(page);
	its_window[0] = 'b';
}

static void close_window(void *arg)
{
	CHECK_EQ(its_window[0], 'b');
	kunmap_local(its_window);
}

TEST(each_cpu_has_windows_of_its_own)
{
	char *mine = kmap_local_page(take_high(0));

	mine[0] = 'a';
	on_cpu(1, open_window, take_high(0));
	CHECK_EQ(mine[0], 'a');
	kunmap_local(mine);
	on_cpu(1, close_window, NULL);
}

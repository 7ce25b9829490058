/* SPDX-License-Identifier: MIT */
/* Which allocations fail when some are asked to. */
#include <ashlar/errno.h>
#include <ashlar/fault-inject.h>
#include "../../mm/internal.h"
#include "../harness.h"

#define QUIET (GFP_KERNEL | __GFP_NOWARN)

static unsigned int failures(unsigned int n, unsigned int order)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct page *page = alloc_pages(QUIET, order);

		failed += !page;
		__free_pages(page, order);
	}
	return failed;
}

TEST_NO_SWEEP(every_interval_th_page_fails)
{
	CHECK_EQ(setup_fail_page_alloc("5,100,0,-1"), 0);
	CHECK_EQ(failures(50, 0), 10);
	CHECK_EQ(setup_fail_page_alloc("1,0,0,0"), 0);
	CHECK_EQ(failures(50, 0), 0);
}

TEST_NO_SWEEP(failures_end_after_times)
{
	CHECK_EQ(setup_fail_page_alloc("1,100,0,3"), 0);
	CHECK_EQ(failures(50, 0), 3);
}

TEST_NO_SWEEP(failures_begin_after_space)
{
	CHECK_EQ(setup_fault_attr(&fail_page_alloc, "1,100,40960,-1"), 1);
	CHECK_EQ(fail_page_alloc.space, 40960);
	fail_page_alloc.space = 10 * PAGE_SIZE;
	CHECK_EQ(failures(10, 0), 1);
	setup_fail_page_alloc("1,0,0,0");
}

TEST_NO_SWEEP(some_fail_by_chance)
{
	unsigned int failed;

	CHECK_EQ(setup_fail_page_alloc("1,50,0,-1"), 0);
	failed = failures(1000, 0);
	CHECK_OP(failed, >, 300);
	CHECK_OP(failed, <, 700);
	setup_fail_page_alloc("1,0,0,0");
}

TEST_NO_SWEEP(small_blocks_can_be_spared)
{
	setup_fail_page_alloc("1,100,0,-1");
	fail_page_alloc.min_order = 1;
	CHECK_EQ(failures(10, 0), 0);
	CHECK_EQ(failures(10, 1), 10);
	setup_fail_page_alloc("1,0,0,0");
	fail_page_alloc.min_order = 0;
}

TEST_NO_SWEEP(objects_fail_although_sheaves_are_full)
{
	struct kmem_cache *s = take_cache("doomed", 64, 0, 0, NULL);
	void *obj[40];
	unsigned int failed = 0;

	for (unsigned int i = 0; i < 40; i++)
		obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (unsigned int i = 0; i < 40; i++)
		kmem_cache_free(s, obj[i]);
	CHECK_EQ(setup_failslab("1,100,0,-1"), 0);
	kmem_cache_shrink(s);
	for (unsigned int i = 0; i < 40; i++) {
		obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
		failed += !obj[i];
		kmem_cache_free(s, obj[i]);
	}
	CHECK_EQ(failed, 40);
	CHECK_EQ(setup_failslab("1,0,0,0"), 0);
	CHECK((obj[0] = kmem_cache_alloc(s, GFP_KERNEL)));
	kmem_cache_free(s, obj[0]);
}

TEST_NO_SWEEP(nofail_does_not_fail)
{
	struct page *page;

	setup_fail_page_alloc("1,100,0,-1");
	page = alloc_pages(GFP_KERNEL | __GFP_NOFAIL, 0);
	CHECK(page != NULL);
	__free_page(page);
	setup_fail_page_alloc("1,0,0,0");
}

TEST_NO_SWEEP(the_nth_fails_and_no_other)
{
	for (unsigned int n = 1; n < 10; n++) {
		fail_nth(n);
		for (unsigned int i = 1; i < 15; i++) {
			struct page *page = alloc_pages(QUIET, 0);

			CHECK_EQ(!page, i == n);
			__free_page(page);
		}
		CHECK_EQ(fail_nth(0), 0);
	}
	fail_nth(100);
	CHECK_EQ(failures(10, 0), 0);
	CHECK_EQ(fail_nth(0), 90);
}

TEST(settings_that_are_none)
{
	CHECK_EQ(setup_fail_page_alloc(""), -EINVAL);
	CHECK_EQ(setup_fail_page_alloc("1"), -EINVAL);
	CHECK_EQ(setup_fail_page_alloc("1,2,3"), -EINVAL);
	CHECK_EQ(setup_fail_page_alloc("1,2,3,4,5"), -EINVAL);
	CHECK_EQ(setup_fail_page_alloc("a,b,c,d"), -EINVAL);
	CHECK_EQ(setup_failslab("1;100;0;-1"), -EINVAL);
}

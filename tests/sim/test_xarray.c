/* SPDX-License-Identifier: MIT */
/* A sparse array whose nodes are the last memory that there is. */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/xarray.h>
#include "../../mm/internal.h"
#include "../harness.h"

static const gfp_t at_once = GFP_NOWAIT | __GFP_NOWARN;
static LIST_HEAD(blocks);

/* All frames that are to be had; give_frames() gives them back. */
static void take_frames(void)
{
	struct page *page;
	int order;

	for (order = MAX_ORDER - 1; order >= 0; order--)
		while ((page = alloc_pages(at_once, (unsigned int)order)))
			list_add(&page->lru, &blocks);
}

static void give_frames(void)
{
	struct page *page;

	while (!list_empty(&blocks)) {
		page = list_first_entry(&blocks, struct page, lru);
		list_del(&page->lru);
		__free_pages(page, page->order);
	}
}

TEST_NO_SWEEP(a_store_that_lacks_one_node_of_several_ends)
{
	static struct xarray arrays[1000], far;
	static int thing;
	unsigned int n;

	xa_init(&arrays[0]);
	CHECK(!xa_store(&arrays[0], 1, &thing, GFP_KERNEL));
	take_frames();
	for (n = 1; n < ARRAY_SIZE(arrays); n++) {
		xa_init(&arrays[n]);
		if (xa_store(&arrays[n], 1, &thing, at_once))
			break;
	}
	CHECK_OP(n, <, ARRAY_SIZE(arrays)); /* no node is left */
	xa_erase(&arrays[--n], 1); /* but this */
	xa_init(&far);
	CHECK_EQ(xa_err(xa_store(&far, ~0ul, &thing, at_once)), -ENOMEM);
	CHECK(!far.xa_head);
	CHECK(!xa_store(&far, 1, &thing, at_once));
	xa_erase(&far, 1);
	while (n--)
		xa_erase(&arrays[n], 1);
	give_frames();
}

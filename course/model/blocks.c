/* SPDX-License-Identifier: MIT */
/* Blocks of a zone that the lesson has to itself; see blocks.h. */
#include "blocks.h"
#include "picture.h"

void blocks_begin(void)
{
	course_boot();
	for (int w = 0; w < NR_WMARK; w++)
		BLOCK_ZONE->watermark[w] = 0;
}

static void drain(void)
{
	pcp_drain(&mm_this_cpu()->pcp);
}

struct page *block_take(unsigned int order, gfp_t mobility)
{
	struct page *page =
		alloc_pages(__GFP_HIGHMEM | __GFP_NOWARN | mobility, order);

	if (page && page_to_pfn(page) < BLOCK_ZONE->start_pfn) {
		__free_pages(page, order);
		page = NULL;
	}
	drain();
	return page;
}

void block_give(struct page *page)
{
	__free_pages(page, page->order);
	drain();
}

unsigned long blocks_of_type(unsigned int order, unsigned int type)
{
	return BLOCK_ZONE->free_area[order].nr_free[type];
}

unsigned long blocks_free(unsigned int order)
{
	unsigned long n = 0;

	for (unsigned int t = 0; t < MIGRATE_TYPES; t++)
		n += blocks_of_type(order, t);
	return n;
}

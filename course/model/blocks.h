/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a zone of 1,024 frames that nobody else uses, for the picture of
 * the buddy system and its exercises. What a CPU keeps at hand goes back after
 * each call. Frames are counted from the zone's first.
 */
#ifndef COURSE_BLOCKS_H
#define COURSE_BLOCKS_H

#include "../../mm/internal.h"
#include "../../mm/page_alloc.h"

#define BLOCK_ZONE (&zones[ZONE_HIGHMEM])

/* Boots the machine; this zone keeps no reserve: all of it may be taken. */
void blocks_begin(void);
/* NULL: the zone has no such block. */
struct page *block_take(unsigned int order, gfp_t mobility);
void block_give(struct page *page);

static inline unsigned long block_number(const struct page *page)
{
	return page_to_pfn(page) - BLOCK_ZONE->start_pfn;
}

/* Free blocks of an order, of one mobility type or of all. */
unsigned long blocks_of_type(unsigned int order, unsigned int type);
unsigned long blocks_free(unsigned int order);

#endif

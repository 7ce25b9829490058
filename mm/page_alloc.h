/* SPDX-License-Identifier: MIT */
/*
 * What the files of the page allocator share:
 *
 *   contig.c          runs of frames of any number
 *   page_alloc.c      blocks for callers, and what is tried to get one
 *   pcp.c             small blocks that a CPU keeps; the fast path is here
 *   page_reporting.c  free frames go back to the host
 *   mmzone.c          zones and their watermarks
 *   buddy.c           the free lists of a zone
 *
 * Each calls those below it.
 */
#ifndef ASHLAR_MM_PAGE_ALLOC_H
#define ASHLAR_MM_PAGE_ALLOC_H

#include <ashlar/string.h>
#include <mach/sanitize.h>
#include "internal.h"

#define PAGEBLOCK_FRAMES (1ul << pageblock_order)
#define MAX_ORDER_FRAMES (1ul << (MAX_ORDER - 1))

/* The zone of a frame in use: its range may grow, and still holds the frame. */
static inline __racy struct zone *pfn_zone(unsigned long pfn)
{
	struct zone *z;

	for (z = zones; z < zones + MAX_NR_ZONES; z++)
		if (pfn - z->start_pfn < z->spanned_pages)
			return z;
	return NULL;
}

static inline unsigned int gfp_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	if (gfp & __GFP_RECLAIMABLE)
		return MIGRATE_RECLAIMABLE;
	return MIGRATE_UNMOVABLE;
}

static inline unsigned int gfp_zone(gfp_t gfp)
{
	if ((gfp & __GFP_HIGHMEM) && zones[ZONE_HIGHMEM].managed_pages)
		return ZONE_HIGHMEM;
	/* A machine without a DMA zone can do DMA anywhere. */
	if ((gfp & __GFP_DMA) && zones[ZONE_DMA].managed_pages)
		return ZONE_DMA;
	return ZONE_NORMAL;
}

static inline bool watermark_ok(const struct zone *z, unsigned int order,
				unsigned long mark, unsigned int highest)
{
	mark += z->lowmem_reserve[highest];
	return z->free_pages >= mark + (1ul << order);
}

/* ---- bytes; high frames have no address ---- */

static inline void poison_frames(const struct page *page, unsigned long nr)
{
	if (!page_is_high(page))
		port_poison(page_address(page), nr << PAGE_SHIFT);
}

static inline void unpoison_frames(const struct page *page, unsigned long nr)
{
	if (!page_is_high(page))
		port_unpoison(page_address(page), nr << PAGE_SHIFT);
}

static inline void clear_frames(struct page *page, unsigned long nr)
{
	if (unlikely(page_is_high(page)))
		page_alloc_clear_high(page, nr);
	else
		memset(page_address(page), 0, nr << PAGE_SHIFT);
}

/* ---- pageblocks ---- */

/*
 * A pageblock's type is kept in its first descriptor, encoded such that an
 * untouched descriptor says movable, the type of fresh memory.
 */
static inline u8 *pageblock_slot(const struct zone *z, unsigned long pfn)
{
	unsigned long first = ALIGN_DOWN(pfn, PAGEBLOCK_FRAMES);

	return &pfn_to_page(max(first, z->start_pfn))->block_type;
}

static inline unsigned int pageblock_type(const struct zone *z,
					  unsigned long pfn)
{
	return READ_ONCE(*pageblock_slot(z, pfn)) ^ MIGRATE_MOVABLE;
}

static inline bool block_resident(const struct page *page)
{
	return !(page->flags & PG_zeroed);
}

/*
 * @nr frames that the host was given are wanted back. If that is soon after,
 * the program breathes. Context: zone->lock.
 */
static inline void note_refault(struct zone *z, unsigned long nr)
{
	if (port_time_ms() - z->report_time < REPORT_HALF_LIFE_MS)
		z->report_slack += nr;
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREFAULT, nr);
}

/* buddy.c; context of all: zone->lock */
void free_one_block(struct zone *z, unsigned long pfn, unsigned int order,
		    u8 zeroed);
void free_run(struct zone *z, unsigned long pfn, unsigned long nr, u8 zeroed);
struct page *rmqueue_between(struct zone *z, unsigned int order,
			     unsigned int *most, unsigned int type);
struct page *rmqueue_fallback(struct zone *z, unsigned int order,
			      unsigned int type);
struct page *rmqueue(struct zone *z, unsigned int order, unsigned int type);
struct page *rmqueue_below(struct zone *z, unsigned int below,
			   unsigned int type);
void isolate_free_block(struct zone *z, struct page *page);

/* mmzone.c */
void zone_resized(void);
unsigned long int_sqrt(unsigned long x);
struct page *alloc_from_zones(gfp_t gfp, unsigned int order,
			      enum zone_watermarks w);

/* page_reporting.c */
void page_report_balance(struct zone *zone);

/* pcp.c */
void pcp_refill(struct per_cpu_pages *pcp, gfp_t gfp, unsigned int order);
void pcp_trim(struct per_cpu_pages *pcp, unsigned int keep);

/* page_alloc.c */
struct page *alloc_block(gfp_t gfp, unsigned int order);
void free_block(struct page *page, unsigned int order);
void free_unref_pages(struct page **pages, unsigned int nr);

/* ---- per-CPU lists ---- */

/* The most frames that the lists may have. */
static inline unsigned int pcp_high(const struct per_cpu_pages *pcp)
{
	return PCP_HIGH / PCP_BATCH * pcp->batch;
}

/* After each batch the next is larger, up to PCP_BATCH. */
static inline void pcp_warm_up(struct per_cpu_pages *pcp)
{
	pcp->batch = min(2 * pcp->batch, (unsigned int)PCP_BATCH);
}

static inline void pcp_add(struct per_cpu_pages *pcp, struct page *page,
			   unsigned int order, unsigned int type, u8 zeroed)
{
	page->flags = PG_pcp | zeroed;
	page->order = (u8)order;
	list_add(&page->lru, &pcp->lists[order][type]);
	pcp->count += 1u << order;
}

/*
 * The zone that a list is of: movable pages are mostly programs', and theirs
 * are high ones where there are such.
 */
static inline unsigned int pcp_zone(unsigned int type)
{
	if (type == MIGRATE_MOVABLE && zones[ZONE_HIGHMEM].managed_pages)
		return ZONE_HIGHMEM;
	return ZONE_NORMAL;
}

/* In alloc_block(), and once more for those who watch it. */
static __always_inline struct page *pcp_alloc(gfp_t gfp, unsigned int order)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned int type = gfp_migratetype(gfp);
	struct list_head *list;
	struct page *page = NULL;

	if (!cpu || order >= PCP_ORDERS || gfp_zone(gfp) != pcp_zone(type))
		return NULL;
	local_lock(&cpu->pcp.lock);
	list = &cpu->pcp.lists[order][type];
	if (list_empty(list))
		pcp_refill(&cpu->pcp, gfp, order);
	if (!list_empty(list)) {
		page = list_first_entry(list, struct page, lru);
		list_del(&page->lru);
		cpu->pcp.count -= 1u << order;
		if (page_is_high(page))
			count_vm_events(cpu, PGALLOC_HIGH, 1ul << order);
	}
	local_unlock(&cpu->pcp.lock);
	return page;
}

#endif

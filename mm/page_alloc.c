/* SPDX-License-Identifier: MIT */
/*
 * The buddy system: page frames in blocks of powers of two.
 *
 *   zone.free_area[order].free_list[mobility]
 *
 *   order 0   [ ]-[ ]-[ ]                    1 frame,     4 KiB
 *   order 1   [  ]-[  ]                      2 frames,    8 KiB
 *     ...
 *   order 10  [                ]             1024 frames, 4 MiB
 *
 * An allocation takes a block of the smallest order that suffices and puts
 * the halves it does not need one list down each. A release looks at the
 * block's buddy, the neighbour whose frame number differs in bit `order`
 * alone; while the buddy is free and whole the two merge and rise.
 *
 *   pfn ^ (1 << order)             the buddy
 *   pfn & ~(1 << order)            the merged block
 *
 * Blocks are grouped by mobility: each pageblock of 2^pageblock_order frames
 * has a type, and a caller's blocks come from pageblocks of its own type
 * while there are any. When there are none, the largest free block of
 * another type is taken, with the whole pageblock when that is worth it, so
 * that unmovable frames spread as little as possible.
 *
 * In front of the zones each CPU keeps a few small blocks (per_cpu_pages).
 *
 * Invariants, for each zone (page_alloc_validate):
 *   free_pages    = Σ_order Σ_type nr_free[order][type] << order
 *   nr_free[o][t] = length of free_list[o][t]
 *   a block on free_list[o][t] has PG_buddy, order o, list_type t, and a
 *     buddy that is not both free and of order o
 *   resident_free = frames of the free blocks without PG_zeroed
 *
 * Locks: per_cpu_pages.lock, inside it zone.lock.
 *
 * Simpler than Linux: one node; no isolation and no CMA types; a zone's
 * frames are found by range, not by bits in each descriptor, so descriptors
 * inside a block stay untouched.
 *
 * K. C. Knowlton, "A fast storage allocator", CACM 8(10), 1965.
 */
#include <ashlar/string.h>
#include <mach/sanitize.h>
#include "internal.h"

struct zone zones[MAX_NR_ZONES];
/* What higher files and the kernel do for this one; NULL: nothing. */
unsigned long (*page_alloc_reclaim)(gfp_t gfp, unsigned int order);
enum oom_verdict (*page_alloc_oom)(gfp_t gfp, unsigned int order);
void (*page_alloc_clear_high)(struct page *page, unsigned long nr);

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "Normal",
						      "HighMem" };

/* Where a type looks when its own lists are empty, best first. */
static const u8 fallbacks[MIGRATE_TYPES][MIGRATE_TYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

#define PAGEBLOCK_FRAMES (1ul << pageblock_order)
#define MAX_ORDER_FRAMES (1ul << (MAX_ORDER - 1))

/* Of a frame in use, so in a zone whose range may grow, and still holds it. */
static __racy struct zone *pfn_zone(unsigned long pfn)
{
	struct zone *z;

	for (z = zones; z < zones + MAX_NR_ZONES; z++)
		if (pfn - z->start_pfn < z->spanned_pages)
			return z;
	return NULL;
}

static unsigned int gfp_migratetype(gfp_t gfp)
{
	if (gfp & __GFP_MOVABLE)
		return MIGRATE_MOVABLE;
	if (gfp & __GFP_RECLAIMABLE)
		return MIGRATE_RECLAIMABLE;
	return MIGRATE_UNMOVABLE;
}

/* ---- bytes; high frames have no address ---- */

static void poison_frames(const struct page *page, unsigned long nr)
{
	if (!page_is_high(page))
		port_poison(page_address(page), nr << PAGE_SHIFT);
}

static void unpoison_frames(const struct page *page, unsigned long nr)
{
	if (!page_is_high(page))
		port_unpoison(page_address(page), nr << PAGE_SHIFT);
}

static void clear_frames(struct page *page, unsigned long nr)
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
static u8 *pageblock_slot(const struct zone *z, unsigned long pfn)
{
	unsigned long first = ALIGN_DOWN(pfn, PAGEBLOCK_FRAMES);

	return &pfn_to_page(max(first, z->start_pfn))->block_type;
}

static unsigned int pageblock_type(const struct zone *z, unsigned long pfn)
{
	return READ_ONCE(*pageblock_slot(z, pfn)) ^ MIGRATE_MOVABLE;
}

static void set_pageblock_type(const struct zone *z, unsigned long pfn,
			       unsigned int type)
{
	WRITE_ONCE(*pageblock_slot(z, pfn), (u8)(type ^ MIGRATE_MOVABLE));
}

/* ---- free lists ---- */

static bool block_resident(const struct page *page)
{
	return !(page->flags & PG_zeroed);
}

/*
 * Resident blocks go to the head and are used first; given-back and never
 * used ones go to the tail.
 */
static void add_to_free_list(struct zone *z, struct page *page,
			     unsigned int order, unsigned int type, u8 zeroed)
{
	struct free_area *area = &z->free_area[order];

	page->flags = PG_buddy | zeroed;
	page->order = (u8)order;
	page->list_type = (u8)type;
	if (zeroed) {
		list_add_tail(&page->lru, &area->free_list[type]);
	} else {
		list_add(&page->lru, &area->free_list[type]);
		WRITE_ONCE(z->resident_free, z->resident_free + (1ul << order));
	}
	area->nr_free[type]++;
	z->free_pages += 1ul << order;
}

static void del_from_free_list(struct zone *z, struct page *page)
{
	unsigned int order = page->order;

	list_del(&page->lru);
	z->free_area[order].nr_free[page->list_type]--;
	z->free_pages -= 1ul << order;
	if (block_resident(page))
		WRITE_ONCE(z->resident_free, z->resident_free - (1ul << order));
	page->flags &= ~PG_buddy;
}

/*
 * Does a free block start here? A frame in use is being written by its
 * owner, who holds no lock; but PG_buddy is set and cleared under the zone's
 * lock alone.
 */
static __racy bool starts_free_block(const struct page *page)
{
	return page->flags & PG_buddy;
}

static struct page *find_buddy(const struct zone *z, unsigned long pfn,
			       unsigned int order)
{
	unsigned long buddy_pfn = pfn ^ (1ul << order);
	struct page *buddy = pfn_to_page(buddy_pfn);

	if (buddy_pfn - z->start_pfn >= z->spanned_pages)
		return NULL;
	if (!starts_free_block(buddy) || buddy->order != order)
		return NULL;
	return buddy;
}

/* Put a block back, merging as far as it goes. @zeroed: PG_* bits or 0. */
static void free_one_block(struct zone *z, unsigned long pfn,
			   unsigned int order, u8 zeroed)
{
	unsigned int type = pageblock_type(z, pfn);
	struct page *buddy;

	pfn_to_page(pfn)->flags = 0;
	while (order < MAX_ORDER - 1) {
		buddy = find_buddy(z, pfn, order);
		if (!buddy)
			break;
		del_from_free_list(z, buddy);
		zeroed &= buddy->flags;
		buddy->flags = 0;
		pfn &= ~(1ul << order);
		order++;
	}
	add_to_free_list(z, pfn_to_page(pfn), order, type, zeroed);
}

/* Free any run of frames as the largest aligned blocks that tile it. */
static void free_run(struct zone *z, unsigned long pfn, unsigned long nr,
		     u8 zeroed)
{
	unsigned int order;

	while (nr) {
		order = MAX_ORDER - 1;
		while ((pfn & ((1ul << order) - 1)) || (1ul << order) > nr)
			order--;
		free_one_block(z, pfn, order, zeroed);
		pfn += 1ul << order;
		nr -= 1ul << order;
	}
}

/* Split @page from @high down to @low; the upper halves become free. */
static void expand(struct zone *z, struct page *page, unsigned int low,
		   unsigned int high, unsigned int type, u8 zeroed)
{
	while (high > low) {
		high--;
		add_to_free_list(z, page + (1ul << high), high, type, zeroed);
	}
}

static struct page *take_block(struct zone *z, struct page *page,
			       unsigned int order, unsigned int type)
{
	unsigned int high = page->order;
	u8 zeroed;

	del_from_free_list(z, page);
	zeroed = page->flags & (PG_zeroed | PG_reported);
	if (zeroed & PG_reported) {
		z->report_slack += 1ul << order;
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREFAULT,
				1ul << order);
	}
	expand(z, page, order, high, type, zeroed);
	page->flags = zeroed;
	return page;
}

/*
 * The smallest free block of at least @order; what is over beyond *@most is
 * put back, and *@most set to the order of what is returned.
 */
static struct page *rmqueue_between(struct zone *z, unsigned int order,
				    unsigned int *most, unsigned int type)
{
	struct list_head *list;
	unsigned int o;

	for (o = order; o < MAX_ORDER; o++) {
		list = &z->free_area[o].free_list[type];
		if (list_empty(list))
			continue;
		*most = min(*most, o);
		return take_block(z, list_first_entry(list, struct page, lru),
				  *most, type);
	}
	return NULL;
}

static struct page *rmqueue_smallest(struct zone *z, unsigned int order,
				     unsigned int type)
{
	unsigned int most = order;

	return rmqueue_between(z, order, &most, type);
}

/* For page_reporting.c: a free block leaves its list and comes back. */
void page_alloc_isolate(struct zone *z, struct page *page)
{
	del_from_free_list(z, page);
}

void page_alloc_putback(struct zone *z, struct page *page, unsigned int order,
			bool zeroed)
{
	free_one_block(z, page_to_pfn(page), order,
		       zeroed ? PG_zeroed | PG_reported : 0);
}

/* ---- fallback: blocks of another type ---- */

/* Give the pageblock's free frames to @type's lists; returns how many. */
static unsigned long move_freepages_block(struct zone *z, unsigned long pfn,
					  unsigned int type)
{
	unsigned long start = ALIGN_DOWN(pfn, PAGEBLOCK_FRAMES);
	unsigned long end = start + PAGEBLOCK_FRAMES, moved = 0;
	struct page *page;
	u8 zeroed;

	start = max(start, z->start_pfn);
	end = min(end, z->start_pfn + z->spanned_pages);
	for (pfn = start; pfn < end;) {
		page = pfn_to_page(pfn);
		if (!starts_free_block(page)) {
			pfn++;
			continue;
		}
		del_from_free_list(z, page);
		zeroed = page->flags & (PG_zeroed | PG_reported);
		add_to_free_list(z, page, page->order, type, zeroed);
		moved += 1ul << page->order;
		pfn += 1ul << page->order;
	}
	return moved;
}

/*
 * The caller takes a block of @page's order from another type's list. Should
 * its pageblock change hands? A whole pageblock always; a large part when at
 * least half of it is free or when strays of this type are costly.
 */
static void steal_pageblock(struct zone *z, struct page *page,
			    unsigned int type)
{
	unsigned long pfn = page_to_pfn(page), frames = 1ul << page->order;
	unsigned long p;

	if (page->order >= pageblock_order) {
		for (p = pfn; p < pfn + frames; p += PAGEBLOCK_FRAMES)
			set_pageblock_type(z, p, type);
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGSTEAL_BLOCK, 1);
		return;
	}
	if (type == MIGRATE_MOVABLE && page->order < pageblock_order / 2)
		return;
	if (move_freepages_block(z, pfn, type) >= PAGEBLOCK_FRAMES / 2) {
		set_pageblock_type(z, pfn, type);
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGSTEAL_BLOCK, 1);
	}
}

/* Largest block first: one large theft is better than many small ones. */
static struct page *find_fallback(struct zone *z, unsigned int order,
				  unsigned int type)
{
	struct list_head *list;
	unsigned int i;
	int o;

	for (o = MAX_ORDER - 1; o >= (int)order; o--) {
		for (i = 0; i < MIGRATE_TYPES - 1; i++) {
			list = &z->free_area[o].free_list[fallbacks[type][i]];
			if (!list_empty(list))
				return list_first_entry(list, struct page, lru);
		}
	}
	return NULL;
}

static struct page *rmqueue_fallback(struct zone *z, unsigned int order,
				     unsigned int type)
{
	struct page *page = find_fallback(z, order, type);

	if (!page)
		return NULL;
	steal_pageblock(z, page, type);
	return take_block(z, page, order, pageblock_type(z, page_to_pfn(page)));
}

static struct page *rmqueue(struct zone *z, unsigned int order,
			    unsigned int type)
{
	struct page *page = rmqueue_smallest(z, order, type);

	return page ? page : rmqueue_fallback(z, order, type);
}

/* ---- zones and watermarks ---- */

static unsigned int gfp_zone(gfp_t gfp)
{
	if ((gfp & __GFP_HIGHMEM) && zones[ZONE_HIGHMEM].managed_pages)
		return ZONE_HIGHMEM;
	/* A machine without a DMA zone can do DMA anywhere. */
	if ((gfp & __GFP_DMA) && zones[ZONE_DMA].managed_pages)
		return ZONE_DMA;
	return ZONE_NORMAL;
}

static bool watermark_ok(const struct zone *z, unsigned int order,
			 unsigned long mark, unsigned int highest)
{
	mark += z->lowmem_reserve[highest];
	return z->free_pages >= mark + (1ul << order);
}

static unsigned long zone_mark(const struct zone *z, enum zone_watermarks w,
			       gfp_t gfp)
{
	unsigned long mark = z->watermark[w];

	return (gfp & __GFP_HIGH) ? mark / 2 : mark;
}

static struct page *alloc_from_zones(gfp_t gfp, unsigned int order,
				     enum zone_watermarks w)
{
	unsigned int highest = gfp_zone(gfp), type = gfp_migratetype(gfp);
	struct page *page = NULL;
	struct zone *z;
	int i;

	for (i = (int)highest; i >= 0 && !page; i--) {
		z = &zones[i];
		if (!z->managed_pages)
			continue;
		spin_lock(&z->lock);
		if (watermark_ok(z, order, zone_mark(z, w, gfp), highest))
			page = rmqueue(z, order, type);
		spin_unlock(&z->lock);
		if (page && i != ZONE_NORMAL)
			count_vm_events(*this_cpu_ptr(mm_cpu_self),
					i == ZONE_DMA ? PGALLOC_DMA :
							PGALLOC_HIGH,
					1ul << order);
	}
	return page;
}

static unsigned long int_sqrt(unsigned long x)
{
	unsigned long r = 0, bit;

	for (bit = 1ul << (8 * sizeof(long) - 2); bit; bit >>= 2) {
		if (x >= r + bit) {
			x -= r + bit;
			r = (r >> 1) + bit;
		} else {
			r >>= 1;
		}
	}
	return r;
}

static void set_watermarks(struct zone *z, unsigned long m)
{
	z->watermark[WMARK_MIN] = m;
	z->watermark[WMARK_LOW] = m + m / 4;
	z->watermark[WMARK_HIGH] = m + m / 2;
}

/* High memory serves programs alone, who need no reserve worth the name. */
#define HIGHMEM_MARK_MIN 32ul
#define HIGHMEM_MARK_MAX 128ul

unsigned long min_free_kbytes;
static bool min_free_is_set; /* by the administrator */

/*
 * The reserve grows with the square root of memory that the kernel can use,
 * as in Linux (min_free_kbytes = 4 sqrt(low KiB)), shared out among its zones.
 */
static void setup_watermarks(void)
{
	struct zone *high = &zones[ZONE_HIGHMEM];
	unsigned long total = 0, pages_min;
	struct zone *z;

	for (z = zones; z < high; z++)
		total += z->managed_pages;
	if (!min_free_is_set)
		min_free_kbytes = int_sqrt((total << (PAGE_SHIFT - 10)) * 16);
	pages_min = min_free_kbytes >> (PAGE_SHIFT - 10);
	for (z = zones; z < high; z++)
		set_watermarks(z, total ? (unsigned long)((u64)pages_min *
							  z->managed_pages /
							  total) :
					  0);
	if (high->managed_pages)
		set_watermarks(high, clamp(high->managed_pages / 1024,
					   HIGHMEM_MARK_MIN, HIGHMEM_MARK_MAX));
}

/**
 * set_min_free_kbytes - how much memory ordinary allocations leave alone
 * @kbytes: of all zones but HighMem
 */
void set_min_free_kbytes(unsigned long kbytes)
{
	min_free_kbytes = kbytes;
	min_free_is_set = true;
	setup_watermarks();
}

/* A zone keeps this part of what the zones above it have (Linux's ratios). */
static const unsigned int lowmem_reserve_ratio[MAX_NR_ZONES] = { 256, 32, 1 };

static void setup_lowmem_reserves(void)
{
	unsigned int i, j;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		unsigned long above = 0;

		for (j = i + 1; j < MAX_NR_ZONES; j++) {
			above += zones[j].managed_pages;
			zones[i].lowmem_reserve[j] =
				above / lowmem_reserve_ratio[i];
		}
	}
}

/**
 * mm_online_pages - take frames into the buddy system's care
 * @zone: enum zone_type that they belong to
 * @start: first frame number
 * @nr: number of frames
 * @zeroed: they read as zero and are not resident yet
 *
 * A zone's frames lie in one range, which may have holes. Context: any,
 * without zone locks; called by a port at boot and when RAM grows.
 */
void mm_online_pages(unsigned int zone, unsigned long start, unsigned long nr,
		     bool zeroed)
{
	struct zone *z = &zones[zone];
	unsigned long end = start + nr;

	spin_lock(&z->lock);
	if (!z->spanned_pages) {
		z->start_pfn = start;
		z->spanned_pages = nr;
	} else {
		end = max(end, z->start_pfn + z->spanned_pages);
		z->start_pfn = min(z->start_pfn, start);
		z->spanned_pages = end - z->start_pfn;
	}
	z->present_pages += nr;
	z->managed_pages += nr;
	free_run(z, start, nr, zeroed ? PG_zeroed : 0);
	spin_unlock(&z->lock);
	setup_watermarks();
	setup_lowmem_reserves();
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGONLINE, nr);
}

/* ---- per-CPU lists ---- */

void pcp_init(struct per_cpu_pages *pcp)
{
	unsigned int o, t;

	spin_lock_init(&pcp->lock);
	for (o = 0; o < PCP_ORDERS; o++)
		for (t = 0; t < MIGRATE_TYPES; t++)
			INIT_LIST_HEAD(&pcp->lists[o][t]);
}

static void free_to_zone(struct page *page, unsigned int order, u8 zeroed)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);

	spin_lock(&z->lock);
	free_one_block(z, pfn, order, zeroed);
	spin_unlock(&z->lock);
	page_report_balance(z);
}

/* The coldest blocks of a list go to their zones, under one hold of a lock. */
static void pcp_trim_list(struct per_cpu_pages *pcp, struct list_head *list,
			  unsigned int order, unsigned int keep)
{
	struct zone *z = NULL, *next;
	struct page *page;
	unsigned long pfn;

	while (pcp->count > keep && !list_empty(list)) {
		page = list_last_entry(list, struct page, lru);
		list_del(&page->lru);
		pcp->count -= 1u << order;
		pfn = page_to_pfn(page);
		next = pfn_zone(pfn);
		if (next != z) {
			if (z)
				spin_unlock(&z->lock);
			z = next;
			spin_lock(&z->lock);
		}
		free_one_block(z, pfn, order,
			       page->flags & (PG_zeroed | PG_reported));
	}
	if (!z)
		return;
	spin_unlock(&z->lock);
	page_report_balance(z);
}

/* Give back the coldest blocks until at most @keep frames are left. */
static void pcp_trim(struct per_cpu_pages *pcp, unsigned int keep)
{
	unsigned int o, t;

	for (o = PCP_ORDERS; o-- > 0;)
		for (t = 0; t < MIGRATE_TYPES; t++)
			pcp_trim_list(pcp, &pcp->lists[o][t], o, keep);
}

/**
 * pcp_drain - give a CPU's private frames back to their zones
 * @pcp: the CPU's lists; its lock must not be held
 */
void pcp_drain(struct per_cpu_pages *pcp)
{
	spin_lock(&pcp->lock);
	pcp_trim(pcp, 0);
	spin_unlock(&pcp->lock);
}

static void pcp_add(struct per_cpu_pages *pcp, struct page *page,
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
static unsigned int pcp_zone(unsigned int type)
{
	if (type == MIGRATE_MOVABLE && zones[ZONE_HIGHMEM].managed_pages)
		return ZONE_HIGHMEM;
	return ZONE_NORMAL;
}

/* A block of frames that are neither free nor anybody's, cut for a list. */
static void pcp_add_cut(struct per_cpu_pages *pcp, struct page *page,
			unsigned int size, unsigned int order,
			unsigned int type)
{
	u8 zeroed = page->flags & (PG_zeroed | PG_reported);
	struct page *end = page + (1ul << size);

	for (; page < end; page += 1ul << order) {
		page->flags = PG_pcp | zeroed;
		page->order = (u8)order;
		list_add_tail(&page->lru, &pcp->lists[order][type]);
	}
	pcp->count += 1u << size;
}

/*
 * Take a batch under one hold of the zone's lock. A larger block is kept as a
 * whole: what the next caller wants need not go to the zone and come back.
 * Not inlined, for the registers of those who find a frame on the list.
 */
static __attribute__((__noinline__)) void
pcp_refill(struct per_cpu_pages *pcp, gfp_t gfp, unsigned int order)
{
	unsigned int highest = gfp_zone(gfp), type = gfp_migratetype(gfp);
	struct zone *z = &zones[highest];
	unsigned int n = max(1u << order, (unsigned int)PCP_BATCH), size;
	struct page *page;

	spin_lock(&z->lock);
	for (; n >= 1u << order; n -= 1u << size) {
		size = 31 - (unsigned int)__builtin_clz(n);
		if (!watermark_ok(z, size, z->watermark[WMARK_LOW], highest))
			break;
		page = rmqueue_between(z, order, &size, type);
		if (!page) {
			size = order;
			page = rmqueue_fallback(z, order, type);
		}
		if (!page)
			break;
		pcp_add_cut(pcp, page, size, order, type);
	}
	spin_unlock(&z->lock);
}

static struct page *pcp_alloc(gfp_t gfp, unsigned int order)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned int type = gfp_migratetype(gfp);
	struct list_head *list;
	struct page *page = NULL;

	if (!cpu || order >= PCP_ORDERS || gfp_zone(gfp) != pcp_zone(type))
		return NULL;
	spin_lock(&cpu->pcp.lock);
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
	spin_unlock(&cpu->pcp.lock);
	return page;
}

static void free_block(struct page *page, unsigned int order)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);
	unsigned int type = pageblock_type(z, pfn);

	count_vm_events(cpu, PGFREE, 1ul << order);
	poison_frames(page, 1ul << order);
	if (!cpu || order >= PCP_ORDERS || z->index != pcp_zone(type)) {
		free_to_zone(page, order, 0);
		return;
	}
	spin_lock(&cpu->pcp.lock);
	pcp_add(&cpu->pcp, page, order, type, 0);
	if (cpu->pcp.count > PCP_HIGH)
		pcp_trim(&cpu->pcp, PCP_HIGH - PCP_BATCH);
	spin_unlock(&cpu->pcp.lock);
}

/* ---- allocation ---- */

#define RECLAIM_ROUNDS 12

static struct page *alloc_after_grow(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;

	while (!page && port_grow_ram(order))
		page = alloc_from_zones(gfp, order, WMARK_LOW);
	return page;
}

/* A task that is to end so that memory comes free may take the last of it. */
static struct page *alloc_from_reserve(gfp_t gfp, unsigned int order)
{
	struct page *page = NULL;
	int i;

	for (i = (int)gfp_zone(gfp); i >= 0 && !page; i--) {
		spin_lock(&zones[i].lock);
		page = rmqueue(&zones[i], order, gfp_migratetype(gfp));
		spin_unlock(&zones[i].lock);
	}
	return page;
}

/* Would the end of a process help, and is the caller worth one? */
static bool may_oom(gfp_t gfp, unsigned int order)
{
	return page_alloc_oom && order <= PAGE_ALLOC_COSTLY_ORDER &&
	       !(gfp & (__GFP_NORETRY | __GFP_DMA));
}

/*
 * Nothing was reclaimed. Returns whether to look again; the caller may have
 * been given a page from the reserve.
 */
static bool alloc_oom(gfp_t gfp, unsigned int order, struct page **page)
{
	enum oom_verdict verdict = OOM_NOBODY;

	if (may_oom(gfp, order))
		verdict = page_alloc_oom(gfp, order);
	if (verdict == OOM_MYSELF)
		*page = alloc_from_reserve(gfp, order);
	else if (verdict == OOM_ANOTHER ||
		 (verdict == OOM_NOBODY && (gfp & __GFP_NOFAIL)))
		port_wait(&zones);
	return verdict == OOM_ANOTHER || verdict == OOM_FREED ||
	       (gfp & __GFP_NOFAIL);
}

/*
 * The zones are below their low watermark, and the machine has no more RAM.
 * A caller who may not wait takes what the min watermark leaves; one who may
 * has the shrinkers run, a few rounds or for ever (__GFP_NOFAIL), and where
 * there are processes, one of them ended.
 */
static __cold_path struct page *alloc_slow(gfp_t gfp, unsigned int order)
{
	unsigned int round = 0, rounds = RECLAIM_ROUNDS;
	struct page *page = alloc_after_grow(gfp, order);

	if (page)
		return page;
	page = alloc_from_zones(gfp, order, WMARK_MIN);
	if (gfp & __GFP_NORETRY)
		rounds = 1;
	while (!page && gfpflags_allow_blocking(gfp)) {
		unsigned long freed = 0;

		count_vm_events(*this_cpu_ptr(mm_cpu_self), ALLOCSTALL, 1);
		if (page_alloc_reclaim)
			freed = page_alloc_reclaim(gfp, order);
		page = alloc_from_zones(gfp, order, WMARK_MIN);
		if (page)
			break;
		if (freed && (++round < rounds || (gfp & __GFP_NOFAIL)))
			continue;
		if (!alloc_oom(gfp, order, &page))
			break;
	}
	return page;
}

static void alloc_failed(gfp_t gfp, unsigned int order)
{
	count_vm_events(*this_cpu_ptr(mm_cpu_self), ALLOC_FAIL, 1);
	if (!(gfp & __GFP_NOWARN))
		mm_log("page allocation failure: order:%u, mode:%#x", order,
		       gfp);
}

/* A block with PG_zeroed still saying whether it reads as zero. */
static struct page *alloc_block(gfp_t gfp, unsigned int order)
{
	struct page *page;

	if (gfpflags_allow_blocking(gfp))
		might_sleep();
	if (unlikely(order >= MAX_ORDER))
		return NULL;
	if (unlikely(should_fail_alloc_page(gfp, order)))
		return NULL;
	page = pcp_alloc(gfp, order);
	if (unlikely(!page))
		page = alloc_from_zones(gfp, order, WMARK_LOW);
	if (unlikely(!page))
		page = alloc_slow(gfp, order);
	if (unlikely(!page)) {
		alloc_failed(gfp, order);
		return NULL;
	}
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGALLOC, 1ul << order);
	return page;
}

static void prepare_new_block(struct page *page, unsigned int order, gfp_t gfp)
{
	unpoison_frames(page, 1ul << order);
	if ((gfp & __GFP_ZERO) && block_resident(page))
		clear_frames(page, 1ul << order);
	page->flags = PG_used;
	page->order = (u8)order;
	page->priv = 0;
}

/**
 * alloc_pages - allocate 2^order contiguous page frames
 * @gfp: GFP_* flags: which zone, which mobility, may it wait
 * @order: 0 … MAX_ORDER - 1
 *
 * Context: may sleep if @gfp has __GFP_RECLAIM. Return: the first frame's
 * descriptor, or NULL. The block is aligned to its own size.
 */
struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_block(gfp, order);

	if (likely(page))
		prepare_new_block(page, order, gfp);
	return page;
}

/**
 * __free_pages - free what alloc_pages() returned
 * @page: the first frame, or NULL
 * @order: the order that was asked for
 *
 * Context: any. A frame that is not allocated, or another order, is
 * reported and not freed.
 */
void __free_pages(struct page *page, unsigned int order)
{
	if (!page)
		return;
	if (unlikely(!(page->flags & PG_used) || page->order != order)) {
		mm_report(page->flags & PG_used ? "bad-free" : "double-free",
			  "frame %#lx freed with order %u is not an allocated "
			  "block of that order",
			  page_to_pfn(page), order);
		return;
	}
	free_block(page, order);
}

/**
 * __get_free_pages - alloc_pages() by address
 * @gfp: GFP_* flags, without __GFP_HIGHMEM (such frames have no address)
 * @order: 0 … MAX_ORDER - 1
 *
 * Return: the address of the first byte, or 0.
 */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp & ~__GFP_HIGHMEM, order);

	return page ? (unsigned long)page_address(page) : 0;
}

/** get_zeroed_page - one page of zeroes. @gfp: GFP_* flags. */
unsigned long get_zeroed_page(gfp_t gfp)
{
	return __get_free_pages(gfp | __GFP_ZERO, 0);
}

/** free_pages - __free_pages() by address; 0 is ignored. */
void free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (unlikely(!virt_addr_valid((void *)addr))) {
		mm_report("bad-free", "%#lx is not an address of this memory",
			  addr);
		return;
	}
	__free_pages(virt_to_page((void *)addr), order);
}

/** get_order - the order whose block holds @size bytes (0 for size 0). */
unsigned int get_order(unsigned long size)
{
	unsigned int order = 0;

	while ((PAGE_SIZE << order) < size &&
	       order < 8 * sizeof(long) - 1 - PAGE_SHIFT)
		order++;
	return order;
}

/**
 * split_page - make a block of 2^order frames into single frames
 * @page: what alloc_pages(gfp, order) returned
 * @order: its order
 *
 * Afterwards each frame is freed alone, with order 0.
 */
void split_page(struct page *page, unsigned int order)
{
	unsigned long i;

	for (i = 0; i < 1ul << order; i++) {
		page[i].flags = PG_used;
		page[i].order = 0;
		page[i].priv = 0;
	}
}

/*
 * Allocate @nr frames, not rounded up to a power of two: the tail of the
 * block goes back.
 */
struct page *alloc_frames(gfp_t gfp, unsigned int nr)
{
	unsigned int order = get_order((unsigned long)nr << PAGE_SHIFT);
	struct page *page = alloc_block(gfp, order);
	unsigned long pfn;
	struct zone *z;
	u8 bits;

	if (unlikely(!page))
		return NULL;
	unpoison_frames(page, nr);
	bits = page->flags & (PG_zeroed | PG_reported);
	if ((gfp & __GFP_ZERO) && !bits)
		clear_frames(page, nr);
	page->flags = PG_used;
	page->order = ORDER_NONE;
	if (nr != 1u << order) {
		pfn = page_to_pfn(page);
		z = pfn_zone(pfn);
		spin_lock(&z->lock);
		free_run(z, pfn + nr, (1ul << order) - nr, bits);
		spin_unlock(&z->lock);
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGFREE,
				(1ul << order) - nr);
	}
	return page;
}

/* Free what alloc_frames() returned. */
void free_frames(struct page *page, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);

	if (nr <= MAX_ORDER_FRAMES && is_power_of_2(nr) &&
	    IS_ALIGNED(pfn, nr)) {
		free_block(page, (unsigned int)__builtin_ctzl(nr));
		return;
	}
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGFREE, nr);
	poison_frames(page, nr);
	spin_lock(&z->lock);
	free_run(z, pfn, nr, 0);
	spin_unlock(&z->lock);
	page_report_balance(z);
}

/* The free blocks of the largest order from @pfn on; stops at @want frames. */
static unsigned long free_frames_from(const struct zone *z, unsigned long pfn,
				      unsigned long want)
{
	unsigned long end = z->start_pfn + z->spanned_pages, n = 0;

	while (n < want && pfn + n < end) {
		const struct page *page = pfn_to_page(pfn + n);

		if (!(page->flags & PG_buddy) || page->order != MAX_ORDER - 1)
			break;
		n += MAX_ORDER_FRAMES;
	}
	return n;
}

/* Take the run out of the free lists, and give its tail back. */
static void take_run(struct zone *z, unsigned long pfn, unsigned long found,
		     unsigned long nr)
{
	unsigned long p;

	for (p = pfn; p < pfn + found; p += MAX_ORDER_FRAMES) {
		del_from_free_list(z, pfn_to_page(p));
		pfn_to_page(p)->flags = 0;
	}
	free_run(z, pfn + nr, found - nr, 0);
}

/**
 * alloc_contig_frames - a run of frames larger than the largest block
 * @nr: frames
 *
 * Looks through the normal zone for free blocks of the largest order side by
 * side: slow, and fails where such a run is not free by chance. For when the
 * host has no more addresses to give. Context: any, without zone locks.
 * Return: the first frame, to be freed as alloc_pages_exact() memory; NULL.
 */
struct page *alloc_contig_frames(unsigned long nr)
{
	struct zone *z = &zones[ZONE_NORMAL];
	unsigned long pfn, found = 0, end;
	struct page *page = NULL;

	spin_lock(&z->lock);
	end = z->start_pfn + z->spanned_pages;
	pfn = ALIGN(z->start_pfn, MAX_ORDER_FRAMES);
	for (; pfn < end; pfn += found + MAX_ORDER_FRAMES) {
		found = free_frames_from(z, pfn, nr);
		if (found >= nr) {
			take_run(z, pfn, found, nr);
			page = pfn_to_page(pfn);
			page->flags = PG_used;
			page->order = ORDER_NONE;
			page->priv = nr;
			break;
		}
	}
	spin_unlock(&z->lock);
	return page;
}

/**
 * alloc_pages_exact - contiguous memory of a size that is no power of two
 * @size: bytes, up to 4 MiB; rounded up to whole frames
 * @gfp: GFP_* flags
 *
 * The power-of-two tail is not held. Return: address, or NULL. Free it with
 * free_pages_exact() and the same size.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page;

	if (!size || size > MAX_ORDER_FRAMES << PAGE_SHIFT)
		return NULL;
	page = alloc_frames(gfp & ~__GFP_HIGHMEM, (unsigned int)nr);
	if (!page)
		return NULL;
	page->priv = nr;
	return page_address(page);
}

/** free_pages_exact - free alloc_pages_exact() memory of @size bytes. */
void free_pages_exact(void *addr, size_t size)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page;

	if (!addr)
		return;
	page = virt_addr_valid(addr) ? virt_to_page(addr) : NULL;
	if (!page || !(page->flags & PG_used) || page->order != ORDER_NONE ||
	    page->priv != nr) {
		mm_report("bad-free", "%p is not an exact block of %zu bytes",
			  addr, size);
		return;
	}
	page->flags = 0;
	free_frames(page, nr);
}

/* ---- boot and validation ---- */

/* Zones without frames; the port brings those online afterwards. */
void page_alloc_init(void)
{
	unsigned int i, o, t;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *z = &zones[i];

		z->index = i;
		z->name = zone_names[i];
		for (o = 0; o < MAX_ORDER; o++)
			for (t = 0; t < MIGRATE_TYPES; t++)
				INIT_LIST_HEAD(&z->free_area[o].free_list[t]);
	}
}

static unsigned long validate_list(struct zone *z, unsigned int order,
				   unsigned int type, unsigned long *resident)
{
	struct free_area *area = &z->free_area[order];
	unsigned long n = 0;
	struct page *page;

	list_for_each_entry(page, &area->free_list[type], lru) {
		unsigned long pfn = page_to_pfn(page);

		if (!(page->flags & PG_buddy) || page->order != order ||
		    page->list_type != type || !IS_ALIGNED(pfn, 1ul << order))
			mm_panic("free frame %#lx on list %u/%u has flags %#x "
				 "order %u type %u",
				 pfn, order, type, page->flags, page->order,
				 page->list_type);
		if (order < MAX_ORDER - 1 && find_buddy(z, pfn, order))
			mm_panic("free frame %#lx order %u: its buddy is free "
				 "too",
				 pfn, order);
		*resident += block_resident(page) ? 1ul << order : 0;
		n++;
	}
	if (n != area->nr_free[type])
		mm_panic("zone %s order %u type %u: %lu blocks listed, %lu "
			 "counted",
			 z->name, order, type, n, area->nr_free[type]);
	return n << order;
}

/* Re-derives the invariants at the head of this file. */
void page_alloc_validate(void)
{
	unsigned long free, resident;
	unsigned int o, t;
	struct zone *z;

	for_each_populated_zone(z) {
		free = resident = 0;
		spin_lock(&z->lock);
		for (o = 0; o < MAX_ORDER; o++)
			for (t = 0; t < MIGRATE_TYPES; t++)
				free += validate_list(z, o, t, &resident);
		if (free != z->free_pages || resident != z->resident_free)
			mm_panic("zone %s: %lu free (%lu resident) listed, "
				 "%lu (%lu) counted",
				 z->name, free, resident, z->free_pages,
				 z->resident_free);
		spin_unlock(&z->lock);
	}
}

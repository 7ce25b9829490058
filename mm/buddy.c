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
 * Invariants, for each zone (buddy_validate):
 *   free_pages    = Σ_order Σ_type nr_free[order][type] << order
 *   nr_free[o][t] = length of free_list[o][t]
 *   a block on free_list[o][t] has PG_buddy, order o, list_type t, and a
 *     buddy that is not both free and of order o
 *   resident_free = frames of the free blocks without PG_zeroed
 *
 * Lock: zone.lock, for all but buddy_init().
 *
 * K. C. Knowlton, "A fast storage allocator", CACM 8(10), 1965.
 */
#include "page_alloc.h"

struct zone zones[MAX_NR_ZONES];

static const char *const zone_names[MAX_NR_ZONES] = { "DMA", "Normal",
						      "HighMem" };

/* Where a type looks when its own lists are empty, best first. */
static const u8 fallbacks[MIGRATE_TYPES][MIGRATE_TYPES - 1] = {
	[MIGRATE_UNMOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE },
	[MIGRATE_MOVABLE] = { MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE },
	[MIGRATE_RECLAIMABLE] = { MIGRATE_UNMOVABLE, MIGRATE_MOVABLE },
};

/* ---- pageblocks ---- */

static void set_pageblock_type(const struct zone *z, unsigned long pfn,
			       unsigned int type)
{
	WRITE_ONCE(*pageblock_slot(z, pfn), (u8)(type ^ MIGRATE_MOVABLE));
}

/* ---- free lists ---- */

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
	WRITE_ONCE(z->free_pages, z->free_pages + (1ul << order));
}

static void del_from_free_list(struct zone *z, struct page *page)
{
	unsigned int order = page->order;

	list_del(&page->lru);
	z->free_area[order].nr_free[page->list_type]--;
	WRITE_ONCE(z->free_pages, z->free_pages - (1ul << order));
	if (block_resident(page))
		WRITE_ONCE(z->resident_free, z->resident_free - (1ul << order));
	page->flags &= ~PG_buddy;
}

/*
 * True if a free block starts here. A frame in use is being written by its
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
void free_one_block(struct zone *z, unsigned long pfn, unsigned int order,
		    u8 zeroed)
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
void free_run(struct zone *z, unsigned long pfn, unsigned long nr, u8 zeroed)
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
	if (zeroed & PG_reported)
		note_refault(z, 1ul << order);
	expand(z, page, order, high, type, zeroed);
	page->flags = zeroed;
	return page;
}

/*
 * The smallest free block of at least @order; what is over beyond *@most is
 * put back, and *@most set to the order of what is returned.
 */
struct page *rmqueue_between(struct zone *z, unsigned int order,
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

/* One frame of the smallest free block, if that has an order under @below. */
struct page *rmqueue_below(struct zone *z, unsigned int below,
			   unsigned int type)
{
	struct list_head *list;
	unsigned int o;

	for (o = 0; o < below; o++) {
		list = &z->free_area[o].free_list[type];
		if (!list_empty(list))
			return take_block(
				z, list_first_entry(list, struct page, lru), 0,
				type);
	}
	return NULL;
}

/* A free block leaves its list, and free_one_block() puts it back. */
void isolate_free_block(struct zone *z, struct page *page)
{
	del_from_free_list(z, page);
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

struct page *rmqueue_fallback(struct zone *z, unsigned int order,
			      unsigned int type)
{
	struct page *page = find_fallback(z, order, type);

	if (!page)
		return NULL;
	steal_pageblock(z, page, type);
	return take_block(z, page, order, pageblock_type(z, page_to_pfn(page)));
}

struct page *rmqueue(struct zone *z, unsigned int order, unsigned int type)
{
	struct page *page = rmqueue_smallest(z, order, type);

	return page ? page : rmqueue_fallback(z, order, type);
}

/* ---- boot and validation ---- */

/* Zones without frames; the port brings those online afterwards. */
void buddy_init(void)
{
	unsigned int i, o, t;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *z = &zones[i];

		z->index = i;
		z->name = zone_names[i];
		for (o = 0; o < MAX_ORDER; o++)
			for (t = 0; t < MIGRATE_TYPES; t++)
				INIT_LIST_HEAD(&z->free_area[o].free_list[t]);
		INIT_LIST_HEAD(&z->isolated);
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
void buddy_validate(void)
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

/*
 * page_was_freed - is a frame free that was in use before?
 * @page: any frame
 *
 * For reports: takes no lock, and what is free may be had by anybody.
 */
__racy bool page_was_freed(const struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	const struct page *head;
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		head = pfn_to_page(pfn & ~((1ul << order) - 1));
		if ((head->flags & (PG_buddy | PG_pcp)) && head->order >= order)
			return !(head->flags & PG_zeroed) ||
			       (head->flags & PG_reported);
	}
	return false;
}

/* SPDX-License-Identifier: MIT */
/*
 * Compaction: pages move so that the frames they leave make one free block.
 *
 *   zone    |■ ■■ ■■|■u■ ■ ■|  ■   ■|■■ ■■■■|        ■ in use, u: not movable
 *                     passed   ▲unit
 *            └─ ▲ free frames of small blocks ─┘
 *                    ■   ■ move there           →   |       | one block
 *
 * A unit is an aligned run of 2^order frames. The migrate scanner goes from
 * unit to unit, round the zone, passes those with a frame that cannot move, and
 * chooses the one with the fewest pages; a unit with next to none is taken at
 * once. Then its free blocks are taken off the free lists, and each page moves
 * to a frame that the free scanner has found: the smallest free block there is,
 * so that what is small already is used up and no large block is split. A frame
 * that a page has left is held like those that were free. When all are held
 * they are released as one block.
 *
 * A page that turns out to be in use otherwise ends the attempt; what is held
 * is released in pieces, nothing is lost, and another unit is looked for.
 *
 *   a held frame is free, on no list, and its descriptor says nothing
 *   nr_held = bits of held[]
 *
 * Only pages on the LRU lists move: those of programs and files. Every other
 * frame in use is somebody's address.
 *
 * Locks: none is held while a page moves. zone.lock around free lists; the
 * scanners read descriptors without it, and look again before they act.
 */
#include <ashlar/atomic.h>
#include <ashlar/compaction.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_owner.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "compaction.h"
#include "internal.h"
#include "lru.h"
#include "migrate.h"
#include "page_alloc.h"

#define SCAN_FRAMES (1ul << 13) /* at most, once there is a unit to choose */
#define NO_UNIT (~0ul)

int sysctl_compact_unevictable_allowed = 1;

/* Where a zone's migrate scanner goes on: the number of a frame. */
static unsigned long cached_migrate_pfn[MAX_NR_ZONES];

static inline void count(const struct compact_control *cc, enum vm_event_item e,
			 unsigned long n)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	count_vm_events(cpu, e, n);
	if (!cc->daemon)
		return;
	if (e == COMPACTMIGRATE_SCANNED)
		count_vm_events(cpu, KCOMPACTD_MIGRATE_SCANNED, n);
	else if (e == COMPACTFREE_SCANNED)
		count_vm_events(cpu, KCOMPACTD_FREE_SCANNED, n);
}

static inline unsigned long unit_frames(const struct compact_control *cc)
{
	return 1ul << cc->order;
}

/* ---- what a frame is ---- */

enum frame_kind { FRAME_FREE, FRAME_ON_CPU, FRAME_MOVABLE, FRAME_FIXED };

/* Read without a lock: what is seen may have changed when it is acted upon. */
static __racy enum frame_kind frame_kind(const struct page *page)
{
	u8 flags = page->flags;

	if (flags == PG_used)
		return !page->order && (page->pflags & PG_lru) ? FRAME_MOVABLE :
								 FRAME_FIXED;
	if (flags & PG_buddy)
		return FRAME_FREE;
	if ((flags & ~(PG_zeroed | PG_reported)) == PG_pcp)
		return FRAME_ON_CPU;
	return FRAME_FIXED;
}

/* True if the page would not move now, or may not. */
static __racy bool page_stays(const struct page *page)
{
	if ((page->pflags & PG_unevictable) &&
	    !sysctl_compact_unevictable_allowed)
		return true;
	return (page->pflags & (PG_locked | PG_writeback)) ||
	       page_is_pinned(page, 0);
}

/* ---- frames that are held ---- */

static inline bool is_held(const struct compact_control *cc, unsigned long i)
{
	return cc->held[i / (8 * sizeof(long))] >> i % (8 * sizeof(long)) & 1;
}

static void hold(struct compact_control *cc, unsigned long pfn,
		 unsigned long nr)
{
	unsigned long i = pfn - cc->unit;

	for (cc->nr_held += nr; nr; nr--, i++)
		cc->held[i / (8 * sizeof(long))] |= 1ul
						    << i % (8 * sizeof(long));
}

static bool is_in_unit(const struct compact_control *cc, unsigned long pfn)
{
	return pfn - cc->unit < unit_frames(cc);
}

/*
 * Take the free block that begins there, if one does. zone->lock. Return: its
 * frames, or 1.
 */
static unsigned long hold_free_block(struct compact_control *cc,
				     unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);

	if (!(page->flags & PG_buddy) || page->order > cc->order)
		return 1;
	isolate_free_block(cc->zone, page);
	page->flags = 0;
	hold(cc, pfn, 1ul << page->order);
	return 1ul << page->order;
}

/* Give back what is held: one block, or the pieces there are. */
static void release_held(struct compact_control *cc)
{
	unsigned long i, first, nr = unit_frames(cc);

	spin_lock(&cc->zone->lock);
	for (i = 0; i < nr; i++) {
		for (first = i; i < nr && is_held(cc, i); i++)
			;
		if (i > first)
			free_run(cc->zone, cc->unit + first, i - first, 0);
	}
	spin_unlock(&cc->zone->lock);
}

/* ---- the free scanner: where pages go ---- */

/* The smallest block's first frame, of a block too small for a unit. */
static struct page *isolate_free_frame(struct compact_control *cc)
{
	static const u8 types[] = { MIGRATE_MOVABLE, MIGRATE_RECLAIMABLE,
				    MIGRATE_UNMOVABLE };
	unsigned int i, nr = cc->any_type ? ARRAY_SIZE(types) : 1;
	struct page *page = NULL;

	spin_lock(&cc->zone->lock);
	for (i = 0; i < nr && !page; i++) {
		page = rmqueue_below(cc->zone, cc->order, types[i]);
		while (page && is_in_unit(cc, page_to_pfn(page))) {
			page->flags = 0;
			hold(cc, page_to_pfn(page), 1);
			page = rmqueue_below(cc->zone, cc->order, types[i]);
		}
	}
	spin_unlock(&cc->zone->lock);
	return page;
}

/* A frame to move to, as alloc_user_page() makes it; NULL: there is none. */
static struct page *compaction_alloc(struct compact_control *cc)
{
	struct page *page = cc->spare;

	cc->spare = NULL;
	if (page)
		return page;
	page = isolate_free_frame(cc);
	if (!page)
		return NULL;
	count(cc, COMPACTFREE_SCANNED, 1);
	count(cc, COMPACTISOLATED, 1);
	unpoison_frames(page, 1);
	page->flags = PG_used;
	page->order = 0;
	page->priv = 0;
	atomic_set(&page->_refcount, 1);
	return page;
}

/* A user page that only the caller knows is a free frame again. */
static void forget_page(struct page *page)
{
	page->mapping = 0;
	page->index = 0;
	page->pflags = 0;
	page->priv = 0;
	atomic_set(&page->_refcount, 0);
	page->flags = 0;
	poison_frames(page, 1);
}

static void release_spare(struct compact_control *cc)
{
	struct page *page = cc->spare;

	if (!page)
		return;
	cc->spare = NULL;
	forget_page(page);
	spin_lock(&cc->zone->lock);
	free_one_block(cc->zone, page_to_pfn(page), 0, 0);
	spin_unlock(&cc->zone->lock);
}

/* ---- a unit is emptied ---- */

/* The page in the unit moves. Return: true, and its frame is held. */
static bool move_page_out(struct compact_control *cc, struct page *page)
{
	struct page *to = compaction_alloc(cc);

	if (!to)
		return false;
	if (!isolate_lru_page(page)) {
		cc->spare = to;
		return false;
	}
	count(cc, COMPACTISOLATED, 1);
	if (migrate_page(page, to, cc->mode)) {
		count(cc, PGMIGRATE_FAIL, 1);
		putback_lru_page(page);
		cc->spare = to;
		return false;
	}
	count(cc, PGMIGRATE_SUCCESS, 1);
	page_owner_move(page, to);
	putback_lru_page(to);
	forget_page(page);
	hold(cc, page_to_pfn(page), 1);
	return true;
}

/* Frames that this CPU keeps go to their zones. */
static void drain_this_cpu(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (cpu)
		pcp_drain(&cpu->pcp);
}

/* Hold frame @pfn, whatever it takes. Return: false if it stays in use. */
static bool empty_frame(struct compact_control *cc, unsigned long pfn)
{
	struct page *page = pfn_to_page(pfn);
	enum frame_kind kind = frame_kind(page);

	if (kind == FRAME_ON_CPU) {
		drain_this_cpu();
		kind = frame_kind(page);
	}
	if (kind == FRAME_FREE) {
		spin_lock(&cc->zone->lock);
		hold_free_block(cc, pfn);
		spin_unlock(&cc->zone->lock);
		return is_held(cc, pfn - cc->unit);
	}
	return kind == FRAME_MOVABLE && move_page_out(cc, page);
}

/* First of all the unit's free blocks, lest pages move within it. */
static void hold_free_blocks(struct compact_control *cc)
{
	unsigned long pfn = cc->unit, end = pfn + unit_frames(cc);

	spin_lock(&cc->zone->lock);
	while (pfn < end)
		pfn += hold_free_block(cc, pfn);
	spin_unlock(&cc->zone->lock);
}

/* Return: true if the unit is one free block now. */
static bool empty_unit(struct compact_control *cc)
{
	unsigned long i, nr = unit_frames(cc);

	cc->nr_held = 0;
	memset(cc->held, 0, sizeof(cc->held));
	hold_free_blocks(cc);
	for (i = 0; i < nr; i++)
		if (!is_held(cc, i) && !empty_frame(cc, cc->unit + i))
			break;
	release_held(cc);
	release_spare(cc);
	return cc->nr_held == nr;
}

/* ---- the migrate scanner: which unit ---- */

/* Pages of a unit that would have to move, or @most if not fewer, or never. */
static __racy unsigned long unit_cost(struct compact_control *cc,
				      unsigned long unit, unsigned long most)
{
	unsigned long pfn = unit, end = unit + unit_frames(cc), cost = 0;
	const struct page *page;
	enum frame_kind kind;

	while (pfn < end && cost < most) {
		page = pfn_to_page(pfn);
		kind = frame_kind(page);
		if (kind == FRAME_FIXED)
			return most;
		if (kind == FRAME_MOVABLE) {
			if (page_stays(page))
				return most;
			cost++;
			pfn++;
			continue;
		}
		if (kind == FRAME_FREE && page->order >= cc->order)
			return most; /* there is a block already */
		pfn += 1ul << page->order;
	}
	return cost;
}

static bool has_failed(const struct compact_control *cc, unsigned long unit)
{
	unsigned int i;

	for (i = 0; i < cc->nr_failed; i++)
		if (cc->failed[i] == unit)
			return true;
	return false;
}

/* Choose a unit: the one with the fewest pages of those looked at. */
static bool find_unit(struct compact_control *cc)
{
	const struct zone *z = cc->zone;
	unsigned long nr = unit_frames(cc), best = NO_UNIT, few = nr / 8;
	unsigned long first = ALIGN(z->start_pfn, nr), scanned = 0;
	unsigned long past = ALIGN_DOWN(z->start_pfn + z->spanned_pages, nr);
	unsigned long unit = ALIGN_DOWN(cached_migrate_pfn[z->index], nr);
	unsigned long cost, least = nr + 1;

	for (; scanned < past - first && past > first; scanned += nr) {
		if (unit < first || unit >= past)
			unit = first;
		cost = has_failed(cc, unit) ? least :
					      unit_cost(cc, unit, least);
		if (cost < least) {
			least = cost;
			best = unit;
		}
		unit += nr;
		if (least <= few || (scanned >= SCAN_FRAMES && best != NO_UNIT))
			break;
	}
	count(cc, COMPACTMIGRATE_SCANNED, scanned);
	cc->unit = best;
	cached_migrate_pfn[z->index] = unit;
	return best != NO_UNIT;
}

/**
 * compact_zone() - make one block of 2^order frames free
 * @cc: ->zone, ->order, ->mode, ->any_type and ->daemon are set, the rest is 0
 *
 * Context: may sleep, but allocates nothing. Return: COMPACT_SUCCESS or
 * COMPACT_COMPLETE.
 */
enum compact_result compact_zone(struct compact_control *cc)
{
	drain_this_cpu();
	while (cc->nr_failed < COMPACT_TRIES && find_unit(cc)) {
		if (empty_unit(cc))
			return COMPACT_SUCCESS;
		cc->failed[cc->nr_failed++] = cc->unit;
	}
	return COMPACT_COMPLETE;
}

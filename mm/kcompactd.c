/* SPDX-License-Identifier: MIT */
/*
 * When memory is compacted: for an allocation that waits, in the background
 * for one that could not, a little before anyone asks, and all of it on
 * request.
 *
 *   alloc_pages ── may wait ──► compact a zone ──► look again
 *               └─ may not ───► kcompactd wakes: the same, behind its back
 *   now and then: score = part of free memory below the largest blocks, %
 *        0 ─────── low ─── high ─────── 100      above high: down to low
 *   vm.compact_memory: unit by unit, as long as there is something to gain
 *
 * It is not tried where it would not help: a zone has a block already, or too
 * little free memory at all; for a large order, where the fragmentation index
 * says that memory is short rather than in pieces. Where trying hard did not
 * help, a zone is left alone for the next 1, 2, 4 … 64 allocations of that
 * order and above (deferral).
 *
 * Locks: none; the state of deferral is a hint.
 */
#include <ashlar/compaction.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <mach/spinlock.h>
#include "compaction.h"
#include "internal.h"
#include "page_alloc.h"

#define COMPACT_MAX_DEFER_SHIFT 6u
#define LARGEST_ORDER (MAX_ORDER - 1)

int sysctl_extfrag_threshold = 500;
int sysctl_compaction_proactiveness = 20;

/* Of each zone: what is tried again when. */
static struct {
	unsigned int considered; /* allocations since it failed */
	unsigned int defer_shift; /* 2^this many are let pass */
	unsigned int order_failed; /* those of this order and above */
} deferral[MAX_NR_ZONES] = {
	[0 ... MAX_NR_ZONES - 1] = { .order_failed = MAX_ORDER },
};

static void (*wake_kcompactd)(void);
static unsigned int wanted_order; /* by who could not wait; 0: nothing */
static unsigned int wanted_zone; /* the highest that will do */
static unsigned int proactive_defer; /* rounds to leave out */

/* ---- is it worth trying? ---- */

/* Trying hard in vain makes a zone less worth trying. */
static void defer_compaction(const struct zone *z, unsigned int order)
{
	deferral[z->index].considered = 0;
	if (deferral[z->index].defer_shift < COMPACT_MAX_DEFER_SHIFT)
		deferral[z->index].defer_shift++;
	if (order < deferral[z->index].order_failed)
		deferral[z->index].order_failed = order;
}

/* True if this allocation is to be let pass. */
static bool compaction_deferred(const struct zone *z, unsigned int order)
{
	if (order < deferral[z->index].order_failed)
		return false;
	return ++deferral[z->index].considered <
	       1u << deferral[z->index].defer_shift;
}

/* A block of @order was made. */
static void compaction_defer_reset(const struct zone *z, unsigned int order)
{
	deferral[z->index].considered = 0;
	deferral[z->index].defer_shift = 0;
	if (order >= deferral[z->index].order_failed)
		deferral[z->index].order_failed = order + 1;
}

/*
 * True if compaction may help: there is no block of @order, but enough that is
 * free for one. (What leaves the block takes no more than what it leaves.)
 */
static bool compaction_suitable(struct zone *z, unsigned int order,
				unsigned int highest)
{
	struct contig_page_info info;
	int index;
	bool room;

	spin_lock(&z->lock);
	fill_contig_page_info(z, order, &info);
	room = watermark_ok(z, order, z->watermark[WMARK_MIN], highest);
	spin_unlock(&z->lock);
	if (info.free_blocks_suitable || !room)
		return false;
	if (order <= PAGE_ALLOC_COSTLY_ORDER)
		return true;
	index = fragmentation_index(z, order);
	return index < 0 || index > sysctl_extfrag_threshold;
}

/* ---- for an allocation ---- */

static void wakeup_kcompactd(unsigned int order, unsigned int zone)
{
	if (!wake_kcompactd || order <= READ_ONCE(wanted_order))
		return;
	WRITE_ONCE(wanted_zone, zone);
	WRITE_ONCE(wanted_order, order);
	count_vm_event(KCOMPACTD_WAKE);
	wake_kcompactd();
}

/* One zone. @hard: into pageblocks of any mobility, and if that fails, so it is
 * for a while. */
static bool compact_zone_for(struct zone *z, unsigned int order, bool hard,
			     bool daemon)
{
	struct compact_control cc = {
		.zone = z,
		.order = order,
		.any_type = hard,
		.daemon = daemon,
	};

	if (compact_zone(&cc) == COMPACT_SUCCESS) {
		compaction_defer_reset(z, order);
		return true;
	}
	if (hard)
		defer_compaction(z, order);
	return false;
}

static bool compact_for(gfp_t gfp, unsigned int order, bool hard, bool daemon)
{
	unsigned int highest = gfp_zone(gfp);
	struct zone *z;
	int i;

	for (i = (int)highest; i >= 0; i--) {
		z = &zones[i];
		if (!z->managed_pages || compaction_deferred(z, order) ||
		    !compaction_suitable(z, order, highest))
			continue;
		if (compact_zone_for(z, order, hard, daemon))
			return true;
	}
	return false;
}

/* What alloc_pages() calls: see mm/internal.h. */
static bool try_to_compact_pages(gfp_t gfp, unsigned int order, bool again)
{
	if (!gfpflags_allow_blocking(gfp)) {
		wakeup_kcompactd(order, gfp_zone(gfp));
		return false;
	}
	count_vm_event(COMPACTSTALL);
	return compact_for(gfp, order, again, false);
}

/**
 * kcompactd_work() - what allocations that could not wait have asked for
 *
 * Context: may sleep. Return: true if there is more.
 */
bool kcompactd_work(void)
{
	unsigned int order = READ_ONCE(wanted_order), i;
	struct zone *z;

	if (!order)
		return false;
	WRITE_ONCE(wanted_order, 0);
	for (i = 0; i <= READ_ONCE(wanted_zone); i++) {
		z = &zones[i];
		if (z->managed_pages && !compaction_deferred(z, order) &&
		    compaction_suitable(z, order, i))
			compact_zone_for(z, order, true, true);
	}
	return READ_ONCE(wanted_order) != 0;
}

/* ---- for its own sake ---- */

/* One more of the largest blocks, if what is in small ones is enough for it. */
static bool compact_one_unit(struct zone *z, enum migrate_mode mode)
{
	struct compact_control cc = {
		.zone = z,
		.order = LARGEST_ORDER,
		.mode = mode,
		.any_type = mode == MIGRATE_SYNC,
		.daemon = mode == MIGRATE_ASYNC,
	};
	struct contig_page_info info;

	spin_lock(&z->lock);
	fill_contig_page_info(z, LARGEST_ORDER, &info);
	spin_unlock(&z->lock);
	info.free_pages -= info.free_blocks_suitable << LARGEST_ORDER;
	return info.free_pages >= 1ul << LARGEST_ORDER &&
	       compact_zone(&cc) == COMPACT_SUCCESS;
}

/** compact_node() - all there is to gain; may sleep */
void compact_node(void)
{
	struct zone *z;

	for_each_populated_zone(z) {
		while (compact_one_unit(z, MIGRATE_SYNC))
			might_sleep();
		compaction_defer_reset(z, LARGEST_ORDER);
	}
}

/* The part of free memory that is in pieces, in percent; weighted by zones. */
static unsigned int fragmentation_score(void)
{
	unsigned long total = totalram_pages(), score = 0;
	struct zone *z;

	for_each_populated_zone(z)
		score += extfrag_for_order(z, LARGEST_ORDER) * z->managed_pages;
	return total ? (unsigned int)(score / total) : 0;
}

static bool compact_some_zone(void)
{
	struct zone *z;

	for_each_populated_zone(z)
		if (compact_one_unit(z, MIGRATE_ASYNC))
			return true;
	return false;
}

/**
 * compact_proactively() - a step before one is asked for
 *
 * Context: may sleep. Return: true if another one is due at once.
 */
bool compact_proactively(void)
{
	static bool under_way;
	unsigned int low, high, score;

	if (!sysctl_compaction_proactiveness)
		return false;
	if (proactive_defer) {
		proactive_defer--;
		return false;
	}
	low = max(100u - (unsigned int)sysctl_compaction_proactiveness, 5u);
	high = min(low + 10, 100u);
	score = fragmentation_score();
	under_way = score > (under_way ? low : high);
	if (!under_way)
		return false;
	if (compact_some_zone())
		return true;
	under_way = false;
	proactive_defer = 1u << COMPACT_MAX_DEFER_SHIFT;
	return false;
}

/**
 * compaction_init() - from now on memory is compacted
 * @wake: see <ashlar/compaction.h>; NULL: there is no background
 */
void compaction_init(void (*wake)(void))
{
	wake_kcompactd = wake;
	page_alloc_compact = try_to_compact_pages;
}

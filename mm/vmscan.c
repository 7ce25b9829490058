/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: which pages memory is taken from when it runs short, and how much
 * is looked at for that.
 *
 *   zone below low ──► kswapd: balance_pgdat(), until one is above high
 *   zone below min ──► the allocation itself: try_to_free_pages()
 *          │
 *   shrink_node, at priority 12, 11 … 0: a 2^priority-th of
 *     active ──shrink_active_list──► inactive ──shrink_inactive_list──► free
 *     what shrinkers have                      (shrink_list.c, pageout.c)
 *
 * Pages are taken from the end of a list in batches (shrink_list.c). A file's
 * inactive list is kept as long as the active one, or a fraction of it in a
 * large memory, so that a page is looked at again before it goes: that is its
 * second chance. Pages of files that are used once never push out active ones:
 * as long as there are enough of them, no other list is looked at.
 *
 * A page that has to be written comes free later. A round begins to write no
 * more than is wanted, and waits for the disk before the next one: so even the
 * most urgent round does not write a whole list.
 *
 * Of anonymous pages and of files as many are looked at as vm.swappiness says
 * and as they have cost little: a page that is written, or read again soon, is
 * a cost of its kind. Without free slots of a swap area anonymous pages have
 * no place to go, but those that MADV_FREE gave up, which lie among the others.
 *
 * A task that reclaims may allocate itself, from the reserve, but not reclaim
 * once more. Locks: lru_lock, for a batch at a time; else none is held.
 */
#include <ashlar/atomic.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/shrinker.h>
#include <ashlar/swap.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <ashlar/writeback.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vma.h"
#include "vmscan.h"
#include "workingset.h"

#define MAX_RECLAIM_RETRIES 16u /* rounds without a page, and an alloc fails */
#define MAX_WAITS \
	8u /* rounds for what is being written, until it gets urgent */
#define ANON_TRIAL 3ul /* inactive : active anonymous pages, at least */
#define KSWAPD_FAILURES 16u /* rounds without a page, and kswapd rests */

void (*wakeup_kswapd)(void);
int vm_swappiness = 60;

static unsigned int kswapd_failures;
static enum zone_type kswapd_highest; /* what it was woken for */

/* ---- how much of which list ---- */

/*
 *  memory of both lists        10 MB   100 MB   1 GB   10 GB
 *  active : inactive files         1        1      3      10
 *
 * Anonymous pages are active for being new, too, and one that comes back from a
 * swap area has cost two transfers: so most of them are on trial, and a quarter
 * is active, those that came back soon or were used again and again.
 */
static bool inactive_is_low(enum lru_list inactive_lru)
{
	unsigned long inactive, active, gb, ratio = 1;

	inactive = global_node_page_state(NR_LRU_BASE + inactive_lru);
	active =
		global_node_page_state(NR_LRU_BASE + inactive_lru + LRU_ACTIVE);
	if (!(inactive_lru & LRU_FILE))
		return inactive < ANON_TRIAL * active;
	gb = (inactive + active) >> (30 - PAGE_SHIFT);
	if (gb)
		ratio = int_sqrt(10 * gb);
	return inactive * ratio < active;
}

/*
 * May active pages grow old? A stream alone is no reason to; pages that come
 * back soon after they went, and are active now, are one.
 */
static void prepare_scan(struct scan_control *sc)
{
	unsigned long refaults =
		global_node_page_state(WORKINGSET_ACTIVATE_FILE);

	sc->deactivate_file = sc->force_deactivate ||
			      refaults != node_lruvec.refaults ||
			      inactive_is_low(LRU_INACTIVE_FILE);
	sc->deactivate_anon = sc->force_deactivate ||
			      inactive_is_low(LRU_INACTIVE_ANON);
}

static void note_memstall(bool begins)
{
	if (psi_memstall)
		psi_memstall(begins);
}

/* What came back until now was given room for. */
static void note_refaults(void)
{
	WRITE_ONCE(node_lruvec.refaults,
		   global_node_page_state(WORKINGSET_ACTIVATE_FILE));
}

/* True if a slot is free, or a page has one already. */
static bool can_reclaim_anon(void)
{
	return READ_ONCE(nr_swap_pages) > 0 ||
	       global_node_page_state(NR_SWAPCACHE);
}

/* True if hardly a page of a file is left, so that more would be gone soon. */
static bool file_is_tiny(const struct scan_control *sc)
{
	unsigned long high = 0, free = 0;
	unsigned int i;

	for (i = 0; i <= sc->highest; i++) {
		high += READ_ONCE(zones[i].watermark[WMARK_HIGH]);
		free += READ_ONCE(zones[i].free_pages);
	}
	return free + global_node_page_state(NR_INACTIVE_FILE) +
			       global_node_page_state(NR_ACTIVE_FILE) <=
		       high &&
	       global_node_page_state(NR_INACTIVE_ANON) >> sc->priority;
}

/* How much of each kind is looked at, as parts of the two together. */
static void scan_parts(const struct scan_control *sc, unsigned long *anon,
		       unsigned long *file)
{
	unsigned long anon_cost, file_cost, total;

	*anon = *file = 1;
	if (!can_reclaim_anon()) {
		*anon = 0;
		return;
	}
	if (!sc->priority && vm_swappiness)
		return;
	if (file_is_tiny(sc)) {
		*file = 0;
		return;
	}
	if (global_node_page_state(NR_INACTIVE_FILE) >> sc->priority &&
	    !sc->deactivate_file) { /* there are enough that were used once */
		*anon = 0;
		return;
	}
	lru_costs(&anon_cost, &file_cost);
	total = anon_cost + file_cost;
	*anon = (unsigned long)vm_swappiness * (total + 1) /
		(total + anon_cost + 1);
	*file = (200ul - (unsigned long)vm_swappiness) * (total + 1) /
		(total + file_cost + 1);
}

/* How many pages of each list are to be looked at at this priority. */
static void get_scan_count(const struct scan_control *sc,
			   unsigned long left[LRU_UNEVICTABLE])
{
	unsigned long part[2];
	unsigned int lru;

	scan_parts(sc, &part[0], &part[1]);
	for (lru = 0; lru < LRU_UNEVICTABLE; lru++) {
		left[lru] = global_node_page_state(NR_LRU_BASE + lru) >>
			    sc->priority;
		if (sc->priority)
			left[lru] = (unsigned long)((u64)left[lru] *
						    part[lru / LRU_FILE] /
						    (part[0] + part[1]));
		else if (!part[lru / LRU_FILE])
			left[lru] = 0;
	}
}

/* A batch of a list. Returns how many were looked at. */
static unsigned int shrink_list(enum lru_list lru, unsigned int nr,
				struct scan_control *sc)
{
	bool may;

	if (!(lru & LRU_ACTIVE))
		return shrink_inactive_list(lru, nr, sc);
	may = lru & LRU_FILE ? sc->deactivate_file : sc->deactivate_anon;
	if (may)
		return shrink_active_list(lru, nr, sc);
	sc->skipped_deactivate = true;
	return nr;
}

/* True if what came free, and will once it is written, is as much as wanted. */
static bool has_enough(const struct scan_control *sc)
{
	return sc->nr_reclaimed + sc->nr_begun >= sc->nr_to_reclaim;
}

static void shrink_lruvec(struct scan_control *sc)
{
	unsigned long left[LRU_UNEVICTABLE];
	unsigned int lru, nr, scanned;
	bool more = true;

	get_scan_count(sc, left);
	while (more && !has_enough(sc)) {
		more = false;
		for (lru = 0; lru < LRU_UNEVICTABLE; lru++) {
			nr = (unsigned int)min(left[lru],
					       (unsigned long)SWAP_CLUSTER_MAX);
			if (!nr)
				continue;
			scanned = shrink_list(lru, nr, sc);
			left[lru] = scanned ? left[lru] - nr : 0;
			more = true;
			might_sleep();
		}
	}
}

/* Frames that the running CPU has freed so far. */
static unsigned long frames_freed(void)
{
	const struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	return cpu ? cpu->events[PGFREE] : 0;
}

/* Pages of files that could go, but for their disks, are to be written. */
static void ask_for_writeback(struct scan_control *sc)
{
	if (sc->nr_dirty)
		writeback_wanted(sc->nr_dirty);
	sc->nr_writeback += sc->nr_dirty;
	sc->nr_dirty = 0;
}

/* One round through all that can be had at a priority. */
static void shrink_node(struct scan_control *sc)
{
	unsigned long before;

	sc->nr_scanned = sc->nr_begun = 0;
	prepare_scan(sc);
	shrink_lruvec(sc);
	if (can_reclaim_anon() && inactive_is_low(LRU_INACTIVE_ANON))
		shrink_active_list(LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX, sc);
	before = frames_freed();
	sc->nr_objects += shrink_slab(sc->gfp, sc->priority);
	sc->nr_reclaimed += frames_freed() - before;
	ask_for_writeback(sc);
}

/* ---- an allocation that finds no memory ---- */

/** drain_own_frames() - what this CPU has freed is for all. */
void drain_own_frames(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (cpu)
		pcp_drain(&cpu->pcp);
}

/*
 * Pages that are being written go once they are there: it is waited for them
 * rather than that others are written, too.
 */
static void wait_for_disks(struct scan_control *sc)
{
	if ((sc->nr_writeback || sc->nr_begun) &&
	    global_node_page_state(NR_WRITEBACK))
		port_wait(&node_lruvec);
	sc->nr_writeback = 0;
}

/* Ever harder rounds until there is enough; as hard, if a disk is to help. */
static void do_try_to_free_pages(struct scan_control *sc)
{
	unsigned int waits = 0;

	sc->priority = DEF_PRIORITY;
	while (sc->priority >= 0) {
		shrink_node(sc);
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			return;
		if (!has_enough(sc) || ++waits % MAX_WAITS == 0)
			sc->priority--;
		wait_for_disks(sc);
	}
}

/* Pages that would go, if only they were not in use. */
static unsigned long reclaimable_pages(void)
{
	unsigned long nr = global_node_page_state(NR_INACTIVE_FILE) +
			   global_node_page_state(NR_ACTIVE_FILE);

	if (can_reclaim_anon())
		nr += global_node_page_state(NR_INACTIVE_ANON) +
		      global_node_page_state(NR_ACTIVE_ANON);
	return nr;
}

/*
 * Direct reclaim, for an allocation that finds no memory. Returns pages that
 * came free, or objects if there was none; 0: nothing is left;
 * RECLAIM_RECURSION: the task reclaims already. May sleep.
 */
static unsigned long try_to_free_pages(gfp_t gfp, unsigned int order)
{
	bool *reclaiming = port_reclaiming();
	struct scan_control sc = {
		.nr_to_reclaim = SWAP_CLUSTER_MAX,
		.gfp = gfp,
		.highest = gfp_zone(gfp),
		.may_unmap = true,
	};
	unsigned int tries = 0;

	if (*reclaiming)
		return RECLAIM_RECURSION;
	sc.nr_to_reclaim = max(sc.nr_to_reclaim, 1ul << order);
	*reclaiming = true;
	note_memstall(true);
	do {
		do_try_to_free_pages(&sc);
		sc.force_deactivate = true;
	} while (!sc.nr_reclaimed && !sc.nr_objects && reclaimable_pages() &&
		 ++tries < MAX_RECLAIM_RETRIES);
	note_memstall(false);
	*reclaiming = false;
	note_refaults();
	drain_own_frames();
	if (sc.nr_reclaimed)
		WRITE_ONCE(kswapd_failures, 0);
	return sc.nr_reclaimed ? sc.nr_reclaimed : sc.nr_objects;
}

/* ---- kswapd ---- */

/* True if some zone has enough for who would take from @highest. */
static bool pgdat_balanced(enum zone_type highest)
{
	struct zone *z;
	int i;

	for (i = (int)highest; i >= 0; i--) {
		z = &zones[i];
		if (z->managed_pages &&
		    watermark_ok(z, 0, READ_ONCE(z->watermark[WMARK_HIGH]),
				 highest))
			return true;
	}
	return false;
}

/** reclaim_is_futile() - True if kswapd found nothing so often that it rests */
bool reclaim_is_futile(void)
{
	return READ_ONCE(kswapd_failures) >= KSWAPD_FAILURES;
}

/** kswapd_is_due() - True if balance_pgdat() would have something to do. */
bool kswapd_is_due(void)
{
	return !reclaim_is_futile() &&
	       !pgdat_balanced(READ_ONCE(kswapd_highest));
}

/* An allocation found all its zones below their low watermark. */
static void zones_are_low(gfp_t gfp)
{
	unsigned int highest = gfp_zone(gfp);

	if (highest < READ_ONCE(kswapd_highest))
		WRITE_ONCE(kswapd_highest, highest);
	if (wakeup_kswapd && kswapd_is_due())
		wakeup_kswapd();
}

/* As much as brings each zone to its high watermark. */
static unsigned long pages_to_high(enum zone_type highest)
{
	unsigned long nr = 0;
	unsigned int i;

	for (i = 0; i <= highest; i++)
		if (zones[i].managed_pages)
			nr += max(READ_ONCE(zones[i].watermark[WMARK_HIGH]),
				  (unsigned long)SWAP_CLUSTER_MAX);
	return nr;
}

/**
 * balance_pgdat() - what kswapd does: until a zone is above its high watermark
 *
 * Context: may sleep. Return: pages and objects that came free.
 */
unsigned long balance_pgdat(void)
{
	bool *reclaiming = port_reclaiming();
	enum zone_type highest = READ_ONCE(kswapd_highest);
	struct scan_control sc = {
		.gfp = GFP_KERNEL,
		.highest = highest,
		.priority = DEF_PRIORITY,
		.kswapd = true,
		.may_unmap = true,
	};
	unsigned long total = 0;
	unsigned int waits = 0;

	count_vm_event(PAGEOUTRUN);
	*reclaiming = true;
	note_memstall(true);
	while (sc.priority > 0 && !pgdat_balanced(highest)) {
		sc.nr_to_reclaim = pages_to_high(highest);
		sc.nr_reclaimed = 0;
		shrink_node(&sc);
		drain_own_frames();
		total += sc.nr_reclaimed;
		if (!has_enough(&sc) || ++waits % MAX_WAITS == 0)
			sc.priority--;
		if (sc.nr_reclaimed < sc.nr_to_reclaim)
			wait_for_disks(&sc);
	}
	note_memstall(false);
	*reclaiming = false;
	note_refaults();
	WRITE_ONCE(kswapd_failures, total ? 0 : kswapd_failures + 1);
	WRITE_ONCE(kswapd_highest, MAX_NR_ZONES - 1);
	return total;
}

/** vmscan_init() - at boot: allocations that find no memory come here. */
void vmscan_init(void)
{
	kswapd_highest = MAX_NR_ZONES - 1;
	workingset_init();
	page_alloc_reclaim = try_to_free_pages;
	page_alloc_low = zones_are_low;
}

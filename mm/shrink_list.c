/* SPDX-License-Identifier: MIT */
/*
 * Batches of pages by age: looked at, freed, written or put back.
 *
 *                 ┌── used twice ──► active
 *   inactive ─────┤
 *    (its end)    ├── clean ───────► free
 *                 └── anonymous, and its slot differs
 *                        │
 *                        ▼
 *                     laundry ─────► written, and free
 *                     (its end)
 *
 * A page leaves its list with a reference of ours, in a batch of up to
 * SWAP_CLUSTER_MAX; what does not go is put back, on the list that fits then.
 *
 * An anonymous page whose slot has what it holds costs nothing to drop; another
 * one costs a transfer. So inactive anonymous pages are looked at ANON_LOOKS
 * times as fast as pages are wanted, and those that would have to be written
 * wait on the laundry, a part of the inactive list with an order of its own.
 * From there as many go as are still missing, and at least one for each
 * DROPS_A_WRITE that were dropped, so that what is never used again goes at
 * last. Park et al., "CFLRU: A Replacement Algorithm for Flash Memory" (CASES
 * 2006) have clean pages of a window go first; FreeBSD has a queue of that
 * name. A page that was read ahead waits there, too: nobody could use it yet.
 *
 * Locks: lru_lock, for a batch at a time.
 */
#include <ashlar/atomic.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/swap.h>
#include <ashlar/vmstat.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "page_alloc.h"
#include "rmap.h"
#include "vma.h"
#include "vmscan.h"

#define ANON_LOOKS 4u
#define DROPS_A_WRITE 8u

/* True if the page is of use to who wants memory of such a zone. */
static bool is_eligible(const struct page *page, enum zone_type highest)
{
	return highest == MAX_NR_ZONES - 1 ||
	       pfn_zone(page_to_pfn(page))->index <= highest;
}

/*
 * Take up to @nr pages from the end of @list, the one of @lru or the laundry;
 * returns how many were looked at, and adds their frames to *@taken. Those of
 * other zones go to its head.
 */
static unsigned int isolate_lru_pages(struct list_head *list, enum lru_list lru,
				      unsigned int nr, struct list_head *to,
				      const struct scan_control *sc,
				      unsigned int *taken)
{
	unsigned int scanned;
	struct page *page;

	spin_lock(&node_lruvec.lru_lock);
	for (scanned = 0; scanned < nr && !list_empty(list); scanned++) {
		page = list_last_entry(list, struct page, lru);
		list_del(&page->lru);
		if (unlikely(!is_eligible(page, sc->highest) ||
			     !atomic_inc_not_zero(&page->_refcount))) {
			list_add(&page->lru, list);
			continue;
		}
		clear_page_flags(page, PG_lru);
		list_add(&page->lru, to);
		*taken += (unsigned int)thp_nr_pages(page);
	}
	lru_count(lru, -(long)*taken);
	spin_unlock(&node_lruvec.lru_lock);
	mod_node_page_state(
		lru & LRU_FILE ? NR_ISOLATED_FILE : NR_ISOLATED_ANON, *taken);
	return scanned;
}

/* Back on the list that fits, or on the laundry if it fits there. lru_lock. */
static void putback_page(struct page *page, bool launder)
{
	enum lru_list lru = lru_of_flags(page->pflags);

	list_del(&page->lru);
	set_page_flags(page, PG_lru);
	lru_link(page, lru, thp_nr_pages(page));
	if (launder && lru == LRU_INACTIVE_ANON)
		list_move(&page->lru, &node_lruvec.laundry);
}

/*
 * The end of isolate_lru_pages(): those of @list go back, of @taken, and of
 * these those of @dirty to the laundry.
 */
static void putback_pages(enum lru_list lru, struct list_head *list,
			  struct list_head *dirty, unsigned int taken)
{
	struct page *page, *last[SWAP_CLUSTER_MAX];
	unsigned int nr = 0;
	bool launder;

	spin_lock(&node_lruvec.lru_lock);
	while (!list_empty(list) || !list_empty(dirty)) {
		launder = list_empty(list);
		page = list_first_entry(launder ? dirty : list, struct page,
					lru);
		putback_page(page, launder);
		if (unlikely(atomic_dec_and_test(&page->_refcount))) {
			lru_unlink(page, thp_nr_pages(page));
			clear_page_flags(page, PG_lru);
			last[nr++] = page;
		}
	}
	spin_unlock(&node_lruvec.lru_lock);
	mod_node_page_state(lru & LRU_FILE ? NR_ISOLATED_FILE :
					     NR_ISOLATED_ANON,
			    -(long)taken);
	if (unlikely(nr))
		free_user_pages(last, nr);
}

/* ---- inactive pages go, or have been used ---- */

static void count_scan(const struct scan_control *sc, bool file,
		       unsigned int scanned, unsigned int freed)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	count_vm_events(cpu, sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT,
			scanned);
	count_vm_events(cpu, sc->kswapd ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT,
			freed);
	count_vm_events(cpu, file ? PGSCAN_FILE : PGSCAN_ANON, scanned);
	count_vm_events(cpu, file ? PGSTEAL_FILE : PGSTEAL_ANON, freed);
}

/*
 * Each page of @list is looked at; what does not go stays on it, or is on
 * @dirty if it is to be written later. Returns how many frames came free.
 */
static unsigned int shrink_page_list(struct list_head *list,
				     struct list_head *dirty,
				     struct scan_control *sc)
{
	struct page *page, *next, *clean[SWAP_CLUSTER_MAX];
	unsigned int nr = 0, activated = 0;

	list_for_each_entry_safe(page, next, list, lru) {
		switch (reclaim_page(page, sc)) {
		case PAGE_CLEAN:
			list_del(&page->lru);
			clean[nr++] = page;
			break;
		case PAGE_ACTIVATE:
			set_page_flags(page, PG_active);
			activated++;
			break;
		case PAGE_LAUNDER:
			list_move(&page->lru, dirty);
			break;
		default:
			break;
		}
	}
	if (activated) {
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGACTIVATE,
				activated);
		lru_age(activated);
	}
	if (nr)
		free_user_pages(clean, nr);
	return nr;
}

/* A batch of an inactive list, or of the laundry. Returns how many were looked
 * at. */
static unsigned int shrink_inactive_batch(struct list_head *from,
					  enum lru_list lru, unsigned int nr,
					  struct scan_control *sc)
{
	unsigned int taken = 0, scanned, freed = 0;
	LIST_HEAD(dirty);
	LIST_HEAD(list);

	scanned = isolate_lru_pages(from, lru, nr, &list, sc, &taken);
	if (!taken)
		return scanned;
	sc->nr_pageout = 0;
	freed = shrink_page_list(&list, &dirty, sc);
	putback_pages(lru, &list, &dirty, taken);
	lru_note_cost(lru & LRU_FILE, sc->nr_pageout);
	count_scan(sc, lru & LRU_FILE, taken, freed);
	sc->nr_scanned += taken;
	sc->nr_reclaimed += freed;
	return scanned;
}

/* How many of @nr anonymous pages are to come from the laundry if @dropped were
 * clean. */
static unsigned int laundry_share(unsigned int nr, unsigned int dropped)
{
	unsigned int rest = nr - min(nr, dropped);
	unsigned long due = __atomic_add_fetch(&node_lruvec.dropped, dropped,
					       __ATOMIC_RELAXED);

	rest = max(rest, (unsigned int)(due / DROPS_A_WRITE));
	if (rest)
		WRITE_ONCE(node_lruvec.dropped, 0);
	return min(rest, SWAP_CLUSTER_MAX);
}

/* About @nr inactive anonymous pages, rather clean ones than others. */
static unsigned int shrink_inactive_anon(unsigned int nr,
					 struct scan_control *sc)
{
	const enum lru_list lru = LRU_INACTIVE_ANON;
	unsigned long before = sc->nr_reclaimed;
	unsigned int scanned = 0, got = 1, looks;

	sc->may_launder = true;
	for (looks = 0;
	     looks < ANON_LOOKS && got && sc->nr_reclaimed - before < nr;
	     looks++) {
		got = shrink_inactive_batch(&node_lruvec.lists[lru], lru, nr,
					    sc);
		scanned += got;
	}
	sc->may_launder = false;
	nr = laundry_share(nr, (unsigned int)(sc->nr_reclaimed - before));
	if (nr)
		scanned += shrink_inactive_batch(&node_lruvec.laundry, lru, nr,
						 sc);
	return scanned;
}

/** shrink_inactive_list() - look at @nr pages; returns 0 if there are none */
unsigned int shrink_inactive_list(enum lru_list lru, unsigned int nr,
				  struct scan_control *sc)
{
	if (lru == LRU_INACTIVE_ANON)
		return shrink_inactive_anon(nr, sc);
	return shrink_inactive_batch(&node_lruvec.lists[lru], lru, nr, sc);
}

/* ---- active pages grow old ---- */

/* True if a page that is among those used most is to stay there. */
static bool stays_active(struct page *page)
{
	struct references r;

	page_referenced(page, &r);
	return r.nr && (r.vm_flags & VM_EXEC) && page_is_file_lru(page);
}

/** shrink_active_list() - look at @nr pages; returns how many were looked at */
unsigned int shrink_active_list(enum lru_list lru, unsigned int nr,
				struct scan_control *sc)
{
	unsigned int taken = 0, scanned, old = 0;
	struct page *page;
	LIST_HEAD(none);
	LIST_HEAD(list);

	scanned = isolate_lru_pages(&node_lruvec.lists[lru], lru, nr, &list, sc,
				    &taken);
	list_for_each_entry(page, &list, lru) {
		if (!trylock_page(page))
			continue;
		if (!stays_active(page)) {
			clear_page_flags(page, PG_active);
			set_page_flags(page, PG_workingset);
			old++;
		}
		unlock_page(page);
	}
	putback_pages(lru, &list, &none, taken);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREFILL, taken);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGDEACTIVATE, old);
	return scanned;
}

/* ---- pages that the caller has chosen ---- */

/**
 * drop_list() - all of a list that can go without being unmapped or written
 *
 * Context: may sleep. Return: how many frames came free.
 */
unsigned long drop_list(enum lru_list lru)
{
	struct scan_control sc = {
		.gfp = GFP_KERNEL,
		.highest = MAX_NR_ZONES - 1,
		.ignore_use = true,
	};
	unsigned long left = global_node_page_state(NR_LRU_BASE + lru);
	unsigned int taken, scanned;
	LIST_HEAD(list);
	LIST_HEAD(none);

	while (left) {
		taken = 0;
		scanned = isolate_lru_pages(&node_lruvec.lists[lru], lru,
					    SWAP_CLUSTER_MAX, &list, &sc,
					    &taken);
		if (!scanned)
			break;
		sc.nr_reclaimed += shrink_page_list(&list, &none, &sc);
		putback_pages(lru, &list, &none, taken);
		left -= min(left, (unsigned long)scanned);
		might_sleep();
	}
	return sc.nr_reclaimed;
}

/**
 * reclaim_pages() - take pages that a program does not want in memory
 * @list: isolated; anonymous, or of files; none is on it afterwards
 * @file: which
 * @nr: how many
 *
 * Context: may sleep.
 */
void reclaim_pages(struct list_head *list, bool file, unsigned int nr)
{
	struct scan_control sc = {
		.gfp = GFP_KERNEL,
		.highest = MAX_NR_ZONES - 1,
		.may_unmap = true,
		.ignore_use = true,
	};
	struct page *page, *next;
	LIST_HEAD(batch);
	LIST_HEAD(none);
	unsigned int n = 0;

	list_for_each_entry_safe(page, next, list, lru) {
		list_move(&page->lru, &batch);
		if (++n % SWAP_CLUSTER_MAX && n < nr)
			continue;
		shrink_page_list(&batch, &none, &sc);
		putback_pages(file ? LRU_FILE : 0, &batch, &none,
			      n % SWAP_CLUSTER_MAX ? n % SWAP_CLUSTER_MAX :
						     SWAP_CLUSTER_MAX);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Swap areas as slots of a page each, and who has them.
 *
 *   swap_avail ─→ area, prio 5 ⇄ area, prio 5 ⇄ area, prio -2
 *                   │
 *                 map    [ bad │ 2 │ C+1 │ C │ 0 │ 0 │ … ]   a word a slot
 *                              │     │     └ in the cache, or about to be
 *                              │     └ an entry, and in the cache
 *                              └ two entries of page tables lead here
 *                 cluster_used [ 4 │ 0 │ 256 │ … ]           of 256 slots each
 *
 * A slot is free when its word is 0. Slots are given out in a row, cluster by
 * cluster, so that what is written together lies together: first clusters that
 * are wholly free, then any. Areas of one priority take turns.
 *
 * Invariants:
 *   inuse = slots whose word is neither 0 nor SWAP_MAP_BAD
 *   cluster_used = slots of the cluster whose word is not 0, and those past max
 *   nr_swap_pages = pages - inuse, over areas that are writeok
 *   SWAP_HAS_CACHE: the page is in si->cache, or whoever took the slot is just
 *   about to put it there
 *
 * Locks: swap_lock for the list of areas; under it si->cache.xa_lock for what
 * lies in an area. Whoever has an entry, but no lock that keeps it where it is,
 * may ask for an area that is gone by now: its map is NULL.
 */
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "swapfile.h"

#define SWAP_BATCH 64ul /* slots in a row until another area has its turn */

struct swap_info_struct swap_info[MAX_SWAPFILES];
spinlock_t swap_lock = SPIN_LOCK_UNLOCKED;
long nr_swap_pages;

static LIST_HEAD(swap_avail);

static unsigned long nr_clusters(unsigned long max)
{
	return (max + SWAPFILE_CLUSTER - 1) / SWAPFILE_CLUSTER;
}

/* ---- areas ---- */

/**
 * swap_map_init() - slots for an area; the first is the header's
 * @si: unused
 * @max: slots, the header included
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int swap_map_init(struct swap_info_struct *si, unsigned long max)
{
	unsigned long clusters = nr_clusters(max);
	u16 *map = vzalloc(max * sizeof(*map));
	u16 *used = vzalloc(clusters * sizeof(*used));
	u16 *evicted = vzalloc(max * sizeof(*evicted));

	if (!map || !used || !evicted) {
		vfree(map);
		vfree(used);
		vfree(evicted);
		return -ENOMEM;
	}
	xa_init(&si->cache);
	used[clusters - 1] = (u16)(clusters * SWAPFILE_CLUSTER - max);
	si->cluster_used = used;
	si->evicted = evicted;
	si->max = max;
	si->pages = max;
	si->inuse = 0;
	si->next = 1;
	si->map = map;
	swap_map_bad(si, 0);
	return 0;
}

/** swap_map_bad() - a slot is never to be used; before the area is enabled */
void swap_map_bad(struct swap_info_struct *si, unsigned long offset)
{
	if (si->map[offset] == SWAP_MAP_BAD)
		return;
	si->map[offset] = SWAP_MAP_BAD;
	si->cluster_used[offset / SWAPFILE_CLUSTER]++;
	si->pages--;
}

/** swap_map_free() - the area is no more; none of its slots is in use */
void swap_map_free(struct swap_info_struct *si)
{
	u16 *map = si->map, *used = si->cluster_used, *evicted = si->evicted;

	xa_lock(&si->cache);
	si->map = NULL;
	si->cluster_used = NULL;
	si->evicted = NULL;
	xa_unlock(&si->cache);
	vfree(map);
	vfree(used);
	vfree(evicted);
}

/* Behind all areas of its own priority and of higher ones. swap_lock. */
static void avail_insert(struct swap_info_struct *si)
{
	struct swap_info_struct *other;

	list_for_each_entry(other, &swap_avail, avail)
		if (other->prio < si->prio)
			break;
	list_add_tail(&si->avail, &other->avail);
}

/**
 * swap_enable() - pages may go to the area from now on
 * @prio: areas of a higher priority are filled first
 */
void swap_enable(struct swap_info_struct *si, int prio)
{
	spin_lock(&swap_lock);
	xa_lock(&si->cache);
	si->prio = prio;
	si->writeok = true;
	nr_swap_pages += (long)(si->pages - si->inuse);
	total_swap_pages += (long)si->pages;
	xa_unlock(&si->cache);
	avail_insert(si);
	spin_unlock(&swap_lock);
}

/** __swap_disable() - swap_disable() with swap_lock */
void __swap_disable(struct swap_info_struct *si)
{
	lockdep_assert_held(&swap_lock);
	list_del(&si->avail);
	xa_lock(&si->cache);
	si->writeok = false;
	nr_swap_pages -= (long)(si->pages - si->inuse);
	total_swap_pages -= (long)si->pages;
	xa_unlock(&si->cache);
}

/** swap_disable() - no page goes there any more; those that did can be read */
void swap_disable(struct swap_info_struct *si)
{
	spin_lock(&swap_lock);
	__swap_disable(si);
	spin_unlock(&swap_lock);
}

/**
 * swap_totals() - pages of all areas together, and how many of them are free
 *
 * An area that is being taken away counts for what is still in it.
 */
void swap_totals(unsigned long *total, unsigned long *unused)
{
	struct swap_info_struct *si, *end = swap_info + MAX_SWAPFILES;
	long leaving = 0;

	spin_lock(&swap_lock);
	for (si = swap_info; si < end; si++)
		if (si->used && si->map && !si->writeok)
			leaving += (long)READ_ONCE(si->inuse);
	*total = (unsigned long)(total_swap_pages + leaving);
	*unused = (unsigned long)nr_swap_pages;
	spin_unlock(&swap_lock);
}

/* ---- slots ---- */

/* The first free slot from @offset to the end of its cluster, or 0. */
static unsigned long scan_cluster(const struct swap_info_struct *si,
				  unsigned long offset)
{
	unsigned long end = min(si->max, (offset | (SWAPFILE_CLUSTER - 1)) + 1);

	for (; offset < end; offset++)
		if (!si->map[offset])
			return offset;
	return 0;
}

/* The start of the next cluster that is free, or else not full. */
static unsigned long next_cluster(const struct swap_info_struct *si)
{
	unsigned long nr = nr_clusters(si->max), left = nr, partial = nr;
	unsigned long c = si->next / SWAPFILE_CLUSTER;

	for (; left; left--, c++) {
		if (c >= nr)
			c = 0;
		if (!si->cluster_used[c])
			return c * SWAPFILE_CLUSTER;
		if (partial == nr && si->cluster_used[c] < SWAPFILE_CLUSTER)
			partial = c;
	}
	return partial * SWAPFILE_CLUSTER;
}

/* Take a free slot: its offset, or 0. */
static unsigned long take_slot(struct swap_info_struct *si)
{
	unsigned long offset = 0;

	xa_lock(&si->cache);
	if (si->inuse < si->pages) {
		if (si->next % SWAPFILE_CLUSTER)
			offset = scan_cluster(si, si->next);
		if (!offset)
			offset = scan_cluster(si, next_cluster(si));
		si->map[offset] = SWAP_HAS_CACHE;
		si->cluster_used[offset / SWAPFILE_CLUSTER]++;
		si->inuse++;
		si->next = offset + 1;
		__atomic_fetch_sub(&nr_swap_pages, 1, __ATOMIC_RELAXED);
	}
	xa_unlock(&si->cache);
	return offset;
}

/**
 * get_swap_page() - a slot for a page
 *
 * Return: an entry whose slot is marked SWAP_HAS_CACHE, which the caller sees
 * through (add_to_swap_cache()) or gives back (__swap_put()); or 0: all areas
 * are full. Context: does not sleep.
 */
swp_entry_t get_swap_page(void)
{
	swp_entry_t entry = { 0 };
	struct swap_info_struct *si;
	unsigned long offset;

	spin_lock(&swap_lock);
	list_for_each_entry(si, &swap_avail, avail) {
		offset = take_slot(si);
		if (!offset)
			continue;
		entry = swp_entry(swp_info_type(si), offset);
		if (!((offset + 1) % SWAP_BATCH)) {
			list_del(&si->avail);
			avail_insert(si);
		}
		break;
	}
	spin_unlock(&swap_lock);
	return entry;
}

/**
 * __swap_put() - a slot has one owner less
 * @what: 1: an entry; SWAP_HAS_CACHE: the cache
 *
 * Context: xa_lock of the area's cache.
 */
void __swap_put(struct swap_info_struct *si, unsigned long offset, u16 what)
{
	lockdep_assert_held(&si->cache.xa_lock);
	if (unlikely(!si->map || offset >= si->max ||
		     si->map[offset] == SWAP_MAP_BAD ||
		     (what == 1 ? !(si->map[offset] & SWAP_MAP_BAD) :
				  !(si->map[offset] & SWAP_HAS_CACHE))))
		mm_panic("swap: slot %lu of area %u is not in use", offset,
			 swp_info_type(si));
	si->map[offset] -= what;
	if (si->map[offset])
		return;
	si->cluster_used[offset / SWAPFILE_CLUSTER]--;
	si->inuse--;
	if (si->writeok)
		__atomic_fetch_add(&nr_swap_pages, 1, __ATOMIC_RELAXED);
}

/**
 * swap_duplicate() - one entry more leads to a slot
 * @entry: that of another, which stays meanwhile
 *
 * Return: 0; or -ENOMEM: there are as many as can be counted.
 */
int swap_duplicate(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_info(entry);
	u16 *slot = si->map + swp_offset(entry);
	int err = 0;

	xa_lock(&si->cache);
	if (unlikely((*slot & SWAP_MAP_BAD) >= SWAP_MAP_MAX))
		err = -ENOMEM;
	else
		++*slot;
	xa_unlock(&si->cache);
	return err;
}

/**
 * swap_free() - one entry less leads to a slot
 *
 * Return: what is left: a count, SWAP_HAS_CACHE, both; or 0: it is free.
 */
unsigned int swap_free(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_info(entry);
	unsigned int left;

	xa_lock(&si->cache);
	__swap_put(si, swp_offset(entry), 1);
	left = si->map[swp_offset(entry)];
	xa_unlock(&si->cache);
	return left;
}

/** swp_swapcount() - how many entries lead to a slot; 0 if the area is gone */
unsigned int swp_swapcount(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_info(entry);
	unsigned int count = 0;

	xa_lock(&si->cache);
	if (si->map && swp_offset(entry) < si->max)
		count = si->map[swp_offset(entry)] & SWAP_MAP_BAD;
	xa_unlock(&si->cache);
	return count;
}

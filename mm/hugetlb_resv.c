/* SPDX-License-Identifier: MIT */
/*
 * Sets of pages of a file, by number: which are promised, and which of an
 * area's promises are used up (mm/hugetlb_vma.c).
 *
 *   0      3        7  8             12
 *   │      ├────────┤  ├──────────────┤          regions [from, to)
 *            add 6 … 9:
 *   │      ├──────────────────────────┤
 *
 * Regions neither overlap nor touch, so to add pages needs one new region at
 * most, and to take some out of the middle of one needs one. An addition has
 * two steps: region_chg() says how many pages it will add, and puts a region by
 * (adds_in_progress), so that region_add() cannot fail. Between the two others
 * may have added the same pages: region_add() says how many it really added.
 *
 * Invariant: nr_spare >= adds_in_progress.
 *
 * Lock: resv_map.lock around all of it.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/list.h>
#include <ashlar/slab.h>
#include <mach/spinlock.h>
#include "hugetlb.h"

struct file_region {
	struct list_head link;
	unsigned long from, to;
};

/** resv_map_alloc() - an empty set with one reference, or NULL. */
struct resv_map *resv_map_alloc(void)
{
	struct resv_map *map = kmalloc(sizeof(*map), GFP_KERNEL);

	if (!map)
		return NULL;
	spin_lock_init(&map->lock);
	atomic_set(&map->refs, 1);
	INIT_LIST_HEAD(&map->regions);
	INIT_LIST_HEAD(&map->spare);
	map->nr_spare = map->adds_in_progress = 0;
	map->spool = NULL;
	return map;
}

/** resv_map_get() - one reference more. */
void resv_map_get(struct resv_map *map)
{
	atomic_inc(&map->refs);
}

static void free_regions(struct list_head *regions)
{
	struct file_region *r, *next;

	list_for_each_entry_safe(r, next, regions, link)
		kfree(r);
}

/** resv_map_put() - one reference less; the last one frees it. */
void resv_map_put(struct resv_map *map)
{
	if (!atomic_dec_and_test(&map->refs))
		return;
	free_regions(&map->regions);
	free_regions(&map->spare);
	kfree(map);
}

/* ---- spare regions; with the lock ---- */

static void put_spare(struct resv_map *map, struct file_region *r)
{
	list_add(&r->link, &map->spare);
	map->nr_spare++;
}

static struct file_region *get_spare(struct resv_map *map)
{
	struct file_region *r =
		list_first_entry(&map->spare, struct file_region, link);

	list_del(&r->link);
	map->nr_spare--;
	return r;
}

/* Free those that no addition needs. Context: without the lock. */
static void trim_spare(struct resv_map *map)
{
	LIST_HEAD(gone);

	spin_lock(&map->lock);
	while (map->nr_spare > map->adds_in_progress)
		list_add(&get_spare(map)->link, &gone);
	spin_unlock(&map->lock);
	free_regions(&gone);
}

/* ---- pages ---- */

/* Pages of [@from, @to) that are in the set. With the lock. */
static long count_pages(const struct resv_map *map, unsigned long from,
			unsigned long to)
{
	struct file_region *r;
	long n = 0;

	list_for_each_entry(r, &map->regions, link) {
		if (r->from >= to)
			break;
		if (r->to > from)
			n += (long)(min(r->to, to) - max(r->from, from));
	}
	return n;
}

/**
 * region_count() - how many pages of a range are in the set
 * @from: first page
 * @to: past the last one
 */
long region_count(struct resv_map *map, unsigned long from, unsigned long to)
{
	long n;

	spin_lock(&map->lock);
	n = count_pages(map, from, to);
	spin_unlock(&map->lock);
	return n;
}

/**
 * region_chg() - the first step of an addition
 * @from: first page
 * @to: past the last one
 *
 * region_add() of the same range or region_abort() ends it. Context: may sleep.
 * Return: pages that are not in the set yet; or -ENOMEM, and nothing began.
 */
long region_chg(struct resv_map *map, unsigned long from, unsigned long to)
{
	struct file_region *r = kmalloc(sizeof(*r), GFP_KERNEL);
	long chg;

	if (!r)
		return -ENOMEM;
	spin_lock(&map->lock);
	put_spare(map, r);
	map->adds_in_progress++;
	chg = (long)(to - from) - count_pages(map, from, to);
	spin_unlock(&map->lock);
	return chg;
}

/**
 * region_add() - the second step: the pages join the set
 * @from: first page
 * @to: past the last one
 *
 * Return: pages that were not in it.
 */
long region_add(struct resv_map *map, unsigned long from, unsigned long to)
{
	unsigned long first = from, past = to;
	struct file_region *r, *next;
	long added;

	spin_lock(&map->lock);
	added = (long)(to - from) - count_pages(map, from, to);
	list_for_each_entry_safe(r, next, &map->regions, link) {
		if (r->from > past)
			break;
		if (r->to < first)
			continue;
		first = min(first, r->from);
		past = max(past, r->to);
		list_del(&r->link);
		put_spare(map, r);
	}
	map->adds_in_progress--;
	next = get_spare(map);
	next->from = first;
	next->to = past;
	list_for_each_entry(r, &map->regions, link)
		if (r->from > first)
			break;
	list_add_tail(&next->link, &r->link); /* before it, or at the end */
	spin_unlock(&map->lock);
	trim_spare(map);
	return added;
}

/** region_abort() - there is no second step. */
void region_abort(struct resv_map *map)
{
	spin_lock(&map->lock);
	map->adds_in_progress--;
	spin_unlock(&map->lock);
	trim_spare(map);
}

/*
 * Take what lies in [@from, @to) out of one region, which overlaps it. Return:
 * pages; or -ENOMEM: it would become two, and there is none to spare.
 */
static long cut_region(struct resv_map *map, struct file_region *r,
		       unsigned long from, unsigned long to)
{
	long n = (long)(min(r->to, to) - max(r->from, from));
	struct file_region *upper;

	if (r->from < from && r->to > to) {
		if (map->nr_spare <= map->adds_in_progress)
			return -ENOMEM;
		upper = get_spare(map);
		upper->from = to;
		upper->to = r->to;
		r->to = from;
		list_add(&upper->link, &r->link);
	} else if (r->from < from) {
		r->to = from;
	} else if (r->to > to) {
		r->from = to;
	} else {
		list_del(&r->link);
		put_spare(map, r);
	}
	return n;
}

/**
 * region_del() - pages leave the set
 * @from: first page
 * @to: past the last one; ~0ul: all that follow
 *
 * Context: may sleep. Return: pages that were in it; or -ENOMEM, which is not
 * possible where all that follow leave: nothing changed.
 */
long region_del(struct resv_map *map, unsigned long from, unsigned long to)
{
	struct file_region *r, *next, *new = NULL;
	long n = 0, cut = 0;

	if (to != ~0ul)
		new = kmalloc(sizeof(*new), GFP_KERNEL);
	spin_lock(&map->lock);
	if (new)
		put_spare(map, new);
	list_for_each_entry_safe(r, next, &map->regions, link) {
		if (r->to <= from)
			continue;
		if (r->from >= to)
			break;
		cut = cut_region(map, r, from, to);
		if (cut < 0)
			break;
		n += cut;
	}
	spin_unlock(&map->lock);
	trim_spare(map);
	return cut < 0 ? cut : n;
}

/* SPDX-License-Identifier: MIT */
/*
 * Frames inside slabs go back to the host while the slab lives on.
 *
 *   slab   | A . . . | . . . . | . B . . |      . free object
 *   frame    kept      given     kept
 *                      back
 *
 * When most objects of a large cache are freed at random, few slabs become
 * empty, and many frames do. What says that an object is free is a bit in
 * its frame's descriptor, not a link inside the object, so such a frame can
 * be discarded and its objects stay allocatable: they read as zero.
 *
 *   pass when   inuse < total >> shift           shift = 1 at first
 *         and   inuse < inuse_peak × 3/4         since the last pass
 *         and   the cache has SLAB_REPORT_BYTES
 *
 * A pass whose frames were mostly wanted back raises the shift by one, so a
 * cache that breathes is left alone until it is emptier; a pass whose frames
 * stayed away lowers it.
 *
 * The lock is held for one slab at a time. A visited slab moves to the tail
 * of the partial list, so a pass needs no cursor.
 */
#include <ashlar/string.h>
#include "internal.h"

#define SHIFT_MOST 5

/*
 * Was frame @i of the slab used, and is no object in it in use now? The
 * object that reaches into the frame from the one before counts too.
 */
static bool frame_is_idle(const struct kmem_cache *s, struct page *slab, u32 i)
{
	char *first = slab_start(s, slab);
	char *unused = first + (size_t)slab->bump * s->size;
	char *start = page_address(slab + i), *end = start + PAGE_SIZE;
	char *obj = first;

	if (start > first)
		obj += (size_t)(start - first) / s->size * s->size;
	if (obj >= unused)
		return false;
	for (; obj < end && obj < unused; obj += s->size)
		if (!slot_is_free(obj))
			return false;
	return true;
}

/* Give back the idle frames of one slab; returns how many. */
static u32 report_slab(const struct kmem_cache *s, struct page *slab)
{
	u32 i, run = 0, reported = 0;

	for (i = 0; i <= slab->nr; i++) {
		if (i < slab->nr && !(slab[i].flags & PG_vacant) &&
		    frame_is_idle(s, slab, i)) {
			run++;
			continue;
		}
		if (run) {
			memset(port_slab_ids + page_to_pfn(slab) + i - run, 0,
			       run);
			if (!port_discard(page_to_pfn(slab) + i - run, run))
				reported += run;
		}
		while (run)
			slab[i - run--].flags |= PG_vacant;
	}
	return reported;
}

/**
 * slab_report - give the idle frames of a cache's slabs back to the host
 * @s: the cache; constructed objects must keep their contents, so nothing
 *	of a cache with a constructor, or of one that is watched, is given back
 *
 * Context: no cache lock. Return: frames.
 */
unsigned long slab_report(struct kmem_cache *s)
{
	unsigned long n, reported = 0;
	struct page *slab;

	if (s->ctor || cache_is_watched(s) || !slab_is_packed(s))
		return 0;
	for (n = READ_ONCE(s->nr_partial); n; n--) {
		spin_lock(&s->lock);
		if (list_empty(&s->slabs_partial)) {
			spin_unlock(&s->lock);
			break;
		}
		slab = list_first_entry(&s->slabs_partial, struct page, lru);
		reported += report_slab(s, slab);
		list_move_tail(&slab->lru, &s->slabs_partial);
		spin_unlock(&s->lock);
	}
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREPORT, reported);
	return reported;
}

static bool pass_is_due(struct kmem_cache *s)
{
	unsigned long inuse = s->inuse;

	if (inuse > s->inuse_peak)
		s->inuse_peak = inuse;
	return s->nr_pages >= SLAB_REPORT_BYTES >> PAGE_SHIFT &&
	       inuse < s->total_objects >> s->report_shift &&
	       inuse < s->inuse_peak - s->inuse_peak / 4;
}

/* Called after objects went back to slabs, without the cache's lock. */
void slab_report_balance(struct kmem_cache *s)
{
	bool due;

	if (likely(s->nr_pages < SLAB_REPORT_BYTES >> PAGE_SHIFT))
		return;
	spin_lock(&s->lock);
	due = pass_is_due(s);
	if (due) {
		s->inuse_peak = s->inuse;
		if (s->refaulted > s->reported / 2)
			s->report_shift += s->report_shift < SHIFT_MOST;
		else if (s->report_shift > 1)
			s->report_shift--;
		s->refaulted = 0;
	}
	spin_unlock(&s->lock);
	if (due)
		s->reported = slab_report(s);
}

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
 *   pass when   inuse < total / 2
 *         and   inuse < inuse_peak × 3/4         since the last pass
 *         and   free objects' frames > slack
 *         and   the cache has SLAB_REPORT_BYTES
 *
 * Giving back is cheap; taking back costs a fault a frame. So slack grows by
 * every frame that is used again after it was given back, and halves with each
 * quiet period: a cache that breathes keeps its breath, as the free frames of
 * a zone do (page_reporting.c).
 *
 *   slabs_partial ──► slabs_isolated ──► slabs_partial, or slabs_free
 *                       frames vacant,
 *                       port_discard()
 *
 * While the host works no lock is held: the slab is isolated, so nobody takes
 * an object from it, and objects that are freed meanwhile do not move it. Its
 * idle frames are vacant from before (slub.c), whatever the host answers. A
 * slab comes back to the tail of its list, so a pass needs no cursor.
 */
#include <ashlar/string.h>
#include "internal.h"

/* A bit for each frame of a slab; none has more (slab_frames() in slub.c). */
typedef u64 frame_set;
_Static_assert(SLAB_MAX_BYTES < 64 * PAGE_SIZE &&
		       2 * SLAB_PACK_MAX < 64 * PAGE_SIZE,
	       "a slab's frames fit in a frame_set");

/*
 * True if frame @i of the slab was used and no object in it is in use now.
 * The object that reaches into the frame from the one before counts too.
 */
static bool frame_is_idle(const struct kmem_cache *s, struct page *slab, u32 i)
{
	char *first = slab_start(s, slab);
	char *unused = slab_unused(slab);
	char *start = page_address(slab + i), *end = start + PAGE_SIZE;
	char *obj = first;

	if (slab[i].flags & PG_vacant)
		return false;
	if (start > first)
		obj += (size_t)(start - first) / s->size * s->size;
	if (obj >= unused)
		return false;
	for (; obj < end && obj < unused; obj += s->size)
		if (!slot_is_free(obj))
			return false;
	return true;
}

/* The idle frames become vacant. Context: s->lock. */
static frame_set vacate(const struct kmem_cache *s, struct page *slab)
{
	frame_set set = 0;
	u32 i;

	for (i = 0; i < slab->nr; i++) {
		if (!frame_is_idle(s, slab, i))
			continue;
		set |= (frame_set)1 << i;
		slab[i].flags |= PG_vacant;
		port_slab_ids[page_to_pfn(slab) + i] = 0;
	}
	return set;
}

/* Run by run. Returns how many frames the host took. Context: no lock held. */
static u32 discard(struct page *slab, u32 nr, frame_set set)
{
	unsigned long pfn = page_to_pfn(slab);
	u32 i, run = 0, taken = 0;

	for (i = 0; i <= nr; i++, set >>= 1) {
		if (set & 1) {
			run++;
			continue;
		}
		if (run && !port_discard(pfn + i - run, run))
			taken += run;
		run = 0;
	}
	return taken;
}

/* Context: s->lock. */
static void isolate_slab(struct kmem_cache *s, struct page *slab)
{
	slab->flags |= PG_isolated;
	list_move(&slab->lru, &s->slabs_isolated);
	s->nr_partial--;
}

/* Context: s->lock. */
static void put_back_slab(struct kmem_cache *s, struct page *slab)
{
	slab->flags &= (u8)~PG_isolated;
	if (slab->inuse) {
		list_move_tail(&slab->lru, &s->slabs_partial);
		s->nr_partial++;
	} else {
		list_move(&slab->lru, &s->slabs_free);
		s->nr_free_slabs++;
	}
}

/* In a forked child: the thread that had them is gone. */
void slab_report_fork_child(struct kmem_cache *s)
{
	struct page *slab, *next;

	spin_lock(&s->lock);
	list_for_each_entry_safe(slab, next, &s->slabs_isolated, lru)
		put_back_slab(s, slab);
	spin_unlock(&s->lock);
}

/* The first partial slab, or NULL. Context: no lock held. */
static unsigned long report_first(struct kmem_cache *s, bool *end)
{
	unsigned long taken;
	struct page *slab;
	frame_set set;

	spin_lock(&s->lock);
	*end = list_empty(&s->slabs_partial);
	if (*end) {
		spin_unlock(&s->lock);
		return 0;
	}
	slab = list_first_entry(&s->slabs_partial, struct page, lru);
	set = vacate(s, slab);
	if (!set) {
		list_move_tail(&slab->lru, &s->slabs_partial);
		spin_unlock(&s->lock);
		return 0;
	}
	isolate_slab(s, slab);
	spin_unlock(&s->lock);
	taken = discard(slab, slab->nr, set);
	spin_lock(&s->lock);
	put_back_slab(s, slab);
	spin_unlock(&s->lock);
	return taken;
}

/**
 * slab_report() - give the idle frames of a cache's slabs back to the host
 * @s: the cache; constructed objects must keep their contents, so nothing
 *	of a cache with a constructor, or of one that is watched, is given back
 *
 * Context: no lock held. Return: frames.
 */
unsigned long slab_report(struct kmem_cache *s)
{
	unsigned long n, reported = 0;
	bool end = false;

	if (s->ctor || cache_is_watched(s) || !slab_is_packed(s))
		return 0;
	for (n = READ_ONCE(s->nr_partial); n && !end; n--)
		reported += report_first(s, &end);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREPORT, reported);
	return reported;
}

/* Context: s->lock. */
static void decay_slack(struct kmem_cache *s)
{
	unsigned long now = port_time_ms();
	unsigned long halves = (now - s->report_last) / REPORT_HALF_LIFE_MS;

	if (!halves)
		return;
	s->report_slack >>= min(halves, 31ul);
	s->report_last = now;
}

static bool pass_is_due(struct kmem_cache *s)
{
	unsigned long inuse = s->inuse;
	unsigned long idle = (s->total_objects - inuse) * s->size >> PAGE_SHIFT;

	if (inuse > s->inuse_peak)
		s->inuse_peak = inuse;
	if (s->nr_pages < SLAB_REPORT_BYTES >> PAGE_SHIFT ||
	    inuse >= s->total_objects / 2 ||
	    inuse >= s->inuse_peak - s->inuse_peak / 4)
		return false;
	decay_slack(s);
	return idle > s->report_slack;
}

/* Called after sheaves were flushed into slabs. Context: no lock held. */
void slab_report_balance(struct kmem_cache *s)
{
	bool due;

	if (likely(READ_ONCE(s->nr_pages) < SLAB_REPORT_BYTES >> PAGE_SHIFT))
		return;
	spin_lock(&s->lock);
	due = pass_is_due(s);
	if (due)
		s->inuse_peak = s->inuse;
	spin_unlock(&s->lock);
	if (due)
		slab_report(s);
}

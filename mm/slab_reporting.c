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
 *   idle frames          ╱ N × (free / total) ^ objects in a frame
 *                      ╱
 *              ──────╱ a pass, when they are more by a step than at the last
 *           ───────╱
 *   0 ____----   ╱         objects freed ──►
 *
 * How many frames are idle is not counted but computed, from how many objects
 * are free: of a frame with one large object as many are, of one with many
 * small ones hardly any before most objects are free. Objects that were made
 * together and die together leave more: a pass takes all that it finds.
 *
 * Giving back is cheap; taking back costs a fault a frame. So nothing is given
 * back while objects come as well as go, and slack grows by every frame that is
 * used again soon after it was given back, and halves with each quiet period:
 * a cache that breathes keeps its breath, as the free frames of a zone do
 * (page_reporting.c).
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
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "internal.h"

#define ALL_FRAMES ~0ul
/* Objects of a frame beyond so many do not count: neighbours die together. */
#define IDLE_POWER 12
/* Free objects are reckoned as so many parts of all, at most. */
#define SHARES 1024

/* A bit for each frame of a slab; none has more (slab_frames() in slub.c). */
typedef u64 frame_set;
_Static_assert(SLAB_MAX_BYTES < 64 * PAGE_SIZE &&
		       2 * SLAB_PACK_MAX < 64 * PAGE_SIZE,
	       "a slab's frames fit in a frame_set");

/* What of a slab was handed out at least once. */
struct used_part {
	char *first, *end;
};

/* True if all objects are free that start between two offsets in the frame. */
static bool are_free(const struct page *page, size_t from, size_t to, u32 size)
{
	const u32 bits = 8 * sizeof(long), step = size / SLAB_GRANULE;
	u32 i = (u32)(from / SLAB_GRANULE), end = (u32)(to / SLAB_GRANULE);

	for (; i < end; i += step)
		if (!(page->free_bits[i / bits] >> i % bits & 1))
			return false;
	return true;
}

/*
 * True if frame @i of the slab was used and no object in it is in use now.
 * The object that reaches into the frame from the one before counts too.
 */
static bool frame_is_idle(const struct kmem_cache *s, struct page *slab, u32 i,
			  const struct used_part *used)
{
	char *start = page_address(slab + i), *obj = used->first;
	char *end = min(start + PAGE_SIZE, used->end);

	if (slab[i].flags & PG_vacant)
		return false;
	if (start > obj)
		obj += (u32)(start - obj) / s->size * s->size;
	if (obj >= used->end)
		return false;
	if (obj < start) {
		if (!slot_is_free(obj))
			return false;
		obj += s->size;
	}
	return are_free(slab + i, (size_t)(obj - start), (size_t)(end - start),
			s->size);
}

/* The idle frames become vacant. Context: s->lock. */
static frame_set vacate(const struct kmem_cache *s, struct page *slab)
{
	const struct used_part used = { slab_start(s, slab),
					slab_unused(slab) };
	frame_set set = 0;
	u32 i;

	for (i = 0; i < slab->nr; i++) {
		if (!frame_is_idle(s, slab, i, &used))
			continue;
		set |= (frame_set)1 << i;
		slab[i].flags |= PG_vacant | PG_discarded;
		port_slab_ids[page_to_pfn(slab) + i] = 0;
	}
	return set;
}

static bool no_host; /* there is no host to give frames to */

static bool give_back(unsigned long pfn, u32 nr)
{
	int err = port_discard(pfn, nr);

	if (unlikely(err == -ENOSYS))
		WRITE_ONCE(no_host, true);
	return !err;
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
		if (run && give_back(pfn + i - run, run))
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
	WRITE_ONCE(s->nr_partial, s->nr_partial - 1);
}

/* Context: s->lock. */
static void put_back_slab(struct kmem_cache *s, struct page *slab)
{
	slab->flags &= (u8)~PG_isolated;
	if (slab->inuse) {
		list_move_tail(&slab->lru, &s->slabs_partial);
		WRITE_ONCE(s->nr_partial, s->nr_partial + 1);
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

/* Idle frames of up to about @most; returns how many the host took. */
static unsigned long report_slabs(struct kmem_cache *s, unsigned long most)
{
	unsigned long n, reported = 0;
	bool end = false;

	for (n = READ_ONCE(s->nr_partial); n && !end && reported < most; n--)
		reported += report_first(s, &end);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREPORT, reported);
	return reported;
}

/* True if there is a host, and free objects need not keep their contents. */
static bool may_report(const struct kmem_cache *s)
{
	return !READ_ONCE(no_host) && !s->ctor && !cache_is_watched(s) &&
	       slab_is_packed(s);
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
	return may_report(s) ? report_slabs(s, ALL_FRAMES) : 0;
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

/*
 * Frames of @s in which no object lies that is in use, if any @inuse are. Where
 * slabs begin differs, so in some frames lies an object more than in others.
 */
static unsigned long idle_frames(const struct kmem_cache *s,
				 unsigned long inuse)
{
	unsigned long total = s->total_objects, unit = total / SHARES + 1;
	unsigned long free = (total - min(total, inuse)) / unit;
	unsigned long reach = PAGE_SIZE - min((u32)PAGE_SIZE, s->align);
	unsigned long objects = min(reach / s->size, IDLE_POWER - 1ul) + 1;
	unsigned long n = s->nr_pages, more = n * (reach % s->size) / s->size;

	total = max(total / unit, 1ul);
	for (n -= more; objects && n; objects--) {
		n = n * free / total;
		more = more * free / total;
	}
	return n + more * free / total;
}

/*
 * About how many frames shall be given back now, or 0. Those that slack keeps
 * are idle at the next pass, too. Context: s->lock.
 */
static unsigned long frames_due(struct kmem_cache *s)
{
	unsigned long inuse = s->inuse, idle;

	idle = idle_frames(s, inuse) - idle_frames(s, s->inuse_peak);
	s->report_below = inuse - inuse / 16;
	if (idle <= s->nr_pages / SLAB_REPORT_FRACTION)
		return 0;
	decay_slack(s);
	if (idle <= s->report_slack)
		return 0;
	s->inuse_peak =
		inuse + (s->inuse_peak - inuse) * s->report_slack / idle;
	s->report_time = port_time_ms();
	return s->report_slack ? idle - s->report_slack : ALL_FRAMES;
}

/* True if so many objects were freed that it is worth looking: s->lock. */
static bool look_is_due(struct kmem_cache *s)
{
	unsigned long inuse = s->inuse;

	s->inuse_peak = max(s->inuse_peak, inuse);
	s->report_below = max(s->report_below, inuse - inuse / 8);
	return inuse < s->report_below;
}

/* Sheaves were flushed into slabs time after time. Context: no lock held. */
void slab_report_balance(struct kmem_cache *s)
{
	unsigned long due = 0;

	if (likely(READ_ONCE(s->nr_pages) < SLAB_REPORT_BYTES >> PAGE_SHIFT) ||
	    !may_report(s))
		return;
	spin_lock(&s->lock);
	if (look_is_due(s))
		due = frames_due(s);
	spin_unlock(&s->lock);
	if (due)
		report_slabs(s, due);
}

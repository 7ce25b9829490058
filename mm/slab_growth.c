/* SPDX-License-Identifier: MIT */
/*
 * When idle caches are to be shrunk: as RAM in use grows, so that a program
 * that goes on to other sizes gets the frames of the former ones.
 *
 *   slabs are added ─► now and then RAM in use is counted
 *                         a quarter more than at the last look at the caches?
 *                         ─► slab_shrink_due ─► slab_shrink_as_grown()
 *                                               (slab_common.c) looks again
 *
 * Lock: none. Two CPUs that count at once look a little late.
 */
#include "slub.h"

bool slab_shrink_due;

/* Frames: so many in use make it due; slab_growth_begins() says anew. */
static unsigned long shrink_at;

/* slab_note_growth - a slab of @nr frames was added */
__racy void slab_note_growth(u32 nr)
{
	static u32 added;

	added += nr;
	if (likely(added < SHRINK_FRAMES / 2))
		return;
	added = 0;
	if (unlikely(nr_used_pages() >= shrink_at))
		slab_shrink_due = true;
}

/* slab_growth_begins - caches are looked at: none before RAM has grown again */
__racy void slab_growth_begins(void)
{
	unsigned long now = nr_used_pages();

	slab_shrink_due = false;
	shrink_at = now + max(now / SHRINK_FRACTION, SHRINK_FRAMES);
}

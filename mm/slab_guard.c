/* SPDX-License-Identifier: MIT */
/*
 * With harden=1 a frame without access lies behind a cache's first slab and,
 * from then on, behind every few, so that a run over many small objects, or a
 * jump over some, is stopped before it comes to those of other caches.
 *
 *   | slab ......... | guard | slab ........ | slab ........ | guard |
 *     slab->nr frames   └ PG_tail alone, head: its slab
 *
 * The guard is allocated with its slab and freed with it; nothing touches it,
 * so it is never resident. Each one splits a mapping of the host's, which has
 * room for some 65,000: there are only so many. One that cannot be opened
 * stays, and is that of the next slab before it.
 *
 * Context of all: no lock held.
 */
#include <ashlar/port.h>
#include "page_alloc.h"
#include "slub.h"

/* Frames of slabs from one guard to the next, at least. */
#define GUARD_EVERY 64u

static unsigned long nr_closed;

/* slab_guard_due - is the slab of @nr frames that @s is to have to get one? */
__racy bool slab_guard_due(struct kmem_cache *s, u32 nr)
{
	if (s->guarded && s->unguarded + nr < GUARD_EVERY) {
		s->unguarded += nr;
		return false;
	}
	s->guarded = true;
	s->unguarded = 0;
	return true;
}

/* slab_guard - the frame behind the @nr of a new @slab is its guard, or free */
void slab_guard(struct page *slab, u32 nr)
{
	struct page *page = slab + nr;

	page->flags = 0;
	if (__atomic_add_fetch(&nr_closed, 1, __ATOMIC_RELAXED) <=
		    SLAB_GUARDS_MOST &&
	    !port_guard_close(page_address(page), PAGE_SIZE)) {
		page->head = slab;
		page->flags = PG_tail;
		return;
	}
	__atomic_sub_fetch(&nr_closed, 1, __ATOMIC_RELAXED);
	free_frames(page, 1);
}

/* True if what lies behind the @nr frames of @slab is its guard. */
static __racy bool has_guard(const struct page *slab, u32 nr)
{
	const char *behind =
		(char *)page_address(slab) + ((size_t)nr << PAGE_SHIFT);

	return virt_addr_valid(behind) && slab[nr].flags == PG_tail &&
	       slab[nr].head == slab;
}

/* slab_unguard - how many frames of guards are to be freed with @slab's @nr? */
u32 slab_unguard(struct page *slab, u32 nr)
{
	if (!has_guard(slab, nr) ||
	    port_guard_open(page_address(slab + nr), PAGE_SIZE))
		return 0;
	slab[nr].flags = 0;
	__atomic_sub_fetch(&nr_closed, 1, __ATOMIC_RELAXED);
	return 1;
}

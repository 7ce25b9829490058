/* SPDX-License-Identifier: MIT */
/*
 * Looks at all watched objects: on request, now and then, at the end, and from
 * a signal handler that interrupted the allocator.
 *
 *   every CPU out of its hands (hands_stop) ─► cache by cache, under its lock:
 *                                              slab_debug_check() of each slab
 *
 * The thread that is interrupted may hold any of the locks, so a look waits for
 * none of them for long, and is left out rather.
 */
#include "internal.h"
#include "slab_debug.h"

static unsigned long look_at_list(struct kmem_cache *s,
				  const struct list_head *list)
{
	struct page *slab;
	unsigned long bad = 0;

	list_for_each_entry(slab, list, lru)
		bad += slab_debug_check(s, slab);
	return bad;
}

static unsigned long look_at_cache(struct kmem_cache *s)
{
	return look_at_list(s, &s->slabs_full) +
	       look_at_list(s, &s->slabs_partial) +
	       look_at_list(s, &s->slabs_free);
}

static unsigned long look_at_caches(void)
{
	unsigned long bad = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list) {
		if (!cache_is_watched(s) || !lock_patiently(&s->lock))
			continue;
		bad += look_at_cache(s);
		spin_unlock(&s->lock);
	}
	return bad;
}

/**
 * slab_look() - look at every watched object, in use or free
 *
 * Each one beside or, if it is free, in which something was written over is
 * reported and put right. A cache that is busy all the time is left out.
 * Context: any, a signal handler that interrupted the allocator included.
 * Return: how many were wrong.
 */
unsigned long slab_look(void)
{
	unsigned long bad = 0;

	if (!lock_patiently(&slab_mutex))
		return 0;
	if (hands_stop()) {
		bad = look_at_caches();
		hands_go();
	}
	spin_unlock(&slab_mutex);
	return bad;
}

/* SPDX-License-Identifier: MIT */
/*
 * Structures to numbers. The structures may be copies from another process:
 * no pointer in them is followed, but by who made the copies.
 */
#include "report.h"

/* Objects below @top, a place in a sheaf, or NULL. */
static unsigned long sheaf_objects(sheaf_t top, sheaf_reader read, void *from)
{
	sheaf_t bottom;

	if ((uintptr_t)top <= SHEAF_SIZE ||
	    !read(from, sheaf_bottom(sheaf_base(top)), &bottom) ||
	    bottom > top || sheaf_base(bottom) != sheaf_base(top))
		return 0;
	return (unsigned long)(top - bottom);
}

/* In the two sheaves of the place @id; 0 is that of no cache. */
static unsigned long place_objects(u32 id, const struct sheaf_tops *tops,
				   sheaf_reader read, void *from)
{
	sheaf_t top, spare;

	if (id == 0 || id >= NR_CPU_CACHES)
		return 0;
	top = READ_ONCE(tops->top[id]);
	if (!top || top == tops->top[0] || !read(from, sheaf_next(top), &spare))
		return 0;
	return sheaf_objects(top, read, from) +
	       sheaf_objects(spare, read, from);
}

/**
 * cpu_cached_objects() - objects of @s in the sheaves of a CPU
 * @s: the cache
 * @tops: its table of sheaves
 * @read: reads the words of a sheaf that say what is beside it, and where its
 *        objects begin
 * @from: for @read
 *
 * No cache has id 0, so its top stays what all tops are at first: that of the
 * bootstrap sheaf.
 */
unsigned long cpu_cached_objects(const struct kmem_cache *s,
				 const struct sheaf_tops *tops,
				 sheaf_reader read, void *from)
{
	unsigned long n = place_objects(s->id, tops, read, from);

	if (s->free_id != s->id)
		n += place_objects(s->free_id, tops, read, from);
	return n;
}

/** totals_add_zone() - count a zone's frames */
void totals_add_zone(struct mm_totals *t, const struct zone *z)
{
	t->managed += z->managed_pages;
	t->free += z->free_pages;
	t->resident_free += z->resident_free;
	t->wmark_low += z->watermark[WMARK_LOW];
}

/** totals_add_cache() - count a cache's frames, and its objects in bytes */
void totals_add_cache(struct mm_totals *t, const struct kmem_cache *s,
		      unsigned long cached_objects)
{
	if (s->flags & SLAB_RECLAIM_ACCOUNT)
		t->slab_reclaimable += s->nr_pages;
	else
		t->slab_unreclaimable += s->nr_pages;
	t->slab_active_bytes += less(s->inuse, cached_objects) * s->size;
	t->slab_cached_bytes += min(s->inuse, cached_objects) * s->size;
}

/** totals_add_cpu() - count a CPU's frames at hand, and its events */
void totals_add_cpu(struct mm_totals *t, const struct mm_cpu *cpu)
{
	unsigned int i;

	t->pcp += READ_ONCE(cpu->pcp.count);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		t->events[i] += READ_ONCE(cpu->events[i]);
}

/** totals_finish() - fill what follows from the other numbers */
void totals_finish(struct mm_totals *t)
{
	t->all_free = t->free + t->pcp;
	t->all_resident = t->resident_free + t->pcp;
	t->available = less(t->all_free, t->wmark_low) + t->slab_reclaimable -
		       min(t->slab_reclaimable / 2, t->wmark_low) +
		       t->file_lru - min(t->file_lru / 2, t->wmark_low);
	t->slab = t->slab_reclaimable + t->slab_unreclaimable;
	t->large = (t->large_bytes + t->large_cached_bytes) >> PAGE_SHIFT;
	t->total = t->managed + t->large;
	t->direct = less(t->managed, t->all_free + t->slab);
	t->pgalloc_normal =
		less(t->events[PGALLOC],
		     t->events[PGALLOC_DMA] + t->events[PGALLOC_HIGH]);
	t->allocstall_normal =
		less(t->events[ALLOCSTALL],
		     t->events[ALLOCSTALL_DMA] + t->events[ALLOCSTALL_HIGH] +
			     t->events[ALLOCSTALL_MOVABLE]);
}

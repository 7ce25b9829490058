/* SPDX-License-Identifier: MIT */
/*
 * slabinfo, version 2.1: one line a cache. Where a column of Linux's has no
 * counterpart here it is filled with what comes closest, and stays true:
 *
 *   active_objs     objects that callers hold; those waiting in CPUs'
 *                   sheaves and in barns do not count
 *   objperslab,     mean over the cache's slabs, which grow with it
 *   pagesperslab
 *   tunables        limit: a CPU's two sheaves; batchcount: one sheaf, as
 *                   large as they are made now; sharedfactor: how many of
 *                   those the barn may hold
 *   sharedavail     objects in the barn
 */
#include "report.h"

static unsigned int mean(unsigned long sum, unsigned long nr)
{
	return nr ? (unsigned int)max((sum + nr / 2) / nr, 1ul) : 0;
}

/**
 * get_slabinfo() - a cache's line in numbers
 * @s: the cache
 * @cached_objects: of @s in all CPUs' sheaves and in its barn
 * @si: filled
 */
void get_slabinfo(const struct kmem_cache *s, unsigned long cached_objects,
		  struct slabinfo *si)
{
	*si = (struct slabinfo){
		.active_objs = less(s->inuse, cached_objects),
		.num_objs = s->total_objects,
		.active_slabs = less(s->nr_slabs, s->nr_free_slabs),
		.num_slabs = s->nr_slabs,
		.shared_avail = barn_objects(s),
		.objects_per_slab = mean(s->total_objects, s->nr_slabs),
		.pages_per_slab = mean(s->nr_pages, s->nr_slabs),
		.limit = 2 * s->sheaf_capacity,
		.batchcount = s->sheaf_capacity,
		.shared = s->sheaf_capacity ? s->barn_max / s->sheaf_capacity :
					      0,
	};
}

/** write_slabinfo_header() - the two lines above the caches */
void write_slabinfo_header(struct seq_file *m)
{
	seq_puts(m, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> "
		    "<objperslab> <pagesperslab>"
		    " : tunables <limit> <batchcount> <sharedfactor>"
		    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
}

/** write_slabinfo() - a cache's line; see get_slabinfo() */
void write_slabinfo(struct seq_file *m, const struct kmem_cache *s,
		    unsigned long cached_objects)
{
	struct slabinfo si;

	get_slabinfo(s, cached_objects, &si);
	seq_printf(m, "%-17.*s %6lu %6lu %6u %4u %4u", (int)sizeof(s->name) - 1,
		   s->name, si.active_objs, si.num_objs, s->size,
		   si.objects_per_slab, si.pages_per_slab);
	seq_printf(m, " : tunables %4u %4u %4u", si.limit, si.batchcount,
		   si.shared);
	seq_printf(m, " : slabdata %6lu %6lu %6lu\n", si.active_slabs,
		   si.num_slabs, si.shared_avail);
}

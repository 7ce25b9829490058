/* SPDX-License-Identifier: MIT */
/*
 * The kernel's reports, in the kernel's formats, from snapshots.
 *
 *   buddyinfo      free blocks by order                   one line a zone
 *   pagetypeinfo   the same by mobility; page blocks      one line a type
 *   slabinfo       version 2.1                            one line a cache
 *   zoneinfo       watermarks, sizes, per-CPU lists       one part a zone
 *   vmstat         counters                               name and number
 *   meminfo        all of it in kB                        name and number
 *
 * Where a Linux column has no counterpart here it is filled with what comes
 * closest, and stays true:
 *
 *   active_objs     objects that callers hold; those waiting in CPUs'
 *                   sheaves and in barns do not count
 *   objperslab,     mean over the cache's slabs, which grow with it
 *   pagesperslab
 *   tunables        limit: a CPU's two sheaves; batchcount: one sheaf;
 *                   sharedfactor: full sheaves in the barn at most
 *   sharedavail     objects in the barn
 *
 * In meminfo, MemTotal is what the program has obtained: frames brought
 * online and direct mappings of large blocks (AnonPages). It adds up:
 *
 *   MemTotal  = MemFree + Slab + AnonPages + DirectPages
 *   MemFree   = FreeResident + free frames that the host has back
 *   Slab     >= SlabActive + SlabCached           (the rest: free objects)
 */
#include "vmstat.h"

const char *const zone_type_names[MAX_NR_ZONES] = {
	[ZONE_DMA] = "DMA",
	[ZONE_NORMAL] = "Normal",
	[ZONE_HIGHMEM] = "HighMem",
};

const char *const migratetype_names[MIGRATE_TYPES] = {
	[MIGRATE_UNMOVABLE] = "Unmovable",
	[MIGRATE_MOVABLE] = "Movable",
	[MIGRATE_RECLAIMABLE] = "Reclaimable",
};

const char *const vm_event_names[NR_CORE_EVENTS] = {
	[PGALLOC] = "pgalloc",
	[PGFREE] = "pgfree",
	[PGSTEAL_BLOCK] = "pageblock_steal",
	[PGREPORT] = "pgreport",
	[PGREFAULT] = "pgrefault",
	[PGONLINE] = "pgonline",
	[SLAB_REFILL] = "slab_refill",
	[SLAB_FLUSH] = "slab_flush",
	[BARN_GET] = "barn_get",
	[BARN_PUT] = "barn_put",
	[SLAB_RECLAIM] = "slab_reclaim",
	[ALLOCSTALL] = "allocstall",
	[ALLOC_FAIL] = "alloc_fail",
};

#define KB_PER_FRAME (PAGE_SIZE / 1024)

/* A snapshot's index may be anything. */
const char *zone_type_name(const struct zone *z)
{
	return z->index < MAX_NR_ZONES ? zone_type_names[z->index] : "?";
}

/* ---- snapshots to numbers ---- */

/* Objects below @top, a place in a sheaf of @s, or NULL. */
unsigned long sheaf_objects(const struct kmem_cache *s, sheaf_t top)
{
	unsigned long slots, bottom;

	if (!top || s->sheaf_capacity >= SHEAF_SLOTS)
		return 0;
	slots = ((uintptr_t)top - 1) % SHEAF_SIZE / sizeof(*top) + 1;
	bottom = SHEAF_SLOTS - s->sheaf_capacity;
	return slots > bottom ? slots - bottom : 0;
}

unsigned long barn_objects(const struct kmem_cache *s)
{
	return (unsigned long)s->nr_barn_full * s->sheaf_capacity;
}

/*
 * Objects of @s in the two sheaves of a CPU. No cache has id 0, so its top
 * stays what all tops are at first: that of the bootstrap sheaf.
 */
unsigned long cpu_cached_objects(const struct kmem_cache *s,
				 const struct mm_cpu *cpu,
				 const struct sheaf_tops *tops)
{
	unsigned long nr;
	sheaf_t top;

	if (s->id == 0 || s->id >= NR_CPU_CACHES)
		return 0;
	nr = sheaf_objects(s, READ_ONCE(cpu->spare[s->id]));
	top = READ_ONCE(tops->top[s->id]);
	return top == tops->top[0] ? nr : nr + sheaf_objects(s, top);
}

/*
 * Counts of a process that runs on are not of one moment: where they
 * disagree, the difference is taken as none.
 */
static unsigned long less(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

static unsigned int mean(unsigned long sum, unsigned long nr)
{
	return nr ? (unsigned int)max((sum + nr / 2) / nr, 1ul) : 0;
}

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
		.shared = s->barn_max,
	};
}

void totals_add_zone(struct mm_totals *t, const struct zone *z)
{
	t->managed += z->managed_pages;
	t->free += z->free_pages;
	t->resident_free += z->resident_free;
	t->wmark_low += z->watermark[WMARK_LOW];
}

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

void totals_add_cpu(struct mm_totals *t, const struct mm_cpu *cpu)
{
	unsigned int i;

	t->pcp += READ_ONCE(cpu->pcp.count);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		t->events[i] += READ_ONCE(cpu->events[i]);
}

static unsigned long large_frames(const struct mm_totals *t)
{
	return (t->large_bytes + t->large_cached_bytes) >> PAGE_SHIFT;
}

void totals_to_vmstat(const struct mm_totals *t,
		      struct mm_row rows[NR_VMSTAT_ROWS])
{
	const struct mm_row gauges[NR_VMSTAT_GAUGES] = {
		{ "nr_free_pages", t->free + t->pcp },
		{ "nr_slab_reclaimable", t->slab_reclaimable },
		{ "nr_slab_unreclaimable", t->slab_unreclaimable },
		{ "nr_anon_pages", large_frames(t) },
		{ "nr_free_resident", t->resident_free + t->pcp },
		{ "nr_free_percpu", t->pcp },
		{ "nr_large", t->large_count },
	};
	unsigned int i;

	for (i = 0; i < NR_VMSTAT_GAUGES; i++)
		rows[i] = gauges[i];
	for (i = 0; i < NR_CORE_EVENTS; i++)
		rows[NR_VMSTAT_GAUGES + i] =
			(struct mm_row){ vm_event_names[i], t->events[i] };
}

/* Free frames beyond the reserve, and the part of caches that would go. */
static unsigned long available_frames(const struct mm_totals *t)
{
	return less(t->free + t->pcp, t->wmark_low) + t->slab_reclaimable -
	       min(t->slab_reclaimable / 2, t->wmark_low);
}

void totals_to_meminfo(const struct mm_totals *t,
		       struct mm_row rows[NR_MEMINFO_ROWS])
{
	unsigned long free = t->free + t->pcp;
	unsigned long slab = t->slab_reclaimable + t->slab_unreclaimable;
	unsigned long large = large_frames(t);
	const struct mm_row kb[NR_MEMINFO_ROWS] = {
		{ "MemTotal", (t->managed + large) * KB_PER_FRAME },
		{ "MemFree", free * KB_PER_FRAME },
		{ "MemAvailable", available_frames(t) * KB_PER_FRAME },
		{ "Buffers", 0 },
		{ "Cached", 0 },
		{ "SwapTotal", 0 },
		{ "SwapFree", 0 },
		{ "AnonPages", large * KB_PER_FRAME },
		{ "Shmem", 0 },
		{ "KReclaimable", t->slab_reclaimable * KB_PER_FRAME },
		{ "Slab", slab * KB_PER_FRAME },
		{ "SReclaimable", t->slab_reclaimable * KB_PER_FRAME },
		{ "SUnreclaim", t->slab_unreclaimable * KB_PER_FRAME },
		{ "SlabActive", t->slab_active_bytes / 1024 },
		{ "SlabCached", t->slab_cached_bytes / 1024 },
		{ "DirectPages", less(t->managed, free + slab) * KB_PER_FRAME },
		{ "FreeResident", (t->resident_free + t->pcp) * KB_PER_FRAME },
		{ "LargeCached", t->large_cached_bytes / 1024 },
	};
	unsigned int i;

	for (i = 0; i < NR_MEMINFO_ROWS; i++)
		rows[i] = kb[i];
}

/* ---- numbers to text ---- */

void zone_show_buddyinfo(struct seq_file *m, int nid, const struct zone *z)
{
	unsigned int order, type;

	seq_printf(m, "Node %d, zone %8s ", nid, zone_type_name(z));
	for (order = 0; order < MAX_ORDER; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++)
			nr += z->free_area[order].nr_free[type];
		seq_printf(m, "%6lu ", nr);
	}
	seq_putc(m, '\n');
}

void pagetypeinfo_show_free_header(struct seq_file *m)
{
	unsigned int order;

	seq_printf(m, "Page block order: %d\n", pageblock_order);
	seq_printf(m, "Pages per block:  %lu\n\n", 1ul << pageblock_order);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (order = 0; order < MAX_ORDER; order++)
		seq_printf(m, "%6d ", order);
	seq_putc(m, '\n');
}

void zone_show_pagetypeinfo_free(struct seq_file *m, int nid,
				 const struct zone *z)
{
	unsigned int order, type;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		seq_printf(m, "Node %4d, zone %8s, type %12s ", nid,
			   zone_type_name(z), migratetype_names[type]);
		for (order = 0; order < MAX_ORDER; order++)
			seq_printf(m, "%6lu ",
				   z->free_area[order].nr_free[type]);
		seq_putc(m, '\n');
	}
}

void pagetypeinfo_show_blocks_header(struct seq_file *m)
{
	unsigned int type;

	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(m, "%12s ", migratetype_names[type]);
	seq_putc(m, '\n');
}

/* @blocks: page blocks of @z of each type */
void zone_show_pagetypeinfo_blocks(struct seq_file *m, int nid,
				   const struct zone *z,
				   const unsigned long blocks[MIGRATE_TYPES])
{
	unsigned int type;

	seq_printf(m, "Node %d, zone %8s ", nid, zone_type_name(z));
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(m, "%12lu ", blocks[type]);
	seq_putc(m, '\n');
}

void slabinfo_show_header(struct seq_file *m)
{
	seq_puts(m, "slabinfo - version: 2.1\n"
		    "# name            <active_objs> <num_objs> <objsize> "
		    "<objperslab> <pagesperslab>"
		    " : tunables <limit> <batchcount> <sharedfactor>"
		    " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
}

/* @cached_objects: of @s in all CPUs' sheaves and in its barn */
void cache_show_slabinfo(struct seq_file *m, const struct kmem_cache *s,
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

/*
 * A zone's part of zoneinfo up to its per-CPU lists. @node: what to say of
 * all memory, with the first zone; NULL with the others.
 */
void zone_show_zoneinfo(struct seq_file *m, int nid, const struct zone *z,
			const struct mm_totals *node)
{
	unsigned int i;

	seq_printf(m, "Node %d, zone %8s\n", nid, zone_type_name(z));
	if (node)
		seq_printf(m,
			   "  per-node stats\n"
			   "      %-12s %lu\n      %-12s %lu\n"
			   "      %-12s %lu\n",
			   "nr_slab_reclaimable", node->slab_reclaimable,
			   "nr_slab_unreclaimable", node->slab_unreclaimable,
			   "nr_anon_pages", large_frames(node));
	seq_printf(m,
		   "  pages free     %lu\n        boost    %lu\n"
		   "        min      %lu\n        low      %lu\n"
		   "        high     %lu\n        spanned  %lu\n"
		   "        present  %lu\n        managed  %lu\n"
		   "        cma      %lu\n",
		   z->free_pages, 0ul, z->watermark[WMARK_MIN],
		   z->watermark[WMARK_LOW], z->watermark[WMARK_HIGH],
		   z->spanned_pages, z->present_pages, z->managed_pages, 0ul);
	seq_puts(m, "        protection: (");
	for (i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(m, "%s%lu", i ? ", " : "", z->lowmem_reserve[i]);
	seq_puts(m, ")\n");
	if (z->managed_pages == 0)
		return;
	seq_printf(m, "      %-12s %lu\n", "nr_free_pages", z->free_pages);
	seq_printf(m, "      %-12s %lu\n", "nr_free_resident",
		   z->resident_free);
	seq_puts(m, "  pagesets\n");
}

void zone_show_zoneinfo_cpu(struct seq_file *m, const struct mm_cpu *cpu)
{
	seq_printf(m,
		   "    cpu: %u\n              count: %u\n"
		   "              high:  %d\n              batch: %d\n",
		   cpu->nr, READ_ONCE(cpu->pcp.count), PCP_HIGH, PCP_BATCH);
}

void zone_show_zoneinfo_end(struct seq_file *m, const struct zone *z)
{
	seq_printf(m, "  node_unreclaimable:  %u\n  start_pfn:           %lu\n",
		   0u, z->start_pfn);
}

void totals_show_vmstat(struct seq_file *m, const struct mm_totals *t)
{
	struct mm_row rows[NR_VMSTAT_ROWS];
	unsigned int i;

	totals_to_vmstat(t, rows);
	for (i = 0; i < NR_VMSTAT_ROWS; i++)
		seq_printf(m, "%s %lu\n", rows[i].name, rows[i].value);
}

void totals_show_meminfo(struct seq_file *m, const struct mm_totals *t)
{
	struct mm_row rows[NR_MEMINFO_ROWS];
	unsigned int i;

	totals_to_meminfo(t, rows);
	for (i = 0; i < NR_MEMINFO_ROWS; i++)
		seq_printf(m, "%s:%*s %8lu kB\n", rows[i].name,
			   (int)less(14, __builtin_strlen(rows[i].name)), "",
			   rows[i].value);
}

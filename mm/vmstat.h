/* SPDX-License-Identifier: MIT */
/*
 * Reports from snapshots. Every function here looks at the structures given
 * and follows no pointer in them, so mm/show_mem.c prints this machine's
 * memory and the command prints another process's, or a core dump's, with
 * the same code. Private to mm/ and tools/ashlar.
 */
#ifndef ASHLAR_MM_VMSTAT_H
#define ASHLAR_MM_VMSTAT_H

#include <ashlar/mmzone.h>
#include <ashlar/seq_file.h>
#include "internal.h"

/* All of memory in numbers: in frames, unless they say bytes. */
struct mm_totals {
	unsigned long managed;
	unsigned long free; /* in buddy lists */
	unsigned long resident_free; /* of those, resident on the host */
	unsigned long pcp; /* on per-CPU lists */
	unsigned long wmark_low;
	unsigned long slab_reclaimable;
	unsigned long slab_unreclaimable;
	unsigned long slab_active_bytes; /* objects that callers hold */
	unsigned long slab_cached_bytes; /* objects in sheaves */
	unsigned long large_bytes; /* direct mappings of large blocks */
	unsigned long large_count;
	unsigned long large_cached_bytes; /* mappings kept for the next block */
	unsigned long events[NR_VM_EVENT_ITEMS];
};

/* One line of vmstat, in its unit, or of meminfo, in kB. */
struct mm_row {
	const char *name;
	unsigned long value;
};

#define NR_VMSTAT_GAUGES 7
#define NR_VMSTAT_ROWS (NR_VMSTAT_GAUGES + NR_CORE_EVENTS)
#define NR_MEMINFO_ROWS 18

/* One line of slabinfo. */
struct slabinfo {
	unsigned long active_objs;
	unsigned long num_objs;
	unsigned long active_slabs;
	unsigned long num_slabs;
	unsigned long shared_avail; /* objects in the barn */
	unsigned int objects_per_slab; /* mean: slabs grow with their cache */
	unsigned int pages_per_slab;
	unsigned int limit; /* objects that a CPU may keep */
	unsigned int batchcount; /* objects that a sheaf holds */
	unsigned int shared; /* full sheaves that a barn may keep */
};

extern const char *const zone_type_names[MAX_NR_ZONES];
extern const char *const migratetype_names[MIGRATE_TYPES];
extern const char *const vm_event_names[NR_CORE_EVENTS];

const char *zone_type_name(const struct zone *z);
unsigned long sheaf_objects(const struct kmem_cache *s, sheaf_t top);
unsigned long barn_objects(const struct kmem_cache *s);
unsigned long cpu_cached_objects(const struct kmem_cache *s,
				 const struct mm_cpu *cpu,
				 const struct sheaf_tops *tops);
void get_slabinfo(const struct kmem_cache *s, unsigned long cached_objects,
		  struct slabinfo *si);

void mm_collect_totals(struct mm_totals *t); /* of this machine, now */
void totals_add_zone(struct mm_totals *t, const struct zone *z);
void totals_add_cache(struct mm_totals *t, const struct kmem_cache *s,
		      unsigned long cached_objects);
void totals_add_cpu(struct mm_totals *t, const struct mm_cpu *cpu);
void totals_to_vmstat(const struct mm_totals *t,
		      struct mm_row rows[NR_VMSTAT_ROWS]);
void totals_to_meminfo(const struct mm_totals *t,
		       struct mm_row rows[NR_MEMINFO_ROWS]);

/* @nid: the number of the node that the zone is of; a machine has node 0. */
void zone_show_buddyinfo(struct seq_file *m, int nid, const struct zone *z);
void pagetypeinfo_show_free_header(struct seq_file *m);
void zone_show_pagetypeinfo_free(struct seq_file *m, int nid,
				 const struct zone *z);
void pagetypeinfo_show_blocks_header(struct seq_file *m);
void zone_show_pagetypeinfo_blocks(struct seq_file *m, int nid,
				   const struct zone *z,
				   const unsigned long blocks[MIGRATE_TYPES]);
void slabinfo_show_header(struct seq_file *m);
void cache_show_slabinfo(struct seq_file *m, const struct kmem_cache *s,
			 unsigned long cached_objects);
void zone_show_zoneinfo(struct seq_file *m, int nid, const struct zone *z,
			const struct mm_totals *node);
void zone_show_zoneinfo_cpu(struct seq_file *m, const struct mm_cpu *cpu);
void zone_show_zoneinfo_end(struct seq_file *m, const struct zone *z);
void totals_show_vmstat(struct seq_file *m, const struct mm_totals *t);
void totals_show_meminfo(struct seq_file *m, const struct mm_totals *t);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reports: memory in numbers, and numbers as text in Linux's formats.
 *
 *   structures ─→ numbers ───────────────────→ rows ──────────→ text
 *                 collect.c  this process      process.c        meminfo.c
 *                 machine.c  this machine      machine.c        vmstat.c
 *                 tools/ashlar  another's,                      zoneinfo.c
 *                            a core dump's                      slabinfo.c
 *                                                               buddyinfo.c
 *
 * There is one writer for each file. It prints a table of rows (a name, a unit,
 * and which number), so that a process and a machine differ in their tables
 * alone. No writer takes a lock or follows a pointer in what it prints: the
 * command prints copies of another process's structures with the same code.
 * Private to mm/ and tools/ashlar.
 */
#ifndef ASHLAR_MM_REPORT_H
#define ASHLAR_MM_REPORT_H

#include <ashlar/mmzone.h>
#include <ashlar/seq_file.h>
#include <ashlar/stats.h>
#include <ashlar/vmstat.h>
#include "../internal.h"

/* All of memory in numbers: in frames, unless they say otherwise. */
struct mm_totals {
	unsigned long none; /* 0: what does not exist here */
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
	/* What follows from these: totals_finish(). */
	unsigned long all_free; /* free and on per-CPU lists */
	unsigned long all_resident; /* of those, resident on the host */
	unsigned long available; /* free beyond reserves, or reclaimable */
	unsigned long slab;
	unsigned long large;
	unsigned long total; /* managed and large */
	unsigned long direct; /* managed, not free and in no slab */
	unsigned long pgalloc_normal; /* events of the zones in between */
	unsigned long allocstall_normal;
	/* A machine's: machine.c. */
	unsigned long node[NR_NODE_STAT_ITEMS];
	unsigned long high_total, high_free, low_total, low_free;
	unsigned long file_lru; /* pages of files that could be reclaimed */
	unsigned long active, inactive; /* pages by age, of both kinds */
	unsigned long kb_in, kb_out; /* of disks, since the start */
	unsigned long cached; /* files, but for block devices */
	unsigned long dirty_limit, dirty_background; /* of dirty pages */
	unsigned long commit_limit, committed;
	unsigned long swap_total, swap_free;
	unsigned long vmalloc_kb, huge_kb; /* kB */
	unsigned long anon_huge; /* in huge pages */
	unsigned long hugetlb_total, hugetlb_free; /* huge pages */
	unsigned long hugetlb_resv, hugetlb_surplus;
	unsigned long direct_4k, direct_4m;
};

/* The place of a number in struct mm_totals. */
#define TOTAL(field) \
	(__builtin_offsetof(struct mm_totals, field) / sizeof(unsigned long))

enum report_unit { COUNT, FRAMES, BYTES, KILOBYTES };

/* One line: @name, and the number at @source. In meminfo, all but counts are
 * shown in kB. */
struct report_row {
	const char *name;
	u8 unit; /* enum report_unit */
	u8 source; /* TOTAL(field) */
};

struct report_rows {
	const struct report_row *row;
	unsigned int nr;
};
#define REPORT_ROWS(table)               \
	{                                \
		table, ARRAY_SIZE(table) \
	}

/* The rows of a process, or of a machine. */
struct report_table {
	struct report_rows meminfo;
	struct report_rows vmstat; /* behind it all events from @event on */
	struct report_rows zone, node; /* zoneinfo's */
	unsigned int event;
	bool linux_zones; /* zoneinfo has Linux's zone Movable, too */
};

extern const struct report_table process_report, machine_report;
extern const char *const zone_type_names[MAX_NR_ZONES];
extern const char *const migratetype_names[MIGRATE_TYPES];
extern const char *const vm_event_names[NR_CORE_EVENTS];

static inline unsigned long report_value(const struct report_row *row,
					 const struct mm_totals *t)
{
	return ((const unsigned long *)t)[row->source];
}

/* The same in the unit that meminfo shows. */
static inline unsigned long report_kb(const struct report_row *row,
				      const struct mm_totals *t)
{
	unsigned long value = report_value(row, t);

	if (row->unit == FRAMES)
		return value << (PAGE_SHIFT - 10);
	return row->unit == BYTES ? value >> 10 : value;
}

/* Counts of a process that runs on are not of one moment: where they disagree,
 * the difference is taken as none. */
static inline unsigned long less(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

/* ---- totals.c: structures to numbers ---- */

/* Reads *@slot into *@value. False: it cannot, or @slot lies in no sheaf. */
typedef bool (*sheaf_reader)(void *from, sheaf_t *slot, sheaf_t *value);
unsigned long cpu_cached_objects(const struct kmem_cache *s,
				 const struct sheaf_tops *tops,
				 sheaf_reader read, void *from);
void totals_add_zone(struct mm_totals *t, const struct zone *z);
void totals_add_cache(struct mm_totals *t, const struct kmem_cache *s,
		      unsigned long cached_objects);
void totals_add_cpu(struct mm_totals *t, const struct mm_cpu *cpu);
void totals_finish(struct mm_totals *t);

/* ---- parts.c: what memory is used for, to the program itself ---- */

void parts_add_cache(struct ashlar_memory *p, struct ashlar_memory_class *c,
		     const struct kmem_cache *s, unsigned long cached_objects);
void parts_finish(struct ashlar_memory *p, const struct mm_totals *t);
void write_parts(struct seq_file *m, const struct ashlar_memory *p);
void write_parts_class(struct seq_file *m, const struct ashlar_memory_class *c);

/* ---- collect.c: this program's structures, under their locks ---- */

unsigned long copy_cache(struct kmem_cache *copy, struct kmem_cache *s);
void mm_collect_totals(struct mm_totals *t);
void copy_zone(struct zone *copy, struct zone *z);

/* ---- machine.c ---- */

void machine_collect_totals(struct mm_totals *t);
void machine_zone_totals(const struct zone *z, struct mm_totals *t);

/* ---- the writers ---- */

const char *zone_type_name(const struct zone *z);
void write_meminfo(struct seq_file *m, const struct report_rows *rows,
		   const struct mm_totals *t);
void write_vmstat(struct seq_file *m, const struct report_table *table,
		  const struct mm_totals *t);
void write_zoneinfo(struct seq_file *m, const struct report_table *table,
		    int nid, const char *name, const struct zone *z,
		    const struct mm_totals *in_zone,
		    const struct mm_totals *node);
void write_zoneinfo_cpu(struct seq_file *m, const struct report_table *table,
			u32 cpu, unsigned long count);
void write_zoneinfo_end(struct seq_file *m, const struct zone *z);
void write_buddyinfo(struct seq_file *m, int nid, const struct zone *z);
void write_pagetypeinfo_header(struct seq_file *m);
void write_pagetypeinfo(struct seq_file *m, int nid, const struct zone *z);
void write_pageblocks_header(struct seq_file *m);
void write_pageblocks(struct seq_file *m, int nid, const struct zone *z,
		      const unsigned long blocks[MIGRATE_TYPES]);

void write_mem_info(struct seq_file *m);
void write_mem_pages(struct seq_file *m, const struct mm_totals *t);
void write_mem_node(struct seq_file *m, const struct mm_totals *t,
		    bool unreclaimable);
void write_mem_zone(struct seq_file *m, const struct zone *z,
		    const struct mm_totals *t);
void write_mem_blocks(struct seq_file *m, const struct zone *z);
void write_mem_sums(struct seq_file *m, const struct mm_totals *t,
		    unsigned long present, unsigned long high);

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

void get_slabinfo(const struct kmem_cache *s, unsigned long cached_objects,
		  struct slabinfo *si);
void write_slabinfo_header(struct seq_file *m);
void write_slabinfo(struct seq_file *m, const struct kmem_cache *s,
		    unsigned long cached_objects);

#endif

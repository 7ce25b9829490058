/* SPDX-License-Identifier: MIT */
/*
 * Where memory is, to the log: for a panic, or when there is no more.
 *
 *   Mem-Info:
 *   active_anon:…            all of memory, in pages      write_mem_pages()
 *   Node 0 active_anon:…     the same, in kB              write_mem_node()
 *   Normal free:…            a zone, what lies in it      write_mem_zone()
 *   lowmem_reserve[]: …
 *   Normal: 3*4kB (UM) …     its free blocks              write_mem_blocks()
 *   … total pagecache pages, of the swap cache, of RAM    write_mem_sums()
 *
 * The lines are those that Linux 6.1 prints, so that what reads its log reads
 * this one. The writers print numbers that were collected; they take no lock.
 *
 * Locks: text_lock around the text; who comes meanwhile (a panic in the middle
 * of a report) prints nothing.
 */
#include <ashlar/port.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "../vmscan.h"
#include "report.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))
#define TEXT 6144 /* of all zones */

static spinlock_t text_lock = SPIN_LOCK_UNLOCKED;

/** write_mem_pages() - what all of memory is used for, in pages */
void write_mem_pages(struct seq_file *m, const struct mm_totals *t)
{
	const unsigned long *n = t->node;

	seq_printf(m,
		   "active_anon:%lu inactive_anon:%lu isolated_anon:%lu\n"
		   " active_file:%lu inactive_file:%lu isolated_file:%lu\n"
		   " unevictable:%lu dirty:%lu writeback:%lu\n"
		   " slab_reclaimable:%lu slab_unreclaimable:%lu\n",
		   n[NR_ACTIVE_ANON], n[NR_INACTIVE_ANON], n[NR_ISOLATED_ANON],
		   n[NR_ACTIVE_FILE], n[NR_INACTIVE_FILE], n[NR_ISOLATED_FILE],
		   n[NR_UNEVICTABLE], n[NR_FILE_DIRTY], n[NR_WRITEBACK],
		   t->slab_reclaimable, t->slab_unreclaimable);
	seq_printf(m,
		   " mapped:%lu shmem:%lu pagetables:%lu\n"
		   " sec_pagetables:0 bounce:0\n"
		   " kernel_misc_reclaimable:0\n"
		   " free:%lu free_pcp:%lu free_cma:0\n",
		   n[NR_FILE_MAPPED], n[NR_SHMEM], n[NR_PAGETABLE], t->free,
		   t->pcp);
}

/** write_mem_node() - what all of memory is used for, in kB */
void write_mem_node(struct seq_file *m, const struct mm_totals *t,
		    bool unreclaimable)
{
	const unsigned long *n = t->node;

	seq_printf(m,
		   "Node 0 active_anon:%lukB inactive_anon:%lukB "
		   "active_file:%lukB inactive_file:%lukB unevictable:%lukB "
		   "isolated(anon):%lukB isolated(file):%lukB mapped:%lukB "
		   "dirty:%lukB writeback:%lukB shmem:%lukB ",
		   KB(n[NR_ACTIVE_ANON]), KB(n[NR_INACTIVE_ANON]),
		   KB(n[NR_ACTIVE_FILE]), KB(n[NR_INACTIVE_FILE]),
		   KB(n[NR_UNEVICTABLE]), KB(n[NR_ISOLATED_ANON]),
		   KB(n[NR_ISOLATED_FILE]), KB(n[NR_FILE_MAPPED]),
		   KB(n[NR_FILE_DIRTY]), KB(n[NR_WRITEBACK]), KB(n[NR_SHMEM]));
	seq_printf(m,
		   "shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: %lukB "
		   "writeback_tmp:0kB kernel_stack:%lukB pagetables:%lukB "
		   "sec_pagetables:0kB all_unreclaimable? %s\n",
		   KB(t->anon_huge), n[NR_KERNEL_STACK_KB], KB(n[NR_PAGETABLE]),
		   unreclaimable ? "yes" : "no");
}

/**
 * write_mem_zone() - a zone's watermarks, and what lies in it
 * @t: numbers of the zone alone; NR_FILE_DIRTY: pages that are to be written,
 *     or are just on their way
 */
void write_mem_zone(struct seq_file *m, const struct zone *z,
		    const struct mm_totals *t)
{
	const unsigned long *n = t->node;
	unsigned int i;

	seq_printf(m,
		   "%s free:%lukB boost:0kB min:%lukB low:%lukB high:%lukB "
		   "reserved_highatomic:0KB active_anon:%lukB "
		   "inactive_anon:%lukB active_file:%lukB inactive_file:%lukB "
		   "unevictable:%lukB writepending:%lukB ",
		   z->name, KB(z->free_pages), KB(z->watermark[WMARK_MIN]),
		   KB(z->watermark[WMARK_LOW]), KB(z->watermark[WMARK_HIGH]),
		   KB(n[NR_ACTIVE_ANON]), KB(n[NR_INACTIVE_ANON]),
		   KB(n[NR_ACTIVE_FILE]), KB(n[NR_INACTIVE_FILE]),
		   KB(n[NR_UNEVICTABLE]), KB(n[NR_FILE_DIRTY]));
	seq_printf(m,
		   "present:%lukB managed:%lukB mlocked:%lukB bounce:0kB "
		   "free_pcp:%lukB local_pcp:%lukB free_cma:0kB\n"
		   "lowmem_reserve[]:",
		   KB(z->present_pages), KB(z->managed_pages), KB(n[NR_MLOCK]),
		   KB(t->pcp), KB(t->pcp));
	for (i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(m, " %lu", z->lowmem_reserve[i]);
	/* Linux has another zone, Movable, behind them. */
	seq_printf(m, " %lu\n", z->lowmem_reserve[MAX_NR_ZONES - 1]);
}

/** write_mem_blocks() - a zone's free blocks by order, and of which mobility */
void write_mem_blocks(struct seq_file *m, const struct zone *z)
{
	static const char letters[MIGRATE_TYPES] = "UME";
	unsigned int order, type;

	seq_printf(m, "%s: ", z->name);
	for (order = 0; order < MAX_ORDER; order++) {
		const unsigned long *nr_free = z->free_area[order].nr_free;
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++)
			nr += nr_free[type];
		seq_printf(m, "%lu*%lukB ", nr, KB(1ul << order));
		if (!nr)
			continue;
		seq_putc(m, '(');
		for (type = 0; type < MIGRATE_TYPES; type++)
			if (nr_free[type])
				seq_putc(m, letters[type]);
		seq_puts(m, ") ");
	}
	seq_printf(m, "= %lukB\n", KB(z->free_pages));
}

/**
 * write_mem_sums() - what follows the zones
 * @present: frames of RAM; of those, @high in high memory
 */
void write_mem_sums(struct seq_file *m, const struct mm_totals *t,
		    unsigned long present, unsigned long high)
{
	seq_printf(m,
		   "Node 0 hugepages_total=%lu hugepages_free=%lu "
		   "hugepages_surp=%lu hugepages_size=%lukB\n"
		   "%lu total pagecache pages\n%lu pages in swap cache\n"
		   "Free swap  = %lukB\nTotal swap = %lukB\n",
		   t->hugetlb_total, t->hugetlb_free, t->hugetlb_surplus,
		   t->huge_kb, t->node[NR_FILE_PAGES], t->node[NR_SWAPCACHE],
		   KB(t->swap_free), KB(t->swap_total));
	seq_printf(m,
		   "%lu pages RAM\n%lu pages HighMem/MovableOnly\n"
		   "%lu pages reserved\n0 pages hwpoisoned\n",
		   present, high, less(present, t->managed));
}

static void write_zones(struct seq_file *m)
{
	struct mm_totals in_zone;
	struct zone *z;

	for_each_populated_zone(z) {
		machine_zone_totals(z, &in_zone);
		write_mem_zone(m, z, &in_zone);
	}
	for_each_populated_zone(z)
		write_mem_blocks(m, z);
}

/**
 * write_mem_info() - where memory is, as Linux's show_mem() has it
 * @m: where to; may overflow
 */
void write_mem_info(struct seq_file *m)
{
	unsigned long present = 0;
	struct mm_totals t;
	struct zone *z;

	machine_collect_totals(&t);
	seq_puts(m, "Mem-Info:\n");
	write_mem_pages(m, &t);
	write_mem_node(m, &t, reclaim_is_futile());
	write_zones(m);
	for_each_populated_zone(z)
		present += z->present_pages;
	write_mem_sums(m, &t, present, zones[ZONE_HIGHMEM].present_pages);
}

/** show_mem() - where memory is, in lines of the log. Context: any. */
void show_mem(void)
{
	static char text[TEXT];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };
	char *line, *end = text;

	if (!spin_trylock(&text_lock))
		return;
	write_mem_info(&m);
	text[m.count] = '\0';
	for (line = text; *line; line = end) {
		while (*end && *end != '\n')
			end++;
		if (*end)
			*end++ = '\0';
		port_log(line);
	}
	spin_unlock(&text_lock);
}

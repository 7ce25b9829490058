/* SPDX-License-Identifier: MIT */
/*
 * /proc/meminfo, vmstat and zoneinfo of a whole machine, row by row as Linux
 * 6.1 for i386 writes them, so that its programs read them.
 *
 * A row is a name and where its number comes from: the zones and caches
 * (struct mm_totals), a count of pages in some use (vm_node_stat), or of
 * events. What does not exist here - swap, write-back, huge pages - is 0.
 *
 *   MemTotal = MemFree + Slab + AnonPages + Cached + PageTables + the
 *              kernel's own pages (stacks and VmallocUsed among them)
 *   MemTotal = LowTotal + HighTotal, MemFree = LowFree + HighFree
 *   Active + Inactive + Unevictable = AnonPages + Cached
 *
 * Nothing is reclaimed yet, so there is no order of age: pages that could be
 * swapped one day are Inactive(anon), those of files Inactive(file).
 *
 * Which zone a user page is in is not counted anywhere; zoneinfo looks at the
 * descriptors of all of them.
 */
#include <ashlar/atomic.h>
#include <ashlar/commit.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/pgtable.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/vmstat.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "slab.h"
#include "vmstat.h"

unsigned long direct_pages_count[NR_DIRECT_SIZES];

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))

/* All that the rows are made of. */
struct machine_stat {
	struct mm_totals t;
	unsigned long high_total, high_free; /* pages */
	unsigned long anon_lru, file_lru; /* pages that could be reclaimed */
};

static unsigned long less(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

static unsigned long node(enum node_stat_item item)
{
	return global_node_page_state(item);
}

/* Frames of high memory on a CPU's lists. */
static unsigned long pcp_high(struct per_cpu_pages *pcp)
{
	unsigned long n = 0;
	struct page *page;
	unsigned int o;

	spin_lock(&pcp->lock);
	for (o = 0; o < PCP_ORDERS; o++)
		list_for_each_entry(page, &pcp->lists[o][MIGRATE_MOVABLE], lru)
			n += page_is_high(page) ? 1ul << o : 0;
	spin_unlock(&pcp->lock);
	return n;
}

/* Frames alone; events are another matter (count_events). */
static void collect(struct machine_stat *s)
{
	unsigned long unevictable = node(NR_UNEVICTABLE), anon, high = 0;
	struct kmem_cache *cache;
	struct mm_cpu *cpu;
	struct zone *z;

	*s = (struct machine_stat){ 0 };
	for_each_populated_zone(z)
		totals_add_zone(&s->t, z);
	spin_lock(&slab_mutex);
	list_for_each_entry(cache, &slab_caches, list) {
		if (cache->flags & SLAB_RECLAIM_ACCOUNT)
			s->t.slab_reclaimable += cache->nr_pages;
		else
			s->t.slab_unreclaimable += cache->nr_pages;
	}
	spin_unlock(&slab_mutex);
	s->high_total = zones[ZONE_HIGHMEM].managed_pages;
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list) {
		s->t.pcp += cpu->pcp.count;
		high += s->high_total ? pcp_high(&cpu->pcp) : 0;
	}
	spin_unlock(&mm_cpu_mutex);
	s->high_free = zones[ZONE_HIGHMEM].free_pages + high;
	anon = node(NR_ANON_MAPPED) + node(NR_SHMEM);
	s->anon_lru = less(anon, unevictable);
	s->file_lru = less(less(node(NR_FILE_PAGES), node(NR_SHMEM)),
			   less(unevictable, anon));
}

static void count_events(struct machine_stat *s)
{
	struct mm_cpu *cpu;
	unsigned int i;

	spin_lock(&mm_cpu_mutex);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		s->t.events[i] = vm_events_dead[i];
	list_for_each_entry(cpu, &mm_cpus, list)
		for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
			s->t.events[i] += cpu->events[i];
	spin_unlock(&mm_cpu_mutex);
}

/* ---- meminfo ---- */

/* @label: up to where the number's eight columns begin. */
static void kb(struct seq_file *m, const char *label, unsigned long value)
{
	seq_put_decimal_ul_width(m, label, value, 8);
	seq_write(m, " kB\n", 4);
}

static void pages(struct seq_file *m, const char *label, unsigned long n)
{
	kb(m, label, KB(n));
}

/* What does not exist: rows that never change. */
#define NONE(m, text) seq_write(m, text, sizeof(text) - 1)

static unsigned long available(const struct mm_totals *t)
{
	return less(t->free + t->pcp, t->wmark_low) + t->slab_reclaimable -
	       min(t->slab_reclaimable / 2, t->wmark_low);
}

static void show_free_and_lru(struct seq_file *m, const struct machine_stat *s)
{
	unsigned long free = s->t.free + s->t.pcp;

	pages(m, "MemTotal:       ", s->t.managed);
	pages(m, "MemFree:        ", free);
	pages(m, "MemAvailable:   ", available(&s->t));
	NONE(m, "Buffers:               0 kB\n");
	pages(m, "Cached:         ", node(NR_FILE_PAGES));
	NONE(m, "SwapCached:            0 kB\n"
		"Active:                0 kB\n");
	pages(m, "Inactive:       ", s->anon_lru + s->file_lru);
	NONE(m, "Active(anon):          0 kB\n");
	pages(m, "Inactive(anon): ", s->anon_lru);
	NONE(m, "Active(file):          0 kB\n");
	pages(m, "Inactive(file): ", s->file_lru);
	pages(m, "Unevictable:    ", node(NR_UNEVICTABLE));
	pages(m, "Mlocked:        ", node(NR_MLOCK));
	pages(m, "HighTotal:      ", s->high_total);
	pages(m, "HighFree:       ", s->high_free);
	pages(m, "LowTotal:       ", s->t.managed - s->high_total);
	pages(m, "LowFree:        ", less(free, s->high_free));
}

static void show_uses(struct seq_file *m, const struct machine_stat *s)
{
	NONE(m, "SwapTotal:             0 kB\n"
		"SwapFree:              0 kB\n"
		"Zswap:                 0 kB\n"
		"Zswapped:              0 kB\n");
	pages(m, "Dirty:          ", node(NR_FILE_DIRTY));
	NONE(m, "Writeback:             0 kB\n");
	pages(m, "AnonPages:      ", node(NR_ANON_MAPPED));
	pages(m, "Mapped:         ", node(NR_FILE_MAPPED));
	pages(m, "Shmem:          ", node(NR_SHMEM));
	pages(m, "KReclaimable:   ", s->t.slab_reclaimable);
	pages(m, "Slab:           ",
	      s->t.slab_reclaimable + s->t.slab_unreclaimable);
	pages(m, "SReclaimable:   ", s->t.slab_reclaimable);
	pages(m, "SUnreclaim:     ", s->t.slab_unreclaimable);
	kb(m, "KernelStack:    ", node(NR_KERNEL_STACK_KB));
	pages(m, "PageTables:     ", node(NR_PAGETABLE));
}

static void show_limits(struct seq_file *m)
{
	NONE(m, "SecPageTables:         0 kB\n"
		"NFS_Unstable:          0 kB\n"
		"Bounce:                0 kB\n"
		"WritebackTmp:          0 kB\n");
	pages(m, "CommitLimit:    ", vm_commit_limit());
	pages(m, "Committed_AS:   ", (unsigned long)max(vm_committed_as, 0l));
	kb(m, "VmallocTotal:   ", (VMALLOC_END - VMALLOC_START) >> 10);
	pages(m, "VmallocUsed:    ", node(NR_VMALLOC));
	NONE(m, "VmallocChunk:          0 kB\n");
}

static void show_sizes(struct seq_file *m)
{
	NONE(m, "Percpu:                0 kB\n"
		"HardwareCorrupted:     0 kB\n"
		"AnonHugePages:         0 kB\n"
		"ShmemHugePages:        0 kB\n"
		"ShmemPmdMapped:        0 kB\n"
		"FileHugePages:         0 kB\n"
		"FilePmdMapped:         0 kB\n"
		"HugePages_Total:       0\n"
		"HugePages_Free:        0\n"
		"HugePages_Rsvd:        0\n"
		"HugePages_Surp:        0\n"
		"Hugepagesize:       4096 kB\n"
		"Hugetlb:               0 kB\n");
	pages(m, "DirectMap4k:    ", direct_pages_count[DIRECT_4K]);
	pages(m, "DirectMap4M:    ",
	      direct_pages_count[DIRECT_4M] << (PGDIR_SHIFT - PAGE_SHIFT));
}

/**
 * meminfo_proc_show - all of memory in kB
 * @m: where to; may overflow
 */
void meminfo_proc_show(struct seq_file *m)
{
	struct machine_stat s;

	collect(&s);
	show_free_and_lru(m, &s);
	show_uses(m, &s);
	show_limits(m);
	show_sizes(m);
}

/* ---- vmstat ---- */

/* Where a row's number comes from. */
enum row_source {
	ROW_NONE,
	ROW_FREE,
	ROW_ANON_LRU,
	ROW_FILE_LRU,
	ROW_SLAB_R,
	ROW_SLAB_U,
	ROW_PGALLOC_NORMAL,
	ROW_NODE,
	ROW_EVENT = ROW_NODE + NR_NODE_STAT_ITEMS
};
#define NODE(item) (ROW_NODE + (item))
#define EVENT(item) (ROW_EVENT + (item))

/* In vmstat's order: a zone's rows, those of all memory, events. */
#define ZONE_ROWS 11
#define NODE_ROWS 41
static const struct row {
	const char *name;
	u8 source;
} rows[] = {
	{ "nr_free_pages", ROW_FREE },
	{ "nr_zone_inactive_anon", ROW_ANON_LRU },
	{ "nr_zone_active_anon", ROW_NONE },
	{ "nr_zone_inactive_file", ROW_FILE_LRU },
	{ "nr_zone_active_file", ROW_NONE },
	{ "nr_zone_unevictable", NODE(NR_UNEVICTABLE) },
	{ "nr_zone_write_pending", NODE(NR_FILE_DIRTY) },
	{ "nr_mlock", NODE(NR_MLOCK) },
	{ "nr_bounce", ROW_NONE },
	{ "nr_zspages", ROW_NONE },
	{ "nr_free_cma", ROW_NONE },
	{ "nr_inactive_anon", ROW_ANON_LRU },
	{ "nr_active_anon", ROW_NONE },
	{ "nr_inactive_file", ROW_FILE_LRU },
	{ "nr_active_file", ROW_NONE },
	{ "nr_unevictable", NODE(NR_UNEVICTABLE) },
	{ "nr_slab_reclaimable", ROW_SLAB_R },
	{ "nr_slab_unreclaimable", ROW_SLAB_U },
	{ "nr_isolated_anon", ROW_NONE },
	{ "nr_isolated_file", ROW_NONE },
	{ "workingset_nodes", ROW_NONE },
	{ "workingset_refault_anon", ROW_NONE },
	{ "workingset_refault_file", ROW_NONE },
	{ "workingset_activate_anon", ROW_NONE },
	{ "workingset_activate_file", ROW_NONE },
	{ "workingset_restore_anon", ROW_NONE },
	{ "workingset_restore_file", ROW_NONE },
	{ "workingset_nodereclaim", ROW_NONE },
	{ "nr_anon_pages", NODE(NR_ANON_MAPPED) },
	{ "nr_mapped", NODE(NR_FILE_MAPPED) },
	{ "nr_file_pages", NODE(NR_FILE_PAGES) },
	{ "nr_dirty", NODE(NR_FILE_DIRTY) },
	{ "nr_writeback", ROW_NONE },
	{ "nr_writeback_temp", ROW_NONE },
	{ "nr_shmem", NODE(NR_SHMEM) },
	{ "nr_shmem_hugepages", ROW_NONE },
	{ "nr_shmem_pmdmapped", ROW_NONE },
	{ "nr_file_hugepages", ROW_NONE },
	{ "nr_file_pmdmapped", ROW_NONE },
	{ "nr_anon_transparent_hugepages", ROW_NONE },
	{ "nr_vmscan_write", ROW_NONE },
	{ "nr_vmscan_immediate_reclaim", ROW_NONE },
	{ "nr_dirtied", ROW_NONE },
	{ "nr_written", ROW_NONE },
	{ "nr_throttled_written", ROW_NONE },
	{ "nr_kernel_misc_reclaimable", ROW_NONE },
	{ "nr_foll_pin_acquired", ROW_NONE },
	{ "nr_foll_pin_released", ROW_NONE },
	{ "nr_kernel_stack", NODE(NR_KERNEL_STACK_KB) },
	{ "nr_page_table_pages", NODE(NR_PAGETABLE) },
	{ "nr_sec_page_table_pages", ROW_NONE },
	{ "nr_swapcached", ROW_NONE },
	{ "nr_dirty_threshold", ROW_NONE },
	{ "nr_dirty_background_threshold", ROW_NONE },
	{ "pgpgin", ROW_NONE },
	{ "pgpgout", ROW_NONE },
	{ "pswpin", ROW_NONE },
	{ "pswpout", ROW_NONE },
	{ "pgalloc_dma", EVENT(PGALLOC_DMA) },
	{ "pgalloc_normal", ROW_PGALLOC_NORMAL },
	{ "pgalloc_high", EVENT(PGALLOC_HIGH) },
	{ "pgalloc_movable", ROW_NONE },
	{ "allocstall_dma", ROW_NONE },
	{ "allocstall_normal", EVENT(ALLOCSTALL) },
	{ "allocstall_high", ROW_NONE },
	{ "allocstall_movable", ROW_NONE },
	{ "pgskip_dma", ROW_NONE },
	{ "pgskip_normal", ROW_NONE },
	{ "pgskip_high", ROW_NONE },
	{ "pgskip_movable", ROW_NONE },
	{ "pgfree", EVENT(PGFREE) },
	{ "pgactivate", ROW_NONE },
	{ "pgdeactivate", ROW_NONE },
	{ "pglazyfree", EVENT(PGLAZYFREE) },
	{ "pgfault", EVENT(PGFAULT) },
	{ "pgmajfault", EVENT(PGMAJFAULT) },
	{ "pglazyfreed", ROW_NONE },
	{ "pgrefill", ROW_NONE },
	{ "pgreuse", EVENT(PGREUSE) },
	{ "pgsteal_kswapd", ROW_NONE },
	{ "pgsteal_direct", ROW_NONE },
	{ "pgdemote_kswapd", ROW_NONE },
	{ "pgdemote_direct", ROW_NONE },
	{ "pgscan_kswapd", ROW_NONE },
	{ "pgscan_direct", ROW_NONE },
	{ "pgscan_direct_throttle", ROW_NONE },
	{ "pgscan_anon", ROW_NONE },
	{ "pgscan_file", ROW_NONE },
	{ "pgsteal_anon", ROW_NONE },
	{ "pgsteal_file", ROW_NONE },
	{ "pginodesteal", ROW_NONE },
	{ "slabs_scanned", ROW_NONE },
	{ "kswapd_inodesteal", ROW_NONE },
	{ "kswapd_low_wmark_hit_quickly", ROW_NONE },
	{ "kswapd_high_wmark_hit_quickly", ROW_NONE },
	{ "pageoutrun", ROW_NONE },
	{ "pgrotated", ROW_NONE },
	{ "drop_pagecache", ROW_NONE },
	{ "drop_slab", ROW_NONE },
	{ "oom_kill", EVENT(OOM_KILL) },
	{ "pgmigrate_success", ROW_NONE },
	{ "pgmigrate_fail", ROW_NONE },
	{ "thp_migration_success", ROW_NONE },
	{ "thp_migration_fail", ROW_NONE },
	{ "thp_migration_split", ROW_NONE },
	{ "compact_migrate_scanned", ROW_NONE },
	{ "compact_free_scanned", ROW_NONE },
	{ "compact_isolated", ROW_NONE },
	{ "compact_stall", ROW_NONE },
	{ "compact_fail", ROW_NONE },
	{ "compact_success", ROW_NONE },
	{ "compact_daemon_wake", ROW_NONE },
	{ "compact_daemon_migrate_scanned", ROW_NONE },
	{ "compact_daemon_free_scanned", ROW_NONE },
	{ "htlb_buddy_alloc_success", ROW_NONE },
	{ "htlb_buddy_alloc_fail", ROW_NONE },
	{ "unevictable_pgs_culled", ROW_NONE },
	{ "unevictable_pgs_scanned", ROW_NONE },
	{ "unevictable_pgs_rescued", ROW_NONE },
	{ "unevictable_pgs_mlocked", ROW_NONE },
	{ "unevictable_pgs_munlocked", ROW_NONE },
	{ "unevictable_pgs_cleared", ROW_NONE },
	{ "unevictable_pgs_stranded", ROW_NONE },
	{ "thp_fault_alloc", ROW_NONE },
	{ "thp_fault_fallback", ROW_NONE },
	{ "thp_fault_fallback_charge", ROW_NONE },
	{ "thp_collapse_alloc", ROW_NONE },
	{ "thp_collapse_alloc_failed", ROW_NONE },
	{ "thp_file_alloc", ROW_NONE },
	{ "thp_file_fallback", ROW_NONE },
	{ "thp_file_fallback_charge", ROW_NONE },
	{ "thp_file_mapped", ROW_NONE },
	{ "thp_split_page", ROW_NONE },
	{ "thp_split_page_failed", ROW_NONE },
	{ "thp_deferred_split_page", ROW_NONE },
	{ "thp_split_pmd", ROW_NONE },
	{ "thp_scan_exceed_none_pte", ROW_NONE },
	{ "thp_scan_exceed_swap_pte", ROW_NONE },
	{ "thp_scan_exceed_share_pte", ROW_NONE },
	{ "thp_zero_page_alloc", ROW_NONE },
	{ "thp_zero_page_alloc_failed", ROW_NONE },
	{ "thp_swpout", ROW_NONE },
	{ "thp_swpout_fallback", ROW_NONE },
	{ "balloon_inflate", ROW_NONE },
	{ "balloon_deflate", ROW_NONE },
	{ "balloon_migrate", ROW_NONE },
	{ "swap_ra", ROW_NONE },
	{ "swap_ra_hit", ROW_NONE },
	{ "ksm_swpin_copy", ROW_NONE },
	{ "cow_ksm", ROW_NONE },
	{ "zswpin", ROW_NONE },
	{ "zswpout", ROW_NONE },
	{ "direct_map_level2_splits", ROW_NONE },
	{ "direct_map_level3_splits", ROW_NONE },
	{ "nr_unstable", ROW_NONE },
};

static unsigned long row_value(const struct machine_stat *s, unsigned int src)
{
	const unsigned long *events = s->t.events;

	if (src >= ROW_EVENT)
		return events[src - ROW_EVENT];
	if (src >= ROW_NODE)
		return node(src - ROW_NODE);
	switch (src) {
	case ROW_FREE:
		return s->t.free + s->t.pcp;
	case ROW_ANON_LRU:
		return s->anon_lru;
	case ROW_FILE_LRU:
		return s->file_lru;
	case ROW_SLAB_R:
		return s->t.slab_reclaimable;
	case ROW_SLAB_U:
		return s->t.slab_unreclaimable;
	case ROW_PGALLOC_NORMAL:
		return less(events[PGALLOC],
			    events[PGALLOC_DMA] + events[PGALLOC_HIGH]);
	default:
		return 0;
	}
}

static void vmstat_row(struct seq_file *m, const char *name,
		       unsigned long value)
{
	seq_puts(m, name);
	seq_put_decimal_ul_width(m, " ", value, 0);
	seq_putc(m, '\n');
}

/**
 * vmstat_proc_show - counters: what there is, and what happened
 * @m: where to; may overflow
 *
 * Linux's rows, and behind them the core's own.
 */
void vmstat_proc_show(struct seq_file *m)
{
	struct machine_stat s;
	unsigned int i;

	collect(&s);
	count_events(&s);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		vmstat_row(m, rows[i].name, row_value(&s, rows[i].source));
	for (i = PGSTEAL_BLOCK; i < NR_CORE_EVENTS; i++)
		vmstat_row(m, vm_event_names[i], s.t.events[i]);
}

/* ---- zoneinfo ---- */

/* What a zone's user pages are. */
static void scan_zone(const struct zone *z, struct machine_stat *s,
		      unsigned long *mlocked)
{
	const struct page *page = pfn_to_page(z->start_pfn);
	const struct page *end = page + z->spanned_pages;

	for (; page < end; page++) {
		if (page->flags != PG_used || !page->mapping)
			continue;
		if (atomic_read(&page->_mlock_count))
			(*mlocked)++;
		else if ((page->mapping & PAGE_MAPPING_ANON) ||
			 (page->pflags & PG_swapbacked))
			s->anon_lru++;
		else
			s->file_lru++;
	}
}

static void show_zone_rows(struct seq_file *m, const struct zone *z)
{
	struct machine_stat s = { .t.free = z->free_pages };
	unsigned long mlocked = 0, value;
	unsigned int i;

	scan_zone(z, &s, &mlocked);
	for (i = 0; i < ZONE_ROWS; i++) {
		unsigned int src = rows[i].source;

		if (src == NODE(NR_MLOCK) || src == NODE(NR_UNEVICTABLE))
			value = mlocked;
		else
			value = src < ROW_NODE ? row_value(&s, src) : 0;
		seq_printf(m, "      %-12s %lu\n", rows[i].name, value);
	}
}

static void show_node_rows(struct seq_file *m)
{
	struct machine_stat s;
	unsigned int i;

	collect(&s);
	seq_puts(m, "  per-node stats\n");
	for (i = ZONE_ROWS; i < ZONE_ROWS + NODE_ROWS; i++)
		seq_printf(m, "      %-12s %lu\n", rows[i].name,
			   row_value(&s, rows[i].source));
}

/* The zone that the CPUs' lists belong to has them; a list's limits. */
static void show_pagesets(struct seq_file *m, const struct zone *z)
{
	struct mm_cpu *cpu;

	seq_puts(m, "  pagesets\n");
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list) {
		unsigned long high = pcp_high(&cpu->pcp), count = 0;

		if (z->index == ZONE_HIGHMEM)
			count = high;
		else if (z->index == ZONE_NORMAL)
			count = less(cpu->pcp.count, high);
		seq_printf(m,
			   "    cpu: %u\n              count: %lu\n"
			   "              high:  %d\n              batch: %d\n"
			   "  vm stats threshold: 0\n",
			   cpu->nr, count, PCP_HIGH, PCP_BATCH);
	}
	spin_unlock(&mm_cpu_mutex);
}

static void show_zone(struct seq_file *m, const struct zone *z)
{
	unsigned int i;

	seq_printf(m,
		   "  pages free     %lu\n        boost    %lu\n"
		   "        min      %lu\n        low      %lu\n"
		   "        high     %lu\n        spanned  %lu\n"
		   "        present  %lu\n        managed  %lu\n"
		   "        cma      %lu\n        protection: (",
		   z->free_pages, 0ul, z->watermark[WMARK_MIN],
		   z->watermark[WMARK_LOW], z->watermark[WMARK_HIGH],
		   z->spanned_pages, z->present_pages, z->managed_pages, 0ul);
	/* The last is Linux's zone Movable. */
	for (i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(m, "%lu, ", z->lowmem_reserve[i]);
	seq_printf(m, "%lu)\n", z->lowmem_reserve[MAX_NR_ZONES - 1]);
}

/**
 * zoneinfo_proc_show - watermarks, sizes and uses of each zone
 * @m: where to; may overflow
 */
void zoneinfo_proc_show(struct seq_file *m)
{
	static const struct zone movable;
	bool first = true;
	struct zone *z;

	for (z = zones; z < zones + MAX_NR_ZONES; z++) {
		seq_printf(m, "Node 0, zone %8s\n", z->name);
		if (first && z->managed_pages) {
			show_node_rows(m);
			first = false;
		}
		show_zone(m, z);
		if (!z->managed_pages)
			continue;
		show_zone_rows(m, z);
		show_pagesets(m, z);
		seq_printf(m,
			   "  node_unreclaimable:  0\n"
			   "  start_pfn:           %lu\n",
			   z->start_pfn);
	}
	seq_printf(m, "Node 0, zone %8s\n", "Movable");
	show_zone(m, &movable);
}

/* ---- to the log ---- */

static void log_zone(const struct zone *z)
{
	mm_log("%s free:%lukB min:%lukB low:%lukB high:%lukB present:%lukB "
	       "managed:%lukB",
	       z->name, KB(z->free_pages), KB(z->watermark[WMARK_MIN]),
	       KB(z->watermark[WMARK_LOW]), KB(z->watermark[WMARK_HIGH]),
	       KB(z->present_pages), KB(z->managed_pages));
}

/** show_mem - where memory is, in a few lines of the log. Context: any. */
void show_mem(void)
{
	struct machine_stat s;
	struct zone *z;

	collect(&s);
	mm_log("Mem-Info: total:%lukB free:%lukB anon:%lukB file:%lukB "
	       "shmem:%lukB slab:%lukB",
	       KB(s.t.managed), KB(s.t.free + s.t.pcp),
	       KB(node(NR_ANON_MAPPED)), KB(node(NR_FILE_PAGES)),
	       KB(node(NR_SHMEM)),
	       KB(s.t.slab_reclaimable + s.t.slab_unreclaimable));
	mm_log("mapped:%lukB pagetables:%lukB kernel_stack:%lukB "
	       "vmalloc:%lukB committed:%lukB limit:%lukB",
	       KB(node(NR_FILE_MAPPED)), KB(node(NR_PAGETABLE)),
	       node(NR_KERNEL_STACK_KB), KB(node(NR_VMALLOC)),
	       KB((unsigned long)max(vm_committed_as, 0l)),
	       KB(vm_commit_limit()));
	for_each_populated_zone(z)
		log_zone(z);
}

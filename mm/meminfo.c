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
#include <ashlar/mmap.h>
#include <ashlar/vmalloc.h>
#include <ashlar/vmstat.h>
#include "vmstat.h"

long vm_node_stat[NR_NODE_STAT_ITEMS];
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

static void collect(struct machine_stat *s)
{
	const struct zone *high = &zones[ZONE_HIGHMEM];
	unsigned long unevictable = node(NR_UNEVICTABLE), anon;
	struct mm_cpu *cpu;

	mm_collect_totals(&s->t);
	s->high_total = high->managed_pages;
	s->high_free = high->free_pages;
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		s->high_free += pcp_high(&cpu->pcp);
	spin_unlock(&mm_cpu_mutex);
	anon = node(NR_ANON_MAPPED) + node(NR_SHMEM);
	s->anon_lru = less(anon, unevictable);
	s->file_lru = less(less(node(NR_FILE_PAGES), node(NR_SHMEM)),
			   less(unevictable, anon));
}

/* ---- meminfo ---- */

static void kb(struct seq_file *m, const char *name, unsigned long value)
{
	/* Linux pads the name and its colon to 16 characters. */
	seq_printf(m, "%s:%*s%8lu kB\n", name,
		   (int)less(15, __builtin_strlen(name)), "", value);
}

static void pages(struct seq_file *m, const char *name, unsigned long n)
{
	kb(m, name, KB(n));
}

static void none(struct seq_file *m, const char *const *names)
{
	for (; *names; names++)
		kb(m, *names, 0);
}

static unsigned long available(const struct mm_totals *t)
{
	return less(t->free + t->pcp, t->wmark_low) + t->slab_reclaimable -
	       min(t->slab_reclaimable / 2, t->wmark_low);
}

static void show_free_and_lru(struct seq_file *m, const struct machine_stat *s)
{
	unsigned long free = s->t.free + s->t.pcp;

	pages(m, "MemTotal", s->t.managed);
	pages(m, "MemFree", free);
	pages(m, "MemAvailable", available(&s->t));
	pages(m, "Buffers", 0);
	pages(m, "Cached", node(NR_FILE_PAGES));
	pages(m, "SwapCached", 0);
	pages(m, "Active", 0);
	pages(m, "Inactive", s->anon_lru + s->file_lru);
	pages(m, "Active(anon)", 0);
	pages(m, "Inactive(anon)", s->anon_lru);
	pages(m, "Active(file)", 0);
	pages(m, "Inactive(file)", s->file_lru);
	pages(m, "Unevictable", node(NR_UNEVICTABLE));
	pages(m, "Mlocked", node(NR_MLOCK));
	pages(m, "HighTotal", s->high_total);
	pages(m, "HighFree", s->high_free);
	pages(m, "LowTotal", s->t.managed - s->high_total);
	pages(m, "LowFree", less(free, s->high_free));
}

static void show_uses(struct seq_file *m, const struct machine_stat *s)
{
	static const char *const swap[] = { "SwapTotal", "SwapFree", "Zswap",
					    "Zswapped", NULL };

	none(m, swap);
	pages(m, "Dirty", node(NR_FILE_DIRTY));
	pages(m, "Writeback", 0);
	pages(m, "AnonPages", node(NR_ANON_MAPPED));
	pages(m, "Mapped", node(NR_FILE_MAPPED));
	pages(m, "Shmem", node(NR_SHMEM));
	pages(m, "KReclaimable", s->t.slab_reclaimable);
	pages(m, "Slab", s->t.slab_reclaimable + s->t.slab_unreclaimable);
	pages(m, "SReclaimable", s->t.slab_reclaimable);
	pages(m, "SUnreclaim", s->t.slab_unreclaimable);
	kb(m, "KernelStack", node(NR_KERNEL_STACK_KB));
	pages(m, "PageTables", node(NR_PAGETABLE));
}

static void show_limits(struct seq_file *m)
{
	static const char *const absent[] = { "SecPageTables", "NFS_Unstable",
					      "Bounce", "WritebackTmp", NULL };

	none(m, absent);
	pages(m, "CommitLimit", vm_commit_limit());
	pages(m, "Committed_AS", (unsigned long)max(vm_committed_as, 0l));
	kb(m, "VmallocTotal", (VMALLOC_END - VMALLOC_START) >> 10);
	pages(m, "VmallocUsed", node(NR_VMALLOC));
	kb(m, "VmallocChunk", 0);
}

static void show_sizes(struct seq_file *m)
{
	static const char *const absent[] = {
		"Percpu",	  "HardwareCorrupted",
		"AnonHugePages",  "ShmemHugePages",
		"ShmemPmdMapped", "FileHugePages",
		"FilePmdMapped",  NULL
	};

	none(m, absent);
	seq_puts(m, "HugePages_Total:       0\nHugePages_Free:        0\n"
		    "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	kb(m, "Hugepagesize", PGDIR_SIZE >> 10);
	kb(m, "Hugetlb", 0);
	pages(m, "DirectMap4k", direct_pages_count[DIRECT_4K]);
	pages(m, "DirectMap4M",
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
	NONE,
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
	{ "nr_zone_active_anon", NONE },
	{ "nr_zone_inactive_file", ROW_FILE_LRU },
	{ "nr_zone_active_file", NONE },
	{ "nr_zone_unevictable", NODE(NR_UNEVICTABLE) },
	{ "nr_zone_write_pending", NODE(NR_FILE_DIRTY) },
	{ "nr_mlock", NODE(NR_MLOCK) },
	{ "nr_bounce", NONE },
	{ "nr_zspages", NONE },
	{ "nr_free_cma", NONE },
	{ "nr_inactive_anon", ROW_ANON_LRU },
	{ "nr_active_anon", NONE },
	{ "nr_inactive_file", ROW_FILE_LRU },
	{ "nr_active_file", NONE },
	{ "nr_unevictable", NODE(NR_UNEVICTABLE) },
	{ "nr_slab_reclaimable", ROW_SLAB_R },
	{ "nr_slab_unreclaimable", ROW_SLAB_U },
	{ "nr_isolated_anon", NONE },
	{ "nr_isolated_file", NONE },
	{ "workingset_nodes", NONE },
	{ "workingset_refault_anon", NONE },
	{ "workingset_refault_file", NONE },
	{ "workingset_activate_anon", NONE },
	{ "workingset_activate_file", NONE },
	{ "workingset_restore_anon", NONE },
	{ "workingset_restore_file", NONE },
	{ "workingset_nodereclaim", NONE },
	{ "nr_anon_pages", NODE(NR_ANON_MAPPED) },
	{ "nr_mapped", NODE(NR_FILE_MAPPED) },
	{ "nr_file_pages", NODE(NR_FILE_PAGES) },
	{ "nr_dirty", NODE(NR_FILE_DIRTY) },
	{ "nr_writeback", NONE },
	{ "nr_writeback_temp", NONE },
	{ "nr_shmem", NODE(NR_SHMEM) },
	{ "nr_shmem_hugepages", NONE },
	{ "nr_shmem_pmdmapped", NONE },
	{ "nr_file_hugepages", NONE },
	{ "nr_file_pmdmapped", NONE },
	{ "nr_anon_transparent_hugepages", NONE },
	{ "nr_vmscan_write", NONE },
	{ "nr_vmscan_immediate_reclaim", NONE },
	{ "nr_dirtied", NONE },
	{ "nr_written", NONE },
	{ "nr_throttled_written", NONE },
	{ "nr_kernel_misc_reclaimable", NONE },
	{ "nr_foll_pin_acquired", NONE },
	{ "nr_foll_pin_released", NONE },
	{ "nr_kernel_stack", NODE(NR_KERNEL_STACK_KB) },
	{ "nr_page_table_pages", NODE(NR_PAGETABLE) },
	{ "nr_sec_page_table_pages", NONE },
	{ "nr_swapcached", NONE },
	{ "nr_dirty_threshold", NONE },
	{ "nr_dirty_background_threshold", NONE },
	{ "pgpgin", NONE },
	{ "pgpgout", NONE },
	{ "pswpin", NONE },
	{ "pswpout", NONE },
	{ "pgalloc_dma", EVENT(PGALLOC_DMA) },
	{ "pgalloc_normal", ROW_PGALLOC_NORMAL },
	{ "pgalloc_high", EVENT(PGALLOC_HIGH) },
	{ "pgalloc_movable", NONE },
	{ "allocstall_dma", NONE },
	{ "allocstall_normal", EVENT(ALLOCSTALL) },
	{ "allocstall_high", NONE },
	{ "allocstall_movable", NONE },
	{ "pgskip_dma", NONE },
	{ "pgskip_normal", NONE },
	{ "pgskip_high", NONE },
	{ "pgskip_movable", NONE },
	{ "pgfree", EVENT(PGFREE) },
	{ "pgactivate", NONE },
	{ "pgdeactivate", NONE },
	{ "pglazyfree", EVENT(PGLAZYFREE) },
	{ "pgfault", EVENT(PGFAULT) },
	{ "pgmajfault", EVENT(PGMAJFAULT) },
	{ "pglazyfreed", NONE },
	{ "pgrefill", NONE },
	{ "pgreuse", EVENT(PGREUSE) },
	{ "pgsteal_kswapd", NONE },
	{ "pgsteal_direct", NONE },
	{ "pgdemote_kswapd", NONE },
	{ "pgdemote_direct", NONE },
	{ "pgscan_kswapd", NONE },
	{ "pgscan_direct", NONE },
	{ "pgscan_direct_throttle", NONE },
	{ "pgscan_anon", NONE },
	{ "pgscan_file", NONE },
	{ "pgsteal_anon", NONE },
	{ "pgsteal_file", NONE },
	{ "pginodesteal", NONE },
	{ "slabs_scanned", NONE },
	{ "kswapd_inodesteal", NONE },
	{ "kswapd_low_wmark_hit_quickly", NONE },
	{ "kswapd_high_wmark_hit_quickly", NONE },
	{ "pageoutrun", NONE },
	{ "pgrotated", NONE },
	{ "drop_pagecache", NONE },
	{ "drop_slab", NONE },
	{ "oom_kill", EVENT(OOM_KILL) },
	{ "pgmigrate_success", NONE },
	{ "pgmigrate_fail", NONE },
	{ "thp_migration_success", NONE },
	{ "thp_migration_fail", NONE },
	{ "thp_migration_split", NONE },
	{ "compact_migrate_scanned", NONE },
	{ "compact_free_scanned", NONE },
	{ "compact_isolated", NONE },
	{ "compact_stall", NONE },
	{ "compact_fail", NONE },
	{ "compact_success", NONE },
	{ "compact_daemon_wake", NONE },
	{ "compact_daemon_migrate_scanned", NONE },
	{ "compact_daemon_free_scanned", NONE },
	{ "htlb_buddy_alloc_success", NONE },
	{ "htlb_buddy_alloc_fail", NONE },
	{ "unevictable_pgs_culled", NONE },
	{ "unevictable_pgs_scanned", NONE },
	{ "unevictable_pgs_rescued", NONE },
	{ "unevictable_pgs_mlocked", NONE },
	{ "unevictable_pgs_munlocked", NONE },
	{ "unevictable_pgs_cleared", NONE },
	{ "unevictable_pgs_stranded", NONE },
	{ "thp_fault_alloc", NONE },
	{ "thp_fault_fallback", NONE },
	{ "thp_fault_fallback_charge", NONE },
	{ "thp_collapse_alloc", NONE },
	{ "thp_collapse_alloc_failed", NONE },
	{ "thp_file_alloc", NONE },
	{ "thp_file_fallback", NONE },
	{ "thp_file_fallback_charge", NONE },
	{ "thp_file_mapped", NONE },
	{ "thp_split_page", NONE },
	{ "thp_split_page_failed", NONE },
	{ "thp_deferred_split_page", NONE },
	{ "thp_split_pmd", NONE },
	{ "thp_scan_exceed_none_pte", NONE },
	{ "thp_scan_exceed_swap_pte", NONE },
	{ "thp_scan_exceed_share_pte", NONE },
	{ "thp_zero_page_alloc", NONE },
	{ "thp_zero_page_alloc_failed", NONE },
	{ "thp_swpout", NONE },
	{ "thp_swpout_fallback", NONE },
	{ "balloon_inflate", NONE },
	{ "balloon_deflate", NONE },
	{ "balloon_migrate", NONE },
	{ "swap_ra", NONE },
	{ "swap_ra_hit", NONE },
	{ "ksm_swpin_copy", NONE },
	{ "cow_ksm", NONE },
	{ "zswpin", NONE },
	{ "zswpout", NONE },
	{ "direct_map_level2_splits", NONE },
	{ "direct_map_level3_splits", NONE },
	{ "nr_unstable", NONE },
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
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		seq_printf(m, "%s %lu\n", rows[i].name,
			   row_value(&s, rows[i].source));
	for (i = PGSTEAL_BLOCK; i < NR_CORE_EVENTS; i++)
		seq_printf(m, "%s %lu\n", vm_event_names[i], s.t.events[i]);
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
		if (page->pflags & PG_mlocked)
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

/* SPDX-License-Identifier: MIT */
/*
 * A machine's meminfo, vmstat and zoneinfo, row by row as Linux 6.1 for i386
 * writes them, so that its programs read them. What does not exist here - swap,
 * write-back, huge pages - is 0.
 *
 *   MemTotal = MemFree + Slab + AnonPages + Cached + Buffers + PageTables +
 *              the kernel's own pages (stacks and VmallocUsed among them)
 *   MemTotal = LowTotal + HighTotal, MemFree = LowFree + HighFree
 *   Active + Inactive + Unevictable = AnonPages + Cached + Buffers, but for
 *              pages that are isolated, and those whose file was cut while a
 *              program has them mapped
 *
 * Which zone a user page is in is not counted anywhere; zoneinfo looks at the
 * descriptors of all of them.
 */
#include <ashlar/commit.h>
#include <ashlar/huge_mm.h>
#include <ashlar/hugetlb.h>
#include <ashlar/pgtable.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <ashlar/writeback.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include "../lru.h"
#include "report.h"

unsigned long direct_pages_count[NR_DIRECT_SIZES];
unsigned long vm_sectors_in, vm_sectors_out;

static const struct report_row meminfo[] = {
	{ "MemTotal", FRAMES, TOTAL(managed) },
	{ "MemFree", FRAMES, TOTAL(all_free) },
	{ "MemAvailable", FRAMES, TOTAL(available) },
	{ "Buffers", FRAMES, TOTAL(node[NR_BLOCKDEV_PAGES]) },
	{ "Cached", FRAMES, TOTAL(cached) },
	{ "SwapCached", FRAMES, TOTAL(node[NR_SWAPCACHE]) },
	{ "Active", FRAMES, TOTAL(active) },
	{ "Inactive", FRAMES, TOTAL(inactive) },
	{ "Active(anon)", FRAMES, TOTAL(node[NR_ACTIVE_ANON]) },
	{ "Inactive(anon)", FRAMES, TOTAL(node[NR_INACTIVE_ANON]) },
	{ "Active(file)", FRAMES, TOTAL(node[NR_ACTIVE_FILE]) },
	{ "Inactive(file)", FRAMES, TOTAL(node[NR_INACTIVE_FILE]) },
	{ "Unevictable", FRAMES, TOTAL(node[NR_UNEVICTABLE]) },
	{ "Mlocked", FRAMES, TOTAL(node[NR_MLOCK]) },
	{ "HighTotal", FRAMES, TOTAL(high_total) },
	{ "HighFree", FRAMES, TOTAL(high_free) },
	{ "LowTotal", FRAMES, TOTAL(low_total) },
	{ "LowFree", FRAMES, TOTAL(low_free) },
	{ "SwapTotal", FRAMES, TOTAL(swap_total) },
	{ "SwapFree", FRAMES, TOTAL(swap_free) },
	{ "Zswap", FRAMES, TOTAL(none) },
	{ "Zswapped", FRAMES, TOTAL(none) },
	{ "Dirty", FRAMES, TOTAL(node[NR_FILE_DIRTY]) },
	{ "Writeback", FRAMES, TOTAL(node[NR_WRITEBACK]) },
	{ "AnonPages", FRAMES, TOTAL(node[NR_ANON_MAPPED]) },
	{ "Mapped", FRAMES, TOTAL(node[NR_FILE_MAPPED]) },
	{ "Shmem", FRAMES, TOTAL(node[NR_SHMEM]) },
	{ "KReclaimable", FRAMES, TOTAL(slab_reclaimable) },
	{ "Slab", FRAMES, TOTAL(slab) },
	{ "SReclaimable", FRAMES, TOTAL(slab_reclaimable) },
	{ "SUnreclaim", FRAMES, TOTAL(slab_unreclaimable) },
	{ "KernelStack", KILOBYTES, TOTAL(node[NR_KERNEL_STACK_KB]) },
	{ "PageTables", FRAMES, TOTAL(node[NR_PAGETABLE]) },
	{ "SecPageTables", FRAMES, TOTAL(none) },
	{ "NFS_Unstable", FRAMES, TOTAL(none) },
	{ "Bounce", FRAMES, TOTAL(none) },
	{ "WritebackTmp", FRAMES, TOTAL(none) },
	{ "CommitLimit", FRAMES, TOTAL(commit_limit) },
	{ "Committed_AS", FRAMES, TOTAL(committed) },
	{ "VmallocTotal", KILOBYTES, TOTAL(vmalloc_kb) },
	{ "VmallocUsed", FRAMES, TOTAL(node[NR_VMALLOC]) },
	{ "VmallocChunk", FRAMES, TOTAL(none) },
	{ "Percpu", FRAMES, TOTAL(none) },
	{ "HardwareCorrupted", FRAMES, TOTAL(none) },
	{ "AnonHugePages", FRAMES, TOTAL(anon_huge) },
	{ "ShmemHugePages", FRAMES, TOTAL(none) },
	{ "ShmemPmdMapped", FRAMES, TOTAL(none) },
	{ "FileHugePages", FRAMES, TOTAL(none) },
	{ "FilePmdMapped", FRAMES, TOTAL(none) },
};

/* ... that are there only where there can be huge pages ... */
static const struct report_row meminfo_huge[] = {
	{ "HugePages_Total", COUNT, TOTAL(hugetlb_total) },
	{ "HugePages_Free", COUNT, TOTAL(hugetlb_free) },
	{ "HugePages_Rsvd", COUNT, TOTAL(hugetlb_resv) },
	{ "HugePages_Surp", COUNT, TOTAL(hugetlb_surplus) },
	{ "Hugepagesize", KILOBYTES, TOTAL(huge_kb) },
	{ "Hugetlb", FRAMES, TOTAL(node[NR_HUGETLB]) },
};

/* ... and behind those. */
static const struct report_row meminfo_direct[] = {
	{ "DirectMap4k", FRAMES, TOTAL(direct_4k) },
	{ "DirectMap4M", FRAMES, TOTAL(direct_4m) },
};

/* In vmstat's order: a zone's rows, those of all memory, events. */
#define ZONE_ROWS 11
#define NODE_ROWS 41
static const struct report_row vmstat[] = {
	{ "nr_free_pages", COUNT, TOTAL(all_free) },
	{ "nr_zone_inactive_anon", COUNT, TOTAL(node[NR_INACTIVE_ANON]) },
	{ "nr_zone_active_anon", COUNT, TOTAL(node[NR_ACTIVE_ANON]) },
	{ "nr_zone_inactive_file", COUNT, TOTAL(node[NR_INACTIVE_FILE]) },
	{ "nr_zone_active_file", COUNT, TOTAL(node[NR_ACTIVE_FILE]) },
	{ "nr_zone_unevictable", COUNT, TOTAL(node[NR_UNEVICTABLE]) },
	{ "nr_zone_write_pending", COUNT, TOTAL(node[NR_FILE_DIRTY]) },
	{ "nr_mlock", COUNT, TOTAL(node[NR_MLOCK]) },
	{ "nr_bounce", COUNT, TOTAL(none) },
	{ "nr_zspages", COUNT, TOTAL(none) },
	{ "nr_free_cma", COUNT, TOTAL(none) },
	{ "nr_inactive_anon", COUNT, TOTAL(node[NR_INACTIVE_ANON]) },
	{ "nr_active_anon", COUNT, TOTAL(node[NR_ACTIVE_ANON]) },
	{ "nr_inactive_file", COUNT, TOTAL(node[NR_INACTIVE_FILE]) },
	{ "nr_active_file", COUNT, TOTAL(node[NR_ACTIVE_FILE]) },
	{ "nr_unevictable", COUNT, TOTAL(node[NR_UNEVICTABLE]) },
	{ "nr_slab_reclaimable", COUNT, TOTAL(slab_reclaimable) },
	{ "nr_slab_unreclaimable", COUNT, TOTAL(slab_unreclaimable) },
	{ "nr_isolated_anon", COUNT, TOTAL(node[NR_ISOLATED_ANON]) },
	{ "nr_isolated_file", COUNT, TOTAL(node[NR_ISOLATED_FILE]) },
	{ "workingset_nodes", COUNT, TOTAL(none) },
	{ "workingset_refault_anon", COUNT,
	  TOTAL(node[WORKINGSET_REFAULT_ANON]) },
	{ "workingset_refault_file", COUNT,
	  TOTAL(node[WORKINGSET_REFAULT_FILE]) },
	{ "workingset_activate_anon", COUNT,
	  TOTAL(node[WORKINGSET_ACTIVATE_ANON]) },
	{ "workingset_activate_file", COUNT,
	  TOTAL(node[WORKINGSET_ACTIVATE_FILE]) },
	{ "workingset_restore_anon", COUNT, TOTAL(none) },
	{ "workingset_restore_file", COUNT,
	  TOTAL(node[WORKINGSET_RESTORE_FILE]) },
	{ "workingset_nodereclaim", COUNT,
	  TOTAL(node[WORKINGSET_NODERECLAIM]) },
	{ "nr_anon_pages", COUNT, TOTAL(node[NR_ANON_MAPPED]) },
	{ "nr_mapped", COUNT, TOTAL(node[NR_FILE_MAPPED]) },
	{ "nr_file_pages", COUNT, TOTAL(node[NR_FILE_PAGES]) },
	{ "nr_dirty", COUNT, TOTAL(node[NR_FILE_DIRTY]) },
	{ "nr_writeback", COUNT, TOTAL(node[NR_WRITEBACK]) },
	{ "nr_writeback_temp", COUNT, TOTAL(none) },
	{ "nr_shmem", COUNT, TOTAL(node[NR_SHMEM]) },
	{ "nr_shmem_hugepages", COUNT, TOTAL(none) },
	{ "nr_shmem_pmdmapped", COUNT, TOTAL(none) },
	{ "nr_file_hugepages", COUNT, TOTAL(none) },
	{ "nr_file_pmdmapped", COUNT, TOTAL(none) },
	{ "nr_anon_transparent_hugepages", COUNT, TOTAL(node[NR_ANON_THPS]) },
	{ "nr_vmscan_write", COUNT, TOTAL(none) },
	{ "nr_vmscan_immediate_reclaim", COUNT, TOTAL(none) },
	{ "nr_dirtied", COUNT, TOTAL(node[NR_DIRTIED]) },
	{ "nr_written", COUNT, TOTAL(node[NR_WRITTEN]) },
	{ "nr_throttled_written", COUNT, TOTAL(none) },
	{ "nr_kernel_misc_reclaimable", COUNT, TOTAL(none) },
	{ "nr_foll_pin_acquired", COUNT, TOTAL(none) },
	{ "nr_foll_pin_released", COUNT, TOTAL(none) },
	{ "nr_kernel_stack", COUNT, TOTAL(node[NR_KERNEL_STACK_KB]) },
	{ "nr_page_table_pages", COUNT, TOTAL(node[NR_PAGETABLE]) },
	{ "nr_sec_page_table_pages", COUNT, TOTAL(none) },
	{ "nr_swapcached", COUNT, TOTAL(node[NR_SWAPCACHE]) },
	{ "nr_dirty_threshold", COUNT, TOTAL(dirty_limit) },
	{ "nr_dirty_background_threshold", COUNT, TOTAL(dirty_background) },
	{ "pgpgin", COUNT, TOTAL(kb_in) },
	{ "pgpgout", COUNT, TOTAL(kb_out) },
	{ "pswpin", COUNT, TOTAL(events[PSWPIN]) },
	{ "pswpout", COUNT, TOTAL(events[PSWPOUT]) },
	{ "pgalloc_dma", COUNT, TOTAL(events[PGALLOC_DMA]) },
	{ "pgalloc_normal", COUNT, TOTAL(pgalloc_normal) },
	{ "pgalloc_high", COUNT, TOTAL(events[PGALLOC_HIGH]) },
	{ "pgalloc_movable", COUNT, TOTAL(none) },
	{ "allocstall_dma", COUNT, TOTAL(events[ALLOCSTALL_DMA]) },
	{ "allocstall_normal", COUNT, TOTAL(allocstall_normal) },
	{ "allocstall_high", COUNT, TOTAL(events[ALLOCSTALL_HIGH]) },
	{ "allocstall_movable", COUNT, TOTAL(events[ALLOCSTALL_MOVABLE]) },
	{ "pgskip_dma", COUNT, TOTAL(none) },
	{ "pgskip_normal", COUNT, TOTAL(none) },
	{ "pgskip_high", COUNT, TOTAL(none) },
	{ "pgskip_movable", COUNT, TOTAL(none) },
	{ "pgfree", COUNT, TOTAL(events[PGFREE]) },
	{ "pgactivate", COUNT, TOTAL(events[PGACTIVATE]) },
	{ "pgdeactivate", COUNT, TOTAL(events[PGDEACTIVATE]) },
	{ "pglazyfree", COUNT, TOTAL(events[PGLAZYFREE]) },
	{ "pgfault", COUNT, TOTAL(events[PGFAULT]) },
	{ "pgmajfault", COUNT, TOTAL(events[PGMAJFAULT]) },
	{ "pglazyfreed", COUNT, TOTAL(events[PGLAZYFREED]) },
	{ "pgrefill", COUNT, TOTAL(events[PGREFILL]) },
	{ "pgreuse", COUNT, TOTAL(events[PGREUSE]) },
	{ "pgsteal_kswapd", COUNT, TOTAL(events[PGSTEAL_KSWAPD]) },
	{ "pgsteal_direct", COUNT, TOTAL(events[PGSTEAL_DIRECT]) },
	{ "pgdemote_kswapd", COUNT, TOTAL(none) },
	{ "pgdemote_direct", COUNT, TOTAL(none) },
	{ "pgscan_kswapd", COUNT, TOTAL(events[PGSCAN_KSWAPD]) },
	{ "pgscan_direct", COUNT, TOTAL(events[PGSCAN_DIRECT]) },
	{ "pgscan_direct_throttle", COUNT, TOTAL(none) },
	{ "pgscan_anon", COUNT, TOTAL(events[PGSCAN_ANON]) },
	{ "pgscan_file", COUNT, TOTAL(events[PGSCAN_FILE]) },
	{ "pgsteal_anon", COUNT, TOTAL(events[PGSTEAL_ANON]) },
	{ "pgsteal_file", COUNT, TOTAL(events[PGSTEAL_FILE]) },
	{ "pginodesteal", COUNT, TOTAL(none) },
	{ "slabs_scanned", COUNT, TOTAL(none) },
	{ "kswapd_inodesteal", COUNT, TOTAL(none) },
	{ "kswapd_low_wmark_hit_quickly", COUNT, TOTAL(none) },
	{ "kswapd_high_wmark_hit_quickly", COUNT, TOTAL(none) },
	{ "pageoutrun", COUNT, TOTAL(events[PAGEOUTRUN]) },
	{ "pgrotated", COUNT, TOTAL(events[PGROTATED]) },
	{ "drop_pagecache", COUNT, TOTAL(events[DROP_PAGECACHE]) },
	{ "drop_slab", COUNT, TOTAL(events[DROP_SLAB]) },
	{ "oom_kill", COUNT, TOTAL(events[OOM_KILL]) },
	{ "pgmigrate_success", COUNT, TOTAL(events[PGMIGRATE_SUCCESS]) },
	{ "pgmigrate_fail", COUNT, TOTAL(events[PGMIGRATE_FAIL]) },
	{ "thp_migration_success", COUNT, TOTAL(none) },
	{ "thp_migration_fail", COUNT, TOTAL(none) },
	{ "thp_migration_split", COUNT, TOTAL(none) },
	{ "compact_migrate_scanned", COUNT,
	  TOTAL(events[COMPACTMIGRATE_SCANNED]) },
	{ "compact_free_scanned", COUNT, TOTAL(events[COMPACTFREE_SCANNED]) },
	{ "compact_isolated", COUNT, TOTAL(events[COMPACTISOLATED]) },
	{ "compact_stall", COUNT, TOTAL(events[COMPACTSTALL]) },
	{ "compact_fail", COUNT, TOTAL(events[COMPACTFAIL]) },
	{ "compact_success", COUNT, TOTAL(events[COMPACTSUCCESS]) },
	{ "compact_daemon_wake", COUNT, TOTAL(events[KCOMPACTD_WAKE]) },
	{ "compact_daemon_migrate_scanned", COUNT,
	  TOTAL(events[KCOMPACTD_MIGRATE_SCANNED]) },
	{ "compact_daemon_free_scanned", COUNT,
	  TOTAL(events[KCOMPACTD_FREE_SCANNED]) },
	{ "htlb_buddy_alloc_success", COUNT,
	  TOTAL(events[HTLB_BUDDY_PGALLOC]) },
	{ "htlb_buddy_alloc_fail", COUNT,
	  TOTAL(events[HTLB_BUDDY_PGALLOC_FAIL]) },
	{ "unevictable_pgs_culled", COUNT, TOTAL(none) },
	{ "unevictable_pgs_scanned", COUNT, TOTAL(none) },
	{ "unevictable_pgs_rescued", COUNT, TOTAL(none) },
	{ "unevictable_pgs_mlocked", COUNT,
	  TOTAL(events[UNEVICTABLE_PGMLOCKED]) },
	{ "unevictable_pgs_munlocked", COUNT,
	  TOTAL(events[UNEVICTABLE_PGMUNLOCKED]) },
	{ "unevictable_pgs_cleared", COUNT, TOTAL(none) },
	{ "unevictable_pgs_stranded", COUNT, TOTAL(none) },
	{ "thp_fault_alloc", COUNT, TOTAL(events[THP_FAULT_ALLOC]) },
	{ "thp_fault_fallback", COUNT, TOTAL(events[THP_FAULT_FALLBACK]) },
	{ "thp_fault_fallback_charge", COUNT, TOTAL(none) },
	{ "thp_collapse_alloc", COUNT, TOTAL(events[THP_COLLAPSE_ALLOC]) },
	{ "thp_collapse_alloc_failed", COUNT,
	  TOTAL(events[THP_COLLAPSE_ALLOC_FAILED]) },
	{ "thp_file_alloc", COUNT, TOTAL(none) },
	{ "thp_file_fallback", COUNT, TOTAL(none) },
	{ "thp_file_fallback_charge", COUNT, TOTAL(none) },
	{ "thp_file_mapped", COUNT, TOTAL(none) },
	{ "thp_split_page", COUNT, TOTAL(events[THP_SPLIT_PAGE]) },
	{ "thp_split_page_failed", COUNT, TOTAL(none) },
	{ "thp_deferred_split_page", COUNT, TOTAL(none) },
	{ "thp_split_pmd", COUNT, TOTAL(events[THP_SPLIT_PMD]) },
	{ "thp_scan_exceed_none_pte", COUNT,
	  TOTAL(events[THP_SCAN_EXCEED_NONE_PTE]) },
	{ "thp_scan_exceed_swap_pte", COUNT, TOTAL(none) },
	{ "thp_scan_exceed_share_pte", COUNT,
	  TOTAL(events[THP_SCAN_EXCEED_SHARE_PTE]) },
	{ "thp_zero_page_alloc", COUNT, TOTAL(none) },
	{ "thp_zero_page_alloc_failed", COUNT, TOTAL(none) },
	{ "thp_swpout", COUNT, TOTAL(none) },
	{ "thp_swpout_fallback", COUNT, TOTAL(none) },
	{ "balloon_inflate", COUNT, TOTAL(none) },
	{ "balloon_deflate", COUNT, TOTAL(none) },
	{ "balloon_migrate", COUNT, TOTAL(none) },
	{ "swap_ra", COUNT, TOTAL(events[SWAP_RA]) },
	{ "swap_ra_hit", COUNT, TOTAL(events[SWAP_RA_HIT]) },
	{ "ksm_swpin_copy", COUNT, TOTAL(events[KSM_SWPIN_COPY]) },
	{ "cow_ksm", COUNT, TOTAL(events[COW_KSM]) },
	{ "zswpin", COUNT, TOTAL(none) },
	{ "zswpout", COUNT, TOTAL(none) },
	{ "direct_map_level2_splits", COUNT, TOTAL(none) },
	{ "direct_map_level3_splits", COUNT, TOTAL(none) },
	{ "nr_unstable", COUNT, TOTAL(none) },
};

const struct report_table machine_report = {
	.meminfo = REPORT_ROWS(meminfo),
	.vmstat = REPORT_ROWS(vmstat),
	.zone = { vmstat, ZONE_ROWS },
	.node = { vmstat + ZONE_ROWS, NODE_ROWS },
	.event = PGSTEAL_BLOCK,
	.linux_zones = true,
};

/* Frames of high memory on a CPU's lists. Context: local_locks_stop(). */
static unsigned long pcp_high(struct per_cpu_pages *pcp)
{
	unsigned long n = 0;
	struct page *page;
	unsigned int o;

	local_lock_await(&pcp->lock);
	for (o = 0; o < PCP_ORDERS; o++)
		list_for_each_entry(page, &pcp->lists[o][MIGRATE_MOVABLE], lru)
			n += page_is_high(page) ? 1ul << o : 0;
	local_lock_release(&pcp->lock);
	return n;
}

/* Frames in caches alone; how many objects are in them takes longer. */
static void add_caches(struct mm_totals *t)
{
	struct kmem_cache *cache;

	spin_lock(&slab_mutex);
	list_for_each_entry(cache, &slab_caches, list) {
		if (cache->flags & SLAB_RECLAIM_ACCOUNT)
			t->slab_reclaimable += cache->nr_pages;
		else
			t->slab_unreclaimable += cache->nr_pages;
	}
	spin_unlock(&slab_mutex);
}

static void add_cpus(struct mm_totals *t)
{
	struct mm_cpu *cpu;

	spin_lock(&mm_cpu_mutex);
	local_locks_stop();
	list_for_each_entry(cpu, &mm_cpus, list) {
		t->pcp += cpu->pcp.count;
		t->high_free += t->high_total ? pcp_high(&cpu->pcp) : 0;
	}
	local_locks_go();
	spin_unlock(&mm_cpu_mutex);
}

static void add_uses(struct mm_totals *t)
{
	unsigned long *node = t->node;
	struct hstate h;
	unsigned int i;

	for (i = 0; i < NR_NODE_STAT_ITEMS; i++)
		node[i] = global_node_page_state(i);
	t->file_lru = node[NR_ACTIVE_FILE] + node[NR_INACTIVE_FILE];
	t->active = node[NR_ACTIVE_ANON] + node[NR_ACTIVE_FILE];
	t->inactive = node[NR_INACTIVE_ANON] + node[NR_INACTIVE_FILE];
	t->kb_in = vm_sectors_in >> 1;
	t->kb_out = vm_sectors_out >> 1;
	t->cached = less(node[NR_FILE_PAGES], node[NR_BLOCKDEV_PAGES]);
	swap_totals(&t->swap_total, &t->swap_free);
	global_dirty_limits(&t->dirty_background, &t->dirty_limit);
	t->commit_limit = vm_commit_limit();
	t->committed = (unsigned long)max(vm_committed_as, 0l);
	t->vmalloc_kb = (VMALLOC_END - VMALLOC_START) >> 10;
	t->anon_huge = node[NR_ANON_THPS] << HPAGE_PMD_ORDER;
	t->huge_kb = HPAGE_PMD_SIZE >> 10;
	hugetlb_stat(&h);
	t->hugetlb_total = h.nr_huge_pages;
	t->hugetlb_free = h.free_huge_pages;
	t->hugetlb_resv = h.resv_huge_pages;
	t->hugetlb_surplus = h.surplus_huge_pages;
	t->direct_4k = direct_pages_count[DIRECT_4K];
	t->direct_4m = direct_pages_count[DIRECT_4M]
		       << (PGDIR_SHIFT - PAGE_SHIFT);
}

/**
 * machine_collect_totals() - this machine's memory in numbers
 * @t: filled, but for the events
 */
void machine_collect_totals(struct mm_totals *t)
{
	struct zone *z;

	*t = (struct mm_totals){ 0 };
	for_each_populated_zone(z)
		totals_add_zone(t, z);
	add_caches(t);
	t->high_total = zones[ZONE_HIGHMEM].managed_pages;
	t->high_free = zones[ZONE_HIGHMEM].free_pages;
	add_cpus(t);
	add_uses(t);
	totals_finish(t);
	t->low_total = t->managed - t->high_total;
	t->low_free = less(t->all_free, t->high_free);
}

static void count_events(struct mm_totals *t)
{
	struct mm_cpu *cpu;
	unsigned int i;

	spin_lock(&mm_cpu_mutex);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		t->events[i] = vm_events_dead[i];
	list_for_each_entry(cpu, &mm_cpus, list)
		for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
			t->events[i] += cpu->events[i];
	spin_unlock(&mm_cpu_mutex);
	totals_finish(t);
}

/**
 * meminfo_proc_show() - all of memory in kB
 * @m: where to; may overflow
 */
void meminfo_proc_show(struct seq_file *m)
{
	static const struct report_rows huge = REPORT_ROWS(meminfo_huge);
	static const struct report_rows direct = REPORT_ROWS(meminfo_direct);
	struct mm_totals t;

	machine_collect_totals(&t);
	write_meminfo(m, &machine_report.meminfo, &t);
	if (hugepages_supported())
		write_meminfo(m, &huge, &t);
	write_meminfo(m, &direct, &t);
}

/**
 * vmstat_proc_show() - counters: what there is, and what happened
 * @m: where to; may overflow
 *
 * Linux's rows, and behind them the core's own.
 */
void vmstat_proc_show(struct seq_file *m)
{
	struct mm_totals t;

	machine_collect_totals(&t);
	count_events(&t);
	write_vmstat(m, &machine_report, &t);
}

/* ---- zoneinfo ---- */

/* What a zone's user pages are. */
static void scan_zone(const struct zone *z, struct mm_totals *t)
{
	const struct page *page = pfn_to_page(z->start_pfn);
	const struct page *end = page + z->spanned_pages;
	unsigned long nr;

	for (; page < end; page++) {
		if (page->flags != PG_used || !(page->pflags & PG_lru))
			continue;
		nr = (unsigned long)thp_nr_pages(page);
		t->node[NR_LRU_BASE + lru_of_flags(page->pflags)] += nr;
		if (atomic_read(&page->_mlock_count))
			t->node[NR_MLOCK] += nr;
		if (page_is_file_lru(page) &&
		    page->pflags & (PG_dirty | PG_writeback))
			t->node[NR_FILE_DIRTY] += nr;
	}
}

/* Of a CPU's frames at hand, those of a zone. The lists have two zones'. */
static unsigned long pcp_in_zone(struct per_cpu_pages *pcp,
				 const struct zone *z)
{
	unsigned long high = pcp_high(pcp);

	if (z->index == ZONE_HIGHMEM)
		return high;
	return z->index == ZONE_NORMAL ? less(pcp->count, high) : 0;
}

/**
 * machine_zone_totals() - a zone's pages by age, and its frames at CPUs' hands
 * @z: the zone
 * @t: filled with that; NR_FILE_DIRTY also has what is just written
 */
void machine_zone_totals(const struct zone *z, struct mm_totals *t)
{
	struct mm_cpu *cpu;

	*t = (struct mm_totals){ .all_free = z->free_pages };
	if (!z->managed_pages)
		return;
	scan_zone(z, t);
	spin_lock(&mm_cpu_mutex);
	local_locks_stop();
	list_for_each_entry(cpu, &mm_cpus, list)
		t->pcp += pcp_in_zone(&cpu->pcp, z);
	local_locks_go();
	spin_unlock(&mm_cpu_mutex);
}

static void show_pagesets(struct seq_file *m, const struct zone *z)
{
	struct mm_cpu *cpu;

	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		write_zoneinfo_cpu(m, &machine_report, cpu->nr,
				   pcp_in_zone(&cpu->pcp, z));
	spin_unlock(&mm_cpu_mutex);
}

/**
 * zoneinfo_proc_show() - watermarks, sizes and uses of each zone
 * @m: where to; may overflow
 */
void zoneinfo_proc_show(struct seq_file *m)
{
	static const struct zone movable;
	struct mm_totals node, in_zone, *first = &node;
	struct zone *z;

	machine_collect_totals(&node);
	for (z = zones; z < zones + MAX_NR_ZONES; z++) {
		machine_zone_totals(z, &in_zone);
		write_zoneinfo(m, &machine_report, 0, z->name, z, &in_zone,
			       z->managed_pages ? first : NULL);
		if (!z->managed_pages)
			continue;
		first = NULL;
		show_pagesets(m, z);
		write_zoneinfo_end(m, z);
	}
	write_zoneinfo(m, &machine_report, 0, "Movable", &movable, NULL, NULL);
}

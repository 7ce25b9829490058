/* SPDX-License-Identifier: MIT */
/* Where memory is, to the log: for a panic, or when there is no more. */
#include <ashlar/vmstat.h>
#include "report.h"

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))

static void log_zone(const struct zone *z)
{
	mm_log("%s free:%lukB min:%lukB low:%lukB high:%lukB present:%lukB "
	       "managed:%lukB",
	       z->name, KB(z->free_pages), KB(z->watermark[WMARK_MIN]),
	       KB(z->watermark[WMARK_LOW]), KB(z->watermark[WMARK_HIGH]),
	       KB(z->present_pages), KB(z->managed_pages));
}

/** show_mem() - where memory is, in a few lines of the log. Context: any. */
void show_mem(void)
{
	struct mm_totals t;
	struct zone *z;

	machine_collect_totals(&t);
	mm_log("Mem-Info: total:%lukB free:%lukB anon:%lukB file:%lukB "
	       "shmem:%lukB slab:%lukB",
	       KB(t.managed), KB(t.all_free), KB(t.node[NR_ANON_MAPPED]),
	       KB(t.node[NR_FILE_PAGES]), KB(t.node[NR_SHMEM]), KB(t.slab));
	mm_log("mapped:%lukB pagetables:%lukB kernel_stack:%lukB "
	       "vmalloc:%lukB committed:%lukB limit:%lukB",
	       KB(t.node[NR_FILE_MAPPED]), KB(t.node[NR_PAGETABLE]),
	       t.node[NR_KERNEL_STACK_KB], KB(t.node[NR_VMALLOC]),
	       KB(t.committed), KB(t.commit_limit));
	for_each_populated_zone(z)
		log_zone(z);
}

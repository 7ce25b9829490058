/* SPDX-License-Identifier: MIT */
/*
 * How many frames are used for what, and what happened: counters of one
 * CPU each, summed when somebody reads (mm/vmstat.c). Names as in Linux.
 */
#ifndef ASHLAR_VMSTAT_H
#define ASHLAR_VMSTAT_H

#include <ashlar/types.h>
#include <mach/percpu.h>

enum node_stat_item {
	NR_ANON_MAPPED, /* anonymous pages in page tables */
	NR_FILE_MAPPED, /* page cache pages in page tables */
	NR_FILE_PAGES, /* page cache, shmem included */
	NR_SHMEM, /* of those, tmpfs and shared memory */
	NR_FILE_DIRTY,
	NR_MLOCK, /* pages of locked areas */
	NR_PAGETABLE, /* frames that hold page tables */
	NR_KERNEL_STACK_KB,
	NR_VMALLOC, /* frames mapped by vmalloc */
	NR_UNEVICTABLE,
	NR_NODE_STAT_ITEMS
};

DECLARE_PER_CPU(long, vm_node_stat[NR_NODE_STAT_ITEMS]);

static inline void mod_node_page_state(enum node_stat_item item, long n)
{
	this_cpu_add_element(vm_node_stat, item, n);
}

static inline void inc_node_page_state(enum node_stat_item item)
{
	mod_node_page_state(item, 1);
}

static inline void dec_node_page_state(enum node_stat_item item)
{
	mod_node_page_state(item, -1);
}

/* The sum over CPUs, never below 0. */
unsigned long global_node_page_state(enum node_stat_item item);

#endif

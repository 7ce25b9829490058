/* SPDX-License-Identifier: MIT */
/*
 * How many frames are used for what, where there are address spaces. Names as
 * in Linux; reports: mm/report/.
 */
#ifndef ASHLAR_VMSTAT_H
#define ASHLAR_VMSTAT_H

#include <ashlar/types.h>

enum node_stat_item {
	/* Pages on the lists of mm/swap.c, in their order (lru_lock). */
	NR_LRU_BASE,
	NR_INACTIVE_ANON = NR_LRU_BASE,
	NR_ACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_UNEVICTABLE,
	NR_ISOLATED_ANON, /* taken from a list for a while */
	NR_ISOLATED_FILE,
	WORKINGSET_REFAULT_ANON, /* pages of swap areas that came back */
	WORKINGSET_ACTIVATE_ANON, /* so soon that they were active at once */
	WORKINGSET_REFAULT_FILE, /* pages that had been reclaimed came back */
	WORKINGSET_ACTIVATE_FILE, /* so soon that they were active at once */
	WORKINGSET_RESTORE_FILE, /* and had been so before they went */
	WORKINGSET_NODERECLAIM, /* nodes that held nothing but shadows */
	NR_ANON_MAPPED, /* anonymous pages in page tables */
	NR_ANON_THPS, /* huge pages among them: 1,024 of those pages each */
	NR_FILE_MAPPED, /* page cache pages in page tables */
	NR_FILE_PAGES, /* page cache, shmem included */
	NR_BLOCKDEV_PAGES, /* of those, block devices' */
	NR_SHMEM, /* of those, tmpfs and shared memory */
	NR_FILE_DIRTY,
	NR_WRITEBACK, /* pages on their way to a disk */
	NR_DIRTIED, /* pages of files that became dirty, since boot */
	NR_WRITTEN, /* pages that were written, since boot */
	NR_MLOCK, /* pages of locked areas */
	NR_PAGETABLE, /* frames that hold page tables */
	NR_KERNEL_STACK_KB,
	NR_VMALLOC, /* frames mapped by vmalloc */
	NR_HUGETLB, /* frames in the pool of mm/hugetlb.c */
	NR_SWAPCACHE, /* pages in the swap cache */
	NR_NODE_STAT_ITEMS
};

extern long vm_node_stat[NR_NODE_STAT_ITEMS];

static inline void mod_node_page_state(enum node_stat_item item, long n)
{
	__atomic_fetch_add(&vm_node_stat[item], n, __ATOMIC_RELAXED);
}

static inline void inc_node_page_state(enum node_stat_item item)
{
	mod_node_page_state(item, 1);
}

static inline void dec_node_page_state(enum node_stat_item item)
{
	mod_node_page_state(item, -1);
}

/* Never below 0: two counts are not of one moment. */
static inline unsigned long global_node_page_state(enum node_stat_item item)
{
	long n = __atomic_load_n(&vm_node_stat[item], __ATOMIC_RELAXED);

	return n > 0 ? (unsigned long)n : 0;
}

/* Sectors of 512 bytes that disks were asked to read, and to write. */
extern unsigned long vm_sectors_in, vm_sectors_out;

struct seq_file;

/* Linux's files of these names, for the whole machine. */
void meminfo_proc_show(struct seq_file *m);
void vmstat_proc_show(struct seq_file *m);
void zoneinfo_proc_show(struct seq_file *m);

/* mm/report/frames.c: every frame, and the page blocks; of a machine. */
void show_frames(struct seq_file *m);
void show_pageblocks(struct seq_file *m);

/* How many pages of each size make up the direct map; the port counts. */
enum { DIRECT_4K, DIRECT_4M, NR_DIRECT_SIZES };
extern unsigned long direct_pages_count[NR_DIRECT_SIZES];

/* Where memory is, to the log: for a panic, or when there is no more. */
void show_mem(void);

/* "0xcc0(GFP_KERNEL)": flags of an allocation, in Linux's numbers and names. */
#define GFP_TEXT 200u
void format_gfp(char *buf, size_t size, gfp_t gfp, unsigned int order);

#endif

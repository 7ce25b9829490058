/* SPDX-License-Identifier: MIT */
/*
 * What goes on beside the programs of pressure.h: reclaim, writing out,
 * compaction, an administrator who changes things; and what all counts must be
 * at a moment at which no program is within an operation.
 */
#include "../mm/lru.h"
#include "../mm/page_alloc.h"
#include "../mm/pgtable.h"
#include "../mm/vma.h"
#include "pressure.h"
#include <ashlar/string.h>
#include <ashlar/compaction.h>
#include <ashlar/huge_mm.h>
#include <ashlar/khugepaged.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/swap.h>
#include <ashlar/xa_slots.h>

#define BLOCKS 4

static bool kswapd_woken, flusher_woken, kcompactd_woken;

static void wake_kswapd(void)
{
	kswapd_woken = true;
}

static void wake_flusher(void)
{
	flusher_woken = true;
}

static void wake_kcompactd(void)
{
	kcompactd_woken = true;
}

/* ---- kernel threads ---- */

void kswapd_step(void)
{
	if (!kswapd_woken)
		return;
	kswapd_woken = false;
	balance_pgdat();
}

/* Dirty pages of every file, a few of each; all of them now and then. */
static void flush_files(bool all)
{
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct writeback_control wbc = { .nr_to_write = 40,
						 .range_cyclic = true };

		if (!objects[i].disk)
			continue;
		if (all || over_background_thresh())
			do_writepages(objects[i].file->f_mapping, &wbc);
	}
}

void daemons_step(void)
{
	if (flusher_woken) {
		flusher_woken = false;
		flush_files(false);
	}
	if (one_in(2000))
		flush_files(true);
	if (kcompactd_woken) {
		kcompactd_woken = false;
		kcompactd_work();
	}
	if (one_in(1000))
		compact_proactively();
	if (setting.huge && one_in(300))
		khugepaged_do_scan();
}

/* ---- counts ---- */

static struct {
	long stat[NR_NODE_STAT_ITEMS];
	struct address_space *files[4096];
	unsigned int nr_files;
} recount;

static void add_file(struct address_space *m)
{
	for (unsigned int i = 0; i < recount.nr_files; i++)
		if (recount.files[i] == m)
			return;
	EXPECT(recount.nr_files < ARRAY_SIZE(recount.files));
	recount.files[recount.nr_files++] = m;
}

static void find_files(void)
{
	struct vm_area_struct *vma;

	recount.nr_files = 0;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++)
		if (objects[i].file)
			add_file(objects[i].file->f_mapping);
	for (int i = 0; i < PROGRAMS * SPACES; i++) {
		struct space *s = &programs[i / SPACES].spaces[i % SPACES];

		if (!s->mm)
			continue;
		for (vma = s->mm->mmap; vma; vma = vma->vm_next)
			if (vma_mapping(vma))
				add_file(vma_mapping(vma));
	}
}

static void count_file(struct address_space *m)
{
	bool shmem = m->flags & AS_SHMEM;
	unsigned long index = 0, nr = 0;
	struct page *page;

	for (; (page = find_get_next_page(m, &index, ~0ul)); index++) {
		nr++;
		recount.stat[NR_FILE_PAGES]++;
		recount.stat[NR_SHMEM] += shmem;
		recount.stat[NR_FILE_DIRTY] += !shmem && PageDirty(page);
		recount.stat[NR_WRITEBACK] += PageWriteback(page);
		if (PageDirty(page) && !shmem)
			EXPECT(__xa_get_mark(&m->i_pages, index,
					     XA_MARK_DIRTY));
		put_page(page);
	}
	EXPECT_EQ(m->nrpages, nr);
}

static void count_swaps(void)
{
	struct swap_info_struct *si;

	for (si = swap_info; si < swap_info + MAX_SWAPFILES; si++) {
		unsigned long index = 0;
		struct page *page;

		if (!si->used)
			continue;
		check_swap(si);
		xa_for_each_range(&si->cache, index, page, 0, si->max)
		{
			recount.stat[NR_SWAPCACHE]++;
			recount.stat[NR_WRITEBACK] += PageWriteback(page);
		}
	}
}

static void count_frames(void)
{
	for (unsigned long pfn = 0; pfn < port_ram_pages; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		unsigned int lru;
		bool mapped;

		if (page->flags != PG_used)
			continue;
		mapped = atomic_read(&page->_mapcount) > 0;
		lru = NR_LRU_BASE + lru_of_flags(page->pflags);
		if (page->pflags & PG_lru)
			recount.stat[lru] += thp_nr_pages(page);
		if (!page->mapping || !mapped)
			continue;
		recount.stat[page->mapping & PAGE_MAPPING_ANON ?
				     NR_ANON_MAPPED :
				     NR_FILE_MAPPED] += thp_nr_pages(page);
		recount.stat[NR_ANON_THPS] += PageTransHuge(page);
	}
}

/* meminfo's numbers are what there is. */
static void check_counts(void)
{
	static const u8 items[] = { NR_INACTIVE_ANON, NR_ACTIVE_ANON,
				    NR_INACTIVE_FILE, NR_ACTIVE_FILE,
				    NR_UNEVICTABLE,   NR_ANON_MAPPED,
				    NR_ANON_THPS,     NR_FILE_MAPPED,
				    NR_FILE_PAGES,    NR_SHMEM,
				    NR_FILE_DIRTY,    NR_WRITEBACK,
				    NR_SWAPCACHE };

	memset(recount.stat, 0, sizeof(recount.stat));
	find_files();
	for (unsigned int i = 0; i < recount.nr_files; i++)
		count_file(recount.files[i]);
	count_swaps();
	count_frames();
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (recount.stat[items[i]] != vm_node_stat[items[i]])
			sim_fail("count %u is %ld and should be %ld", items[i],
				 vm_node_stat[items[i]],
				 recount.stat[items[i]]);
}

/* Context: nothing else goes on. */
void check_quiet(void)
{
	while (disk_step())
		;
	mm_validate();
	lru_validate_frames();
	for (int i = 0; i < PROGRAMS * SPACES; i++) {
		struct space *s = &programs[i / SPACES].spaces[i % SPACES];

		if (s->mm)
			check_space(s->mm);
	}
	check_counts();
	check_disks();
}

/* ---- an administrator ---- */

/* Blocks of the kernel's, that stay for a while. */
static void take_blocks(void)
{
	static struct page *blocks[BLOCKS];
	unsigned int i = (unsigned int)some(BLOCKS);
	gfp_t gfp = some(2) ? GFP_KERNEL : GFP_NOWAIT;

	if (blocks[i]) {
		__free_pages(blocks[i], blocks[i]->order);
		blocks[i] = NULL;
	}
	if (!over && some(3))
		blocks[i] = alloc_pages(gfp | __GFP_NOWARN | __GFP_NORETRY,
					(unsigned int)some(5));
}

static void look_closely(void)
{
	void (*on_unlock)(void) = sim.on_unlock;

	pause_others();
	sim.on_unlock = NULL;
	check_quiet();
	sim.on_unlock = on_unlock;
	others_go_on();
}

static void change_settings(void)
{
	static const int swappiness[] = { 1, 10, 60, 100, 200 };

	vm_swappiness = swappiness[some(ARRAY_SIZE(swappiness))];
	vm_dirty_ratio = 5 + (int)some(60);
	dirty_background_ratio = 1 + (int)some(10);
	sysctl_page_cluster = (int)some(6);
	if (setting.huge)
		thp_mode = (enum thp_mode)some(3);
	thp_defrag = (enum thp_defrag)some(5);
}

static void administrate(void)
{
	switch (some(14)) {
	case 0:
		drop_pagecache();
		break;
	case 1:
		drop_slab();
		break;
	case 2:
		compact_node();
		break;
	case 3:
		drop_swap((unsigned int)some(2));
		break;
	case 4:
	case 5:
		again_swap(0);
		again_swap(1);
		break;
	case 6:
		look_closely();
		break;
	case 7:
		change_settings();
		break;
	case 9:
		shmem_lock(objects[1].file->f_mapping, one_in(3));
		break;
	case 10:
		filemap_fdatawrite_range(objects[0].file->f_mapping, 0,
					 MAX_LFS_FILESIZE, WB_SYNC_NONE);
		break;
	case 8:
		sim.time_ms += some(10000);
		break;
	default:
		take_blocks();
	}
}

void administrator_run(void *arg)
{
	(void)arg;
	while (!over) {
		if (one_in(300))
			administrate();
		sim_fiber_yield();
	}
	for (int i = 0; i < 1000; i++)
		take_blocks();
}

/* There is room in the swap areas, so there is always memory to be had. */
static enum oom_verdict no_memory(gfp_t gfp, unsigned int order)
{
	if (!setting.fail_disk && !setting.fail_alloc)
		sim_fail("no memory: order %u, mode %#x", order, gfp);
	return OOM_NOBODY;
}

/* Files that all have, and swap areas: one of them is enough. */
void system_begin(void)
{
	unsigned long swap = setting.ram * 6;

	page_alloc_oom = no_memory;
	wakeup_kswapd = wake_kswapd;
	start_background_writeback = wake_flusher;
	compaction_init(wake_kcompactd);
	thp_mode = setting.huge ? THP_ALWAYS : THP_NEVER;
	objects[0].file = new_disk_file(&objects[0], setting.file);
	objects[1].file =
		shmem_file_setup("shared", setting.file << PAGE_SHIFT, 0);
	EXPECT(!IS_ERR(objects[1].file));
	objects[0].size = objects[1].size = setting.file;
	new_swap(0, swap, 1);
	new_swap(1, swap, (int)some(2));
}

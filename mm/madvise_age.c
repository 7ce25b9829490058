/* SPDX-License-Identifier: MIT */
/*
 * Advice about how soon pages are used again:
 *
 *   MADV_WILLNEED  soon: what a disk has of them begins to be read
 *   MADV_COLD      later than others: they become inactive
 *   MADV_PAGEOUT   much later: they go now, to where they can be had from
 *   MADV_FREE      never, unless they are written to: they may be dropped. They
 *                  look like pages that nobody wrote to, and have nowhere to go
 *
 * Pages that others map as well are left alone: these have not been asked.
 *
 * Locks: page_table_lock for the entries of a table, or until a batch of pages
 * is isolated; what goes goes after it was let go.
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/readahead.h>
#include <ashlar/swapops.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "lru.h"
#include "pgtable.h"
#include "shmem.h"
#include "swapfile.h"
#include "vma.h"
#include "vmscan.h"

/* ---- MADV_WILLNEED ---- */

#define READ_BATCH 16u /* slots: their pages are read without the lock */

/* The first slots of [*@addr, @end), which begins behind them then; how many */
static unsigned int take_slots(struct mm_struct *mm, unsigned long *addr,
			       unsigned long end, swp_entry_t *slot)
{
	unsigned int nr = 0;
	unsigned long next;
	pte_t *pte;

	pte = pte_range_lock(mm, *addr, end, &next);
	if (!pte) {
		*addr = next;
		return 0;
	}
	for (; *addr < next && nr < READ_BATCH; *addr += PAGE_SIZE, pte++) {
		if (!is_swap_pte(*pte))
			continue;
		slot[nr] = pte_to_swp_entry(*pte);
		nr += !is_migration_entry(slot[nr]);
	}
	spin_unlock(&mm->page_table_lock);
	return nr;
}

/**
 * madvise_willneed() - pages of [@start, @end) begin to be read
 *
 * Those of files, and those that swap areas have; as many as there is memory
 * for. Context: mmap_lock; may sleep.
 */
void madvise_willneed(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	unsigned long nr = (end - start) >> PAGE_SHIFT;
	unsigned long index = linear_page_index(vma, start);
	struct address_space *m = vma_mapping(vma);
	swp_entry_t slot[READ_BATCH];
	unsigned int i;

	if (m) {
		force_page_cache_readahead(m, index, nr);
		shmem_swapin_soon(m, index, nr);
	}
	while (start < end) {
		nr = take_slots(vma->vm_mm, &start, end, slot);
		for (i = 0; i < nr; i++)
			swapin_soon(slot[i]);
	}
}

/* ---- MADV_COLD, MADV_PAGEOUT ---- */

/* Pages that are to go: anonymous ones, and those of files. */
struct pageout {
	struct list_head list[2];
	unsigned int nr[2];
	bool files; /* the program may have them written */
};

static void pageout_init(struct pageout *out, const struct vm_area_struct *vma)
{
	INIT_LIST_HEAD(&out->list[0]);
	INIT_LIST_HEAD(&out->list[1]);
	out->nr[0] = out->nr[1] = 0;
	out->files = !vma->vm_file || (vma->vm_file->f_mode & FMODE_WRITE);
}

static bool pageout_is_full(const struct pageout *out)
{
	return out->nr[0] + out->nr[1] >= SWAP_CLUSTER_MAX;
}

static void pageout_end(struct pageout *out)
{
	unsigned int file;

	for (file = 0; file < 2; file++) {
		if (out->nr[file])
			reclaim_pages(&out->list[file], file, out->nr[file]);
		out->nr[file] = 0;
	}
}

static void isolate_for(struct pageout *out, struct page *page)
{
	bool file = page_is_file_lru(page);

	if ((!PageAnon(page) && !out->files) || !isolate_lru_page(page))
		return;
	list_add(&page->lru, &out->list[file]);
	out->nr[file]++;
}

/* The page of an entry; @out is NULL if it stays. page_table_lock. */
static void age_entry(pte_t *pte, struct pageout *out)
{
	struct page *page = pte_page(*pte);
	pte_t entry = *pte;

	if (atomic_read(&page->_mapcount) != 1)
		return;
	ptep_modify(pte, entry, pte_mkold(entry));
	clear_page_flags(page, PG_referenced);
	if (out)
		isolate_for(out, page);
	else
		deactivate_page(page);
}

/* Entries from @pte on, of @nr; how many were looked at. page_table_lock. */
static unsigned long age_entries(pte_t *pte, unsigned long nr,
				 struct pageout *out)
{
	unsigned long i;

	for (i = 0; i < nr; i++, pte++) {
		if (!pte_present(*pte) || pte_special(*pte))
			continue;
		age_entry(pte, out);
		if (out && pageout_is_full(out))
			return i + 1;
	}
	return nr;
}

static void age_range(struct vm_area_struct *vma, unsigned long addr,
		      unsigned long end, struct pageout *out)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long next, start = addr;
	pte_t *pte;

	while (addr < end) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte) {
			addr = next;
			continue;
		}
		addr += age_entries(pte, (next - addr) >> PAGE_SHIFT, out)
			<< PAGE_SHIFT;
		spin_unlock(&mm->page_table_lock);
		if (out)
			pageout_end(out);
	}
	flush_tlb_range(mm, start, end);
}

/** madvise_cold() - pages of [@start, @end) become inactive */
void madvise_cold(struct vm_area_struct *vma, unsigned long start,
		  unsigned long end)
{
	age_range(vma, start, end, NULL);
}

/**
 * madvise_pageout() - pages of [@start, @end) go, if they can be had again
 *
 * Context: mmap_lock; may sleep.
 */
void madvise_pageout(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct pageout out;

	pageout_init(&out, vma);
	age_range(vma, start, end, &out);
}

/* ---- MADV_FREE ---- */

/* What a swap area has of it is not needed. page_table_lock. */
static void free_swap_entry(struct mm_struct *mm, pte_t *pte)
{
	swp_entry_t entry = pte_to_swp_entry(*pte);

	if (is_migration_entry(entry))
		return;
	pte_clear(pte);
	mm->swap_ents--;
	free_swap_and_cache(entry);
}

/* True if the page has no slot, or none any more. */
static bool gives_up_slot(struct page *page)
{
	bool gone;

	if (!PageSwapCache(page))
		return true;
	if (!trylock_page(page))
		return false;
	gone = try_to_free_swap(page);
	unlock_page(page);
	return gone;
}

static void free_entry_lazily(pte_t *pte)
{
	struct page *page = pte_page(*pte);

	if (atomic_read(&page->_mapcount) != 1 || !PageAnon(page) ||
	    PageKsm(page) || !gives_up_slot(page))
		return;
	set_pte(pte, pte_mkold(pte_mkclean(ptep_get_and_clear(pte))));
	clear_page_flags(page, PG_dirty);
	mark_page_lazyfree(page);
}

/**
 * madvise_free() - what [@start, @end) holds may be dropped
 * @vma: anonymous
 */
void madvise_free(struct vm_area_struct *vma, unsigned long start,
		  unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next;
	pte_t *pte;

	for (addr = start; addr < end; addr = next) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		for (; addr < next; addr += PAGE_SIZE, pte++)
			if (is_swap_pte(*pte))
				free_swap_entry(mm, pte);
			else if (pte_present(*pte) && !pte_special(*pte))
				free_entry_lazily(pte);
		spin_unlock(&mm->page_table_lock);
	}
	flush_tlb_range(mm, start, end);
}

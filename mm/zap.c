/* SPDX-License-Identifier: MIT */
/*
 * Taking pages away: an entry is cleared, the TLB forgets it, and only then
 * the frame goes back to the buddy system; in batches (mmu_gather).
 *
 *   area, or all that map a file ─→ entries ─→ mmu_gather ─→ flush ─→ free
 *                                              pages[60]
 *
 * Entries that are not present go as well: their slot in a swap area loses an
 * owner (swap_map.c), and so does a page in the swap cache that is unmapped.
 *
 * Locks: page_table_lock around a table's entries; the counts are settled once
 * at the end. What goes with a file has left its cache before: see fault.c.
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rmap.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "hugetlb.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "swapfile.h"
#include "vma.h"

#define GATHER_PAGES 60

/* What is being unmapped: frames to free and counts to settle, in batches. */
struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start, end; /* addresses to be flushed */
	bool cleared; /* an entry that has no page, since the last flush */
	bool exiting; /* flushed once, at the end */
	bool keep_cows; /* leave private copies alone */
	long anon, file, shmem, swap; /* entries that went, by kind */
	long anon_unmapped, file_unmapped; /* pages that no entry maps now */
	unsigned int nr;
	struct page *pages[GATHER_PAGES];
};

static void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm,
			   unsigned long start, unsigned long end)
{
	tlb->mm = mm;
	tlb->start = start;
	tlb->end = end;
	tlb->cleared = false;
	tlb->exiting = false;
	tlb->keep_cows = false;
	tlb->anon = tlb->file = tlb->shmem = tlb->swap = 0;
	tlb->anon_unmapped = tlb->file_unmapped = 0;
	tlb->nr = 0;
}

/* Pages that have lost an owner may not need their slots any more. */
static __cold_path void free_swap_caches(struct mmu_gather *tlb)
{
	unsigned int i;

	for (i = 0; i < tlb->nr; i++)
		free_swap_cache(tlb->pages[i]);
}

static void tlb_flush_mmu(struct mmu_gather *tlb)
{
	if ((tlb->cleared || tlb->nr) && !tlb->exiting)
		flush_tlb_range(tlb->mm, tlb->start, tlb->end);
	tlb->cleared = false;
	if (unlikely(READ_ONCE(vm_node_stat[NR_SWAPCACHE])))
		free_swap_caches(tlb);
	if (tlb->nr)
		release_pages(tlb->pages, tlb->nr);
	tlb->nr = 0;
}

static void tlb_finish_mmu(struct mmu_gather *tlb)
{
	struct mm_struct *mm = tlb->mm;

	tlb_flush_mmu(tlb);
	if (!(tlb->anon | tlb->file | tlb->shmem | tlb->swap))
		return;
	spin_lock(&mm->page_table_lock);
	mm->hiwater_rss = max(mm->hiwater_rss, get_mm_rss(mm));
	mm->rss_anon -= tlb->anon;
	mm->rss_file -= tlb->file;
	mm->rss_shmem -= tlb->shmem;
	mm->swap_ents -= tlb->swap;
	spin_unlock(&mm->page_table_lock);
	mod_node_page_state(NR_ANON_MAPPED, -tlb->anon_unmapped);
	mod_node_page_state(NR_FILE_MAPPED, -tlb->file_unmapped);
}

static inline void zap_file_page(struct mmu_gather *tlb, struct page *page,
				 pte_t entry)
{
	if (pte_young(entry))
		mark_page_accessed(page);
	if (page->pflags & PG_swapbacked) {
		if (pte_dirty(entry))
			set_page_flags(page, PG_dirty);
		tlb->shmem++;
	} else {
		tlb->file++; /* it is dirty already: mm/page_dirty.c */
	}
	if (atomic_dec_and_test(&page->_mapcount))
		tlb->file_unmapped++;
}

/* The page arrives elsewhere without this entry, which counts in rss_* only. */
static void zap_migration_entry(struct mmu_gather *tlb, pte_t *pte,
				const struct page *page)
{
	if (tlb->keep_cows && PageAnon(page))
		return;
	pte_clear(pte);
	if (PageAnon(page))
		tlb->anon++;
	else if (page->pflags & PG_swapbacked)
		tlb->shmem++;
	else
		tlb->file++;
}

/*
 * An entry that is not an ordinary one: of a page without a descriptor, or no
 * page. Return: false if it is a page all the same, only not for use.
 */
static __cold_path bool zap_odd_pte(struct mmu_gather *tlb, pte_t *pte,
				    pte_t entry)
{
	swp_entry_t swp = pte_to_swp_entry(entry);

	if (pte_present(entry)) {
		if (!pte_special(entry))
			return false;
		pte_clear(pte);
		tlb->cleared = true;
	} else if (is_migration_entry(swp)) {
		zap_migration_entry(tlb, pte, migration_entry_to_page(swp));
	} else if (!tlb->keep_cows) {
		pte_clear(pte);
		tlb->swap++;
		free_swap_and_cache(swp);
	}
	return true;
}

/* Until @last, or the batch is full: where it ended. page_table_lock. */
static pte_t *zap_ptes(struct mmu_gather *tlb, pte_t *pte, pte_t *last)
{
	struct page *page;
	pte_t entry;

	lockdep_assert_held(&tlb->mm->page_table_lock);
	for (; pte < last; pte++) {
		entry = *pte;
		if (!pte_ordinary(entry)) {
			if (pte_none(entry)) {
				pte = pte_skip_none(pte, last);
				continue;
			}
			if (zap_odd_pte(tlb, pte, entry))
				continue;
		}
		page = pte_page(entry);
		if (unlikely(tlb->keep_cows) && PageAnon(page))
			continue;
		entry = ptep_get_and_clear(pte);
		if (unlikely(pte_mlocked(entry)))
			munlock_page(page);
		if (PageAnon(page)) {
			tlb->anon++;
			if (atomic_dec_and_test(&page->_mapcount))
				tlb->anon_unmapped++;
		} else {
			zap_file_page(tlb, page, entry);
		}
		tlb->pages[tlb->nr++] = page;
		if (unlikely(tlb->nr == GATHER_PAGES))
			return pte + 1;
	}
	return pte;
}

/* With the locks of a huge page's entry: it goes. Return: its table. */
static struct page *zap_huge_entry(struct mmu_gather *tlb, pgd_t *pgd)
{
	pte_t entry = ptep_get_and_clear((pte_t *)pgd);
	struct page *page = pte_page(entry);

	if (unlikely(pte_mlocked(entry)))
		munlock_page(page);
	tlb->anon += (long)HPAGE_PMD_NR;
	if (atomic_dec_and_test(&page->_mapcount)) {
		tlb->anon_unmapped += (long)HPAGE_PMD_NR;
		dec_node_page_state(NR_ANON_THPS);
	}
	tlb->pages[tlb->nr++] = page;
	return pgtable_trans_huge_withdraw(tlb->mm);
}

/*
 * A huge page that lies in [addr, next) goes at once; if that is only a part
 * of it, it is split. Return: true if there is nothing more there.
 */
static bool zap_huge(struct mmu_gather *tlb, unsigned long addr,
		     unsigned long next)
{
	struct mm_struct *mm = tlb->mm;
	pgd_t *pgd = pgd_offset(mm, addr);
	struct page *table = NULL;

	if (next - addr != HPAGE_PMD_SIZE)
		return false;
	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	if (pgd_huge(*pgd))
		table = zap_huge_entry(tlb, pgd);
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	if (table)
		pte_table_put(table);
	if (unlikely(tlb->nr == GATHER_PAGES))
		tlb_flush_mmu(tlb);
	return table != NULL;
}

static void zap_range(struct mmu_gather *tlb, unsigned long addr,
		      unsigned long end)
{
	struct mm_struct *mm = tlb->mm;
	unsigned long next;
	pte_t *pte, *past;

	for (; addr < end; addr = next) {
		next = pgd_addr_end(addr, end);
		if (unlikely(pgd_huge(*pgd_offset(mm, addr))) &&
		    zap_huge(tlb, addr, next))
			continue;
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		past = zap_ptes(tlb, pte, pte + ((next - addr) >> PAGE_SHIFT));
		spin_unlock(&mm->page_table_lock);
		next = addr + ((unsigned long)(past - pte) << PAGE_SHIFT);
		if (unlikely(tlb->nr == GATHER_PAGES))
			tlb_flush_mmu(tlb);
	}
}

/**
 * zap_page_range() - unmap the pages of a part of an area
 *
 * The area stays. Context: mmap_lock; does not sleep.
 */
void zap_page_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	struct mmu_gather tlb;

	if (unlikely(is_vm_hugetlb_page(vma))) {
		hugetlb_zap_range(vma, start, end);
		return;
	}
	tlb_gather_mmu(&tlb, vma->vm_mm, start, end);
	zap_range(&tlb, start, end);
	tlb_finish_mmu(&tlb);
}

/**
 * zap_address_space() - unmap everything and give the tables back
 *
 * No task runs in the space any more, so the TLB need forget it only once, and
 * frames may be freed before.
 */
void zap_address_space(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	struct mmu_gather tlb;
	unsigned long addr = 0;

	tlb_gather_mmu(&tlb, mm, 0, TASK_SIZE);
	tlb.exiting = true;
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		if (unlikely(is_vm_hugetlb_page(vma)))
			hugetlb_zap_range(vma, vma->vm_start, vma->vm_end);
		else
			zap_range(&tlb, vma->vm_start, vma->vm_end);
	tlb_finish_mmu(&tlb);
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		addr = max(addr, vma->vm_start & PGDIR_MASK);
		for (; addr < vma->vm_end; addr += PGDIR_SIZE)
			if (!pgd_none(*pgd_offset(mm, addr)))
				pte_table_put(pte_table_detach(
					mm, pgd_offset(mm, addr)));
	}
	flush_tlb_mm(mm);
}

/**
 * unmap_mapping_range() - unmap a file's pages wherever they are mapped
 * @first: page of the file
 * @nr: pages; ~0ul: all from @first on
 * @even_cows: private copies as well
 *
 * Pages that leave the file have left its cache before: see above. Context:
 * takes i_mmap_lock; does not sleep.
 */
void unmap_mapping_range(struct address_space *m, unsigned long first,
			 unsigned long nr, bool even_cows)
{
	unsigned long past = first + nr < first ? ~0ul : first + nr;
	unsigned long from, to;
	struct vm_area_struct *vma;
	struct mmu_gather tlb;

	spin_lock(&m->i_mmap_lock);
	list_for_each_entry(vma, &m->i_mmap, shared_node) {
		from = max(first, vma->vm_pgoff);
		to = min(past, vma->vm_pgoff + vma_pages(vma));
		if (from >= to)
			continue;
		from = vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT);
		to = vma->vm_start + ((to - vma->vm_pgoff) << PAGE_SHIFT);
		tlb_gather_mmu(&tlb, vma->vm_mm, from, to);
		tlb.keep_cows = !even_cows;
		zap_range(&tlb, from, to);
		tlb_finish_mmu(&tlb);
	}
	spin_unlock(&m->i_mmap_lock);
}

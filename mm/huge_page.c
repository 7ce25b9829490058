/* SPDX-License-Identifier: MIT */
/*
 * A huge page: one block of 1,024 frames that an entry of the directory maps,
 * and how it becomes 1,024 pages again.
 *
 *   directory                       block of order 10
 *   ┌──────────────┐  whole         ┌──────────────────────────┬───────┬─ …
 *   │ frame │…│S│… │───────────────▶│ head: PG_huge, mapping,  │ frame │
 *   └──────────────┘                │ index, both counts       │       │
 *   mm->huge_tables                 └──────────────────────────┴───────┴─ …
 *   ┌──────┐ ┌──────┐                  split: each frame a page, the entry a
 *   │ table│→│ table│→ …              table of those put by
 *   └──────┘ └──────┘
 *
 * The first frame's descriptor stands for all; the others' are zeroes. An area
 * that maps a huge page has all of it, so that an area and ->index lead to its
 * entries as to those of any page. Whoever places a border inside, or wants to
 * change a part, has it split first. To split needs no memory: when the page is
 * mapped a table is put by for each entry. A page that several spaces map is
 * split in all of them.
 *
 * One frame may be held while its bytes are used (get_huge_frame): it counts
 * its holders itself, and is one reference to the head as long as there are
 * some. After a split its count is right as it is.
 *
 * Invariants:
 *   mm->nr_huge = entries of its directory with S = tables on huge_tables, all
 *     of them zeroes; nr_ptes counts these
 *   head->_mapcount = entries of directories that map it
 *   head->_refcount = those + other frames that are held + its own holders
 *
 * Locks: an entry with S is made, taken away or turned into a table with
 * anon_vma_lock and page_table_lock; its bits change with the latter alone.
 */
#include <ashlar/atomic.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/rmap.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_page.h"
#include "internal.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"

/* What is true of each frame of a huge page if it is of the first. */
#define PFLAGS_OF_EACH                                                        \
	(PG_uptodate | PG_dirty | PG_referenced | PG_swapbacked | PG_active | \
	 PG_anon_exclusive | PG_unevictable | PG_workingset)

/* ---- tables that are put by ---- */

/** pgtable_trans_huge_deposit() - @table, all zeroes; page_table_lock. */
void pgtable_trans_huge_deposit(struct mm_struct *mm, struct page *table)
{
	lockdep_assert_held(&mm->page_table_lock);
	table->priv = (unsigned long)mm->huge_tables;
	mm->huge_tables = table;
	mm->nr_huge++;
	mm->nr_ptes++;
	inc_node_page_state(NR_PAGETABLE);
}

/** pgtable_trans_huge_withdraw() - one of them back; page_table_lock. */
struct page *pgtable_trans_huge_withdraw(struct mm_struct *mm)
{
	struct page *table = mm->huge_tables;

	lockdep_assert_held(&mm->page_table_lock);
	mm->huge_tables = (struct page *)table->priv;
	table->priv = 0;
	mm->nr_huge--;
	mm->nr_ptes--;
	dec_node_page_state(NR_PAGETABLE);
	return table;
}

/* ---- splitting ---- */

/*
 * Each frame becomes a page, as often mapped as the whole was. Those that are
 * held were a reference to the head each. anon_vma_lock.
 */
static void split_frames(struct page *head)
{
	int mapped = atomic_read(&head->_mapcount), held = 0;
	int locked = atomic_read(&head->_mlock_count);
	u32 pflags = head->pflags & PFLAGS_OF_EACH;
	struct page *page;

	for (page = head + 1; page < head + HPAGE_PMD_NR; page++) {
		page->mapping = head->mapping;
		page->index = head->index + (unsigned long)(page - head);
		page->pflags = pflags;
		atomic_set(&page->_mapcount, mapped);
		atomic_set(&page->_mlock_count, locked);
		if (atomic_add_return(mapped, &page->_refcount) != mapped)
			held++;
	}
	lru_split_huge(head);
	atomic_add_return(-held, &head->_refcount);
	split_page(head, HPAGE_PMD_ORDER);
}

/* The directory's entry becomes a table of entries like it. */
static void split_entry(struct vm_area_struct *vma, unsigned long addr,
			pgd_t *pgd)
{
	pte_t entry = __pte(pgd_val(*pgd) & ~_PAGE_PSE);
	struct mm_struct *mm = vma->vm_mm;
	struct page *table = pgtable_trans_huge_withdraw(mm);
	pte_t *pte = page_address(table);
	unsigned int i;

	for (i = 0; i < PTRS_PER_PTE; i++, pte++)
		set_pte(pte, __pte(pte_val(entry) + (i << PAGE_SHIFT)));
	pgd_populate(pgd, table);
	mm->nr_ptes++;
	inc_node_page_state(NR_PAGETABLE);
	flush_tlb_range(mm, addr, addr + HPAGE_PMD_SIZE);
	count_vm_event(THP_SPLIT_PMD);
}

/*
 * First what is known of it, then in each space that maps it: whoever has a
 * table of it finds pages there. anon_vma_lock.
 */
static void split_mapped(struct page *head)
{
	struct anon_vma *av;
	struct vm_area_struct *vma;
	unsigned long addr;
	pgd_t *pgd;

	split_frames(head);
	av = (struct anon_vma *)(head->mapping - PAGE_MAPPING_ANON);
	list_for_each_entry(vma, &av->head, anon_node) {
		addr = vma_address(head, vma);
		if (!addr)
			continue;
		spin_lock(&vma->vm_mm->page_table_lock);
		pgd = pgd_offset(vma->vm_mm, addr);
		if (pgd_huge(*pgd) && pgd_page(*pgd) == head)
			split_entry(vma, addr, pgd);
		spin_unlock(&vma->vm_mm->page_table_lock);
	}
	mod_node_page_state(NR_ANON_THPS, -1);
	count_vm_event(THP_SPLIT_PAGE);
}

/**
 * split_huge_page() - make a huge page 1,024 pages
 * @page: its first frame, with a reference of the caller's
 *
 * The caller's reference stays one to the first frame. Return: true if it is
 * no huge page any more; false if no entry maps it, and so there is nothing
 * that could be split. Context: takes anon_vma_lock; does not sleep.
 */
bool split_huge_page(struct page *page)
{
	bool split;

	spin_lock(&anon_vma_lock);
	if (PageTransHuge(page) && atomic_read(&page->_mapcount))
		split_mapped(page);
	split = !PageTransHuge(page);
	spin_unlock(&anon_vma_lock);
	return split;
}

/**
 * split_huge_pgd() - split what maps @addr, if it is a huge page
 *
 * Context: takes anon_vma_lock; does not sleep.
 */
void split_huge_pgd(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	spin_lock(&anon_vma_lock);
	if (pgd_huge(*pgd))
		split_mapped(pgd_page(*pgd));
	spin_unlock(&anon_vma_lock);
}

/** __split_huge_at() - split_huge_at() where there are huge pages. */
void __split_huge_at(struct mm_struct *mm, unsigned long addr)
{
	if ((addr & ~HPAGE_PMD_MASK) && pgd_huge(*pgd_offset(mm, addr)))
		split_huge_pgd(mm, addr);
}

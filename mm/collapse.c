/* SPDX-License-Identifier: MIT */
/*
 * Pages that become a huge page: what a table maps is copied into one block.
 *
 *   table ── dense enough? ── block ── entry of the directory cleared ──┐
 *     │ few are missing,        │        nobody finds the pages any more │
 *     │ none is held or         │                                        ▼
 *     │ elsewhere               └─────── copied; the block takes its place
 *     │                                    the table is put by, the pages go
 *     └── found by khugepaged.c, or asked for by MADV_COLLAPSE
 *
 * What is missing costs memory that nobody asked for: max_ptes_none bounds it.
 * A page that others have, too, is copied like any: max_ptes_shared.
 *
 * Locks: mmap_lock for write, so that no fault is under way; anon_vma_lock and
 * page_table_lock while entries go and come, but not while pages are copied.
 * Meanwhile a page is mapped by an entry that cannot be found: whoever wants to
 * unmap it gives up.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/khugepaged.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_memory.h"
#include "huge_page.h"
#include "internal.h"
#include "pgtable.h"
#include "rmap.h"
#include "vma.h"

unsigned int khugepaged_max_ptes_none = HPAGE_PMD_NR - 1;
unsigned int khugepaged_max_ptes_shared = HPAGE_PMD_NR / 2;

/* ---- is it worth while? ---- */

/* What the entries of a table come to. */
struct collapse {
	unsigned long none, shared, used; /* entries */
	bool busy; /* a page is held, or is elsewhere */
};

static bool is_hole(pte_t entry)
{
	return pte_none(entry) || (pte_present(entry) && pte_special(entry));
}

/* True if only entries refer to the page: it can be found by them alone. */
static bool can_be_copied(pte_t entry)
{
	const struct page *page;

	if (!pte_present(entry))
		return false;
	page = pte_page(entry);
	return PageAnon(page) && !(page->pflags & (PG_locked | PG_swapcache)) &&
	       atomic_read(&page->_refcount) == atomic_read(&page->_mapcount);
}

/* page_table_lock. */
static struct collapse look_at_table(const pte_t *pte)
{
	struct collapse c = { 0 };
	const pte_t *end = pte + PTRS_PER_PTE;

	for (; pte < end; pte++) {
		if (is_hole(*pte)) {
			c.none++;
		} else if (!can_be_copied(*pte)) {
			c.busy = true;
		} else {
			c.shared += atomic_read(&pte_page(*pte)->_mapcount) > 1;
			c.used += pte_young(*pte);
		}
	}
	return c;
}

/* 0, or why the table stays; @asked: by the program itself. */
static int collapse_verdict(const struct collapse *c, bool asked)
{
	if (c->busy)
		return -EAGAIN;
	if (c->none == PTRS_PER_PTE)
		return -EINVAL;
	if (asked)
		return 0;
	if (c->none > khugepaged_max_ptes_none) {
		count_vm_event(THP_SCAN_EXCEED_NONE_PTE);
		return -EINVAL;
	}
	if (c->shared > khugepaged_max_ptes_shared) {
		count_vm_event(THP_SCAN_EXCEED_SHARE_PTE);
		return -EINVAL;
	}
	return c->used ? 0 : -EAGAIN;
}

/* ---- one table ---- */

/* With all locks: the table is taken out if it still fits. */
static struct page *take_table(struct mm_struct *mm, unsigned long addr,
			       bool asked, int *err)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	struct page *table = NULL;
	struct collapse c;

	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	c = look_at_table(pte_offset(pgd, addr));
	*err = collapse_verdict(&c, asked);
	if (!*err) {
		table = pgd_page(*pgd);
		pgd_clear(pgd);
		mm->nr_ptes--;
		dec_node_page_state(NR_PAGETABLE);
		flush_tlb_range(mm, addr, addr + HPAGE_PMD_SIZE);
	}
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	return table;
}

static void copy_table(const pte_t *pte, struct page *head, unsigned long addr)
{
	unsigned long i;

	for (i = 0; i < HPAGE_PMD_NR; i++, addr += PAGE_SIZE) {
		if (is_hole(pte[i]))
			clear_user_highpage(head + i, addr);
		else
			copy_user_highpage(head + i, pte_page(pte[i]), addr);
	}
}

/* The old entries count no more; pages stay in the table. Both locks. */
static void unmap_table(struct mm_struct *mm, const pte_t *pte)
{
	const pte_t *end = pte + PTRS_PER_PTE;

	for (; pte < end; pte++) {
		if (is_hole(*pte))
			continue;
		if (unlikely(pte_mlocked(*pte)))
			munlock_page(pte_page(*pte));
		page_remove_rmap(mm, pte_page(*pte));
	}
}

/* The pages that a table leads to go; it is all zeroes then. */
static void drop_table(pte_t *pte)
{
	pte_t *end = pte + PTRS_PER_PTE;

	for (; pte < end; pte++) {
		if (!is_hole(*pte))
			put_page(pte_page(*pte));
		pte_clear(pte);
	}
}

/*
 * Copy what @table has into @head and map that instead. The space gets a new
 * table to be put by: @spare.
 */
static void replace_table(struct vm_area_struct *vma, unsigned long addr,
			  struct page *table, struct page *head,
			  struct page *spare)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = page_address(table);

	copy_table(pte, head, addr);
	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	unmap_table(mm, pte);
	map_huge_page(vma, addr, pgd_offset(mm, addr), head, spare);
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	drop_table(pte);
	pte_table_put(table);
}

/* True if there is a table, and the area is one for huge pages there. */
static bool may_collapse(const struct vm_area_struct *vma, unsigned long addr,
			 bool asked)
{
	pgd_t pgd = *pgd_offset(vma->vm_mm, addr);

	return !pgd_none(pgd) && !pgd_huge(pgd) && vma->anon_vma &&
	       (asked ? huge_vma_fits(vma) : hugepage_vma_check(vma));
}

/*
 * Make a huge page of what is mapped at @addr, in an area that has all of it.
 * Context: mmap_lock for write; may sleep. Return: 0 or -errno.
 */
static int collapse_huge_page(struct vm_area_struct *vma, unsigned long addr,
			      bool asked)
{
	struct page *head, *spare, *table = NULL;
	int err = -ENOMEM;

	if (!may_collapse(vma, addr, asked))
		return -EINVAL;
	head = alloc_huge_page(vma, asked);
	spare = head ? pte_table_get() : NULL;
	if (spare)
		table = take_table(vma->vm_mm, addr, asked, &err);
	if (table) {
		replace_table(vma, addr, table, head, spare);
		count_vm_event(THP_COLLAPSE_ALLOC);
		return 0;
	}
	if (err == -ENOMEM)
		count_vm_event(THP_COLLAPSE_ALLOC_FAILED);
	if (spare)
		pte_table_put(spare);
	if (head)
		put_page(head);
	return err;
}

/* True if it is worth a block: seen without one. mmap_lock. */
static bool worth_collapsing(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct collapse c;
	bool worth;

	if (!may_collapse(vma, addr, false))
		return false;
	spin_lock(&mm->page_table_lock);
	worth = !pgd_none(*pgd_offset(mm, addr)) &&
		!pgd_huge(*pgd_offset(mm, addr));
	if (worth) {
		c = look_at_table(pte_offset(pgd_offset(mm, addr), addr));
		worth = !collapse_verdict(&c, false);
	}
	spin_unlock(&mm->page_table_lock);
	return worth;
}

/**
 * collapse_if_dense() - make a huge page where few pages are missing
 * @addr: of 4 MB that lie in @vma
 *
 * Context: mmap_lock for write; may sleep. Return: true if it was done.
 */
bool collapse_if_dense(struct vm_area_struct *vma, unsigned long addr)
{
	return worth_collapsing(vma, addr) &&
	       !collapse_huge_page(vma, addr, false);
}

/**
 * madvise_collapse() - make huge pages of a range now
 * @start: may lie anywhere in @vma, as may @end
 *
 * Context: mmap_lock for write; may sleep. Return: 0: all that lies whole in
 * the range is huge; -EINVAL: the area cannot have them; -ENOMEM; -EAGAIN:
 * somebody uses a page.
 */
int madvise_collapse(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	unsigned long addr = ALIGN(start, HPAGE_PMD_SIZE);
	int err = 0, one;

	if (!huge_vma_fits(vma))
		return -EINVAL;
	for (; addr + HPAGE_PMD_SIZE <= end; addr += HPAGE_PMD_SIZE) {
		if (pgd_huge(*pgd_offset(vma->vm_mm, addr)))
			continue;
		one = collapse_huge_page(vma, addr, true);
		if (one && !err)
			err = one;
	}
	return err;
}

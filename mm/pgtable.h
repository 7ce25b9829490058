/* SPDX-License-Identifier: MIT */
/* Page tables, to the files that change entries. Picture: mm/pgtable.c. */
#ifndef ASHLAR_MM_PGTABLE_H
#define ASHLAR_MM_PGTABLE_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/mmap.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include "huge_page.h"
#include "rmap.h"

extern unsigned long zero_pfn; /* frame that first reads share */

void pgtable_init(void);
pte_t *__pte_alloc(struct mm_struct *mm, pgd_t *pgd, unsigned long addr);
struct page *pte_table_get(void);
void pte_table_put(struct page *table);
struct page *pte_table_detach(struct mm_struct *mm, pgd_t *pgd);
void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling);
void __munlock_page(struct page *page);
void mlock_ptes(pte_t *pte, pte_t *last, bool lock);
void mlock_vma_pages(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, bool lock);

/* The entry of @addr: in the table, or the directory's for a huge page. */
static inline pte_t *pte_entry(pgd_t *pgd, unsigned long addr)
{
	return unlikely(pgd_huge(*pgd)) ? (pte_t *)pgd : pte_offset(pgd, addr);
}

/*
 * The entry of @addr, or NULL where there is no table; a huge page's tells of
 * all of it (pte_huge()). Context: mmap_lock, and the entry is read once; or
 * page_table_lock.
 */
static inline pte_t *pte_lookup(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	return pgd_none(*pgd) ? NULL : pte_entry(pgd, addr);
}

/*
 * From an empty entry to a later one before @last, if all between them and that
 * one are empty, too: four at a time. Context: page_table_lock.
 */
static inline pte_t *pte_skip_none(pte_t *pte, const pte_t *last)
{
	while (last - pte > 4 &&
	       !(pte[1].pte | pte[2].pte | pte[3].pte | pte[4].pte))
		pte += 4;
	return pte;
}

/*
 * The entries from @addr to *@next, which is @end or where their table ends,
 * and page_table_lock is taken; or NULL, without it: no table is there. A huge
 * page is split.
 */
static inline pte_t *pte_range_lock(struct mm_struct *mm, unsigned long addr,
				    unsigned long end, unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	*next = pgd_addr_end(addr, end);
	spin_lock(&mm->page_table_lock);
	while (unlikely(pgd_huge(*pgd))) {
		spin_unlock(&mm->page_table_lock);
		split_huge_pgd(mm, addr);
		spin_lock(&mm->page_table_lock);
	}
	if (likely(!pgd_none(*pgd)))
		return pte_offset(pgd, addr);
	spin_unlock(&mm->page_table_lock);
	return NULL;
}

/*
 * The same for who can do with a huge page as a whole: if the range has all of
 * one, its entry of the directory. *@nr: entries.
 */
static inline pte_t *pte_span_lock(struct mm_struct *mm, unsigned long addr,
				   unsigned long end, unsigned long *next,
				   unsigned long *nr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	*next = pgd_addr_end(addr, end);
	*nr = (*next - addr) >> PAGE_SHIFT;
	if (likely(!pgd_huge(*pgd)) || *nr != HPAGE_PMD_NR)
		return pte_range_lock(mm, addr, end, next);
	spin_lock(&mm->page_table_lock);
	if (unlikely(!pgd_huge(*pgd))) {
		spin_unlock(&mm->page_table_lock);
		return pte_range_lock(mm, addr, end, next);
	}
	*nr = 1;
	return (pte_t *)pgd;
}

/*
 * The entry of @addr, in a new table if need be, or that of a huge page; NULL
 * without memory. May sleep; takes page_table_lock.
 */
static inline pte_t *pte_alloc(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	if (likely(!pgd_none(*pgd)))
		return pte_entry(pgd, addr);
	return __pte_alloc(mm, pgd, addr);
}

/* True if the entry's page belongs to this entry alone. */
static inline bool is_exclusive(pte_t entry)
{
	const struct page *page = pte_page(entry);

	return !pte_special(entry) && PageAnon(page) &&
	       (page->pflags & PG_anon_exclusive);
}

/* An entry of a locked area less maps the page. Context: page_table_lock. */
static inline void munlock_page(struct page *page)
{
	if (atomic_dec_and_test(&page->_mlock_count))
		__munlock_page(page);
}

#endif

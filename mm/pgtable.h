/* SPDX-License-Identifier: MIT */
/* Page tables, to the files that change entries. Picture: mm/pgtable.c. */
#ifndef ASHLAR_MM_PGTABLE_H
#define ASHLAR_MM_PGTABLE_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/mmap.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include "rmap.h"

extern unsigned long zero_pfn; /* frame that first reads share */

void pgtable_init(void);
pte_t *__pte_alloc(struct mm_struct *mm, pgd_t *pgd, unsigned long addr);
void pte_table_put(struct page *table);
struct page *pte_table_detach(struct mm_struct *mm, pgd_t *pgd);
void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling);
void __munlock_page(struct page *page);
void mlock_ptes(pte_t *pte, pte_t *last, bool lock);
void mlock_vma_pages(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, bool lock);

/*
 * The entry of @addr, or NULL where there is no table. Context: mmap_lock, and
 * the entry is read once; or page_table_lock.
 */
static inline pte_t *pte_lookup(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	return pgd_none(*pgd) ? NULL : pte_offset(pgd, addr);
}

/*
 * The entries from @addr to *@next, which is @end or where their table ends,
 * and page_table_lock is taken; or NULL, without it: no table is there.
 */
static inline pte_t *pte_range_lock(struct mm_struct *mm, unsigned long addr,
				    unsigned long end, unsigned long *next)
{
	pte_t *pte;

	*next = pgd_addr_end(addr, end);
	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (unlikely(!pte))
		spin_unlock(&mm->page_table_lock);
	return pte;
}

/*
 * The entry of @addr, in a new table if need be; NULL without memory. May
 * sleep; takes page_table_lock.
 */
static inline pte_t *pte_alloc(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	if (likely(!pgd_none(*pgd)))
		return pte_offset(pgd, addr);
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

/* SPDX-License-Identifier: MIT */
/* Huge pages, to the files that change entries. Picture: mm/huge_page.c. */
#ifndef ASHLAR_MM_HUGE_PAGE_H
#define ASHLAR_MM_HUGE_PAGE_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>

void pgtable_trans_huge_deposit(struct mm_struct *mm, struct page *table);
struct page *pgtable_trans_huge_withdraw(struct mm_struct *mm);
void huge_shrink_init(void);
void split_huge_pgd(struct mm_struct *mm, unsigned long addr);
void __split_huge_at(struct mm_struct *mm, unsigned long addr);

/*
 * The frame of a huge page that serves @addr, with a reference of its own.
 * Context: page_table_lock of a space that maps @head.
 */
static inline struct page *get_huge_frame(struct page *head, unsigned long addr)
{
	struct page *page = head + pte_index(addr);

	if (page == head || atomic_add_return(1, &page->_refcount) == 1)
		get_page(head);
	return page;
}

/* A border of an area comes to lie at @addr: no huge page lies across it. */
static inline void split_huge_at(struct mm_struct *mm, unsigned long addr)
{
	if (unlikely(mm->nr_huge))
		__split_huge_at(mm, addr);
}

#endif

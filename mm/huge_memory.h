/* SPDX-License-Identifier: MIT */
/* Faults and forks of huge pages, to mm/. Code: mm/huge_memory.c. */
#ifndef ASHLAR_MM_HUGE_MEMORY_H
#define ASHLAR_MM_HUGE_MEMORY_H

#include <ashlar/fault.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmap.h>

bool do_huge_anonymous_page(struct vm_area_struct *vma, unsigned long addr,
			    unsigned int flags);
void do_huge_wp_page(struct vm_area_struct *vma, unsigned long addr);
bool huge_vma_fits(const struct vm_area_struct *vma);
struct page *alloc_huge_page(const struct vm_area_struct *vma, bool asked);
void map_huge_page(struct vm_area_struct *vma, unsigned long addr, pgd_t *pgd,
		   struct page *head, struct page *table);
int copy_huge_pgd(struct vm_area_struct *dst, struct vm_area_struct *src,
		  unsigned long addr);

#endif

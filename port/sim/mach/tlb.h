/* SPDX-License-Identifier: MIT */
/*
 * What the processor remembers of page tables. The paper machine remembers
 * all of it for ever, so an entry that was changed without a flush is found
 * (port/sim/mmu.c).
 */
#ifndef ASHLAR_MACH_TLB_H
#define ASHLAR_MACH_TLB_H

#include <ashlar/types.h>

struct mm_struct;

/* Nothing need be done for a space that is not loaded. */
void flush_tlb_page(struct mm_struct *mm, unsigned long addr);
void flush_tlb_range(struct mm_struct *mm, unsigned long start,
		     unsigned long end);
void flush_tlb_mm(struct mm_struct *mm);

/* Kernel addresses: after entries became valid, and after they went. */
void flush_cache_vmap(unsigned long start, unsigned long end);
void flush_tlb_kernel_range(unsigned long start, unsigned long end);
void __flush_tlb_one(unsigned long addr);

#endif

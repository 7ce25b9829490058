/* SPDX-License-Identifier: MIT */
/*
 * What the processor remembers of page tables. Only the loaded space has
 * entries of its own there; the kernel's are global and stay across spaces.
 */
#ifndef ASHLAR_MACH_TLB_H
#define ASHLAR_MACH_TLB_H

#include <mach/page.h>
#include <mach/percpu.h>

struct mm_struct;

DECLARE_PER_CPU(struct mm_struct *, loaded_mm); /* whose tables cr3 names */

/* Beyond so many pages forgetting everything is cheaper. */
#define TLB_FLUSH_PAGES 33

static inline void __flush_tlb_one(unsigned long addr)
{
	__asm__ volatile("invlpg %0" ::"m"(*(char *)addr) : "memory");
}

static inline void __flush_tlb(void)
{
	unsigned long cr3;

	__asm__ volatile("movl %%cr3, %0; movl %0, %%cr3"
			 : "=r"(cr3)::"memory");
}

void __flush_tlb_global(void); /* the kernel's entries, too */

static inline void flush_tlb_mm(struct mm_struct *mm)
{
	if (mm == *this_cpu_ptr(loaded_mm))
		__flush_tlb();
}

static inline void flush_tlb_page(struct mm_struct *mm, unsigned long addr)
{
	if (mm == *this_cpu_ptr(loaded_mm))
		__flush_tlb_one(addr);
}

static inline void flush_tlb_range(struct mm_struct *mm, unsigned long start,
				   unsigned long end)
{
	if (mm != *this_cpu_ptr(loaded_mm))
		return;
	if (end - start > TLB_FLUSH_PAGES * PAGE_SIZE) {
		__flush_tlb();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		__flush_tlb_one(start);
}

static inline void flush_tlb_kernel_range(unsigned long start,
					  unsigned long end)
{
	if (end - start > TLB_FLUSH_PAGES * PAGE_SIZE) {
		__flush_tlb_global();
		return;
	}
	for (; start < end; start += PAGE_SIZE)
		__flush_tlb_one(start);
}

/* New entries: the processor remembers none that were not present. */
static inline void flush_cache_vmap(unsigned long start, unsigned long end)
{
	(void)start;
	(void)end;
}

#endif

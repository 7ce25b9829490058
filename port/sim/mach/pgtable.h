/* SPDX-License-Identifier: MIT */
/*
 * Page tables of the paper machine: <ashlar/pgtable.h>, so that what the
 * software MMU (port/sim/mmu.c) walks is what a processor would.
 *
 * A user address is a number below TASK_SIZE that only the MMU understands.
 * A frame's number is arithmetic on its place in the arena. The kernel's own
 * mappings (vmalloc, kmap) are at addresses of the host whose low 32 bits are
 * the linear address: flush_cache_vmap() and flush_tlb_kernel_range() make
 * the host map there what the tables say.
 */
#ifndef ASHLAR_MACH_PGTABLE_H
#define ASHLAR_MACH_PGTABLE_H

#include <ashlar/pgtable.h>

/*
 * The kernel's areas, linear addresses within the host's window; that is at 0
 * where the host's addresses have 32 bits.
 */
#define SIM_KERNEL_WINDOW ((unsigned long)0x200000000000ull)
#define VMALLOC_START (SIM_KERNEL_WINDOW + 0xF0000000ul)
#define VMALLOC_END (SIM_KERNEL_WINDOW + 0xF4000000ul)
#define PKMAP_BASE (SIM_KERNEL_WINDOW + 0xF8000000ul)
#define LAST_PKMAP 1024
#define KMAP_LOCAL_SLOTS 16
#define SIM_LOCAL_BASE (SIM_KERNEL_WINDOW + 0xFFC00000ul)

/* The running CPU's. Its entry i: KMAP_LOCAL_BASE + i pages. */
#define KMAP_LOCAL_BASE \
	(SIM_LOCAL_BASE + sim_cpu() * KMAP_LOCAL_SLOTS * PAGE_SIZE)
#define kmap_local_ptes (sim_local_ptes + sim_cpu() * KMAP_LOCAL_SLOTS)

unsigned int sim_cpu(void);
extern pte_t sim_local_ptes[]; /* of all CPUs, one after the other */

/* ---- entries in a table: no CPU looks between two steps ---- */

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	*ptep = pte;
}

static inline void pte_clear(pte_t *ptep)
{
	ptep->pte = 0;
}

static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	pte_t pte = *ptep;

	ptep->pte = 0;
	return pte;
}

static inline void ptep_set_wrprotect(pte_t *ptep)
{
	*ptep = pte_wrprotect(*ptep);
}

static inline void ptep_modify(pte_t *ptep, pte_t old, pte_t new)
{
	(void)old;
	*ptep = new;
}

/* What a processor needs of a space beside its directory: nothing here. */
struct mm_context {
	u32 unused;
};

static inline int init_new_context(struct mm_struct *old, struct mm_struct *mm)
{
	(void)old;
	(void)mm;
	return 0;
}

static inline void destroy_context(struct mm_struct *mm)
{
	(void)mm;
}

#endif

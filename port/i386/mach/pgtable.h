/* SPDX-License-Identifier: MIT */
/*
 * Page tables of the PC: <ashlar/pgtable.h>, and where the kernel's own areas
 * lie.
 *
 * The kernel's quarter is copied when a directory is made, and an entry that
 * is added later is written to all of them at once (pgd_populate_kernel), so
 * no fault ever has to bring it up to date.
 */
#ifndef ASHLAR_MACH_PGTABLE_H
#define ASHLAR_MACH_PGTABLE_H

#include <ashlar/pgtable.h>

/* ---- where the kernel's areas lie; see <i386.h> for the picture ---- */

#define PKMAP_BASE 0xFF800000ul /* one table: 4 MB */
#define LAST_PKMAP 1024
#define FIXADDR_START 0xFFC00000ul /* one table, hardly used */
#define FIXADDR_TOP 0xFFFFF000ul
#define KMAP_LOCAL_BASE (FIXADDR_TOP - KMAP_LOCAL_SLOTS * PAGE_SIZE)
#define KMAP_LOCAL_SLOTS 16
#define VMALLOC_OFFSET (8ul << 20) /* guard after the direct map */
#define VMALLOC_START port_vmalloc_start
#define VMALLOC_END (PKMAP_BASE - 2 * PAGE_SIZE)

extern unsigned long port_vmalloc_start;
extern pgd_t swapper_pg_dir[PTRS_PER_PGD]; /* init_mm's */
/* The running CPU's; entry i: KMAP_LOCAL_BASE + i pages. */
extern pte_t *kmap_local_ptes;

/* ---- entries in a table ---- */

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->pte, pte.pte);
}

static inline void pte_clear(pte_t *ptep)
{
	WRITE_ONCE(ptep->pte, 0);
}

/*
 * With one CPU nobody sets a bit of the entry between two steps: the processor
 * walks tables only for the code that it runs. With several these three are
 * atomic operations.
 */
static inline pte_t ptep_get_and_clear(pte_t *ptep)
{
	pte_t pte = *ptep;

	pte_clear(ptep);
	return pte;
}

static inline void ptep_set_wrprotect(pte_t *ptep)
{
	set_pte(ptep, pte_wrprotect(*ptep));
}

/* @new comes of @old, which was read before; what was noted since is kept. */
static inline void ptep_modify(pte_t *ptep, pte_t old, pte_t new)
{
	(void)old;
	set_pte(ptep, new);
}

/* ---- LDT: port/i386/ldt.c; few programs have one ---- */

/* What the processor needs of a space beside its directory. */
struct mm_context {
	void *ldt; /* of 8-byte descriptors, or NULL */
	u32 ldt_entries;
};

/* @mm->context for a new space: empty, or a copy of @old's. 0 or -ENOMEM. */
int init_new_context(struct mm_struct *old, struct mm_struct *mm);
void destroy_context(struct mm_struct *mm);

#endif

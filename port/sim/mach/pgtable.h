/* SPDX-License-Identifier: MIT */
/*
 * Page directory and page table entries of the paper machine: the i386's, bit
 * for bit, so that what the software MMU (port/sim/mmu.c) walks is what a
 * processor would.
 *
 *   linear address   31        22 21        12 11           0
 *                   | directory  | table      | byte         |
 *
 *   entry            31                12 11 9 8 7 6 5 4 3 2 1 0
 *                   | frame              | avl |G|S|D|A|C|T|U|W|P|
 *
 * A user address is a number below TASK_SIZE that only the MMU understands.
 * A frame's number is arithmetic on its place in the arena. The kernel's own
 * mappings (vmalloc, kmap) are at addresses of the host whose low 32 bits are
 * the linear address: flush_cache_vmap() and flush_tlb_kernel_range() make
 * the host map there what the tables say.
 */
#ifndef ASHLAR_MACH_PGTABLE_H
#define ASHLAR_MACH_PGTABLE_H

#include <ashlar/mm.h>

#define TASK_SIZE 0xC0000000ul
#define PGDIR_SHIFT 22
#define PGDIR_SIZE (1ul << PGDIR_SHIFT)
#define PGDIR_MASK (~(PGDIR_SIZE - 1))
#define PTRS_PER_PGD 1024
#define PTRS_PER_PTE 1024
#define USER_PTRS_PER_PGD (TASK_SIZE >> PGDIR_SHIFT)

/* The kernel's areas, linear addresses within the host's window. */
#define SIM_KERNEL_WINDOW 0x200000000000ul
#define VMALLOC_START (SIM_KERNEL_WINDOW + 0xF0000000ul)
#define VMALLOC_END (SIM_KERNEL_WINDOW + 0xF4000000ul)
#define PKMAP_BASE (SIM_KERNEL_WINDOW + 0xF8000000ul)
#define LAST_PKMAP 1024
#define KMAP_LOCAL_SLOTS 16
#define KMAP_LOCAL_BASE (SIM_KERNEL_WINDOW + 0xFFC00000ul)

#define _PAGE_PRESENT 0x001u
#define _PAGE_RW 0x002u
#define _PAGE_USER 0x004u
#define _PAGE_PWT 0x008u
#define _PAGE_PCD 0x010u
#define _PAGE_ACCESSED 0x020u
#define _PAGE_DIRTY 0x040u
#define _PAGE_PSE 0x080u
#define _PAGE_GLOBAL 0x100u
#define _PAGE_PROTNONE 0x100u /* mapped, not present: no access at all */
#define _PAGE_SPECIAL 0x200u /* no reference is held on what it maps */

/* What a change of protection leaves alone. */
#define _PAGE_CHG_MASK \
	(~0xfffu | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL | _PAGE_PCD)

typedef struct {
	u32 pte;
} pte_t;

typedef struct {
	u32 pgd;
} pgd_t;

typedef struct {
	u32 pgprot;
} pgprot_t;

struct mm_context {
	u32 unused;
};

#define __pte(v) ((pte_t){ (v) })
#define __pgprot(v) ((pgprot_t){ (v) })
#define pte_val(x) ((x).pte)
#define pgprot_val(x) ((x).pgprot)

#define PAGE_NONE __pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_READONLY __pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_COPY PAGE_READONLY
#define PAGE_SHARED \
	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_KERNEL \
	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL_RO __pgprot(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL_NOCACHE __pgprot(pgprot_val(PAGE_KERNEL) | _PAGE_PCD)

/* ---- the directory ---- */

#define pgd_index(addr) (((addr) >> PGDIR_SHIFT) & (PTRS_PER_PGD - 1))
#define pgd_offset(mm, addr) ((mm)->pgd + pgd_index(addr))

/* The end of the table that maps @addr, or @end if that comes first. */
static inline unsigned long pgd_addr_end(unsigned long addr, unsigned long end)
{
	unsigned long next = (addr + PGDIR_SIZE) & PGDIR_MASK;

	return next - 1 < end - 1 ? next : end;
}

static inline bool pgd_none(pgd_t pgd)
{
	return pgd.pgd == 0;
}

static inline void pgd_clear(pgd_t *pgd)
{
	pgd->pgd = 0;
}

static inline struct page *pgd_page(pgd_t pgd)
{
	return pfn_to_page(pgd.pgd >> PAGE_SHIFT);
}

/* @table: a frame of zeroes, in low memory. */
static inline void pgd_populate(pgd_t *pgd, struct page *table)
{
	pgd->pgd = (u32)(page_to_pfn(table) << PAGE_SHIFT) | _PAGE_PRESENT |
		   _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY;
}

struct mm_struct;

/* What a processor needs of a space beside its directory: nothing here. */
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

/* A directory with the kernel's entries; NULL: no memory. */
pgd_t *pgd_alloc(struct mm_struct *mm);
/* Its user half must be empty again. */
void pgd_free(struct mm_struct *mm, pgd_t *pgd);
/* An entry of init_mm for kernel addresses, and so of every directory. */
void pgd_populate_kernel(unsigned long addr, struct page *table);

/* ---- tables ---- */

#define pte_index(addr) (((addr) >> PAGE_SHIFT) & (PTRS_PER_PTE - 1))

static inline pte_t *pgd_page_vaddr(pgd_t pgd)
{
	return pfn_to_virt(pgd.pgd >> PAGE_SHIFT);
}

static inline pte_t *pte_offset(const pgd_t *pgd, unsigned long addr)
{
	return pgd_page_vaddr(*pgd) + pte_index(addr);
}

static inline bool pte_none(pte_t pte)
{
	return pte.pte == 0;
}

static inline bool pte_present(pte_t pte)
{
	return pte.pte & (_PAGE_PRESENT | _PAGE_PROTNONE);
}

static inline bool pte_write(pte_t pte)
{
	return pte.pte & _PAGE_RW;
}

static inline bool pte_dirty(pte_t pte)
{
	return pte.pte & _PAGE_DIRTY;
}

static inline bool pte_young(pte_t pte)
{
	return pte.pte & _PAGE_ACCESSED;
}

static inline bool pte_special(pte_t pte)
{
	return pte.pte & _PAGE_SPECIAL;
}

static inline bool pte_same(pte_t a, pte_t b)
{
	return a.pte == b.pte;
}

static inline unsigned long pte_pfn(pte_t pte)
{
	return pte.pte >> PAGE_SHIFT;
}

static inline struct page *pte_page(pte_t pte)
{
	return pfn_to_page(pte_pfn(pte));
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((u32)(pfn << PAGE_SHIFT) | prot.pgprot);
}

static inline pte_t mk_pte(const struct page *page, pgprot_t prot)
{
	return pfn_pte(page_to_pfn(page), prot);
}

static inline pte_t pte_wrprotect(pte_t pte)
{
	return __pte(pte.pte & ~_PAGE_RW);
}

static inline pte_t pte_mkwrite(pte_t pte)
{
	return __pte(pte.pte | _PAGE_RW);
}

static inline pte_t pte_mkdirty(pte_t pte)
{
	return __pte(pte.pte | _PAGE_DIRTY);
}

static inline pte_t pte_mkclean(pte_t pte)
{
	return __pte(pte.pte & ~_PAGE_DIRTY);
}

static inline pte_t pte_mkyoung(pte_t pte)
{
	return __pte(pte.pte | _PAGE_ACCESSED);
}

static inline pte_t pte_mkold(pte_t pte)
{
	return __pte(pte.pte & ~_PAGE_ACCESSED);
}

static inline pte_t pte_mkspecial(pte_t pte)
{
	return __pte(pte.pte | _PAGE_SPECIAL);
}

static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte.pte & _PAGE_CHG_MASK) |
		     (prot.pgprot & ~_PAGE_CHG_MASK));
}

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
	ptep->pte &= ~_PAGE_RW;
}

/* ---- windows on high memory, mm/highmem.c ---- */

extern pte_t *pkmap_page_table; /* LAST_PKMAP entries from PKMAP_BASE on */
extern pte_t *kmap_local_ptes; /* one a slot, from KMAP_LOCAL_BASE on */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Page directory and page table entries of the 80386 and its successors
 * without PAE: what the processor, the paper machine's software walk and
 * `ashlar translate` understand by them. A linear address is 10 + 10 + 12
 * bits.
 *
 *   directory ──▶ table ──▶ frame        entry
 *   ┌────┐        ┌────┐                 31      12 11  9 8 7 6 5 43 2 1 0
 *   │ 768│ user   │1024│                 ┌─────────┬─────┬─┬─┬─┬─┬──┬─┬─┬─┐
 *   │────│        └────┘                 │ frame   │ own │G│S│D│A│… │U│W│P│
 *   │ 256│ kernel: the same for all      └─────────┴─────┴─┴─┴─┴─┴──┴─┴─┴─┘
 *   └────┘
 *
 * A page nobody may touch (PROT_NONE) has P clear and bit 8 set, which the
 * processor does not look at then. Other entries with P clear that are not
 * zero are not pages: they are kept for swap. Tables lie in low memory.
 *
 * A directory entry with S maps 4 MB itself, where the processor knows that
 * (port_has_pse): a huge page. All other bits mean what they mean in a table,
 * so such an entry is read and changed as a pte_t; see mm/huge_page.c.
 *
 * Included by the <mach/pgtable.h> of a port with such tables. It adds what is
 * a machine's own: how an entry in a table is changed while processors look at
 * it, what a space needs beside its directory (struct mm_context), and where
 * the kernel's areas lie.
 */
#ifndef ASHLAR_PGTABLE_H
#define ASHLAR_PGTABLE_H

#include <ashlar/mm_types.h>
#include <mach/page.h>

#define TASK_SIZE 0xC0000000ul

#define PGDIR_SHIFT 22
#define PGDIR_SIZE (1ul << PGDIR_SHIFT)
#define PGDIR_MASK (~(PGDIR_SIZE - 1))
#define PTRS_PER_PGD 1024
#define PTRS_PER_PTE 1024
#define USER_PTRS_PER_PGD (TASK_SIZE / PGDIR_SIZE)

#define _PAGE_PRESENT 0x001u
#define _PAGE_RW 0x002u
#define _PAGE_USER 0x004u
#define _PAGE_PWT 0x008u
#define _PAGE_PCD 0x010u
#define _PAGE_ACCESSED 0x020u
#define _PAGE_DIRTY 0x040u
#define _PAGE_PSE 0x080u /* directory: a page of 4 MB */
#define _PAGE_GLOBAL 0x100u /* outlives a change of space */
#define _PAGE_PROTNONE 0x100u /* when not present: a page, but not for use */
#define _PAGE_SPECIAL 0x200u /* no descriptor counts this mapping */
#define _PAGE_MLOCKED 0x400u /* counts in the page's _mlock_count */

#define _PAGE_FRAME 0xfffff000u
#define _PAGE_TABLE \
	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
/* What a change of protection leaves alone. */
#define _PAGE_CHG_MASK                                                   \
	((u32)PAGE_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL | \
	 _PAGE_MLOCKED | _PAGE_PSE)

typedef struct {
	u32 pte;
} pte_t;

typedef struct {
	u32 pgd;
} pgd_t;

typedef struct {
	u32 pgprot;
} pgprot_t;

#define __pte(x) ((pte_t){ (u32)(x) })
#define __pgprot(x) ((pgprot_t){ (u32)(x) })
#define pte_val(x) ((x).pte)
#define pgd_val(x) ((x).pgd)
#define pgprot_val(x) ((x).pgprot)

#define PAGE_NONE __pgprot(_PAGE_PROTNONE | _PAGE_ACCESSED)
#define PAGE_READONLY __pgprot(_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)
#define PAGE_COPY PAGE_READONLY /* private and writable: copied first */
#define PAGE_SHARED __pgprot(pgprot_val(PAGE_READONLY) | _PAGE_RW)
#define PAGE_KERNEL                                                        \
	__pgprot(_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY | \
		 _PAGE_GLOBAL)
#define PAGE_KERNEL_RO __pgprot(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_GLOBAL)
#define PAGE_KERNEL_NOCACHE \
	__pgprot(pgprot_val(PAGE_KERNEL) | _PAGE_PCD | _PAGE_PWT)

/* ---- page table entries ---- */

static inline bool pte_none(pte_t pte)
{
	return !pte.pte;
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

static inline bool pte_mlocked(pte_t pte)
{
	return pte.pte & _PAGE_MLOCKED;
}

/* True of most entries: a page for use, which has a descriptor. */
static inline bool pte_ordinary(pte_t pte)
{
	return (pte.pte & (_PAGE_PRESENT | _PAGE_SPECIAL)) == _PAGE_PRESENT;
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
	return port_mem_map + pte_pfn(pte);
}

static inline pte_t pfn_pte(unsigned long pfn, pgprot_t prot)
{
	return __pte((pfn << PAGE_SHIFT) | prot.pgprot);
}

static inline pte_t mk_pte(const struct page *page, pgprot_t prot)
{
	return pfn_pte((unsigned long)(page - port_mem_map), prot);
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

static inline pte_t pte_mkmlocked(pte_t pte)
{
	return __pte(pte.pte | _PAGE_MLOCKED);
}

static inline pte_t pte_clear_mlocked(pte_t pte)
{
	return __pte(pte.pte & ~_PAGE_MLOCKED);
}

/* True if it is a directory's entry that maps a huge page. */
static inline bool pte_huge(pte_t pte)
{
	return pte.pte & _PAGE_PSE;
}

static inline pte_t pte_mkhuge(pte_t pte)
{
	return __pte(pte.pte | _PAGE_PSE);
}

/* Another protection for the same page; what the processor noted stays. */
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte.pte & _PAGE_CHG_MASK) | prot.pgprot);
}

static inline unsigned long pte_index(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}

/* ---- page directory entries ---- */

static inline unsigned long pgd_index(unsigned long addr)
{
	return (addr >> PGDIR_SHIFT) & (PTRS_PER_PGD - 1);
}

#define pgd_offset(mm, addr) ((mm)->pgd + pgd_index(addr))

static inline bool pgd_none(pgd_t pgd)
{
	return !pgd.pgd;
}

static inline bool pgd_huge(pgd_t pgd)
{
	return pgd.pgd & _PAGE_PSE;
}

static inline struct page *pgd_page(pgd_t pgd)
{
	return port_mem_map + (pgd.pgd >> PAGE_SHIFT);
}

static inline pte_t *pgd_page_vaddr(pgd_t pgd)
{
	return pfn_to_virt(pgd.pgd >> PAGE_SHIFT);
}

static inline pte_t *pte_offset(const pgd_t *pgd, unsigned long addr)
{
	return pgd_page_vaddr(*pgd) + pte_index(addr);
}

static inline void pgd_clear(pgd_t *pgd)
{
	pgd->pgd = 0;
}

/* @table: a frame of zeroes, in low memory. */
static inline void pgd_populate(pgd_t *pgd, const struct page *table)
{
	pgd->pgd = (u32)((unsigned long)(table - port_mem_map) << PAGE_SHIFT) |
		   _PAGE_TABLE;
}

/* Where the table that serves @addr ends, or @end if that comes first. */
static inline unsigned long pgd_addr_end(unsigned long addr, unsigned long end)
{
	unsigned long next = (addr + PGDIR_SIZE) & PGDIR_MASK;

	return next - 1 < end - 1 ? next : end;
}

/* ---- of every such port ---- */

struct mm_struct;

extern bool port_has_pse; /* pages of 4 MB can be mapped */

/* A directory with the kernel's entries; NULL: no memory. */
pgd_t *pgd_alloc(struct mm_struct *mm);
/* Its user half must be empty again. */
void pgd_free(struct mm_struct *mm, pgd_t *pgd);
/* An entry of init_mm for kernel addresses, and so of every directory. */
void pgd_populate_kernel(unsigned long addr, struct page *table);

/* Windows on high memory, mm/highmem.c. */
extern pte_t *pkmap_page_table; /* entry i: PKMAP_BASE + i pages, or NULL */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Page directory and page table entries of the 80386 and its successors
 * without PAE: a linear address is 10 + 10 + 12 bits.
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
 * The kernel's quarter is copied when a directory is made, and an entry that
 * is added later is written to all of them at once (pgd_populate_kernel), so
 * no fault ever has to bring it up to date.
 */
#ifndef ASHLAR_MACH_PGTABLE_H
#define ASHLAR_MACH_PGTABLE_H

#include <mach/page.h>

typedef struct {
	u32 pte;
} pte_t;

typedef struct {
	u32 pgd;
} pgd_t;

typedef struct {
	u32 pgprot;
} pgprot_t;

struct mm_struct;

/* What the processor needs of a space beside its directory: the LDT. */
struct mm_context {
	void *ldt; /* of 8-byte descriptors, or NULL */
	u32 ldt_entries;
};

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

#define _PAGE_TABLE \
	(_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _PAGE_CHG_MASK \
	((u32)PAGE_MASK | _PAGE_ACCESSED | _PAGE_DIRTY | _PAGE_SPECIAL)

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
extern pte_t *pkmap_page_table; /* NULL: no high memory */
extern pte_t *kmap_local_ptes; /* entry i: KMAP_LOCAL_BASE + i pages */

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

/* Another protection for the same page; what the processor noted stays. */
static inline pte_t pte_modify(pte_t pte, pgprot_t prot)
{
	return __pte((pte.pte & _PAGE_CHG_MASK) | prot.pgprot);
}

static inline void set_pte(pte_t *ptep, pte_t pte)
{
	WRITE_ONCE(ptep->pte, pte.pte);
}

static inline void pte_clear(pte_t *ptep)
{
	WRITE_ONCE(ptep->pte, 0);
}

/*
 * With one CPU nobody sets a bit of the entry between the two steps: the
 * processor walks tables only for the code that it runs.
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

static inline unsigned long pte_index(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) & (PTRS_PER_PTE - 1);
}

/* ---- page directory entries ---- */

static inline unsigned long pgd_index(unsigned long addr)
{
	return addr >> PGDIR_SHIFT;
}

#define pgd_offset(mm, addr) ((mm)->pgd + pgd_index(addr))

static inline bool pgd_none(pgd_t pgd)
{
	return !pgd.pgd;
}

static inline pte_t *pgd_page_table(pgd_t pgd)
{
	return phys_to_virt(pgd.pgd & (u32)PAGE_MASK);
}

#define pgd_page_vaddr(pgd) pgd_page_table(pgd)

static inline struct page *pgd_page(pgd_t pgd)
{
	return port_mem_map + (pgd.pgd >> PAGE_SHIFT);
}

static inline pte_t *pte_offset(const pgd_t *pgd, unsigned long addr)
{
	return pgd_page_table(*pgd) + pte_index(addr);
}

static inline void pgd_clear(pgd_t *pgd)
{
	pgd->pgd = 0;
}

static inline void pgd_populate(pgd_t *pgd, const struct page *table)
{
	pgd->pgd = ((u32)(table - port_mem_map) << PAGE_SHIFT) | _PAGE_TABLE;
}

/* Where the table that serves @addr ends, or @end if that comes first. */
static inline unsigned long pgd_addr_end(unsigned long addr, unsigned long end)
{
	unsigned long next = (addr + PGDIR_SIZE) & PGDIR_MASK;

	return next - 1 < end - 1 ? next : end;
}

/* ---- port/i386/pgtable.c ---- */

pgd_t *pgd_alloc(struct mm_struct *mm); /* NULL: no memory */
void pgd_free(struct mm_struct *mm, pgd_t *pgd); /* user half is empty */
void pgd_populate_kernel(unsigned long addr, struct page *table);

/* ---- LDT: kernel/ldt.c; few programs have one ---- */

/* @mm->context for a new space: empty, or a copy of @old's. 0 or -ENOMEM. */
int init_new_context(struct mm_struct *old, struct mm_struct *mm);
void destroy_context(struct mm_struct *mm);

#endif

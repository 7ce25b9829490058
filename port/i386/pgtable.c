/* SPDX-License-Identifier: MIT */
/*
 * The kernel's quarter of every address space.
 *
 *   C0000000  direct map      4 MB global pages; the first 4 MB, where the
 *                             image lies, page by page: code is read-only
 *             guard           8 MB
 *             vmalloc         tables come as they are needed
 *   FF800000  kmap            one table, if there is high memory
 *   FFC00000  fixed maps      one table; its last entries are kmap_local's
 *
 * head.S maps 888 MB of direct map before it is known how much RAM there is;
 * what is too much goes here. On a processor without 4 MB pages it maps only
 * the first 4 MB, and the tables for the rest are made here. What is left of
 * the 1 GB is for the other areas.
 *
 * All directories are on a list, linked through their frames' descriptors: a
 * new kernel entry is written to each (pgd_populate_kernel). A few that were
 * freed are kept as they are, empty below and complete above, for the next
 * fork; they stay on the list.
 */
#include <ashlar/atomic.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/memblock.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include <kernel/panic.h>
#include <mach/page.h>
#include <mach/percpu.h>
#include <mach/pgtable.h>
#include <mach/tlb.h>
#include "local.h"

#define KERNEL_PTRS (PTRS_PER_PGD - USER_PTRS_PER_PGD)
#define PGD_CACHE 8

extern pte_t first_table[PTRS_PER_PTE];

static pte_t fixed_table[PTRS_PER_PTE]
	__attribute__((__section__(".bss.page_aligned"), __aligned__(4096)));

unsigned long port_vmalloc_start;
pte_t *pkmap_page_table;
pte_t *kmap_local_ptes;
DEFINE_PER_CPU(struct mm_struct *, loaded_mm) = &init_mm;

struct mm_struct init_mm = {
	.pgd = swapper_pg_dir,
	.mm_users = ATOMIC_INIT(2),
	.mm_count = ATOMIC_INIT(1),
	.mmlist = LIST_HEAD_INIT(init_mm.mmlist),
};

static struct list_head pgd_list = LIST_HEAD_INIT(pgd_list);
static pgd_t *pgd_cache[PGD_CACHE];
static unsigned int pgd_cached;
bool port_has_pse;

/* ---- boot ---- */

/* Code and constants, up to __end_rodata, are never written again. */
static void __init protect_text(void)
{
	unsigned long pfn = virt_to_pfn(_text);
	unsigned long end = virt_to_pfn(__end_rodata);

	for (; pfn < end; pfn++)
		ptep_set_wrprotect(&first_table[pfn]);
}

/* Pages of 4 KB and of 4 MB up to @end, for the report. */
static void __init count_direct_map(unsigned long end)
{
	unsigned long addr = PAGE_OFFSET, pfn;
	const pgd_t *pgd;

	for (; addr < end; addr += PGDIR_SIZE) {
		pgd = pgd_offset(&init_mm, addr);
		if (pgd->pgd & _PAGE_PSE) {
			direct_pages_count[DIRECT_4M]++;
			continue;
		}
		for (pfn = 0; pfn < PTRS_PER_PTE && !pgd_none(*pgd); pfn++)
			direct_pages_count[DIRECT_4K] +=
				pte_present(pgd_page_vaddr(*pgd)[pfn]);
	}
}

/*
 * Without 4 MB pages: a table for each 4 MB from the second on. No table can
 * be written where it is before there is one for it, so each is seen for a
 * moment in place of the first page of all.
 */
static void __init map_by_tables(unsigned long end)
{
	pte_t *table = (pte_t *)PAGE_OFFSET, first = first_table[0];
	unsigned long addr, i;

	for (addr = PAGE_OFFSET + PGDIR_SIZE; addr < end; addr += PGDIR_SIZE) {
		u32 phys = (u32)memblock_phys_alloc_range(PAGE_SIZE, PAGE_SIZE,
							  0, end - PAGE_OFFSET);

		if (!phys)
			panic("No memory for the direct map.");
		set_pte(first_table,
			__pte(phys | (pte_val(first) & ~PAGE_MASK)));
		__flush_tlb_one(PAGE_OFFSET);
		for (i = 0; i < PTRS_PER_PTE; i++)
			table[i] = pfn_pte(virt_to_pfn((void *)addr) + i,
					   PAGE_KERNEL);
		pgd_offset(&init_mm, addr)->pgd = phys |
						  (_PAGE_TABLE & ~_PAGE_USER);
	}
	set_pte(first_table, first);
	__flush_tlb_one(PAGE_OFFSET);
}

/* The direct map ends with RAM, or at what one space has room for. */
void __init direct_map_init(void)
{
	unsigned long end = PAGE_OFFSET + (max_low_pfn << PAGE_SHIFT);
	unsigned long addr = ALIGN(end, PGDIR_SIZE);

	port_vmalloc_start = addr + VMALLOC_OFFSET;
	for (; addr < FIXADDR_START && addr; addr += PGDIR_SIZE)
		pgd_clear(pgd_offset(&init_mm, addr));
	port_has_pse = read_cr4() & X86_CR4_PSE;
	if (!port_has_pse)
		map_by_tables(end);
	protect_text();
	count_direct_map(end);
	__flush_tlb_global();
}

static void __init set_kernel_table(unsigned long addr, const pte_t *table)
{
	pgd_offset(&init_mm, addr)->pgd = virt_to_phys(table) |
					  (_PAGE_TABLE & ~_PAGE_USER);
}

void __init fixed_maps_init(void)
{
	set_kernel_table(FIXADDR_START, fixed_table);
	kmap_local_ptes = &fixed_table[pte_index(KMAP_LOCAL_BASE)];
	if (max_pfn <= max_low_pfn)
		return;
	pkmap_page_table = memblock_alloc(PAGE_SIZE, PAGE_SIZE);
	set_kernel_table(PKMAP_BASE, pkmap_page_table);
}

/**
 * kernel_areas() - the parts of the kernel's address space
 * @areas: filled from the highest down; with those that lie in another last
 * @max: room in @areas
 *
 * Return: how many there are.
 */
unsigned int kernel_areas(struct kernel_area *areas, unsigned int max)
{
	const struct kernel_area all[] = {
		{ "fixmap", FIXADDR_START, FIXADDR_TOP },
		{ "pkmap", PKMAP_BASE, PKMAP_BASE + LAST_PKMAP * PAGE_SIZE },
		{ "vmalloc", VMALLOC_START, VMALLOC_END },
		{ "lowmem", PAGE_OFFSET,
		  PAGE_OFFSET + (max_low_pfn << PAGE_SHIFT) },
		{ ".bss", (u32)__init_end, (u32)_end },
		{ ".init", (u32)__init_begin, (u32)__init_end },
		{ ".data", (u32)__end_rodata, (u32)_edata },
		{ ".rodata", (u32)_etext, (u32)__end_rodata },
		{ ".text", (u32)_text, (u32)_etext },
	};
	unsigned int nr = min(max, (unsigned int)ARRAY_SIZE(all));

	memcpy(areas, all, nr * sizeof(all[0]));
	return nr;
}

/* ---- directories ---- */

/**
 * pgd_alloc() - a page directory: nothing below, the kernel above
 * @mm: whose it will be
 *
 * Context: may sleep. Return: the directory, or NULL without memory.
 */
pgd_t *pgd_alloc(struct mm_struct *mm)
{
	pgd_t *pgd;

	if (pgd_cached)
		return pgd_cache[--pgd_cached];
	pgd = (pgd_t *)get_zeroed_page(GFP_KERNEL);
	if (!pgd)
		return NULL;
	memcpy(pgd + USER_PTRS_PER_PGD, swapper_pg_dir + USER_PTRS_PER_PGD,
	       KERNEL_PTRS * sizeof(*pgd));
	list_add(&virt_to_page(pgd)->lru, &pgd_list);
	return pgd;
}

/**
 * pgd_free() - a directory is not used any more
 * @mm: whose it was
 * @pgd: its lower three quarters are empty again
 */
void pgd_free(struct mm_struct *mm, pgd_t *pgd)
{
	if (pgd_cached < PGD_CACHE) {
		pgd_cache[pgd_cached++] = pgd;
		return;
	}
	list_del(&virt_to_page(pgd)->lru);
	free_page((unsigned long)pgd);
}

/**
 * pgd_populate_kernel() - a new table of the kernel's, for every space
 * @addr: an address that it serves, at or above TASK_SIZE
 * @table: low memory, zeroed
 */
void pgd_populate_kernel(unsigned long addr, struct page *table)
{
	u32 entry = ((u32)page_to_pfn(table) << PAGE_SHIFT) |
		    (_PAGE_TABLE & ~_PAGE_USER);
	struct page *page;

	pgd_offset(&init_mm, addr)->pgd = entry;
	list_for_each_entry(page, &pgd_list, lru)
		((pgd_t *)page_address(page))[pgd_index(addr)].pgd = entry;
}

/** __flush_tlb_global() - forget everything, also what is global */
void __flush_tlb_global(void)
{
	u32 cr4 = read_cr4();

	if (cr4 & X86_CR4_PGE) {
		write_cr4(cr4 & ~X86_CR4_PGE);
		write_cr4(cr4);
	} else {
		__flush_tlb();
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Pages of the kernel's own that nobody may access, for guarded objects
 * (mm/kfence.c).
 *
 *   direct map   │ 4 MB page  │ 4 MB page  │ 4 MB page  │
 *                       ├── frames of the pool ──┤
 *   becomes      │ 4 MB page  │ table      │ table      │
 *                       closed: the entry is not present
 *
 * They are frames of the direct map, so virt_to_phys() of an object that lies
 * in one is right, and the release of a frame of another kind finds it in its
 * descriptor. The tables are made when the addresses are reserved; to open and
 * to close needs no memory, and may be done in a fault.
 */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include <mach/tlb.h>
#include "local.h"

static pte_t *entry_of(unsigned long addr)
{
	return pgd_page_vaddr(*pgd_offset(&init_mm, addr)) + pte_index(addr);
}

/* The 4 MB around @addr get a table that says what their one entry said. */
static bool split(unsigned long addr)
{
	unsigned long pfn = virt_to_pfn((void *)ALIGN_DOWN(addr, PGDIR_SIZE));
	struct page *page;
	pte_t *table;
	u32 i;

	if (!(pgd_offset(&init_mm, addr)->pgd & _PAGE_PSE))
		return true;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return false;
	table = page_address(page);
	for (i = 0; i < PTRS_PER_PTE; i++)
		table[i] = pfn_pte(pfn + i, PAGE_KERNEL);
	pgd_populate_kernel(addr, page);
	__flush_tlb_global();
	direct_pages_count[DIRECT_4M]--;
	direct_pages_count[DIRECT_4K] += PTRS_PER_PTE;
	return true;
}

static bool split_all(unsigned long addr, unsigned long end)
{
	for (addr = ALIGN_DOWN(addr, PGDIR_SIZE); addr < end;
	     addr += PGDIR_SIZE)
		if (!split(addr))
			return false;
	return true;
}

void *port_guard_reserve(size_t bytes)
{
	void *p = alloc_pages_exact(bytes, GFP_KERNEL | __GFP_NOWARN);

	if (!p)
		return NULL;
	if (!split_all((unsigned long)p, (unsigned long)p + bytes)) {
		free_pages_exact(p, bytes);
		return NULL;
	}
	port_guard_close(p, bytes);
	return p;
}

void port_guard_release(void *p, size_t bytes)
{
	port_guard_open(p, bytes);
	free_pages_exact(p, bytes);
}

int port_guard_prepare(void *p, size_t bytes)
{
	return 0;
}

int port_guard_open(void *p, size_t bytes)
{
	unsigned long addr = (unsigned long)p, end = addr + bytes;

	for (; addr < end; addr += PAGE_SIZE) {
		if (pte_present(*entry_of(addr)))
			continue;
		set_pte(entry_of(addr),
			pfn_pte(virt_to_pfn((void *)addr), PAGE_KERNEL));
		memset((void *)addr, 0, PAGE_SIZE);
	}
	return 0;
}

int port_guard_close(void *p, size_t bytes)
{
	unsigned long addr = (unsigned long)p, end = addr + bytes;

	for (; addr < end; addr += PAGE_SIZE)
		pte_clear(entry_of(addr));
	flush_tlb_kernel_range((unsigned long)p, end);
	return 0;
}

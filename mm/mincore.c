/* SPDX-License-Identifier: MIT */
/* mincore: which pages of a range would be there without reading them in. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/swapops.h>
#include "pgtable.h"
#include "shmem.h"
#include "swapfile.h"
#include "vma.h"

/* 1 if the page of a slot is in memory all the same. */
static u8 mincore_slot(swp_entry_t entry)
{
	struct page *page = lookup_swap_cache(entry);
	u8 there;

	if (!page)
		return 0;
	there = PageUptodate(page);
	put_page(page);
	return there;
}

/* The same of what a file in memory has in place of a page: a slot, or NULL. */
static u8 mincore_value(const void *entry)
{
	return xa_is_value(entry) ? mincore_slot(xa_value_to_swp(entry)) : 0;
}

/* The same of an entry that is not present. */
static u8 mincore_swap(pte_t pte)
{
	swp_entry_t entry = pte_to_swp_entry(pte);

	return is_migration_entry(entry) || mincore_slot(entry);
}

/* 1 if a page that no entry maps is in the file's cache, else 0. */
static u8 mincore_unmapped(struct vm_area_struct *vma, unsigned long addr)
{
	struct address_space *mapping = vma_mapping(vma);
	struct page *page;
	u8 there;

	if (!mapping || vma_is_anonymous(vma))
		return 0;
	page = find_get_page(mapping, linear_page_index(vma, addr));
	if (!page && mapping->flags & AS_SHMEM)
		return mincore_value(xa_load(&mapping->i_pages,
					     linear_page_index(vma, addr)));
	if (!page)
		return 0;
	there = (page->pflags & PG_uptodate) != 0;
	put_page(page);
	return there;
}

/* The byte for the page at @addr. mmap_lock. */
static u8 mincore_page(struct vm_area_struct *vma, unsigned long addr)
{
	pte_t *ptep = pte_lookup(vma->vm_mm, addr);
	pte_t pte = ptep ? *ptep : __pte(0);

	if (pte_present(pte))
		return 1;
	if (vma->vm_flags & VM_HUGETLB)
		return 0;
	return is_swap_pte(pte) ? mincore_swap(pte) :
				  mincore_unmapped(vma, addr);
}

/**
 * mm_mincore() - which pages are in memory
 * @start: start of a page
 * @pages: how many
 * @vec: kernel memory, a byte for each; bit 0 says yes
 *
 * Return: 0, or -ENOMEM: part of the range is not mapped. Context: takes
 * mmap_lock for read.
 */
int mm_mincore(struct mm_struct *mm, unsigned long start, unsigned long pages,
	       u8 *vec)
{
	unsigned long addr = start, end = start + (pages << PAGE_SHIFT);
	struct vm_area_struct *vma = NULL;
	int err = 0;

	down_read(&mm->mmap_lock);
	for (; addr < end; addr += PAGE_SIZE) {
		vma = find_vma(mm, addr);
		if (!vma || addr < vma->vm_start) {
			err = -ENOMEM;
			break;
		}
		*vec++ = mincore_page(vma, addr);
	}
	up_read(&mm->mmap_lock);
	return err;
}

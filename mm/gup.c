/* SPDX-License-Identifier: MIT */
/*
 * Pages of a program for the kernel: faulted in as the program's own access
 * would, and held by a reference while their bytes are read or written.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/gup.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/writeback.h>
#include <mach/spinlock.h>
#include "pgtable.h"
#include "vma.h"

static int fault_errno(vm_fault_t ret)
{
	if (ret & VM_FAULT_RETRY)
		return -EAGAIN;
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	return ret & VM_FAULT_ERROR ? -EFAULT : 0;
}

/** gup_allowed() - may the kernel have pages of such an area? */
bool gup_allowed(u32 vm_flags, bool write, bool force)
{
	if (vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	if (!write)
		return vm_flags & (force ? VM_READ | VM_MAYREAD : VM_READ);
	return (vm_flags & VM_WRITE) || (force && is_cow_mapping(vm_flags));
}

/* True if the entry gives what is wanted; a forced write wants a copy. */
static bool gup_ready(pte_t entry, bool write)
{
	if (!pte_present(entry))
		return false;
	if (!write || pte_write(entry))
		return true;
	return is_exclusive(entry);
}

/* The page at @addr with a reference, if it is there as wanted; or NULL. */
static struct page *follow_page(struct mm_struct *mm, unsigned long addr,
				bool write)
{
	struct page *page = NULL;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (pte && gup_ready(*pte, write)) {
		page = pte_page(*pte);
		if (unlikely(pte_huge(*pte)))
			page = get_huge_frame(page, addr);
		else
			get_page(page);
	}
	spin_unlock(&mm->page_table_lock);
	return page;
}

/*
 * The page at @addr with a reference, faulted in if need be; or ERR_PTR, that
 * of -EAGAIN without FAULT_FLAG_NOWAIT only: the area may be gone.
 */
static struct page *faultin_page(struct vm_area_struct *vma, unsigned long addr,
				 unsigned int flags)
{
	bool write = flags & FAULT_FLAG_WRITE;
	struct page *page;
	int err;

	while (!(page = follow_page(vma->vm_mm, addr, write))) {
		err = fault_errno(handle_mm_fault(vma, addr, flags));
		if (err)
			return ERR_PTR(err);
	}
	return page;
}

/**
 * get_user_page() - the page at a user address, with a reference
 * @mm: whose address
 * @addr: any byte of the page
 * @write: it is going to be written: no copy of it is shared any more
 * @force: past the protection, as debuggers may
 *
 * Context: takes mmap_lock for read; may sleep. Return: the page, or ERR_PTR
 * of -EFAULT or -ENOMEM.
 */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write,
			   bool force)
{
	struct vm_area_struct *vma;
	struct page *page;

	if (addr >= TASK_SIZE)
		return ERR_PTR(-EFAULT);
	addr &= PAGE_MASK;
	do {
		page = ERR_PTR(-EFAULT);
		vma = lock_vma_at_fault(mm, addr);
		if (vma && gup_allowed(vma->vm_flags, write, force))
			page = faultin_page(vma, addr,
					    write ? FAULT_FLAG_WRITE : 0);
		if (write && !IS_ERR(page))
			set_page_dirty(compound_head(page));
		up_read(&mm->mmap_lock);
	} while (page == ERR_PTR(-EAGAIN));
	return page;
}

/**
 * access_process_vm() - copy bytes of another address space, as debuggers may
 * @buf: kernel memory
 * @write: from @buf into the space
 *
 * Return: bytes copied, up to the first page that cannot be had.
 */
size_t access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf,
			 size_t len, bool write)
{
	struct page *page;
	size_t done, n;

	for (done = 0; done < len; done += n, addr += n) {
		n = min(len - done, (size_t)(PAGE_SIZE - addr % PAGE_SIZE));
		page = get_user_page(mm, addr, write, true);
		if (IS_ERR(page))
			break;
		if (write)
			memcpy_to_page(page, addr % PAGE_SIZE,
				       (char *)buf + done, n);
		else
			memcpy_from_page((char *)buf + done, page,
					 addr % PAGE_SIZE, n);
		put_page(page);
	}
	return done;
}

/**
 * populate_vma_range() - fault in what is not there yet
 * @write: break copy on write as well
 *
 * Context: mmap_lock; may sleep. Return: 0, -EFAULT or -ENOMEM.
 */
int populate_vma_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, bool write)
{
	unsigned int flags = FAULT_FLAG_NOWAIT | (write ? FAULT_FLAG_WRITE : 0);
	unsigned long addr;
	struct page *page;

	if (!gup_allowed(vma->vm_flags, write, false) &&
	    (write || !(vma->vm_flags & VM_ACCESS_FLAGS)))
		return -EFAULT;
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		page = faultin_page(vma, addr, flags);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		put_page(page);
		if (pgd_huge(*pgd_offset(vma->vm_mm, addr)))
			addr |= HPAGE_PMD_SIZE - PAGE_SIZE;
	}
	return 0;
}

/**
 * mm_populate() - fault in a range: MAP_POPULATE, and locked areas
 *
 * Private areas that may be written get pages of their own at once. Context:
 * takes mmap_lock for read. Return: 0, or the first -EFAULT or -ENOMEM, after
 * which the other areas are still done.
 */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;
	struct vm_area_struct *vma;
	int first_err = 0, err;
	u32 f;

	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = vma->vm_next) {
		f = vma->vm_flags;
		if (f & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT))
			continue;
		err = populate_vma_range(
			vma, max(start, vma->vm_start), min(end, vma->vm_end),
			(f & (VM_WRITE | VM_SHARED)) == VM_WRITE);
		if (!first_err)
			first_err = err;
	}
	up_read(&mm->mmap_lock);
	return first_err;
}

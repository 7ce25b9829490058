/* SPDX-License-Identifier: MIT */
/*
 * Faults in areas that map a file with a page cache.
 *
 * An area of a file in RAM alone is writable from the first look. Of a file
 * that has a disk below it an entry allows stores only while the page is dirty.
 *
 * Locks: mmap_lock for read, held by the caller. A page that is there is taken
 * without its lock: mm/fault.c looks at ->mapping again when it enters it.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"

/* Reading ahead for a program that was found to want @page, or NULL. */
static struct page *fault_ahead(struct vm_fault *vmf, struct page *page)
{
	struct file *f = vmf->vma->vm_file;
	u32 advice = vmf->vma->vm_flags & (VM_RAND_READ | VM_SEQ_READ);

	if (page && f->f_ra.mmap_miss)
		f->f_ra.mmap_miss--;
	if (advice == VM_RAND_READ)
		return page;
	if (page && page->pflags & PG_readahead)
		page_cache_async_readahead(f, page, 1);
	if (page)
		return page;
	if (advice == VM_SEQ_READ)
		page_cache_sync_readahead(f, vmf->pgoff, f->f_ra.ra_pages);
	else
		page_cache_around(f, vmf->pgoff);
	return find_get_page(f->f_mapping, vmf->pgoff);
}

/* A page fault that finds no page mapped. */
static vm_fault_t filemap_fault(struct vm_fault *vmf)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	vm_fault_t major = 0;
	struct page *page;

	if (unlikely(vmf->pgoff >= size_to_pages(mapping_size(m))))
		return VM_FAULT_SIGBUS;
	page = find_get_page(m, vmf->pgoff);
	if (mapping_reads(m))
		page = fault_ahead(vmf, page);
	if (unlikely(!page || !PageUptodate(page))) {
		page = filemap_fill(m, vmf->pgoff, page, true);
		major = mapping_reads(m) ? VM_FAULT_MAJOR : 0;
	}
	if (IS_ERR(page))
		return PTR_ERR(page) == -ENOMEM ? VM_FAULT_OOM :
						  VM_FAULT_SIGBUS;
	vmf->page = page;
	return major;
}

/* A store into a page of a file with a disk below it: see mm/fault.c. */
static vm_fault_t filemap_page_mkwrite(struct vm_fault *vmf)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	struct page *page = vmf->page;
	vm_fault_t ret = 0;
	int err = 0;

	balance_dirty_pages_ratelimited(m);
	down_read(&m->invalidate_lock);
	lock_page(page);
	if (!page_is_in(page, m) ||
	    page->index >= size_to_pages(mapping_size(m)))
		ret = VM_FAULT_NOPAGE;
	else if (m->a_ops->page_mkwrite)
		err = m->a_ops->page_mkwrite(m, page);
	if (unlikely(err))
		ret = err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
	if (likely(!ret))
		set_page_dirty(page);
	else
		unlock_page(page);
	up_read(&m->invalidate_lock);
	return ret;
}

/* Map what is cached of a window of pages around a fault. */
static void filemap_map_pages(struct vm_fault *vmf, unsigned long start_pgoff,
			      unsigned long end_pgoff)
{
	struct address_space *m = vmf->vma->vm_file->f_mapping;
	unsigned long end = min(end_pgoff, size_to_pages(mapping_size(m)));

	xa_lock(&m->i_pages);
	while (start_pgoff < end) {
		unsigned int nr;
		void **slots = xa_slots(&m->i_pages, start_pgoff, &nr);

		nr = (unsigned int)min((unsigned long)nr, end - start_pgoff);
		if (slots)
			set_pte_range(vmf, (struct page **)slots, start_pgoff,
				      nr);
		start_pgoff += nr;
	}
	xa_unlock(&m->i_pages);
}

const struct vm_operations_struct generic_file_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
};

static const struct vm_operations_struct disk_file_vm_ops = {
	.fault = filemap_fault,
	.map_pages = filemap_map_pages,
	.page_mkwrite = filemap_page_mkwrite,
};

/**
 * generic_file_mmap() - map a file with a page cache
 * @f: the file
 * @vma: the new area
 *
 * Return: 0.
 */
int generic_file_mmap(struct file *f, struct vm_area_struct *vma)
{
	vma->vm_ops = mapping_can_writeback(f->f_mapping) ?
			      &disk_file_vm_ops :
			      &generic_file_vm_ops;
	return 0;
}

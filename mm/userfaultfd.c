/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd: areas whose missing pages a program provides. Here are the
 * areas and the pages; the file through which the program hears of faults is
 * kernel/fs/userfaultfd.c.
 *
 *   first access ──→ fault ──→ VM_UFFD_MISSING? ──→ vm_userfault: wait
 *                                                        │
 *   UFFDIO_COPY, _ZEROPAGE ──→ mfill_page() ──→ entry ───┘ try again
 *
 * An area that is watched has the flag and, as vm_private_data, its watcher;
 * it is private and anonymous, so nobody else needs the word. What a fork or
 * mremap makes of it is not watched; munmap tells nobody.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/userfaultfd.h>
#include "pgtable.h"
#include "vma.h"

static bool is_watched_by(const struct vm_area_struct *vma, const void *who)
{
	return (vma->vm_flags & VM_UFFD_MISSING) && vma->vm_private_data == who;
}

/* 0 if @who may watch the area, or (NULL) anyone may; else -errno. */
static int may_watch(const struct vm_area_struct *vma, const void *who)
{
	if (!vma_is_anonymous(vma) || (vma->vm_flags & VM_SPECIAL))
		return -EINVAL;
	if (!who)
		return 0;
	if (!(vma->vm_flags & VM_MAYWRITE))
		return -EPERM;
	if ((vma->vm_flags & VM_UFFD_MISSING) && vma->vm_private_data != who)
		return -EBUSY;
	return 0;
}

/* Let @who, or with NULL no one, watch [start, end) of one area. */
static int watch_area(struct vm_area_struct **vma, unsigned long start,
		      unsigned long end, void *who)
{
	u32 flags = (*vma)->vm_flags & ~VM_UFFD_MISSING;
	struct vm_area_struct *changed;

	if (who)
		flags |= VM_UFFD_MISSING;
	if (flags == (*vma)->vm_flags)
		return 0;
	changed = vma_change_flags(*vma, max(start, (*vma)->vm_start),
				   min(end, (*vma)->vm_end), flags);
	if (IS_ERR(changed))
		return -ENOMEM;
	if (who)
		changed->vm_private_data = who;
	*vma = changed;
	return 0;
}

/**
 * userfaultfd_watch() - report missing pages of [start, end), or no longer
 * @who: the watcher, or NULL for none
 *
 * Return: 0; -EINVAL: no area is there, or one that cannot be watched; -EPERM:
 * one that may not be written to; -EBUSY: somebody else watches; -ENOMEM.
 * Context: takes mmap_lock.
 */
int userfaultfd_watch(struct mm_struct *mm, unsigned long start,
		      unsigned long end, void *who)
{
	struct vm_area_struct *first, *vma;
	int err = 0;

	down_write(&mm->mmap_lock);
	first = find_vma(mm, start);
	if (!first)
		err = -ENOMEM;
	else if (first->vm_start >= end)
		err = -EINVAL;
	for (vma = first; !err && vma && vma->vm_start < end;
	     vma = vma->vm_next)
		err = may_watch(vma, who);
	for (vma = first; !err && vma && vma->vm_start < end;
	     vma = vma->vm_next)
		err = watch_area(&vma, start, end, who);
	up_write(&mm->mmap_lock);
	return err;
}

/** userfaultfd_forget() - @who watches nothing any more. Takes mmap_lock. */
void userfaultfd_forget(struct mm_struct *mm, const void *who)
{
	struct vm_area_struct *vma;

	down_write(&mm->mmap_lock);
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		if (is_watched_by(vma, who))
			vma_set_flags(vma, vma->vm_flags & ~VM_UFFD_MISSING);
	up_write(&mm->mmap_lock);
}

/**
 * userfault_is_due() - is the page at @addr still missing?
 *
 * For the waiter, once it can be woken. Context: mmap_lock.
 */
bool userfault_is_due(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	return !pte || pte_none(*pte);
}

/**
 * userfaultfd_covers() - true if [start, start + len) is in one watched area
 *
 * Return: 0 or -ENOENT. Context: takes mmap_lock for read.
 */
int userfaultfd_covers(struct mm_struct *mm, unsigned long start,
		       unsigned long len)
{
	struct vm_area_struct *vma;
	int err = -ENOENT;

	down_read(&mm->mmap_lock);
	vma = find_vma_intersection(mm, start, start + 1);
	if (vma && (vma->vm_flags & VM_UFFD_MISSING) &&
	    len <= vma->vm_end - start)
		err = 0;
	up_read(&mm->mmap_lock);
	return err;
}

/**
 * mfill_page() - provide a missing page
 * @addr: where; start of a page
 * @page: filled, with one reference, which is taken over; NULL: zeroes
 *
 * Return: 0; -ENOENT: nobody watches there; -EEXIST: a page is there; -ENOMEM.
 * Context: takes mmap_lock for read; may sleep.
 */
int mfill_page(struct mm_struct *mm, unsigned long addr, struct page *page)
{
	struct vm_area_struct *vma;
	int err = -ENOENT;

	down_read(&mm->mmap_lock);
	vma = find_vma_intersection(mm, addr, addr + 1);
	if (vma && (vma->vm_flags & VM_UFFD_MISSING))
		err = insert_anon_page(vma, addr, page);
	up_read(&mm->mmap_lock);
	if (err && page)
		put_page(page);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * mlock: pages that are there and stay there. An area is locked as a whole
 * (VM_LOCKED); its pages are faulted in at once, or with VM_LOCKONFAULT when
 * they are touched. RLIMIT_MEMLOCK bounds locked areas, not pages.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/gup.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/rwsem.h>
#include "pgtable.h"
#include "vma.h"

/*
 * Lock, or unlock, a part of an area. Return: the area that has the part now,
 * or ERR_PTR(-ENOMEM).
 */
static struct vm_area_struct *mlock_fixup(struct vm_area_struct *vma,
					  unsigned long start,
					  unsigned long end, u32 new_flags)
{
	u32 changed = vma->vm_flags ^ new_flags;
	long pages = (long)((end - start) >> PAGE_SHIFT);

	if (!changed || (vma->vm_flags & VM_SPECIAL))
		return vma;
	vma = vma_change_flags(vma, start, end, new_flags);
	if (IS_ERR(vma) || !(changed & VM_LOCKED))
		return vma;
	vma->vm_mm->locked_vm += new_flags & VM_LOCKED ? pages : -pages;
	mlock_vma_pages(vma, start, end, new_flags & VM_LOCKED);
	return vma;
}

/* [start, end), until a gap. With mmap_lock for write. */
static int apply_vma_lock_flags(struct mm_struct *mm, unsigned long start,
				unsigned long end, u32 lock)
{
	struct vm_area_struct *vma;

	if (end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	for (vma = find_vma(mm, start); vma && vma->vm_start <= start;
	     vma = vma->vm_next) {
		vma = mlock_fixup(vma, start, min(end, vma->vm_end),
				  (vma->vm_flags & ~VM_LOCKED_MASK) | lock);
		if (IS_ERR(vma))
			return (int)PTR_ERR(vma);
		start = vma->vm_end;
		if (start >= end)
			return 0;
	}
	return -ENOMEM;
}

/* Pages of [start, end) that are locked already. */
static unsigned long count_locked_pages(struct mm_struct *mm,
					unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long n = 0;

	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		if (vma->vm_flags & VM_LOCKED)
			n += (min(end, vma->vm_end) -
			      max(start, vma->vm_start)) >>
			     PAGE_SHIFT;
	return n;
}

/* True if [start, end) may be locked, beside what is locked. */
static bool within_memlock(struct mm_struct *mm, unsigned long start,
			   unsigned long end)
{
	unsigned long limit = port_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long pages = (end - start) >> PAGE_SHIFT;

	if (pages + mm->locked_vm <= limit)
		return true;
	return pages + mm->locked_vm - count_locked_pages(mm, start, end) <=
	       limit;
}

/**
 * mm_mlock() - lock [start, start + len), rounded out to whole pages
 * @vm_flags: VM_LOCKED, maybe with VM_LOCKONFAULT
 *
 * Return: 0; -EPERM: the task may lock nothing; -ENOMEM: over the limit, a
 * gap, or pages that cannot be had; -EAGAIN: no memory for all of them.
 * Context: takes mmap_lock.
 */
int mm_mlock(struct mm_struct *mm, unsigned long start, size_t len,
	     u32 vm_flags)
{
	unsigned long end = PAGE_ALIGN(start + len);
	int err = -ENOMEM;

	if (!can_do_mlock())
		return -EPERM;
	start &= PAGE_MASK;
	if (end < start || end - start < len)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	if (within_memlock(mm, start, end))
		err = apply_vma_lock_flags(mm, start, end, vm_flags);
	up_write(&mm->mmap_lock);
	if (err || end == start)
		return err;
	err = mm_populate(mm, start, end - start);
	if (err == -EFAULT)
		return -ENOMEM;
	return err == -ENOMEM ? -EAGAIN : err;
}

/** mm_munlock() - the opposite. Return: 0, -EINVAL or -ENOMEM (a gap). */
int mm_munlock(struct mm_struct *mm, unsigned long start, size_t len)
{
	unsigned long end = start + len;
	int err;

	if (end < start)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	err = apply_vma_lock_flags(mm, start & PAGE_MASK, PAGE_ALIGN(end), 0);
	up_write(&mm->mmap_lock);
	return err;
}

/* Areas, and those to come, as @flags says, get the flags @lock. */
static void lock_all(struct mm_struct *mm, int flags, u32 lock)
{
	struct vm_area_struct *vma, *done;

	mm->def_flags &= ~VM_LOCKED_MASK;
	if (flags & MCL_FUTURE)
		mm->def_flags |= lock;
	if (!(flags & MCL_CURRENT))
		return;
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		done = mlock_fixup(vma, vma->vm_start, vma->vm_end,
				   (vma->vm_flags & ~VM_LOCKED_MASK) | lock);
		if (!IS_ERR(done))
			vma = done;
	}
}

/**
 * mm_mlockall() - lock all areas
 * @flags: MCL_CURRENT, MCL_FUTURE, and MCL_ONFAULT with one of them
 *
 * Return: 0, -EINVAL, -EPERM, or -ENOMEM: over the limit. Context: takes
 * mmap_lock.
 */
int mm_mlockall(struct mm_struct *mm, int flags)
{
	u32 lock = VM_LOCKED | (flags & MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	int err = -ENOMEM;

	if (!(flags & (MCL_CURRENT | MCL_FUTURE)) ||
	    (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)))
		return -EINVAL;
	if (!can_do_mlock())
		return -EPERM;
	down_write(&mm->mmap_lock);
	if (!(flags & MCL_CURRENT) ||
	    mm->total_vm <= port_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT) {
		lock_all(mm, flags, lock);
		err = 0;
	}
	up_write(&mm->mmap_lock);
	if (!err && (flags & MCL_CURRENT))
		mm_populate(mm, 0, TASK_SIZE);
	return err;
}

/** mm_munlockall() - nothing is locked any more. Return: 0. */
int mm_munlockall(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
	lock_all(mm, MCL_CURRENT, 0);
	up_write(&mm->mmap_lock);
	return 0;
}

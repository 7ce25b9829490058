/* SPDX-License-Identifier: MIT */
/* msync: what was written to shared files goes to where they are kept. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/rwsem.h>

/*
 * [@start, @end) of one area: 0 or -errno. The lock is let go around the file's
 * own work, so the caller looks for the next area by address.
 */
static int msync_area(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end, int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct file *file = vma->vm_file;
	loff_t from = (loff_t)vma->vm_pgoff << PAGE_SHIFT;
	loff_t to = from + (loff_t)(end - vma->vm_start) - 1;
	int err;

	from += (loff_t)(start - vma->vm_start);
	if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
		return -EBUSY;
	if (!(flags & MS_SYNC) || !file || !(vma->vm_flags & VM_SHARED) ||
	    !file->f_op->fsync)
		return 0;
	get_file(file);
	up_read(&mm->mmap_lock);
	err = file->f_op->fsync(file, from, to, true);
	fput(file);
	down_read(&mm->mmap_lock);
	return err;
}

/**
 * mm_msync() - write shared pages of a range back
 * @start: start of a page
 * @len: bytes
 * @flags: MS_*
 *
 * Return: 0; -EINVAL; -EBUSY: MS_INVALIDATE of a locked area; -ENOMEM: a gap,
 * but what is mapped has been written. Context: takes mmap_lock.
 */
int mm_msync(struct mm_struct *mm, unsigned long start, size_t len, int flags)
{
	unsigned long end = start + PAGE_ALIGN(len), part;
	struct vm_area_struct *vma;
	int err = 0, gap = 0;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    (start & ~PAGE_MASK) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	down_read(&mm->mmap_lock);
	while (start < end && !err) {
		vma = find_vma(mm, start);
		if (!vma || vma->vm_start > start)
			gap = -ENOMEM;
		if (!vma || vma->vm_start >= end)
			break;
		part = min(end, vma->vm_end);
		err = msync_area(vma, start, part, flags);
		start = part;
	}
	up_read(&mm->mmap_lock);
	return err ? err : gap;
}

/* SPDX-License-Identifier: MIT */
/* msync: what was written to shared files goes to where they are kept. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/rwsem.h>

/*
 * One area: 0 or -errno. The lock is let go around the file's own work, so
 * the caller looks for the next area by address.
 */
static int msync_area(struct vm_area_struct *vma, int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct file *file = vma->vm_file;
	int err;

	if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
		return -EBUSY;
	if (!(flags & MS_SYNC) || !file || !(vma->vm_flags & VM_SHARED) ||
	    !file->f_op->fsync)
		return 0;
	get_file(file);
	up_read(&mm->mmap_lock);
	err = file->f_op->fsync(file);
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
	unsigned long end = start + PAGE_ALIGN(len);
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
		start = vma->vm_end;
		err = msync_area(vma, flags);
	}
	up_read(&mm->mmap_lock);
	return err ? err : gap;
}

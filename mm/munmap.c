/* SPDX-License-Identifier: MIT */
/* munmap: areas go, or lose an end, with their pages and tables. */
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include "pgtable.h"
#include "vma.h"

/** remove_vma() - free an area that is in no list and maps nothing. */
void remove_vma(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	vm_area_free(vma);
}

/*
 * Nothing is left of [start, end): areas go, or lose an end. @vma is the
 * first of them, and does not reach beyond on both sides.
 */
static void unmap_areas(struct mm_struct *mm, struct vm_area_struct *vma,
			unsigned long start, unsigned long end)
{
	unsigned long floor, from, to;
	struct vm_area_struct *next;

	floor = vma->vm_start < start ? start :
		vma->vm_prev	      ? vma->vm_prev->vm_end :
					0;
	for (; vma && vma->vm_start < end; vma = next) {
		next = vma->vm_next;
		from = max(start, vma->vm_start);
		to = min(end, vma->vm_end);
		unaccount_area(mm, vma->vm_flags, to - from);
		zap_page_range(vma, from, to);
		if (from > vma->vm_start) {
			vma_resize(vma, vma->vm_start, from);
		} else if (to < vma->vm_end) {
			vma_resize(vma, to, vma->vm_end);
			break;
		} else {
			vma_unlink(vma);
			remove_vma(vma);
		}
	}
	free_pgtables(mm, start, end, floor, vma ? vma->vm_start : TASK_SIZE);
}

/**
 * do_munmap() - remove what is mapped in a range
 * @start: start of a page
 * @len: bytes
 *
 * Return: 0; -EINVAL: no such range; -ENOMEM: an area would have to be cut
 * and cannot, nothing is changed. Context: mmap_lock for write; may sleep.
 */
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	struct vm_area_struct *vma;
	unsigned long end;

	if ((start & ~PAGE_MASK) || start > TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	end = start + PAGE_ALIGN(len);
	if (end == start)
		return -EINVAL;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	if (vma->vm_start < start && end < vma->vm_end &&
	    (mm->map_count >= sysctl_max_map_count || !split_vma(vma, end)))
		return -ENOMEM;
	unmap_areas(mm, vma, start, end);
	return 0;
}

/** vm_munmap() - do_munmap() that takes mmap_lock. */
int vm_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	int err;

	down_write(&mm->mmap_lock);
	err = do_munmap(mm, start, len);
	up_write(&mm->mmap_lock);
	return err;
}

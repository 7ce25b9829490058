/* SPDX-License-Identifier: MIT */
/* munmap: areas go, or lose an end, with their pages and tables. */
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/hugetlb.h>
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
 * split_hugetlb() - cut areas of huge pages at both ends of a range
 * @start: start of the range
 * @end: its end
 *
 * Other areas are left as they are. Context: mmap_lock for write; may sleep.
 * Return: 0; -EINVAL: an end lies in a huge page; -ENOMEM.
 */
int split_hugetlb(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	unsigned long at[2] = { start, end };
	struct vm_area_struct *vma;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		vma = find_vma(mm, at[i]);
		if (vma && vma->vm_start < at[i] && !vma_may_split(vma, at[i]))
			return -EINVAL;
	}
	for (i = 0; i < 2; i++) {
		vma = find_vma(mm, at[i]);
		if (!vma || vma->vm_start >= at[i] || !is_vm_hugetlb_page(vma))
			continue;
		if (mm->map_count >= sysctl_max_map_count ||
		    !split_vma(vma, at[i]))
			return -ENOMEM;
	}
	return 0;
}

/**
 * do_munmap() - remove what is mapped in a range
 * @start: start of a page
 * @len: bytes
 *
 * Return: 0; -EINVAL: no such range, or a part of a huge page of a file alone;
 * -ENOMEM: an area would have to be cut and cannot, nothing is changed.
 * Context: mmap_lock for write; may sleep.
 */
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	struct vm_area_struct *vma;
	unsigned long end;
	int err;

	if ((start & ~PAGE_MASK) || start > TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	end = start + PAGE_ALIGN(len);
	if (end == start)
		return -EINVAL;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	if (unlikely(is_vm_hugetlb_page(vma) || vma->vm_end < end)) {
		err = split_hugetlb(mm, start, end);
		if (err)
			return err;
		vma = find_vma(mm, start);
	}
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

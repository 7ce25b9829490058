/* SPDX-License-Identifier: MIT */
/*
 * madvise: what a program says about its memory. Some advice changes areas,
 * some takes pages away or brings them in; how soon they are used again is
 * madvise_age.c's.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/hugetlb.h>
#include <ashlar/khugepaged.h>
#include <ashlar/ksm.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/rwsem.h>
#include <ashlar/shmem_fs.h>
#include "vma.h"

#define MADV_DONTNEED_LOCKED 24

/* True if the area's pages can be let go one by one. */
static bool can_madv_lru_vma(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB));
}

/* The flags that advice gives an area, or -EINVAL. */
static int madvise_flags(const struct vm_area_struct *vma, int advice,
			 u32 *flags)
{
	switch (advice) {
	case MADV_NORMAL:
		*flags &= ~(VM_RAND_READ | VM_SEQ_READ);
		return 0;
	case MADV_SEQUENTIAL:
		*flags = (*flags & ~VM_RAND_READ) | VM_SEQ_READ;
		return 0;
	case MADV_RANDOM:
		*flags = (*flags & ~VM_SEQ_READ) | VM_RAND_READ;
		return 0;
	case MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return vma->vm_flags & VM_IO ? -EINVAL : 0;
	case MADV_WIPEONFORK:
		*flags |= VM_WIPEONFORK;
		return vma->vm_file || (*flags & VM_SHARED) ? -EINVAL : 0;
	case MADV_KEEPONFORK:
		*flags &= ~VM_WIPEONFORK;
		return 0;
	case MADV_DONTDUMP:
		*flags |= VM_DONTDUMP;
		return 0;
	case MADV_DODUMP:
		*flags &= ~VM_DONTDUMP;
		return !is_vm_hugetlb_page(vma) && (*flags & VM_SPECIAL) ?
			       -EINVAL :
			       0;
	case MADV_MERGEABLE: /* what cannot be merged is left as it is */
		if (!(vma->vm_flags &
		      (VM_SPECIAL | VM_SHARED | VM_MAYSHARE | VM_HUGETLB)))
			*flags |= VM_MERGEABLE;
		return 0;
	case MADV_UNMERGEABLE:
		*flags &= ~VM_MERGEABLE;
		return 0;
	case MADV_HUGEPAGE:
		if (!port_has_pse)
			return -EINVAL;
		*flags = (*flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return *flags & VM_SPECIAL ? -EINVAL : 0;
	case MADV_NOHUGEPAGE:
		if (!port_has_pse)
			return -EINVAL;
		*flags = (*flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return *flags & VM_SPECIAL ? -EINVAL : 0;
	}
	return -EINVAL;
}

/* Give [start, end) of @*vma other flags; @*vma is what has it then. */
static int madvise_change(struct vm_area_struct **vma, unsigned long start,
			  unsigned long end, int advice)
{
	struct vm_area_struct *changed;
	u32 flags = (*vma)->vm_flags;
	int err;

	if (advice == MADV_COLLAPSE)
		return madvise_collapse(*vma, start, end);
	err = madvise_flags(*vma, advice, &flags);
	if (err || flags == (*vma)->vm_flags)
		return err;
	if ((flags ^ (*vma)->vm_flags) & VM_MERGEABLE)
		err = ksm_madvise(*vma, start, end, flags & VM_MERGEABLE);
	if (err)
		return -EAGAIN;
	changed = vma_change_flags(*vma, start, end, flags);
	if (IS_ERR(changed))
		return PTR_ERR(changed) == -ENOMEM ? -EAGAIN :
						     (int)PTR_ERR(changed);
	*vma = changed;
	return 0;
}

/* Punch a hole into the file behind the area; lets mmap_lock go meanwhile. */
static int madvise_remove(struct vm_area_struct *vma, unsigned long start,
			  unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	struct file *file = vma->vm_file;
	loff_t offset;
	int err;

	if ((vma->vm_flags & VM_LOCKED) || !file)
		return -EINVAL;
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
		return -EACCES;
	if (!file->f_op->fallocate)
		return -EOPNOTSUPP;
	offset = (loff_t)linear_page_index(vma, start) << PAGE_SHIFT;
	get_file(file);
	up_read(&mm->mmap_lock);
	err = (int)file->f_op->fallocate(
		file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset,
		(loff_t)(end - start));
	fput(file);
	down_read(&mm->mmap_lock);
	return err;
}

/* The pages of [start, end) go; of huge pages, those that lie in it. */
static int madvise_dontneed(struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, int advice)
{
	u32 never = VM_PFNMAP;

	if (advice == MADV_DONTNEED)
		never |= VM_LOCKED;
	if (vma->vm_flags & never)
		return -EINVAL;
	if (is_vm_hugetlb_page(vma)) {
		if (start & ~HPAGE_PMD_MASK)
			return -EINVAL;
		end &= HPAGE_PMD_MASK;
	}
	zap_page_range(vma, start, end);
	return 0;
}

/* Advice about the pages of [start, end) in @vma; 0 or -errno. */
static int madvise_pages(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, int advice)
{
	switch (advice) {
	case MADV_REMOVE:
		return madvise_remove(vma, start, end);
	case MADV_WILLNEED:
		madvise_willneed(vma, start, end);
		return 0;
	case MADV_COLD:
		if (!can_madv_lru_vma(vma))
			return -EINVAL;
		madvise_cold(vma, start, end);
		return 0;
	case MADV_PAGEOUT:
		if (!can_madv_lru_vma(vma))
			return -EINVAL;
		madvise_pageout(vma, start, end);
		return 0;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		return madvise_dontneed(vma, start, end, advice);
	case MADV_FREE:
		if (!can_madv_lru_vma(vma) || !vma_is_anonymous(vma))
			return -EINVAL;
		madvise_free(vma, start, end);
	}
	return 0;
}

/* MADV_POPULATE_*: fault in all of [start, end) or say why not. */
static int madvise_populate(struct mm_struct *mm, unsigned long start,
			    unsigned long end, bool write)
{
	struct vm_area_struct *vma;
	int err = 0;

	down_read(&mm->mmap_lock);
	for (; start < end && !err; start = vma->vm_end) {
		vma = find_vma_intersection(mm, start, start + 1);
		if (!vma) {
			err = -ENOMEM;
			break;
		}
		err = gup_allowed(vma->vm_flags, write, false) ?
			      populate_vma_range(vma, start,
						 min(end, vma->vm_end), write) :
			      -EINVAL;
	}
	up_read(&mm->mmap_lock);
	return err;
}

static bool changes_areas(int advice)
{
	u32 flags = 0;
	const struct vm_area_struct none = { .vm_file = NULL };

	return advice == MADV_COLLAPSE || !madvise_flags(&none, advice, &flags);
}

static bool is_about_pages(int advice)
{
	switch (advice) {
	case MADV_REMOVE:
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
		return true;
	}
	return false;
}

/*
 * Area by area; after a gap the others still get the advice. The next one is
 * looked for by address, since the lock may have been let go.
 */
static int madvise_areas(struct mm_struct *mm, unsigned long start,
			 unsigned long end, int advice, bool change)
{
	struct vm_area_struct *vma;
	unsigned long to;
	int err = 0, gap = 0;

	while (start < end && !err) {
		vma = find_vma(mm, start);
		if (!vma || vma->vm_start > start)
			gap = -ENOMEM;
		if (!vma || vma->vm_start >= end)
			break;
		start = max(start, vma->vm_start);
		to = min(end, vma->vm_end);
		err = change ? madvise_change(&vma, start, to, advice) :
			       madvise_pages(vma, start, to, advice);
		start = to;
	}
	return err ? err : gap;
}

/**
 * mm_madvise() - take advice about [start, start + len)
 * @start: start of a page
 * @len: bytes
 * @advice: MADV_*
 *
 * Return: 0, or -errno as madvise(2). Context: takes mmap_lock.
 */
int mm_madvise(struct mm_struct *mm, unsigned long start, size_t len,
	       int advice)
{
	bool populate = advice == MADV_POPULATE_READ ||
			advice == MADV_POPULATE_WRITE;
	bool change = changes_areas(advice);
	unsigned long end = start + PAGE_ALIGN(len);
	int err;

	if (!populate && !change && !is_about_pages(advice))
		return -EINVAL;
	if ((start & ~PAGE_MASK) || end < start || (len && end == start))
		return -EINVAL;
	if (end == start)
		return 0;
	if (populate)
		return madvise_populate(mm, start, end,
					advice == MADV_POPULATE_WRITE);
	if (change) {
		down_write(&mm->mmap_lock);
		err = madvise_areas(mm, start, end, advice, true);
		up_write(&mm->mmap_lock);
	} else {
		down_read(&mm->mmap_lock);
		err = madvise_areas(mm, start, end, advice, false);
		up_read(&mm->mmap_lock);
	}
	return err;
}

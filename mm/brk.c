/* SPDX-License-Identifier: MIT */
/*
 * brk: the heap, an anonymous area from start_brk to brk, and a program's bss,
 * which is made in the same way.
 */
#include <ashlar/errno.h>
#include <ashlar/gup.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/rwsem.h>
#include "vma.h"

/* Anonymous memory at @addr, where there is none; 0 or -errno. */
static int do_brk_flags(struct mm_struct *mm, unsigned long addr,
			unsigned long len, u32 vm_flags)
{
	int err;

	vm_flags |= VM_DATA_DEFAULT_FLAGS | mm->def_flags;
	err = mlock_future_check(mm, vm_flags, len);
	if (err)
		return err;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	return mmap_region(mm, NULL, addr, len, vm_flags, addr >> PAGE_SHIFT);
}

/**
 * vm_brk_flags() - anonymous memory at a fixed place: a program's bss
 * @addr: start of a page
 * @len: bytes
 * @vm_flags: 0 or VM_EXEC
 *
 * Return: 0 or -errno. Context: takes mmap_lock.
 */
int vm_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 u32 vm_flags)
{
	int err;

	if (!len)
		return 0;
	if (len > TASK_SIZE || addr > TASK_SIZE - PAGE_ALIGN(len))
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	down_write(&mm->mmap_lock);
	err = do_brk_flags(mm, addr, len, vm_flags);
	up_write(&mm->mmap_lock);
	if (!err && (mm->def_flags & VM_LOCKED))
		mm_populate(mm, addr, len);
	return err;
}

/* True if RLIMIT_DATA allows a heap that ends at @brk. */
static bool brk_within_limit(const struct mm_struct *mm, unsigned long brk)
{
	unsigned long limit = port_rlimit(RLIMIT_DATA);

	return limit == RLIM_INFINITY ||
	       brk - mm->start_brk + mm->end_data - mm->start_data <= limit;
}

/*
 * Move the heap's end from @old to @new, both ends of pages. Return: true if
 * that was possible.
 */
static bool brk_move(struct mm_struct *mm, unsigned long old, unsigned long new,
		     u32 vm_flags)
{
	struct vm_area_struct *next;

	if (new < old)
		return !do_munmap(mm, new, old - new);
	if (new > TASK_SIZE)
		return false;
	next = find_vma(mm, old);
	if (next && new + PAGE_SIZE > vm_start_gap(next))
		return false;
	return !do_brk_flags(mm, old, new - old, vm_flags);
}

/**
 * mm_brk() - set the end of the heap
 * @brk: the first address past it, or anything else to learn where it is
 * @vm_flags: of what is new; 0 or VM_EXEC
 *
 * Return: where it is now. Context: takes mmap_lock.
 */
unsigned long mm_brk(struct mm_struct *mm, unsigned long brk, u32 vm_flags)
{
	unsigned long old, new, populate = 0;

	down_write(&mm->mmap_lock);
	old = PAGE_ALIGN(mm->brk);
	new = PAGE_ALIGN(brk);
	if (brk >= mm->start_brk && brk <= TASK_SIZE &&
	    brk_within_limit(mm, brk) &&
	    (old == new || brk_move(mm, old, new, vm_flags))) {
		mm->brk = brk;
		if (new > old && (mm->def_flags & VM_LOCKED))
			populate = new - old;
	}
	brk = mm->brk;
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(mm, old, populate);
	return brk;
}

/* SPDX-License-Identifier: MIT */
/*
 * A program's stack: where it may grow to, and what is placed below it.
 *
 *   stack: grows down as it is touched, up to RLIMIT_STACK; STACK_GUARD_GAP
 *   below it stays free
 *   ┄┄┄┄┄
 *   mmap_base: RLIMIT_STACK below the top, but at least 128 MB and at most
 *   5/6 of the space
 */
#include <ashlar/commit.h>
#include <ashlar/errno.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include "vma.h"

/**
 * expand_stack() - let a stack grow down to @addr
 * @vma: VM_GROWSDOWN, the first area that ends after @addr
 *
 * Return: 0; -ENOMEM: another area is too near, or a limit. Context:
 * mmap_lock for write; does not sleep.
 */
int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma->vm_prev;
	unsigned long grow;

	addr &= PAGE_MASK;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) &&
	    (prev->vm_flags & VM_ACCESS_FLAGS) &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -ENOMEM;
	grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (grow > vma->vm_pgoff ||
	    vma->vm_end - addr > port_rlimit(RLIMIT_STACK) ||
	    !may_expand_vm(mm, vma->vm_flags, grow) ||
	    mlock_future_check(mm, vma->vm_flags, grow << PAGE_SHIFT) ||
	    ((vma->vm_flags & VM_ACCOUNT) &&
	     security_vm_enough_memory_mm(mm, grow)))
		return -ENOMEM;
	account_area(mm, vma->vm_flags, grow << PAGE_SHIFT);
	vma_resize(vma, addr, vma->vm_end);
	return 0;
}

/** pick_mmap_base() - where areas are placed below, for a limit of the stack */
unsigned long pick_mmap_base(unsigned long stack_limit)
{
	const unsigned long least = 128ul << 20, most = TASK_SIZE / 6 * 5;

	if (stack_limit > most - STACK_GUARD_GAP)
		return PAGE_ALIGN(TASK_SIZE - most);
	return PAGE_ALIGN(TASK_SIZE -
			  max(stack_limit + STACK_GUARD_GAP, least));
}

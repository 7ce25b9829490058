/* SPDX-License-Identifier: MIT */
/*
 * What the areas of a space count for: RLIMIT_AS, _DATA and _MEMLOCK, and the
 * totals in /proc. Memory that is promised to all spaces is mm/commit.c's.
 */
#include <ashlar/commit.h>
#include <ashlar/errno.h>
#include <ashlar/mmap.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/tune.h>
#include "vma.h"

int sysctl_max_map_count = 65530;

static unsigned long rlimit_pages(unsigned int resource)
{
	return port_rlimit(resource) >> PAGE_SHIFT;
}

static bool is_data_mapping(u32 vm_flags)
{
	return (vm_flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE;
}

/** may_expand_vm() - true if the space may have @n more pages of this kind */
bool may_expand_vm(const struct mm_struct *mm, u32 vm_flags, unsigned long n)
{
	if (mm->total_vm + n > rlimit_pages(RLIMIT_AS))
		return false;
	if (!is_data_mapping(vm_flags) ||
	    mm->data_vm + n <= rlimit_pages(RLIMIT_DATA))
		return true;
	/* A soft limit of 0 keeps only brk out: some programs set it so that
	 * malloc takes mappings. */
	return !port_rlimit(RLIMIT_DATA) &&
	       mm->data_vm + n <= port_rlimit_max(RLIMIT_DATA) >> PAGE_SHIFT;
}

/** vm_stat_account() - @pages more, or less, of this kind. */
void vm_stat_account(struct mm_struct *mm, u32 vm_flags, long pages)
{
	mm->total_vm += pages;
	if ((vm_flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC)
		mm->exec_vm += pages;
	else if (vm_flags & VM_STACK)
		mm->stack_vm += pages;
	else if (is_data_mapping(vm_flags))
		mm->data_vm += pages;
	mm->hiwater_vm = max(mm->hiwater_vm, mm->total_vm);
}

/** can_do_mlock() - may the running task lock anything at all? */
bool can_do_mlock(void)
{
	return port_rlimit(RLIMIT_MEMLOCK) != 0;
}

/** mlock_future_check() - is there room to lock @len bytes? 0 or -EAGAIN. */
int mlock_future_check(const struct mm_struct *mm, u32 vm_flags,
		       unsigned long len)
{
	if (!(vm_flags & VM_LOCKED))
		return 0;
	if (mm->locked_vm + (len >> PAGE_SHIFT) > rlimit_pages(RLIMIT_MEMLOCK))
		return -EAGAIN;
	return 0;
}

/** account_area() - an area of @len bytes exists now. */
void account_area(struct mm_struct *mm, u32 vm_flags, unsigned long len)
{
	vm_stat_account(mm, vm_flags, len >> PAGE_SHIFT);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += len >> PAGE_SHIFT;
}

/** unaccount_area() - an area of @len bytes exists no more. */
void unaccount_area(struct mm_struct *mm, u32 vm_flags, unsigned long len)
{
	long pages = len >> PAGE_SHIFT;

	vm_stat_account(mm, vm_flags, -pages);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm -= pages;
	if (vm_flags & VM_ACCOUNT)
		vm_unacct_memory(pages);
}

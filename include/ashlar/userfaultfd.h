/* SPDX-License-Identifier: MIT */
/*
 * Areas whose missing pages a program provides: mm/userfaultfd.c, and for the
 * program's side kernel/fs/userfaultfd.c.
 */
#ifndef ASHLAR_USERFAULTFD_H
#define ASHLAR_USERFAULTFD_H

#include <ashlar/fault.h>

/*
 * The kernel's: tell the watcher, vma->vm_private_data, that a page is missing,
 * and wait for it. mmap_lock is held for read, and let go meanwhile. Returns
 * VM_FAULT_RETRY or VM_FAULT_SIGBUS.
 */
extern vm_fault_t (*vm_userfault)(struct vm_area_struct *vma,
				  unsigned long addr, unsigned int flags);

int userfaultfd_watch(struct mm_struct *mm, unsigned long start,
		      unsigned long end, void *who);
void userfaultfd_forget(struct mm_struct *mm, const void *who);
bool userfault_is_due(struct mm_struct *mm, unsigned long addr);
int userfaultfd_covers(struct mm_struct *mm, unsigned long start,
		       unsigned long len);
int mfill_page(struct mm_struct *mm, unsigned long addr, struct page *page);

#endif

/* SPDX-License-Identifier: MIT */
/* Pages of a program, for the kernel. Code: mm/gup.c. */
#ifndef ASHLAR_GUP_H
#define ASHLAR_GUP_H

#include <ashlar/types.h>

struct mm_struct;
struct page;

/*
 * The page that holds @addr with a reference, faulted in; ERR_PTR(-EFAULT,
 * -ENOMEM). @write: made private for writing. @force: past the area's
 * protection (debuggers, /proc/PID/mem). Takes mmap_lock for read.
 */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write,
			   bool force);
/* Bytes of another space to or from kernel memory; returns bytes done. */
size_t access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf,
			 size_t len, bool write);
/* Fault in what is not there; 0, or the first -errno. Takes mmap_lock. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len);

#endif

/* SPDX-License-Identifier: MIT */
/* Files of huge pages, to those who make some. Code: kernel/fs/hugetlbfs.c. */
#ifndef KERNEL_FS_HUGETLBFS_H
#define KERNEL_FS_HUGETLBFS_H

#include <ashlar/fs.h>

extern const struct file_operations hugetlbfs_file_operations;
extern u32 sysctl_hugetlb_shm_group; /* who may have SHM_HUGETLB */

/*
 * A file of @size bytes (whole pages) without a name anywhere, open for reading
 * and writing. @vm_flags: VM_NORESERVE, or its pages are promised. @log: its
 * pages' size as MAP_HUGE_* have it. ERR_PTR(-ENODEV: no such size, -ENOENT: no
 * size at all, -ENOMEM, -ENFILE).
 */
struct file *hugetlb_file_setup(const char *name, unsigned long size,
				u32 vm_flags, unsigned int log);

void hugetlbfs_init(void);

#endif

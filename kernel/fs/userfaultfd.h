/* SPDX-License-Identifier: MIT */
/* What others know of kernel/fs/userfaultfd.c. */
#ifndef KERNEL_FS_USERFAULTFD_H
#define KERNEL_FS_USERFAULTFD_H

/* vm.unprivileged_userfaultfd: anybody may wait for faults of the kernel */
extern int sysctl_unprivileged_userfaultfd;

void userfaultfd_init(void);

#endif

/* SPDX-License-Identifier: MIT */
/* How many system calls there are; entry.S reads this, too. */
#ifndef KERNEL_SYSCALL_NR_H
#define KERNEL_SYSCALL_NR_H

#define NR_SYSCALLS 452

#endif

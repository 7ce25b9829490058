/* SPDX-License-Identifier: MIT */
/*
 * System calls are functions of up to six register-sized arguments; the
 * table of numbers is kernel/syscall_table.c. SYSCALL_DEFINE(name, args…)
 * declares and begins one: arguments are a program's words, so pointers are
 * marked __user and used through <mach/uaccess.h> only.
 */
#ifndef KERNEL_SYSCALL_H
#define KERNEL_SYSCALL_H

#include <ashlar/errno.h>
#include <ashlar/types.h>
#include <kernel/syscall_nr.h>
#include <mach/uaccess.h>

#define SYSCALL_DEFINE(name, ...)     \
	long sys_##name(__VA_ARGS__); \
	long sys_##name(__VA_ARGS__)

/* How often each number was called, and unknown ones; for /proc. */
extern unsigned long syscall_unknown[NR_SYSCALLS];

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The table that entry.S calls through: one function for each number, and
 * sys_ni_syscall for the others. Functions are reached by their arguments'
 * registers, so their C types do not matter here.
 */
#include <i386.h>
#include <kernel/syscall.h>
#include <kernel/task/task.h>

unsigned long syscall_unknown[NR_SYSCALLS];

long sys_ni_syscall(void);
long sys_ni_syscall(void)
{
	u32 nr = task_pt_regs(current)->orig_ax;

	if (nr < NR_SYSCALLS)
		syscall_unknown[nr]++;
	return -ENOSYS;
}

#define SYSCALL(nr, name) long sys_##name(void);
#include "syscall_list.h"
#undef SYSCALL

/* First every number, then those that are. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define SYSCALL(nr, name) [nr] = (void *)sys_##name,
void *const sys_call_table[NR_SYSCALLS] = {
	[0 ... NR_SYSCALLS - 1] = (void *)sys_ni_syscall,
#include "syscall_list.h"
};

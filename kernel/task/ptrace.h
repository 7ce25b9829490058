/* SPDX-License-Identifier: MIT */
/* Looking into another process: who may. Code: kernel/task/cred.c. */
#ifndef KERNEL_TASK_PTRACE_H
#define KERNEL_TASK_PTRACE_H

#include <ashlar/types.h>

struct mm_struct;
struct task_struct;

/* ptrace_may_access(): to read or to change, by which of the user numbers */
#define PTRACE_MODE_READ 0x1u
#define PTRACE_MODE_ATTACH 0x2u
#define PTRACE_MODE_FSCREDS 0x8u
#define PTRACE_MODE_REALCREDS 0x10u
#define PTRACE_MODE_READ_FSCREDS (PTRACE_MODE_READ | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_READ_REALCREDS (PTRACE_MODE_READ | PTRACE_MODE_REALCREDS)
#define PTRACE_MODE_ATTACH_FSCREDS (PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_ATTACH_REALCREDS \
	(PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)

bool ptrace_may_access(const struct task_struct *task, unsigned int mode);
/* @task's space with a user reference, NULL if it has none, or
 * ERR_PTR(-EACCES). */
struct mm_struct *mm_access(struct task_struct *task, unsigned int mode);

#endif

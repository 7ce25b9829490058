/* SPDX-License-Identifier: MIT */
/*
 * kcmp: do two tasks share a part? The order of parts that differ is that of
 * their addresses, made unreadable.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <kernel/fs/fdtable.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>

enum {
	KCMP_FILE,
	KCMP_VM,
	KCMP_FILES,
	KCMP_FS,
	KCMP_SIGHAND,
	KCMP_IO,
	KCMP_SYSVSEM
};

#define DISGUISE 0x9e3779b1u /* odd: different addresses stay different */

/* Return: 0 if they are equal, 1 if the first is less, 2 if greater. */
static long compare(const void *a, const void *b)
{
	u32 x = (u32)a * DISGUISE, y = (u32)b * DISGUISE;

	return x == y ? 0 : x < y ? 1 : 2;
}

/* What SEM_UNDO has left to undo, shared by the threads of a process. */
static const void *undo_list(const struct task_struct *t)
{
	return list_empty(&t->signal->sem_undos) ? NULL : t->signal;
}

static long compare_files(struct task_struct *a, struct task_struct *b,
			  u32 fd_a, u32 fd_b)
{
	struct file *f = a->files ? files_lookup(a->files, fd_a) : NULL;
	struct file *g = b->files ? files_lookup(b->files, fd_b) : NULL;
	long ret = f && g ? compare(f, g) : -EBADF;

	if (f)
		fput(f);
	if (g)
		fput(g);
	return ret;
}

SYSCALL_DEFINE(kcmp, pid_t pid_a, pid_t pid_b, int type, u32 fd_a, u32 fd_b)
{
	struct task_struct *a = find_task_by_pid(pid_a);
	struct task_struct *b = find_task_by_pid(pid_b);

	if (!a || !b)
		return -ESRCH;
	if (!ptrace_may_access(a, PTRACE_MODE_READ_REALCREDS) ||
	    !ptrace_may_access(b, PTRACE_MODE_READ_REALCREDS))
		return -EPERM;
	switch (type) {
	case KCMP_FILE:
		return compare_files(a, b, fd_a, fd_b);
	case KCMP_VM:
		return compare(a->mm, b->mm);
	case KCMP_FILES:
		return compare(a->files, b->files);
	case KCMP_FS:
		return compare(a->fs, b->fs);
	case KCMP_SIGHAND:
		return compare(a->sighand, b->sighand);
	case KCMP_IO: /* that of disks: no task has one */
		return 0;
	case KCMP_SYSVSEM:
		return compare(undo_list(a), undo_list(b));
	}
	return -EINVAL;
}

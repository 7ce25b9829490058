/* SPDX-License-Identifier: MIT */
/* The system calls that make tasks: fork, vfork, clone, clone3. */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/mmap.h>
#include <ashlar/string.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/clone.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>

#define CLONE_ARGS_SIZE_VER0 64
#define CLONE_ARGS_SIZE_VER2 88

struct clone_args { /* clone3 */
	u64 flags, pidfd, child_tid, parent_tid, exit_signal;
	u64 stack, stack_size, tls;
	u64 set_tid, set_tid_size, cgroup;
};

SYSCALL_DEFINE(fork, void)
{
	struct kernel_clone_args args = { .exit_signal = SIGCHLD };

	return kernel_clone(&args);
}

SYSCALL_DEFINE(vfork, void)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD,
	};

	return kernel_clone(&args);
}

SYSCALL_DEFINE(clone, u32 flags, u32 newsp, u32 parent_tid, u32 tls,
	       u32 child_tid)
{
	struct kernel_clone_args args = {
		.flags = flags & ~CSIGNAL,
		.pidfd = parent_tid,
		.child_tid = child_tid,
		.parent_tid = parent_tid,
		.exit_signal = (int)(flags & CSIGNAL),
		.stack = newsp,
		.tls = tls,
	};

	if (flags & CLONE_PIDFD && flags & CLONE_PARENT_SETTID)
		return -EINVAL;
	return kernel_clone(&args);
}

/* A struct of @size bytes that may be longer or shorter than ours. */
static int copy_clone_args(struct clone_args *to, const u8 __user *from,
			   u32 size)
{
	u32 i, known = min(size, (u32)sizeof(*to));

	if (size > 4096)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(to, 0, sizeof(*to));
	if (copy_from_user(to, from, known))
		return -EFAULT;
	for (i = known; i < size; i++) {
		u8 byte;

		if (get_user(byte, from + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

static bool clone3_args_valid(const struct clone_args *a)
{
	u64 known = CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | 0xffffffffull;

	if (a->flags & ~known || a->flags & CLONE_INTO_CGROUP)
		return false;
	if (a->flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return false;
	if (a->flags & CLONE_SIGHAND && a->flags & CLONE_CLEAR_SIGHAND)
		return false;
	if (a->flags & (CLONE_THREAD | CLONE_PARENT) && a->exit_signal)
		return false;
	if (a->exit_signal > NSIG || !a->set_tid != !a->set_tid_size)
		return false;
	if (!a->stack != !a->stack_size)
		return false;
	return access_ok((u32)a->stack, (u32)a->stack_size) &&
	       !(a->stack >> 32) && !(a->stack_size >> 32);
}

/* The number that the child shall have: one, for there are no namespaces. */
static int get_set_tid(const struct clone_args *a, pid_t *tid)
{
	*tid = 0;
	if (!a->set_tid_size)
		return 0;
	if (a->set_tid_size > 1)
		return -EINVAL;
	if (get_user(*tid, (pid_t __user *)(u32)a->set_tid))
		return -EFAULT;
	if (*tid < 1 || *tid >= pid_max)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN) && !capable(CAP_CHECKPOINT_RESTORE))
		return -EPERM;
	return 0;
}

SYSCALL_DEFINE(clone3, const void __user *uargs, u32 size)
{
	struct clone_args a;
	struct kernel_clone_args args = { 0 };
	int err = copy_clone_args(&a, uargs, size);

	if (err)
		return err;
	if (!clone3_args_valid(&a))
		return -EINVAL;
	err = get_set_tid(&a, &args.set_tid);
	if (err)
		return err;
	args.flags = a.flags;
	args.pidfd = (u32)a.pidfd;
	args.child_tid = (u32)a.child_tid;
	args.parent_tid = (u32)a.parent_tid;
	args.exit_signal = (int)a.exit_signal;
	args.stack = (u32)(a.stack + a.stack_size);
	args.tls = (u32)a.tls;
	return kernel_clone(&args);
}

/* What may be unshared here are the parts that clone can share. */
SYSCALL_DEFINE(unshare, u32 flags)
{
	struct task_struct *t = current;
	struct fs_struct *fs, *old;

	if (flags & ~(CLONE_FS | CLONE_FILES | CLONE_SYSVSEM | CLONE_THREAD |
		      CLONE_SIGHAND | CLONE_VM | (u32)CLONE_NAMESPACES))
		return -EINVAL;
	if (flags & CLONE_NAMESPACES)
		return capable(CAP_SYS_ADMIN) || flags & CLONE_NEWUSER ?
			       -EINVAL :
			       -EPERM;
	if (flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) &&
	    (t->signal->nr_threads > 1 || atomic_read(&t->sighand->count) > 1 ||
	     (flags & CLONE_VM && atomic_read(&t->mm->mm_users) > 1)))
		return -EINVAL;
	if (flags & CLONE_FS && atomic_read(&t->fs->count) > 1) {
		fs = copy_fs(t->fs);
		if (!fs)
			return -ENOMEM;
		old = t->fs;
		t->fs = fs;
		put_fs(old);
	}
	return flags & CLONE_FILES ? unshare_files() : 0;
}

/* No descriptor is one of a namespace, for there are none. */
SYSCALL_DEFINE(setns, int fd, u32 flags)
{
	struct file *f = fget((unsigned int)fd);

	(void)flags;
	if (!f)
		return -EBADF;
	fput(f);
	return -EINVAL;
}

SYSCALL_DEFINE(set_tid_address, u32 tidptr)
{
	current->clear_child_tid = tidptr;
	return current->pid;
}

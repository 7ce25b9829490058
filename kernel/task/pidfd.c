/* SPDX-License-Identifier: MIT */
/*
 * A process as a descriptor: it means that process and no later one of the
 * same number, and is readable when it has ended.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/poll.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>

#define PIDFD_NONBLOCK O_NONBLOCK

static void pidfd_release(struct file *f)
{
	put_pid(f->private_data);
}

static u32 pidfd_poll(struct file *f, struct poll_table *pt)
{
	struct pid *pid = f->private_data;
	struct task_struct *t;

	poll_wait(&pid->wait_pidfd, pt);
	t = pid->task;
	if (!t || (t->exit_state && !t->signal->nr_threads))
		return POLLIN | POLLRDNORM;
	return 0;
}

static const struct file_operations pidfd_fops = {
	.release = pidfd_release,
	.poll = pidfd_poll,
};

/**
 * pidfd_get_pid() - what a pidfd is about
 * @fd: a descriptor of the running process
 * @flags: out, its O_*; or NULL
 *
 * Return: it with a reference, or ERR_PTR(-EBADF).
 */
struct pid *pidfd_get_pid(unsigned int fd, u32 *flags)
{
	struct file *f = fget(fd);
	struct pid *pid = ERR_PTR(-EBADF);

	if (!f)
		return pid;
	if (f->f_op == &pidfd_fops) {
		pid = f->private_data;
		get_pid(pid);
		if (flags)
			*flags = f->f_flags;
	}
	fput(f);
	return pid;
}

/**
 * pidfd_prepare() - a descriptor for a process, not yet visible
 * @pid: the process
 * @flags: O_*
 * @file: out; fd_install() makes it visible
 *
 * Return: the descriptor or -errno.
 */
int pidfd_prepare(struct pid *pid, u32 flags, struct file **file)
{
	struct file *f;
	int fd;

	get_pid(pid);
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		goto put;
	f = anon_inode_getfile("[pidfd]", &pidfd_fops, pid,
			       flags & ~(u32)O_CLOEXEC);
	if (!IS_ERR(f)) {
		*file = f;
		return fd;
	}
	put_unused_fd((unsigned int)fd);
	fd = (int)PTR_ERR(f);
put:
	put_pid(pid);
	return fd;
}

SYSCALL_DEFINE(pidfd_open, pid_t nr, u32 flags)
{
	struct pid *pid;
	struct file *f = NULL;
	int fd;

	if (flags & ~(u32)PIDFD_NONBLOCK || nr <= 0)
		return -EINVAL;
	pid = find_pid(nr);
	if (!pid || !pid->task)
		return -ESRCH;
	if (pid->task != pid->task->group_leader)
		return -EINVAL;
	fd = pidfd_prepare(pid, flags | O_RDWR | O_CLOEXEC, &f);
	if (fd >= 0)
		fd_install((unsigned int)fd, f);
	return fd;
}

static struct file *file_of(struct task_struct *t, unsigned int fd)
{
	struct file *f;

	if (!t || !t->files)
		return ERR_PTR(-ESRCH);
	if (!ptrace_may_access(t, PTRACE_MODE_ATTACH_REALCREDS))
		return ERR_PTR(-EPERM);
	f = files_lookup(t->files, fd);
	return f ? f : ERR_PTR(-EBADF);
}

SYSCALL_DEFINE(pidfd_getfd, int pidfd, int fd, u32 flags)
{
	struct pid *pid;
	struct file *f;
	int new;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid((unsigned int)pidfd, NULL);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	f = file_of(pid->task, (unsigned int)fd);
	put_pid(pid);
	if (IS_ERR(f))
		return PTR_ERR(f);
	new = get_unused_fd_flags(O_CLOEXEC);
	if (new < 0)
		fput(f);
	else
		fd_install((unsigned int)new, f);
	return new;
}

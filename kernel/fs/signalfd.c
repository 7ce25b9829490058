/* SPDX-License-Identifier: MIT */
/*
 * Signals through a descriptor: read takes those of a mask that wait for the
 * reader, as a handler would. One queue wakes all readers; who waits for a
 * signal by descriptor is rare.
 */
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>

struct signalfd_siginfo { /* as read gives it */
	u32 signo;
	s32 err, code;
	u32 pid, uid;
	s32 fd;
	u32 tid, band, overrun, trapno;
	s32 status, value_int;
	u64 value_ptr, utime, stime, addr;
	u8 pad[48];
};

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "as Linux's");

struct signalfd {
	sigset_t mask; /* the signals it takes */
};

DECLARE_WAIT_QUEUE_HEAD(signalfd_wait);

static sigset_t waiting(const struct signalfd *s)
{
	return (current->pending.signal |
		current->signal->shared_pending.signal) &
	       s->mask;
}

/* True if it tells of a descriptor. */
static bool is_of_file(const struct siginfo *info)
{
	if (info->si_code == SI_SIGIO)
		return true;
	return info->si_code >= POLL_IN && info->si_code <= POLL_HUP &&
	       !has_own_codes(info->si_signo);
}

static void convert(struct signalfd_siginfo *to, const struct siginfo *from)
{
	memset(to, 0, sizeof(*to));
	to->signo = (u32)from->si_signo;
	to->err = from->si_errno;
	to->code = from->si_code;
	if (from->si_code == SI_TIMER) {
		to->tid = (u32)from->timer.tid;
		to->overrun = (u32)from->timer.overrun;
		to->value_int = (s32)from->timer.value;
		to->value_ptr = from->timer.value;
		return;
	}
	if (is_of_file(from)) {
		to->band = (u32)from->poll.band;
		to->fd = from->poll.fd;
		return;
	}
	if (from->si_code > 0 && from->si_code < SI_KERNEL &&
	    from->si_signo != SIGCHLD) {
		to->addr = from->fault.addr;
		return;
	}
	to->pid = (u32)from->kill.pid;
	to->uid = (u32)from->kill.uid;
	if (from->si_signo == SIGCHLD && from->si_code > 0) {
		to->status = from->chld.status;
		to->utime = (u64)from->chld.utime;
		to->stime = (u64)from->chld.stime;
	} else {
		to->value_int = (s32)from->kill.value;
		to->value_ptr = from->kill.value;
	}
}

static ssize_t signalfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct signalfd *s = f->private_data;
	struct signalfd_siginfo out;
	struct siginfo info;
	ssize_t done = 0;
	int err;

	(void)pos;
	if (to->count < sizeof(out))
		return -EINVAL;
	while (to->count >= sizeof(out)) {
		while (!dequeue_signal(~s->mask, &info)) {
			if (done)
				return done;
			if (f->f_flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(&signalfd_wait,
						       waiting(s));
			if (err)
				return err;
		}
		convert(&out, &info);
		if (copy_to_iter(&out, sizeof(out), to) != sizeof(out))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(out);
	}
	return done;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(&signalfd_wait, pt);
	return waiting(f->private_data) ? POLLIN | POLLRDNORM : 0;
}

static void signalfd_release(struct file *f)
{
	kfree(f->private_data);
}

static const struct file_operations signalfd_fops = {
	.llseek = noop_llseek,
	.read_iter = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
};

static long change_mask(int fd, sigset_t mask)
{
	struct fd f = fdget((unsigned int)fd);
	long ret = fd;

	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &signalfd_fops) {
		((struct signalfd *)f.file->private_data)->mask = mask;
		wake_up(&signalfd_wait);
	} else {
		ret = -EINVAL;
	}
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(signalfd4, int fd, const sigset_t __user *umask, size_t size,
	       u32 flags)
{
	struct signalfd *s;
	sigset_t mask;

	if (flags & ~(u32)(O_NONBLOCK | O_CLOEXEC) || size != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, umask, sizeof(mask)))
		return -EFAULT;
	mask &= ~(sigmask(SIGKILL) | sigmask(SIGSTOP));
	if (fd != -1)
		return change_mask(fd, mask);
	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->mask = mask;
	fd = anon_inode_getfd("anon_inode:[signalfd]", &signalfd_fops, s,
			      O_RDWR | flags);
	if (fd < 0)
		kfree(s);
	return fd;
}

SYSCALL_DEFINE(signalfd, int fd, const sigset_t __user *umask, size_t size)
{
	return sys_signalfd4(fd, umask, size, 0);
}

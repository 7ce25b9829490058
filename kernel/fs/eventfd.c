/* SPDX-License-Identifier: MIT */
/*
 * eventfd(2): a counter that is a file. Writing adds, reading takes all (or
 * one, with EFD_SEMAPHORE); a reader waits while it is 0, a writer while it
 * would pass 2^64 - 2.
 */
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>

#define EFD_SEMAPHORE 1u
#define EVENTFD_MAX 0xfffffffffffffffeull

struct eventfd {
	struct wait_queue_head wait;
	u64 count;
	bool semaphore;
};

static ssize_t eventfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct eventfd *e = f->private_data;
	u64 value;
	int err;

	(void)pos;
	if (to->count < sizeof(value))
		return -EINVAL;
	if (!e->count && f->f_flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event_interruptible(&e->wait, e->count);
	if (err)
		return err;
	value = e->semaphore ? 1 : e->count;
	e->count -= value;
	wake_up_poll(&e->wait, POLLOUT | POLLWRNORM);
	if (copy_to_iter(&value, sizeof(value), to) != sizeof(value))
		return -EFAULT;
	return sizeof(value);
}

static ssize_t eventfd_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct eventfd *e = f->private_data;
	u64 value;
	int err;

	(void)pos;
	if (from->count < sizeof(value))
		return -EINVAL;
	if (copy_from_iter(&value, sizeof(value), from) != sizeof(value))
		return -EFAULT;
	if (value > EVENTFD_MAX)
		return -EINVAL;
	if (value > EVENTFD_MAX - e->count && f->f_flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event_interruptible(&e->wait,
				       value <= EVENTFD_MAX - e->count);
	if (err)
		return err;
	e->count += value;
	wake_up_poll(&e->wait, POLLIN | POLLRDNORM);
	return sizeof(value);
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
	struct eventfd *e = f->private_data;
	u32 mask = 0;

	poll_wait(&e->wait, pt);
	if (e->count)
		mask |= POLLIN | POLLRDNORM;
	if (e->count < EVENTFD_MAX)
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

static void eventfd_release(struct file *f)
{
	kfree(f->private_data);
}

static const struct file_operations eventfd_fops = {
	.llseek = noop_llseek,
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
};

SYSCALL_DEFINE(eventfd2, u32 count, u32 flags)
{
	struct eventfd *e;
	int fd;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	e = kmalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	init_waitqueue_head(&e->wait);
	e->count = count;
	e->semaphore = flags & EFD_SEMAPHORE;
	fd = anon_inode_getfd("anon_inode:[eventfd]", &eventfd_fops, e,
			      O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		kfree(e);
	return fd;
}

SYSCALL_DEFINE(eventfd, u32 count)
{
	return sys_eventfd2(count, 0);
}

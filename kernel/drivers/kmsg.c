/* SPDX-License-Identifier: MIT */
/*
 * /dev/kmsg: the kernel's log, one record a read; what is written to it
 * becomes a record. An open file's position is the number of a record.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/drivers/mem.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/read_write.h>
#include <kernel/printk.h>
#include <kernel/sched/wait.h>

#define RECORD_MAX 1024

struct kmsg_reader {
	u64 seq;
	char buf[RECORD_MAX];
};

static int kmsg_open(struct inode *inode, struct file *f)
{
	struct kmsg_reader *r = NULL;

	(void)inode;
	if (f->f_mode & FMODE_READ) {
		r = kmalloc(sizeof(*r), GFP_KERNEL);
		if (!r)
			return -ENOMEM;
		r->seq = kmsg_first();
	}
	f->private_data = r;
	return 0;
}

static void kmsg_release(struct file *f)
{
	kfree(f->private_data);
}

static ssize_t kmsg_read_iter(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct kmsg_reader *r = f->private_data;
	u64 seq;
	int n;

	(void)pos;
	if (r->seq >= kmsg_last() && f->f_flags & O_NONBLOCK)
		return -EAGAIN;
	n = wait_event_interruptible(&log_wait, r->seq < kmsg_last());
	if (n)
		return n;
	seq = r->seq;
	n = kmsg_read(&seq, r->buf, min(to->count, sizeof(r->buf)));
	if (n > 0 && copy_to_iter(r->buf, (size_t)n, to) != (size_t)n)
		return -EFAULT;
	if (n > 0 || n == -EPIPE)
		r->seq = seq;
	return n;
}

static ssize_t kmsg_write_iter(struct file *f, struct iov_iter *from,
			       loff_t *pos)
{
	size_t len = from->count;
	char *text;

	(void)f;
	(void)pos;
	if (len >= RECORD_MAX)
		return -EINVAL;
	text = kmalloc(len + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	if (copy_from_iter(text, len, from) != len) {
		kfree(text);
		return -EFAULT;
	}
	kmsg_write(text, len);
	kfree(text);
	return (ssize_t)len;
}

static loff_t kmsg_llseek(struct file *f, loff_t off, int whence)
{
	struct kmsg_reader *r = f->private_data;

	if (!r)
		return -EBADF;
	if (off)
		return -ESPIPE;
	if (whence == SEEK_SET)
		r->seq = kmsg_first();
	else if (whence == SEEK_END)
		r->seq = kmsg_last();
	else
		return -EINVAL;
	return 0;
}

static u32 kmsg_poll(struct file *f, struct poll_table *pt)
{
	struct kmsg_reader *r = f->private_data;

	if (!r)
		return POLLERR | POLLNVAL;
	poll_wait(&log_wait, pt);
	return r->seq < kmsg_last() ? POLLIN | POLLRDNORM : 0;
}

const struct file_operations kmsg_fops = {
	.open = kmsg_open,
	.release = kmsg_release,
	.llseek = kmsg_llseek,
	.read_iter = kmsg_read_iter,
	.write_iter = kmsg_write_iter,
	.poll = kmsg_poll,
};

/* SPDX-License-Identifier: MIT */
/*
 * Pipes as files: made by pipe(2), or opened by a name (FIFO); who polls, asks
 * and closes.
 *
 *   inode->i_pipe ──→ the ring, while open files, or opens under way, use it
 *
 * A FIFO's open waits for a partner. He may be gone when it wakes: counters
 * tell that he came.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include "pipe_ring.h"

/* ---- poll, ioctl, O_ASYNC ---- */

/** is_pipe() - is an open file an end of a pipe, or a FIFO? */
bool is_pipe(const struct file *f)
{
	return f->f_op == &fifo_fops;
}

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	u32 mask = 0;

	p->polled = true;
	if (f->f_mode & FMODE_READ) {
		poll_wait(&p->rd_wait, pt);
		if (pipe_used(p))
			mask |= POLLIN | POLLRDNORM;
		/* A FIFO opened before its first writer has not lost one. */
		if (!p->writers &&
		    (u32)(uintptr_t)f->private_data != p->w_counter)
			mask |= POLLHUP;
	}
	if (f->f_mode & FMODE_WRITE) {
		poll_wait(&p->wr_wait, pt);
		if (pipe_room(p) >= PIPE_BUF)
			mask |= POLLOUT | POLLWRNORM;
		if (!p->readers)
			mask |= POLLERR;
	}
	return mask;
}

/* Those to be read, without what early ends of pages leave out. */
static u32 pipe_bytes(struct pipe_inode_info *p)
{
	u32 at, n, bytes = 0;

	if (!p->ends)
		return pipe_used(p);
	for (at = p->tail; at != p->head; at += pipe_step(p, at, n)) {
		n = pipe_chunk(p, at, p->head - at);
		bytes += n;
	}
	return bytes;
}

static long pipe_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((int)pipe_bytes(p), (int __user *)arg);
}

static int pipe_fasync(int fd, struct file *f, bool on)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;

	return fasync_helper(fd, f, on, &p->fasync);
}

/* ---- open and close ---- */

static void put_pipe(struct inode *inode)
{
	struct pipe_inode_info *p = inode->i_pipe;

	if (--p->files)
		return;
	inode->i_pipe = NULL;
	free_pipe(p);
}

static void pipe_release(struct file *f)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;

	if (f->f_mode & FMODE_READ)
		p->readers--;
	if (f->f_mode & FMODE_WRITE)
		p->writers--;
	if (!p->readers || !p->writers) {
		wake_up(&p->rd_wait);
		wake_up(&p->wr_wait);
		kill_fasync(&p->fasync, FMODE_READ, POLL_IN);
		kill_fasync(&p->fasync, FMODE_WRITE, POLL_OUT);
	}
	put_pipe(f->f_inode);
}

/* Until a peer comes, be it only for a moment. */
static int wait_for_partner(struct wait_queue_head *q, const u32 *counter)
{
	u32 seen = *counter;

	return wait_event_interruptible(q, READ_ONCE(*counter) != seen);
}

/* An end of pipe(2), opened again by its name in /proc, does not wait. */
static bool is_named(const struct file *f)
{
	return f->f_inode->i_sb != anon_sb;
}

static int fifo_open_read(struct file *f, struct pipe_inode_info *p)
{
	p->r_counter++;
	if (p->readers++ == 0)
		wake_up(&p->wr_wait);
	if (p->writers || !is_named(f))
		return 0;
	if (f->f_flags & O_NONBLOCK) {
		f->private_data = (void *)(uintptr_t)p->w_counter;
		return 0;
	}
	if (!wait_for_partner(&p->rd_wait, &p->w_counter))
		return 0;
	if (--p->readers == 0)
		wake_up(&p->wr_wait);
	return -ERESTARTSYS;
}

static int fifo_open_write(struct file *f, struct pipe_inode_info *p)
{
	if ((f->f_flags & O_NONBLOCK) && !p->readers && is_named(f))
		return -ENXIO;
	p->w_counter++;
	if (p->writers++ == 0)
		wake_up(&p->rd_wait);
	if (p->readers || !is_named(f))
		return 0;
	if (!wait_for_partner(&p->wr_wait, &p->r_counter))
		return 0;
	if (--p->writers == 0)
		wake_up(&p->rd_wait);
	return -ERESTARTSYS;
}

static int fifo_open_both(struct pipe_inode_info *p)
{
	p->r_counter++;
	p->w_counter++;
	p->readers++;
	p->writers++;
	wake_up(&p->rd_wait);
	wake_up(&p->wr_wait);
	return 0;
}

static int fifo_open(struct inode *inode, struct file *f)
{
	struct pipe_inode_info *p = inode->i_pipe;
	int err = -EINVAL;

	if (!p) {
		p = alloc_pipe();
		if (!p)
			return -ENOMEM;
		if (inode->i_pipe) { /* while we waited for memory */
			free_pipe(p);
			p = inode->i_pipe;
		}
		inode->i_pipe = p;
	}
	p->files++;
	f->private_data = (void *)~(uintptr_t)0;
	switch (f->f_mode & (FMODE_READ | FMODE_WRITE)) {
	case FMODE_READ:
		err = fifo_open_read(f, p);
		break;
	case FMODE_WRITE:
		err = fifo_open_write(f, p);
		break;
	case FMODE_READ | FMODE_WRITE:
		err = fifo_open_both(p);
		break;
	}
	if (err)
		put_pipe(inode);
	return err;
}

const struct file_operations fifo_fops = {
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.open = fifo_open,
	.release = pipe_release,
	.fasync = pipe_fasync,
};

/* ---- pipe(2) ---- */

/* Both ends; each release gives back its side. */
static int create_pipe_files(struct file *ends[2], u32 flags)
{
	u32 direct = flags & O_DIRECT;
	struct inode *inode = new_inode(NULL, S_IFIFO | 0600);
	struct pipe_inode_info *p;

	if (!inode)
		return -ENOMEM;
	flags &= ~(u32)O_DIRECT; /* packets are the writer's matter */
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	p = alloc_pipe();
	if (!p) {
		iput(inode);
		return -ENFILE;
	}
	inode->i_pipe = p;
	p->files = 1; /* ours */
	iget(inode);
	ends[0] = alloc_anon_file("pipe:", inode, O_RDONLY | flags, &fifo_fops);
	if (IS_ERR(ends[0]))
		goto fail;
	ends[0]->private_data = (void *)~(uintptr_t)0;
	p->files++;
	p->readers++;
	iget(inode);
	ends[1] = alloc_anon_file("pipe:", inode, O_WRONLY | flags | direct,
				  &fifo_fops);
	if (IS_ERR(ends[1])) {
		fput(ends[0]);
		ends[0] = ends[1];
		goto fail;
	}
	p->writers++;
	iput(inode);
	return 0;
fail:
	put_pipe(inode);
	iput(inode);
	return (int)PTR_ERR(ends[0]);
}

static long do_pipe(int __user *ufds, u32 flags)
{
	u32 file_flags = flags & (O_NONBLOCK | O_DIRECT);
	struct file *ends[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = create_pipe_files(ends, file_flags);
	return err ? err : install_files(ends, ufds, flags & O_CLOEXEC);
}

SYSCALL_DEFINE(pipe, int __user *ufds)
{
	return do_pipe(ufds, 0);
}

SYSCALL_DEFINE(pipe2, int __user *ufds, u32 flags)
{
	return do_pipe(ufds, flags);
}

/* SPDX-License-Identifier: MIT */
/*
 * How large a pipe is. One of another size (F_SETPIPE_SZ) gets a new array, and
 * its pages move there, those with bytes to the front.
 *
 *   all pages that a user's pipes may come to hold
 *   0 ────── soft ──────────────── hard (0: none) ──▶
 *     16 each │ 2 each, and no more │ no pipe
 *
 * The limits are none for CAP_SYS_RESOURCE and CAP_SYS_ADMIN.
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <kernel/fs/inode.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>
#include "pipe_ring.h"

#define PIPE_MIN_DEF_BUFFERS 2u

int pipe_max_size = 1 << 20;
int pipe_user_pages_hard;
int pipe_user_pages_soft = PIPE_DEF_BUFFERS * 1024;

static bool is_limited(void)
{
	return !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN);
}

static bool too_many(unsigned long pages, int limit)
{
	return limit && pages > (unsigned long)limit;
}

/** pipe_new_pages() - pages of a new pipe; 0: the user may have no more */
u32 pipe_new_pages(void)
{
	u32 pages = PIPE_DEF_BUFFERS;
	unsigned long others;

	while (pages << PAGE_SHIFT > (u32)pipe_max_size &&
	       !capable(CAP_SYS_RESOURCE))
		pages >>= 1;
	if (!is_limited())
		return pages;
	others = pipe_user_pages(current->cred->uid);
	if (too_many(others + pages, pipe_user_pages_soft))
		pages = min(pages, PIPE_MIN_DEF_BUFFERS);
	return too_many(others + pages, pipe_user_pages_hard) ? 0 : pages;
}

/* True if @size bytes are more than the pipe's user may let it have. */
static bool over_limit(const struct pipe_inode_info *p, u32 size)
{
	unsigned long pages;

	if (size <= p->size || !is_limited())
		return false;
	pages = pipe_user_pages(p->uid) + ((size - p->size) >> PAGE_SHIFT);
	return too_many(pages, pipe_user_pages_soft) ||
	       too_many(pages, pipe_user_pages_hard);
}

/* Move the bytes into a ring of another size; pages without any go. */
static void pipe_move(struct pipe_inode_info *p, char **bufs, u16 *ends,
		      u32 size)
{
	u32 first = p->tail >> PAGE_SHIFT;
	u32 last = (p->head + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;
	u32 i, mask = (p->size >> PAGE_SHIFT) - 1;

	for (i = first; i != last; i++) {
		bufs[i - first] = p->bufs[i & mask];
		if (ends)
			ends[i - first] = p->ends[i & mask];
		p->bufs[i & mask] = NULL;
		p->nr_pages--;
	}
	pipe_free_bufs(p);
	if (p->bufs != p->bufs_inline)
		kfree(p->bufs);
	p->nr_pages = last - first;
	p->head -= first << PAGE_SHIFT;
	p->tail -= first << PAGE_SHIFT;
	kfree(p->ends);
	p->ends = ends;
	p->bufs = bufs;
	p->size = size;
}

static long pipe_set_size(struct pipe_inode_info *p, u32 arg)
{
	u32 size = (u32)PAGE_SIZE;
	char **bufs;
	u16 *ends = NULL;

	if (arg > 1u << 31)
		return -EINVAL;
	while (size < arg)
		size <<= 1;
	if (size > p->size && size > (u32)pipe_max_size &&
	    !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (over_limit(p, size))
		return -EPERM;
	if (PAGE_ALIGN(p->head) - (p->tail & (u32)PAGE_MASK) > size)
		return -EBUSY;
	if (size == p->size)
		return (long)size;
	bufs = kcalloc(size >> PAGE_SHIFT, sizeof(*bufs), GFP_KERNEL);
	if (p->ends)
		ends = kcalloc(size >> PAGE_SHIFT, sizeof(*ends), GFP_KERNEL);
	if (!bufs || (p->ends && !ends)) {
		kfree(bufs);
		kfree(ends);
		return -ENOMEM;
	}
	pipe_move(p, bufs, ends, size);
	wake_up(&p->wr_wait);
	return (long)size;
}

/**
 * pipe_fcntl() - fcntl(F_SETPIPE_SZ, F_GETPIPE_SZ)
 * @f: any file
 * @cmd: one of the two
 * @arg: bytes
 *
 * Return: bytes the pipe holds; -EBADF if it is no pipe, -EINVAL, -EPERM,
 * -EBUSY, -ENOMEM.
 */
long pipe_fcntl(struct file *f, u32 cmd, u32 arg)
{
	struct pipe_inode_info *p;
	long ret;

	if (!is_pipe(f))
		return -EBADF;
	p = f->f_inode->i_pipe;
	if (cmd == F_GETPIPE_SZ)
		return (long)p->size;
	down_write(&p->lock);
	ret = pipe_set_size(p, arg);
	up_write(&p->lock);
	return ret;
}

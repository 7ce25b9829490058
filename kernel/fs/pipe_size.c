/* SPDX-License-Identifier: MIT */
/*
 * A pipe of another size (F_SETPIPE_SZ): its pages move into a new array, those
 * with bytes to the front.
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <kernel/fs/inode.h>
#include <kernel/task/cred.h>
#include "pipe_ring.h"

int pipe_max_size = 1 << 20;

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

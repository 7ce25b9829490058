/* SPDX-License-Identifier: MIT */
/* A pipe's ring of bytes, to the files that fill and empty it: pipe*.c, fifo.c.
 * What it looks like is drawn in pipe.c. */
#ifndef KERNEL_FS_PIPE_RING_H
#define KERNEL_FS_PIPE_RING_H

#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/rwsem.h>
#include <kernel/fs/pipe.h>
#include <kernel/sched/wait.h>

#define PIPE_BUF 4096u
#define PIPE_DEF_BUFFERS 16

struct pipe_inode_info {
	struct rw_semaphore lock; /* only ever taken for writing */
	u32 head, tail; /* bytes */
	u32 size; /* bytes */
	u32 uid; /* of the user that it counts for */
	u32 readers, writers; /* open files */
	u32 files; /* those, and opens under way; 0: it goes */
	u32 r_counter, w_counter; /* readers, writers that ever came */
	bool polled; /* once at least */
	struct wait_queue_head rd_wait, wr_wait;
	struct list_head fasync; /* of both ends */
	struct list_head list; /* all_pipes */
	u32 nr_pages; /* in bufs */
	char **bufs; /* bufs_inline, or kmalloc'ed */
	u16 *ends; /* of pages that end early; NULL: none ever did */
	char *bufs_inline[PIPE_DEF_BUFFERS];
};

/* pipe_size.c: pages of a new ring of the running task; 0: it gets none. */
u32 pipe_new_pages(void);

/* pipe.c */
struct pipe_inode_info *alloc_pipe(void);
unsigned long pipe_user_pages(u32 uid);
void free_pipe(struct pipe_inode_info *p);
void pipe_free_bufs(struct pipe_inode_info *p);
int pipe_wait_readable(struct pipe_inode_info *p, bool nonblock);
int pipe_wait_writable(struct pipe_inode_info *p, size_t left);
void pipe_taken(struct pipe_inode_info *p, u32 room);
char *pipe_head(struct pipe_inode_info *p);
int pipe_may_end(struct pipe_inode_info *p);
void pipe_end_page(struct pipe_inode_info *p, u32 flags);
ssize_t pipe_copy_in(struct pipe_inode_info *p, struct iov_iter *from,
		     ssize_t done);
ssize_t read_pipe(struct pipe_inode_info *p, struct iov_iter *to,
		  bool nonblock);
ssize_t pipe_read(struct file *f, struct iov_iter *to, loff_t *pos);
ssize_t pipe_write(struct file *f, struct iov_iter *from, loff_t *pos);

static inline u32 pipe_used(const struct pipe_inode_info *p)
{
	return p->head - p->tail;
}

/* ends[]: bytes in the page, which may be a packet; 0: as many as fit. */
#define PIPE_END_MASK 0x1fffu
#define PIPE_PACKET 0x8000u

static inline u16 *pipe_end(struct pipe_inode_info *p, u32 pos)
{
	return &p->ends[(pos & (p->size - 1)) >> PAGE_SHIFT];
}

static inline bool pipe_is_packet(struct pipe_inode_info *p, u32 pos)
{
	return p->ends && *pipe_end(p, pos) & PIPE_PACKET;
}

/* The page at tail counts until it is read to its end: it cannot be shared. */
static inline u32 pipe_room(const struct pipe_inode_info *p)
{
	return p->size - (p->head - (p->tail & (u32)PAGE_MASK));
}

static inline char **pipe_slot(struct pipe_inode_info *p, u32 pos)
{
	return &p->bufs[(pos & (p->size - 1)) >> PAGE_SHIFT];
}

/* How far it is from @pos, behind @n bytes of its page, to the next byte. */
static inline u32 pipe_step(struct pipe_inode_info *p, u32 pos, u32 n)
{
	u32 off = pos & ~PAGE_MASK;
	u32 end = p->ends ? *pipe_end(p, pos) & PIPE_END_MASK : 0;

	return end && off + n >= end ? (u32)PAGE_SIZE - off : n;
}

/* @n bytes of one page have been read. */
static inline void pipe_consume(struct pipe_inode_info *p, u32 n)
{
	if (unlikely(p->ends)) {
		n = pipe_step(p, p->tail, n);
		if ((p->tail & ~PAGE_MASK) + n == PAGE_SIZE)
			*pipe_end(p, p->tail) = 0;
	}
	p->tail += n;
	if (p->tail == p->head) {
		p->head = 0;
		p->tail = 0;
	}
}

/* Bytes that lie together at @pos: how many of @n. */
static inline u32 pipe_piece(u32 pos, size_t n)
{
	return (u32)min(n, (size_t)(PAGE_SIZE - (pos & ~PAGE_MASK)));
}

/* How many of @n bytes to be read lie together at @pos. */
static inline u32 pipe_chunk(struct pipe_inode_info *p, u32 pos, size_t n)
{
	u32 end = unlikely(p->ends) ? *pipe_end(p, pos) & PIPE_END_MASK : 0;
	u32 piece = pipe_piece(pos, n);

	return end ? min(piece, end - (pos & (u32)~PAGE_MASK)) : piece;
}

/* Room for what must go in one piece, or for the next piece of more. */
static inline bool pipe_writable(const struct pipe_inode_info *p, size_t left)
{
	return pipe_room(p) >= min(left, (size_t)PIPE_BUF);
}

#endif

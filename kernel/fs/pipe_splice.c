/* SPDX-License-Identifier: MIT */
/*
 * Pipes as splice, tee and vmsplice use them: bytes are handed on where they
 * lie in a ring's pages, or put there, or copied from ring to ring.
 *
 * Packets stay packets from pipe to pipe; elsewhere they are bytes.
 */
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/inode.h>
#include <kernel/signal/signal.h>
#include "pipe_ring.h"

/* Bytes were taken by splice(), each time an edge. */
static void pipe_spliced_out(struct pipe_inode_info *p, u32 room)
{
	if (p->polled)
		wake_up(&p->wr_wait);
	else
		pipe_taken(p, room);
	kill_fasync(&p->fasync, FMODE_WRITE, POLL_OUT);
}

/* By splice(), which tells those who watch for anything. */
static void pipe_spliced_in(struct pipe_inode_info *p, bool was_empty)
{
	if (was_empty || p->polled)
		wake_up(&p->rd_wait);
	kill_fasync(&p->fasync, FMODE_READ, POLL_IN);
}

/** pipe_read_iter() - read, and say whether to wait: bytes, or -errno */
ssize_t pipe_read_iter(struct file *f, struct iov_iter *to, bool nonblock)
{
	return read_pipe(f->f_inode->i_pipe, to, nonblock);
}

/**
 * pipe_drain() - hand a pipe's bytes on as they lie there
 * @f: the pipe
 * @n: how many at most
 * @nonblock: do not wait for the first
 * @take: called for each piece with the pipe locked; bytes used, or -errno
 * @arg: for it
 *
 * Context: may sleep. Return: bytes used, which are gone from the pipe; 0 if
 * no writer is left; -errno.
 */
ssize_t pipe_drain(struct file *f, size_t n, bool nonblock, pipe_actor take,
		   void *arg)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	ssize_t used, done = 0;
	u32 piece, room;
	int err = pipe_wait_readable(p, nonblock);

	if (err < 0)
		return err;
	room = pipe_room(p);
	while (n && pipe_used(p)) {
		piece = pipe_chunk(p, p->tail, min((size_t)pipe_used(p), n));
		used = take(arg,
			    *pipe_slot(p, p->tail) + (p->tail & ~PAGE_MASK),
			    piece);
		if (used <= 0) {
			done = done ? done : used;
			break;
		}
		pipe_consume(p, (u32)used);
		done += used;
		n -= (size_t)used;
	}
	pipe_spliced_out(p, room);
	up_write(&p->lock);
	return done;
}

/* Until there is room: 0, with the lock; or -errno. */
static int pipe_wait_room(struct pipe_inode_info *p, bool nonblock)
{
	int err;

	down_write(&p->lock);
	while (p->readers && !pipe_writable(p, PIPE_BUF)) {
		if (nonblock) {
			up_write(&p->lock);
			return -EAGAIN;
		}
		err = pipe_wait_writable(p, PIPE_BUF);
		if (err)
			return err;
	}
	if (p->readers)
		return 0;
	up_write(&p->lock);
	send_sig_self(SIGPIPE);
	return -EPIPE;
}

/** pipe_write_iter() - write what there is room for: bytes, or -errno */
ssize_t pipe_write_iter(struct file *f, struct iov_iter *from, bool nonblock)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	bool was_empty;
	ssize_t ret;
	int err;

	if (!from->count)
		return 0;
	err = pipe_wait_room(p, nonblock);
	if (err)
		return err;
	was_empty = !pipe_used(p);
	ret = pipe_copy_in(p, from, 0);
	if (ret > 0)
		pipe_spliced_in(p, was_empty);
	up_write(&p->lock);
	return ret;
}

/**
 * pipe_feed() - bytes into a pipe, where they will lie
 * @f: the pipe
 * @n: how many at most
 * @nonblock: do not wait for room
 * @give: called for each piece with the pipe locked; bytes put, or -errno
 * @arg: for it
 *
 * Context: may sleep. Return: bytes put, or -errno.
 */
ssize_t pipe_feed(struct file *f, size_t n, bool nonblock, pipe_actor give,
		  void *arg)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	ssize_t put = 0, done = 0;
	bool was_empty;
	u32 piece;
	char *to;
	int err = pipe_wait_room(p, nonblock);

	if (err)
		return err;
	was_empty = !pipe_used(p);
	while (n && pipe_room(p)) {
		to = pipe_head(p);
		piece = pipe_piece(p->head, min((size_t)pipe_room(p), n));
		put = to ? give(arg, to, piece) : -ENOMEM;
		if (put <= 0)
			break;
		p->head += (u32)put;
		done += put;
		n -= (size_t)put;
		if ((u32)put < piece)
			break;
	}
	if (done)
		pipe_spliced_in(p, was_empty);
	up_write(&p->lock);
	return done ? done : put;
}

/* True if @out takes a packet; it begins a page there. */
static bool begin_packet(struct pipe_inode_info *out)
{
	if (pipe_room(out) < PAGE_SIZE || pipe_may_end(out))
		return false;
	pipe_end_page(out, 0);
	return true;
}

/* As much of @in's bytes as @out has room for, packets as such; both are
 * locked. @keep: they stay. */
static size_t pipe_copy(struct pipe_inode_info *in, struct pipe_inode_info *out,
			size_t n, bool keep)
{
	u32 at = in->tail, piece;
	size_t done = 0;
	bool packet;
	char *to;

	while (done < n && at != in->head && pipe_room(out)) {
		packet = pipe_is_packet(in, at);
		if (packet && !begin_packet(out))
			break;
		to = pipe_head(out);
		if (!to)
			break;
		piece = pipe_chunk(in, at,
				   min((size_t)(in->head - at), n - done));
		piece = pipe_piece(out->head, min(piece, pipe_room(out)));
		memcpy(to, *pipe_slot(in, at) + (at & ~PAGE_MASK), piece);
		out->head += piece;
		if (packet)
			pipe_end_page(out, PIPE_PACKET);
		done += piece;
		if (keep) {
			at += pipe_step(in, at, piece);
		} else {
			pipe_consume(in, piece);
			at = in->tail;
		}
	}
	return done;
}

/* Both locks, in the order of their addresses. */
static void lock_both(struct pipe_inode_info *a, struct pipe_inode_info *b)
{
	down_write(a < b ? &a->lock : &b->lock);
	down_write(a < b ? &b->lock : &a->lock);
}

/**
 * pipe_to_pipe() - bytes of a pipe into another
 * @from: that pipe
 * @to: the other
 * @n: how many at most
 * @nonblock: do not wait
 * @keep: they stay in the first
 *
 * Context: may sleep. Return: bytes, 0 if no writer is left, or -errno.
 */
ssize_t pipe_to_pipe(struct file *from, struct file *to, size_t n,
		     bool nonblock, bool keep)
{
	struct pipe_inode_info *in = from->f_inode->i_pipe;
	struct pipe_inode_info *out = to->f_inode->i_pipe;
	size_t done = 0;
	bool was_empty;
	u32 room;
	int ret;

	for (;;) { /* either may have changed while we waited for the other */
		ret = pipe_wait_readable(in, nonblock);
		if (ret >= 0)
			up_write(&in->lock);
		if (ret <= 0)
			return ret;
		ret = pipe_wait_room(out, nonblock);
		if (ret)
			return ret;
		up_write(&out->lock);
		lock_both(in, out);
		if (pipe_used(in) && pipe_writable(out, PIPE_BUF) &&
		    out->readers)
			break;
		up_write(&in->lock);
		up_write(&out->lock);
	}
	was_empty = !pipe_used(out);
	room = pipe_room(in);
	done = pipe_copy(in, out, n, keep);
	if (done)
		pipe_spliced_in(out, was_empty);
	if (!keep)
		pipe_spliced_out(in, room);
	up_write(&out->lock);
	up_write(&in->lock);
	return done ? (ssize_t)done : -ENOMEM;
}

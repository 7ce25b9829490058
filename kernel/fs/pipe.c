/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of bytes in pages.
 *
 *            tail ▼               ▼ head
 *   bufs  [ page ][ page ][ page ][ page ][ NULL ] …      size bytes in all
 *           ░░░▓▓▓ ▓▓▓▓▓▓▓ ▓▓▓░░░  ░░░░░░
 *
 *   tail, head: bytes read and written; head - tail <= size, a power of two
 *   bufs[i] is NULL until bytes first come there; a page that was read stays
 *   for those to come, until memory is short (pipe_shrinker)
 *   ends[i] says that a page has fewer bytes than fit: behind a packet (its
 *   writer has O_DIRECT) the next byte begins a page
 *   no page holds both the oldest and the newest bytes of a ring that is full
 *   tail == head: both are 0, so that a pipe that is emptied again and again
 *   uses the same page again and again
 *
 * A write of up to PIPE_BUF bytes goes in one piece; it waits for as much
 * room. Readers are woken when the ring was empty, writers when PIPE_BUF
 * bytes have become free and were not before. A pipe that was ever polled is
 * woken at each write, and at each read that finds it full: who watches edges
 * waits for those.
 *
 * How it is opened and asked about: fifo.c; its size: pipe_size.c; bytes that
 * move without a copy by the program: pipe_splice.c.
 *
 * Locks: pipe->lock around every look at the ring; copies may sleep with it.
 */
#include <ashlar/errno.h>
#include <ashlar/shrinker.h>
#include <ashlar/slab.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/poll.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>
#include "pipe_ring.h"

static LIST_HEAD(all_pipes);

/** pipe_user_pages() - what all pipes that a user made may come to hold */
unsigned long pipe_user_pages(u32 uid)
{
	struct pipe_inode_info *p;
	unsigned long n = 0;

	list_for_each_entry(p, &all_pipes, list)
		if (p->uid == uid)
			n += p->size >> PAGE_SHIFT;
	return n;
}

/** alloc_pipe() - an empty ring, of no file yet; NULL without memory, or when
 * the user has too many */
struct pipe_inode_info *alloc_pipe(void)
{
	u32 pages = pipe_new_pages();
	struct pipe_inode_info *p;

	p = pages ? kzalloc(sizeof(*p), GFP_KERNEL) : NULL;
	if (!p)
		return NULL;
	init_rwsem(&p->lock);
	init_waitqueue_head(&p->rd_wait);
	init_waitqueue_head(&p->wr_wait);
	INIT_LIST_HEAD(&p->fasync);
	p->uid = current->cred->uid;
	p->size = pages << PAGE_SHIFT;
	p->bufs = p->bufs_inline;
	list_add(&p->list, &all_pipes);
	return p;
}

/** pipe_free_bufs() - give back the pages of a ring without bytes */
void pipe_free_bufs(struct pipe_inode_info *p)
{
	u32 i;

	for (i = 0; p->nr_pages; i++) {
		if (!p->bufs[i])
			continue;
		free_page((unsigned long)p->bufs[i]);
		p->bufs[i] = NULL;
		p->nr_pages--;
	}
}

/** free_pipe() - no file uses a ring any more */
void free_pipe(struct pipe_inode_info *p)
{
	list_del(&p->list);
	pipe_free_bufs(p);
	if (p->bufs != p->bufs_inline)
		kfree(p->bufs);
	kfree(p->ends);
	kfree(p);
}

/* ---- pages of pipes that are empty ---- */

static bool pipe_is_idle(const struct pipe_inode_info *p)
{
	return p->head == p->tail && !p->lock.count;
}

static unsigned long count_idle(struct shrinker *s, struct shrink_control *sc)
{
	struct pipe_inode_info *p;
	unsigned long n = 0;

	(void)s;
	(void)sc;
	list_for_each_entry(p, &all_pipes, list) {
		if (pipe_is_idle(p))
			n += p->nr_pages;
	}
	return n ? n : SHRINK_EMPTY;
}

static unsigned long free_idle(struct shrinker *s, struct shrink_control *sc)
{
	struct pipe_inode_info *p;
	unsigned long freed = 0;

	(void)s;
	list_for_each_entry(p, &all_pipes, list) {
		if (freed >= sc->nr_to_scan)
			break;
		if (!pipe_is_idle(p))
			continue;
		freed += p->nr_pages;
		pipe_free_bufs(p);
	}
	sc->nr_scanned = freed;
	return freed ? freed : SHRINK_STOP;
}

static struct shrinker pipe_shrinker = {
	.count_objects = count_idle,
	.scan_objects = free_idle,
	.seeks = DEFAULT_SEEKS,
};

/**
 * pipe_init() - before the first pipe
 */
void pipe_init(void)
{
	register_shrinker(&pipe_shrinker, "pipe");
}

/* ---- read ---- */

/* What is there, up to what is asked for; no more than one packet, whose rest
 * is lost. */
static ssize_t pipe_copy_out(struct pipe_inode_info *p, struct iov_iter *to)
{
	ssize_t done = 0;

	while (pipe_used(p) && to->count) {
		u32 off = p->tail & ~PAGE_MASK;
		u32 n = pipe_chunk(p, p->tail, min(pipe_used(p), to->count));
		bool packet = pipe_is_packet(p, p->tail);
		u32 copied;

		copied = copy_to_iter(*pipe_slot(p, p->tail) + off, n, to);
		if (unlikely(copied < n)) /* nothing is lost */
			return done ? done : -EFAULT;
		pipe_consume(p, packet ? pipe_chunk(p, p->tail, PAGE_SIZE) : n);
		done += (ssize_t)n;
		if (packet)
			break;
	}
	return done;
}

/** pipe_wait_readable() - until there are bytes: 1, or 0 if none will come,
 * with the lock; or -errno */
int pipe_wait_readable(struct pipe_inode_info *p, bool nonblock)
{
	int err;

	down_write(&p->lock);
	while (!pipe_used(p)) {
		if (!p->writers)
			return 0;
		up_write(&p->lock);
		if (nonblock)
			return -EAGAIN;
		err = wait_event_interruptible(&p->rd_wait,
					       pipe_used(p) || !p->writers);
		if (err)
			return err;
		down_write(&p->lock);
	}
	return 1;
}

/** pipe_taken() - bytes were taken by read(); there was @room before */
void pipe_taken(struct pipe_inode_info *p, u32 room)
{
	if (room < PIPE_BUF && (p->polled || pipe_room(p) >= PIPE_BUF))
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
}

/** read_pipe() - read bytes, with or without waiting: bytes, or -errno */
ssize_t read_pipe(struct pipe_inode_info *p, struct iov_iter *to, bool nonblock)
{
	ssize_t ret;
	u32 room;

	if (!to->count)
		return 0;
	ret = pipe_wait_readable(p, nonblock);
	if (ret < 0)
		return ret;
	room = pipe_room(p);
	ret = pipe_copy_out(p, to);
	pipe_taken(p, room);
	up_write(&p->lock);
	return ret;
}

/** pipe_read() - read(2) of a pipe, which makes room for those who write */
ssize_t pipe_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	ssize_t ret;

	(void)pos;
	ret = read_pipe(p, to, f->f_flags & O_NONBLOCK);
	kill_fasync(&p->fasync, FMODE_WRITE, POLL_OUT);
	return ret;
}

/* ---- write ---- */

/** pipe_head() - where the next byte goes; NULL without memory */
char *pipe_head(struct pipe_inode_info *p)
{
	char **slot = pipe_slot(p, p->head);

	if (unlikely(!*slot)) {
		*slot = (char *)__get_free_page(GFP_KERNEL);
		if (!*slot)
			return NULL;
		p->nr_pages++;
	}
	return *slot + (p->head & ~PAGE_MASK);
}

/* Bytes into the page at head, up to its end. */
static ssize_t pipe_fill(struct pipe_inode_info *p, u32 n,
			 struct iov_iter *from)
{
	char *to = pipe_head(p);

	if (unlikely(!to))
		return -ENOMEM;
	n = pipe_piece(p->head, n);
	if (unlikely(copy_from_iter(to, n, from) < n))
		return -EFAULT; /* all or nothing */
	p->head += n;
	return (ssize_t)n;
}

/* ---- packets ---- */

/** pipe_may_end() - before the first page that ends early: 0 or -ENOMEM */
int pipe_may_end(struct pipe_inode_info *p)
{
	if (!p->ends)
		p->ends = kcalloc(p->size >> PAGE_SHIFT, sizeof(*p->ends),
				  GFP_KERNEL);
	return p->ends ? 0 : -ENOMEM;
}

/** pipe_end_page() - the next byte begins a page, for which there is room */
void pipe_end_page(struct pipe_inode_info *p, u32 flags)
{
	u32 off = p->head & ~PAGE_MASK;

	if (off || flags) {
		*pipe_end(p, p->head - 1) =
			(u16)((off ? off : (u32)PAGE_SIZE) | flags);
		p->head = (u32)PAGE_ALIGN(p->head);
	}
}

/* Each page becomes a packet; but odd bytes join a page that is none. */
static ssize_t pipe_packets_in(struct pipe_inode_info *p, struct iov_iter *from,
			       ssize_t done)
{
	u32 odd = from->count & ~PAGE_MASK, off = p->head & ~PAGE_MASK;
	bool joins = off && odd && odd <= PAGE_SIZE - off;
	ssize_t copied = pipe_may_end(p);

	while (!copied && from->count && pipe_room(p) >= PAGE_SIZE) {
		if (!joins)
			pipe_end_page(p, 0);
		copied = pipe_fill(p, joins ? odd : from->count, from);
		if (copied < 0)
			break;
		if (!joins)
			pipe_end_page(p, PIPE_PACKET);
		done += copied;
		copied = 0;
		joins = false;
	}
	return done ? done : copied;
}

/** pipe_copy_in() - as much as fits, behind @done bytes: bytes, or -errno */
ssize_t pipe_copy_in(struct pipe_inode_info *p, struct iov_iter *from,
		     ssize_t done)
{
	while (from->count && pipe_room(p)) {
		u32 n = min(pipe_room(p), from->count);
		ssize_t copied = pipe_fill(p, n, from);

		if (copied < 0)
			return done ? done : copied;
		done += copied;
	}
	return done;
}

/** pipe_wait_writable() - for room: 0, and the lock is held again; or -errno,
 * and it is not */
int pipe_wait_writable(struct pipe_inode_info *p, size_t left)
{
	int err;

	up_write(&p->lock);
	err = wait_event_interruptible(&p->wr_wait,
				       pipe_writable(p, left) || !p->readers);
	if (!err)
		down_write(&p->lock);
	return err;
}

/* Bytes came into a ring that was empty, or was not. */
static void pipe_filled(struct pipe_inode_info *p, bool was_empty)
{
	if (was_empty ? pipe_used(p) : p->polled)
		wake_up_poll(&p->rd_wait, POLLIN | POLLRDNORM);
}

/** pipe_write() - write(2): packets, and up to PIPE_BUF bytes, in one piece */
ssize_t pipe_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	bool packets = f->f_flags & O_DIRECT;
	bool was_empty, whole = packets || from->count <= PIPE_BUF;
	ssize_t ret = 0, before;
	size_t need;
	int err;

	(void)pos;
	if (!from->count)
		return 0;
	down_write(&p->lock);
	for (;;) {
		if (unlikely(!p->readers)) {
			send_sig_self(SIGPIPE);
			ret = ret ? ret : -EPIPE;
			break;
		}
		need = packets ? PIPE_BUF : from->count;
		if (whole ? pipe_writable(p, need) : pipe_room(p)) {
			was_empty = !pipe_used(p);
			before = ret;
			ret = packets ? pipe_packets_in(p, from, ret) :
					pipe_copy_in(p, from, ret);
			pipe_filled(p, was_empty);
			if (ret == before || ret < 0 || !from->count)
				break;
		}
		if (f->f_flags & O_NONBLOCK) {
			pipe_filled(p, false); /* as if it had */
			ret = ret ? ret : -EAGAIN;
			break;
		}
		kill_fasync(&p->fasync, FMODE_READ, POLL_IN);
		err = pipe_wait_writable(p, need);
		if (err)
			return ret ? ret : err;
	}
	kill_fasync(&p->fasync, FMODE_READ, POLL_IN);
	up_write(&p->lock);
	return ret;
}

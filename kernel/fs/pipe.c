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
 * Locks: pipe->lock around every look at the ring; copies may sleep with it.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/rwsem.h>
#include <ashlar/shrinker.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>

#define PIPE_BUF 4096u
#define PIPE_DEF_BUFFERS 16

struct pipe_inode_info {
	struct rw_semaphore lock; /* only ever taken for writing */
	u32 head, tail; /* bytes */
	u32 size; /* bytes */
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

int pipe_max_size = 1 << 20;
static LIST_HEAD(all_pipes);

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

static struct pipe_inode_info *alloc_pipe(void)
{
	struct pipe_inode_info *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	init_rwsem(&p->lock);
	init_waitqueue_head(&p->rd_wait);
	init_waitqueue_head(&p->wr_wait);
	INIT_LIST_HEAD(&p->fasync);
	p->size = PIPE_DEF_BUFFERS << PAGE_SHIFT;
	p->bufs = p->bufs_inline;
	list_add(&p->list, &all_pipes);
	return p;
}

static void free_bufs(struct pipe_inode_info *p)
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

static void free_pipe(struct pipe_inode_info *p)
{
	list_del(&p->list);
	free_bufs(p);
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
		free_bufs(p);
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

/* How far it is from @pos, behind @n bytes of its page, to the next byte. */
static u32 pipe_step(struct pipe_inode_info *p, u32 pos, u32 n)
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

/* Until there are bytes: 1, or 0 if none will come, with the lock; -errno. */
static int pipe_wait_readable(struct pipe_inode_info *p, bool nonblock)
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

/* Bytes were taken by read(); there was @room before. */
static void pipe_taken(struct pipe_inode_info *p, u32 room)
{
	if (room < PIPE_BUF && (p->polled || pipe_room(p) >= PIPE_BUF))
		wake_up_poll(&p->wr_wait, POLLOUT | POLLWRNORM);
}

/* Bytes were taken by splice(), each time an edge. */
static void pipe_spliced_out(struct pipe_inode_info *p, u32 room)
{
	if (p->polled)
		wake_up(&p->wr_wait);
	else
		pipe_taken(p, room);
	kill_fasync(&p->fasync, FMODE_WRITE, POLL_OUT);
}

static ssize_t read_pipe(struct pipe_inode_info *p, struct iov_iter *to,
			 bool nonblock)
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

static ssize_t pipe_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	ssize_t ret;

	(void)pos;
	ret = read_pipe(p, to, f->f_flags & O_NONBLOCK);
	kill_fasync(&p->fasync, FMODE_WRITE, POLL_OUT);
	return ret;
}

/* ---- write ---- */

/* Where the next byte goes; NULL: no memory. */
static char *pipe_head(struct pipe_inode_info *p)
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

/* Before the first in a pipe. 0 or -ENOMEM. */
static int pipe_may_end(struct pipe_inode_info *p)
{
	if (!p->ends)
		p->ends = kcalloc(p->size >> PAGE_SHIFT, sizeof(*p->ends),
				  GFP_KERNEL);
	return p->ends ? 0 : -ENOMEM;
}

/* The next byte begins a page: there is room for it. */
static void pipe_end_page(struct pipe_inode_info *p, u32 flags)
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

/* As much as fits; @done bytes were written before. */
static ssize_t pipe_copy_in(struct pipe_inode_info *p, struct iov_iter *from,
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

/* Room for what must go in one piece, or for the next piece of more. */
static inline bool pipe_writable(const struct pipe_inode_info *p, size_t left)
{
	return pipe_room(p) >= min(left, (size_t)PIPE_BUF);
}

/* Wait for room: 0, and the lock is held again; or why not, and it is not. */
static int pipe_wait_writable(struct pipe_inode_info *p, size_t left)
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

/* By splice(), which tells those who watch for anything. */
static void pipe_spliced_in(struct pipe_inode_info *p, bool was_empty)
{
	if (was_empty || p->polled)
		wake_up(&p->rd_wait);
	kill_fasync(&p->fasync, FMODE_READ, POLL_IN);
}

static ssize_t pipe_write(struct file *f, struct iov_iter *from, loff_t *pos)
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

/* ---- splice ---- */

/** is_pipe() - is an open file an end of a pipe, or a FIFO? */
bool is_pipe(const struct file *f)
{
	return f->f_op == &fifo_fops;
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

/* ---- poll, ioctl, fcntl ---- */

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
	free_bufs(p);
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

	if (f->f_op != &fifo_fops)
		return -EBADF;
	p = f->f_inode->i_pipe;
	if (cmd == F_GETPIPE_SZ)
		return (long)p->size;
	down_write(&p->lock);
	ret = pipe_set_size(p, arg);
	up_write(&p->lock);
	return ret;
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
		return -ENOMEM;
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

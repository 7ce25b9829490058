// SPDX-License-Identifier: MIT
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
 *   no page holds both the oldest and the newest bytes of a ring that is full
 *   tail == head: both are 0, so that a pipe that is emptied again and again
 *   uses the same page again and again
 *
 * A write of up to PIPE_BUF bytes goes in one piece; it waits for as much
 * room. Readers are woken when the ring was empty, writers when PIPE_BUF
 * bytes have become free and were not before.
 *
 * Simpler than Linux: bytes and not buffers, so nothing is spliced, and room
 * is counted in bytes. No packets (O_DIRECT).
 *
 * Locks: pipe->lock around every look at the ring; copies may sleep with it.
 */
#include <ashlar/gfp.h>
#include <ashlar/mm.h>
#include <ashlar/rwsem.h>
#include <ashlar/shrinker.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/uio.h>
#include <kernel/fs/pipe.h>
#include <kernel/syscall.h>
#include <kernel/vfs.h>

#define PIPE_BUF 4096u
#define PIPE_DEF_BUFFERS 16
#define FIONREAD 0x541bu

struct pipe_inode_info {
	struct rw_semaphore lock; /* only ever taken for writing */
	u32 head, tail; /* bytes */
	u32 size; /* bytes */
	u32 readers, writers; /* open files */
	u32 files; /* those, and opens under way; 0: it goes */
	u32 r_counter, w_counter; /* readers, writers that ever came */
	struct wait_queue_head rd_wait, wr_wait;
	struct list_head list; /* all_pipes */
	u32 nr_pages; /* in bufs */
	char **bufs; /* bufs_inline, or kmalloc'ed */
	char *bufs_inline[PIPE_DEF_BUFFERS];
};

int pipe_max_size = 1 << 20;
static LIST_HEAD(all_pipes);

static inline u32 pipe_used(const struct pipe_inode_info *p)
{
	return p->head - p->tail;
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
 * pipe_init - before the first pipe
 */
void pipe_init(void)
{
	register_shrinker(&pipe_shrinker, "pipe");
}

/* ---- read ---- */

static inline void pipe_consume(struct pipe_inode_info *p, u32 n)
{
	p->tail += n;
	if (p->tail == p->head) {
		p->head = 0;
		p->tail = 0;
	}
}

/* What is there, up to what is asked for. */
static ssize_t pipe_copy_out(struct pipe_inode_info *p, struct iov_iter *to)
{
	ssize_t done = 0;

	while (pipe_used(p) && to->count) {
		u32 off = p->tail & ~PAGE_MASK;
		u32 n = min(pipe_used(p), (u32)PAGE_SIZE - off);
		u32 copied;

		n = min(n, to->count);
		copied = copy_to_iter(*pipe_slot(p, p->tail) + off, n, to);
		if (unlikely(copied < n)) /* nothing is lost */
			return done ? done : -EFAULT;
		pipe_consume(p, n);
		done += (ssize_t)n;
	}
	return done;
}

static ssize_t pipe_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	ssize_t ret = 0;
	u32 room;

	(void)pos;
	if (!to->count)
		return 0;
	down_write(&p->lock);
	while (!pipe_used(p)) {
		if (!p->writers)
			goto out;
		ret = -EAGAIN;
		if (f->f_flags & O_NONBLOCK)
			goto out;
		up_write(&p->lock);
		ret = wait_event_interruptible(&p->rd_wait,
					       pipe_used(p) || !p->writers);
		if (ret)
			return ret;
		down_write(&p->lock);
	}
	room = pipe_room(p);
	ret = pipe_copy_out(p, to);
	if (room < PIPE_BUF && pipe_room(p) >= PIPE_BUF)
		wake_up(&p->wr_wait);
out:
	up_write(&p->lock);
	return ret;
}

/* ---- write ---- */

/* Bytes into the page at head, up to its end. */
static ssize_t pipe_fill(struct pipe_inode_info *p, u32 n,
			 struct iov_iter *from)
{
	char **slot = pipe_slot(p, p->head);
	u32 off = p->head & ~PAGE_MASK;

	if (unlikely(!*slot)) {
		*slot = (char *)__get_free_page(GFP_KERNEL);
		if (!*slot)
			return -ENOMEM;
		p->nr_pages++;
	}
	n = min(n, (u32)PAGE_SIZE - off);
	if (unlikely(copy_from_iter(*slot + off, n, from) < n))
		return -EFAULT; /* all or nothing */
	p->head += n;
	return (ssize_t)n;
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

static ssize_t pipe_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	bool was_empty, whole = from->count <= PIPE_BUF;
	ssize_t ret = 0, before;
	int err;

	(void)pos;
	if (!from->count)
		return 0;
	down_write(&p->lock);
	for (;;) {
		if (unlikely(!p->readers)) {
			send_sig(SIGPIPE, current);
			ret = ret ? ret : -EPIPE;
			break;
		}
		if (whole ? pipe_writable(p, from->count) : pipe_room(p)) {
			was_empty = !pipe_used(p);
			before = ret;
			ret = pipe_copy_in(p, from, ret);
			if (was_empty && pipe_used(p))
				wake_up(&p->rd_wait);
			if (ret == before || ret < 0 || !from->count)
				break;
		}
		if (f->f_flags & O_NONBLOCK) {
			ret = ret ? ret : -EAGAIN;
			break;
		}
		err = pipe_wait_writable(p, from->count);
		if (err)
			return ret ? ret : err;
	}
	up_write(&p->lock);
	return ret;
}

/* ---- poll, ioctl, fcntl ---- */

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;
	u32 mask = 0;

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

static long pipe_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *p = f->f_inode->i_pipe;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user((int)pipe_used(p), (int __user *)arg);
}

/* Move the bytes into a ring of another size; pages without any go. */
static void pipe_move(struct pipe_inode_info *p, char **bufs, u32 size)
{
	u32 first = p->tail >> PAGE_SHIFT;
	u32 last = (p->head + (u32)PAGE_SIZE - 1) >> PAGE_SHIFT;
	u32 i, mask = (p->size >> PAGE_SHIFT) - 1;

	for (i = first; i != last; i++) {
		bufs[i - first] = p->bufs[i & mask];
		p->bufs[i & mask] = NULL;
		p->nr_pages--;
	}
	free_bufs(p);
	if (p->bufs != p->bufs_inline)
		kfree(p->bufs);
	p->nr_pages = last - first;
	p->head -= first << PAGE_SHIFT;
	p->tail -= first << PAGE_SHIFT;
	p->bufs = bufs;
	p->size = size;
}

static long pipe_set_size(struct pipe_inode_info *p, u32 arg)
{
	u32 size = (u32)PAGE_SIZE;
	char **bufs;

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
	if (!bufs)
		return -ENOMEM;
	pipe_move(p, bufs, size);
	wake_up(&p->wr_wait);
	return (long)size;
}

/**
 * pipe_fcntl - fcntl(F_SETPIPE_SZ, F_GETPIPE_SZ)
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
	}
	put_pipe(f->f_inode);
}

/* Until a peer comes, be it only for a moment. */
static int wait_for_partner(struct wait_queue_head *q, const u32 *counter)
{
	u32 seen = *counter;

	return wait_event_interruptible(q, READ_ONCE(*counter) != seen);
}

/* An end of pipe(2), opened again by its name in /proc, waits for nobody. */
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
};

/* ---- pipe(2) ---- */

/* Both ends; each release gives back its side. */
static int create_pipe_files(struct file *ends[2], u32 flags)
{
	struct inode *inode = new_inode(NULL, S_IFIFO | 0600);
	struct pipe_inode_info *p;

	if (!inode)
		return -ENOMEM;
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
	ends[1] = alloc_anon_file("pipe:", inode, O_WRONLY | flags, &fifo_fops);
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
	u32 file_flags = flags & O_NONBLOCK;
	struct file *ends[2];
	int fds[2], err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = create_pipe_files(ends, file_flags);
	if (err)
		return err;
	fds[0] = get_unused_fd_flags(flags & O_CLOEXEC);
	err = fds[0];
	if (err < 0)
		goto put_files;
	fds[1] = get_unused_fd_flags(flags & O_CLOEXEC);
	err = fds[1];
	if (err < 0)
		goto put_fd;
	err = -EFAULT;
	if (copy_to_user(ufds, fds, sizeof(fds)))
		goto put_fds;
	fd_install((unsigned int)fds[0], ends[0]);
	fd_install((unsigned int)fds[1], ends[1]);
	return 0;
put_fds:
	put_unused_fd((unsigned int)fds[1]);
put_fd:
	put_unused_fd((unsigned int)fds[0]);
put_files:
	fput(ends[0]);
	fput(ends[1]);
	return err;
}

SYSCALL_DEFINE(pipe, int __user *ufds)
{
	return do_pipe(ufds, 0);
}

SYSCALL_DEFINE(pipe2, int __user *ufds, u32 flags)
{
	return do_pipe(ufds, flags);
}

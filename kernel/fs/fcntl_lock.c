/* SPDX-License-Identifier: MIT */
/*
 * fcntl's commands for locks: what a program says, and what locks.c holds.
 *
 *   struct flock     whence, start, len ─► [start, end], both included
 *                    F_SETLK, F_SETLKW  ─► set_file_lock()
 *                    F_GETLK  ◄─ the first lock in the way
 *
 * A program's structure has 32 or 64 bits, by the command.
 *
 * Locks: none.
 */
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/read_write.h>
#include <kernel/syscall.h>
#include "file_lock.h"
#include "internal.h"

struct flock32 {
	s16 type, whence;
	s32 start, len, pid;
};

struct flock64 {
	s16 type, whence;
	s64 start, len;
	s32 pid;
} __attribute__((packed));

static int range_of(const struct file *f, const struct flock64 *l,
		    struct file_lock *fl)
{
	loff_t start = 0;

	if (l->whence == SEEK_CUR)
		start = f->f_pos;
	else if (l->whence == SEEK_END)
		start = i_size_read(f->f_inode);
	else if (l->whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(start, l->start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	fl->start = start;
	fl->end = OFFSET_MAX;
	if (l->len > 0) {
		if (l->len - 1 > OFFSET_MAX - start)
			return -EOVERFLOW;
		fl->end = start + l->len - 1;
	} else if (l->len < 0) {
		if (start + l->len < 0)
			return -EINVAL;
		fl->end = start - 1;
		fl->start = start + l->len;
	}
	return 0;
}

static int check_mode(const struct file *f, int type)
{
	switch (type) {
	case F_RDLCK:
		return f->f_mode & FMODE_READ ? 0 : -EBADF;
	case F_WRLCK:
		return f->f_mode & FMODE_WRITE ? 0 : -EBADF;
	case F_UNLCK:
		return 0;
	default:
		return -EINVAL;
	}
}

static bool is_64(u32 cmd)
{
	return cmd >= F_GETLK64;
}

static int read_flock(struct flock64 *l, u32 cmd, const void __user *arg)
{
	struct flock32 s;

	if (is_64(cmd))
		return copy_from_user(l, arg, sizeof(*l)) ? -EFAULT : 0;
	if (copy_from_user(&s, arg, sizeof(s)))
		return -EFAULT;
	*l = (struct flock64){ s.type, s.whence, s.start, s.len, s.pid };
	return 0;
}

static int write_flock(const struct flock64 *l, u32 cmd, void __user *arg)
{
	struct flock32 s = { l->type, l->whence, (s32)l->start, (s32)l->len,
			     l->pid };

	if (is_64(cmd))
		return copy_to_user(arg, l, sizeof(*l)) ? -EFAULT : 0;
	if (l->start != s.start || l->len != s.len)
		return -EOVERFLOW;
	return copy_to_user(arg, &s, sizeof(s)) ? -EFAULT : 0;
}

static int get_lock(struct file *f, struct flock64 *l,
		    const struct file_lock *want)
{
	const struct file_lock *c;

	if (want->type == F_UNLCK)
		return -EINVAL;
	c = find_lock_conflict(f->f_inode, want);
	if (!c) {
		l->type = F_UNLCK;
		return 0;
	}
	l->type = c->type;
	l->whence = SEEK_SET;
	l->start = c->start;
	l->len = c->end == OFFSET_MAX ? 0 : c->end - c->start + 1;
	l->pid = c->kind == LOCK_OFD ? -1 : c->pid;
	return 0;
}

/* Another thread closed @fd while we waited: the lock must not stay. */
static int lock_if_open(unsigned int fd, struct file *f,
			const struct file_lock *fl, bool wait)
{
	struct file_lock undo = *fl;
	int err = set_file_lock(f->f_inode, fl, wait);
	struct fd now;

	if (err || fl->kind != LOCK_POSIX || fl->type == F_UNLCK)
		return err;
	now = fdget(fd);
	if (now.file != f) {
		undo.type = F_UNLCK;
		set_file_lock(f->f_inode, &undo, false);
		err = -EBADF;
	}
	fdput(now);
	return err;
}

/**
 * fcntl_lock() - fcntl's commands for locks
 * @fd: the descriptor
 * @f: its file
 * @cmd: F_GETLK …
 * @arg: a program's struct flock or flock64
 *
 * Context: may sleep. Return: 0 or -errno.
 */
long fcntl_lock(unsigned int fd, struct file *f, u32 cmd, void __user *arg)
{
	bool ofd = cmd >= F_OFD_GETLK;
	struct file_lock fl = { .kind = ofd ? LOCK_OFD : LOCK_POSIX,
				.pid = current->tgid };
	struct flock64 l;
	int err;

	err = read_flock(&l, cmd, arg);
	if (err)
		return err;
	if (ofd && l.pid)
		return -EINVAL;
	fl.owner = ofd ? (void *)f : current->files;
	fl.type = (u8)l.type;
	err = range_of(f, &l, &fl);
	if (err)
		return err;
	if (cmd == F_GETLK || cmd == F_GETLK64 || cmd == F_OFD_GETLK) {
		if (l.type < F_RDLCK || l.type > F_UNLCK)
			return -EINVAL;
		err = get_lock(f, &l, &fl);
		return err ? err : write_flock(&l, cmd, arg);
	}
	err = check_mode(f, l.type);
	if (err)
		return err;
	return lock_if_open(fd, f, &fl,
			    cmd == F_SETLKW || cmd == F_SETLKW64 ||
				    cmd == F_OFD_SETLKW);
}

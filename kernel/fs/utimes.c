/* SPDX-License-Identifier: MIT */
/*
 * Setting a file's times: utime(2), utimes, futimesat, utimensat. All end in
 * do_utimes with two times in ns, of which each may be "now" or "as it is".
 */
#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include <kernel/time/time.h>
#include "internal.h"

#define UTIME_NOW 0x3fffffff
#define UTIME_OMIT 0x3ffffffe

struct utimbuf {
	s32 actime, modtime;
};

/* What to do with the access and the modification time. */
struct utimes {
	s64 ns[2];
	bool now[2], omit[2];
};

static bool set_time(struct utimes *u, int i, s64 sec, s64 nsec)
{
	const s64 limit = 9223372036ll; /* s that fit s64 ns */

	u->ns[i] = 0;
	u->now[i] = nsec == UTIME_NOW;
	u->omit[i] = nsec == UTIME_OMIT;
	if (u->now[i] || u->omit[i])
		return true;
	if (nsec < 0 || nsec >= NSEC_PER_SEC)
		return false;
	sec = clamp(sec, -limit + 1, limit - 1);
	u->ns[i] = sec * NSEC_PER_SEC + nsec;
	return true;
}

static int may_set_times(struct inode *inode, const struct utimes *u)
{
	bool touch = u->now[0] && u->now[1];

	if (inode_owner_or_capable(inode))
		return 0;
	return touch ? inode_permission(inode, MAY_WRITE) : -EPERM;
}

static long utimes_path(const struct path *path, const struct utimes *u)
{
	struct inode *inode = path->dentry->d_inode;
	struct kstat attr;
	u32 valid = 0;
	s64 now;
	long err;

	if (u->omit[0] && u->omit[1])
		return 0;
	err = mnt_want_write(path->mnt);
	if (!err)
		err = may_set_times(inode, u);
	if (err)
		return err;
	now = current_time();
	attr.atime = u->now[0] ? now : u->ns[0];
	attr.mtime = u->now[1] ? now : u->ns[1];
	if (!u->omit[0])
		valid |= ATTR_ATIME;
	if (!u->omit[1])
		valid |= ATTR_MTIME;
	return notify_change(inode, &attr, valid);
}

/* @name NULL: the file that @dfd is. */
static long do_utimes(int dfd, const char __user *name, const struct utimes *u,
		      u32 flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	struct fd f;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!name && dfd != AT_FDCWD) {
		if (flags)
			return -EINVAL;
		f = fdget((unsigned int)dfd);
		if (!f.file)
			return -EBADF;
		path.mnt = f.file->f_mnt;
		path.dentry = f.file->f_dentry;
		err = utimes_path(&path, u);
		fdput(f);
		return err;
	}
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	err = utimes_path(&path, u);
	path_put(&path);
	return err;
}

static const struct utimes both_now = { .now = { true, true } };

SYSCALL_DEFINE(utimensat, int dfd, const char __user *name,
	       const struct timespec32 __user *times, u32 flags)
{
	struct timespec32 t[2];
	struct utimes u;

	if (!times)
		return do_utimes(dfd, name, &both_now, flags);
	if (copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	if (!set_time(&u, 0, t[0].tv_sec, t[0].tv_nsec) ||
	    !set_time(&u, 1, t[1].tv_sec, t[1].tv_nsec))
		return -EINVAL;
	return do_utimes(dfd, name, &u, flags);
}

SYSCALL_DEFINE(utimensat_time64, int dfd, const char __user *name,
	       const struct timespec64 __user *times, u32 flags)
{
	struct timespec64 t[2];
	struct utimes u;

	if (!times)
		return do_utimes(dfd, name, &both_now, flags);
	if (copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	if (!set_time(&u, 0, t[0].tv_sec, (s32)t[0].tv_nsec) ||
	    !set_time(&u, 1, t[1].tv_sec, (s32)t[1].tv_nsec))
		return -EINVAL;
	return do_utimes(dfd, name, &u, flags);
}

SYSCALL_DEFINE(futimesat, int dfd, const char __user *name,
	       const struct timeval32 __user *times)
{
	struct timeval32 t[2];
	struct utimes u;
	int i;

	if (!times)
		return do_utimes(dfd, name, &both_now, 0);
	if (copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	for (i = 0; i < 2; i++) {
		if ((u32)t[i].tv_usec >= 1000000)
			return -EINVAL;
		set_time(&u, i, t[i].tv_sec, t[i].tv_usec * 1000);
	}
	return do_utimes(dfd, name, &u, 0);
}

SYSCALL_DEFINE(utimes, const char __user *name,
	       const struct timeval32 __user *times)
{
	return sys_futimesat(AT_FDCWD, name, times);
}

SYSCALL_DEFINE(utime, const char __user *name,
	       const struct utimbuf __user *times)
{
	struct utimbuf t;
	struct utimes u;

	if (!times)
		return do_utimes(AT_FDCWD, name, &both_now, 0);
	if (copy_from_user(&t, times, sizeof(t)))
		return -EFAULT;
	set_time(&u, 0, t.actime, 0);
	set_time(&u, 1, t.modtime, 0);
	return do_utimes(AT_FDCWD, name, &u, 0);
}

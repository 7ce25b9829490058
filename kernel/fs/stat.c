/* SPDX-License-Identifier: MIT */
/*
 * stat(2) in all of its forms. i386 has three structures older than statx:
 * one of 1991, one with nanoseconds, one with 64-bit sizes.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include <kernel/time/clock.h>

struct old_stat {
	u16 dev, ino, mode, nlink, uid, gid, rdev;
	u32 size, atime, mtime, ctime;
};

struct new_stat {
	u32 dev, ino;
	u16 mode, nlink, uid, gid;
	u32 rdev, size, blksize, blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u32 unused[2];
};

struct stat64 {
	u64 dev;
	u32 pad0, short_ino, mode, nlink, uid, gid;
	u64 rdev;
	u32 pad3;
	s64 size;
	u32 blksize;
	u64 blocks;
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u64 ino;
} __attribute__((packed));

struct statx_timestamp {
	s64 sec;
	u32 nsec, pad;
};

struct statx {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad1;
	u64 ino, size, blocks, attributes_mask;
	struct statx_timestamp atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 mnt_id, spare[13];
};

#define STATX_BASIC_STATS 0x7ffu
#define STATX_MNT_ID 0x1000u
#define STATX_RESERVED 0x80000000u
#define STATX_ATTR_MOUNT_ROOT 0x2000ull
#define AT_STATX_SYNC_TYPE 0x6000u

static u16 high2low(u32 id)
{
	return id > 0xffff ? 65534 : (u16)id;
}

/* Seconds, and nanoseconds through @nsec; any time, also before 1970. */
static u32 split_old_time(s64 ns, u32 *nsec)
{
	s64 sec = ns / (s64)NSEC_PER_SEC, rest = ns % (s64)NSEC_PER_SEC;

	if (rest < 0) {
		rest += NSEC_PER_SEC;
		sec--;
	}
	*nsec = (u32)rest;
	return (u32)sec;
}

static inline u32 split_time(s64 ns, u32 *nsec)
{
	if (likely((u64)ns < 1ull << 61))
		return ns_to_seconds((u64)ns, nsec);
	return split_old_time(ns, nsec);
}

/* ---- which file ---- */

static long stat_at(int dfd, const char __user *name, u32 flags,
		    struct kstat *stat)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	long err;

	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	vfs_getattr(&path, stat);
	path_put(&path);
	return 0;
}

static long stat_fd(unsigned int fd, struct kstat *stat)
{
	struct fd f = fdget_raw(fd);
	struct path path;

	if (!f.file)
		return -EBADF;
	path.mnt = f.file->f_mnt;
	path.dentry = f.file->f_dentry;
	vfs_getattr(&path, stat);
	fdput(f);
	return 0;
}

/* ---- the old structures ---- */

static long put_old_stat(const struct kstat *k, void __user *buf)
{
	u32 nsec;
	struct old_stat s = { .dev = (u16)k->dev,
			      .ino = (u16)k->ino,
			      .mode = k->mode,
			      .nlink = (u16)k->nlink,
			      .uid = high2low(k->uid),
			      .gid = high2low(k->gid),
			      .rdev = (u16)k->rdev,
			      .size = (u32)k->size,
			      .atime = split_time(k->atime, &nsec),
			      .mtime = split_time(k->mtime, &nsec),
			      .ctime = split_time(k->ctime, &nsec) };

	if (k->size > 0x7fffffff)
		return -EOVERFLOW;
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_new_stat(const struct kstat *k, void __user *buf)
{
	struct new_stat s = { .dev = k->dev,
			      .ino = (u32)k->ino,
			      .mode = k->mode,
			      .nlink = (u16)k->nlink,
			      .uid = high2low(k->uid),
			      .gid = high2low(k->gid),
			      .rdev = k->rdev,
			      .size = (u32)k->size,
			      .blksize = k->blksize,
			      .blocks = (u32)k->blocks };

	if (k->size > 0x7fffffff)
		return -EOVERFLOW;
	s.atime = split_time(k->atime, &s.atime_nsec);
	s.mtime = split_time(k->mtime, &s.mtime_nsec);
	s.ctime = split_time(k->ctime, &s.ctime_nsec);
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_stat64(const struct kstat *k, void __user *buf)
{
	struct stat64 s;
	u32 nsec;

	s.dev = k->dev;
	s.pad0 = 0;
	s.short_ino = (u32)k->ino;
	s.mode = k->mode;
	s.nlink = k->nlink;
	s.uid = k->uid;
	s.gid = k->gid;
	s.rdev = k->rdev;
	s.pad3 = 0;
	s.size = k->size;
	s.blksize = k->blksize;
	s.blocks = k->blocks;
	s.atime = split_time(k->atime, &nsec);
	s.atime_nsec = nsec;
	s.mtime = split_time(k->mtime, &nsec);
	s.mtime_nsec = nsec;
	s.ctime = split_time(k->ctime, &nsec);
	s.ctime_nsec = nsec;
	s.ino = k->ino;
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

typedef long (*put_stat_t)(const struct kstat *k, void __user *buf);

static long do_stat(const char __user *name, void __user *buf, u32 flags,
		    put_stat_t put)
{
	struct kstat k;
	long err = stat_at(AT_FDCWD, name, flags, &k);

	return err ? err : put(&k, buf);
}

static long do_fstat(unsigned int fd, void __user *buf, put_stat_t put)
{
	struct kstat k;
	long err = stat_fd(fd, &k);

	return err ? err : put(&k, buf);
}

SYSCALL_DEFINE(oldstat, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, 0, put_old_stat);
}

SYSCALL_DEFINE(oldlstat, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, AT_SYMLINK_NOFOLLOW, put_old_stat);
}

SYSCALL_DEFINE(oldfstat, unsigned int fd, void __user *buf)
{
	return do_fstat(fd, buf, put_old_stat);
}

SYSCALL_DEFINE(stat, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, 0, put_new_stat);
}

SYSCALL_DEFINE(lstat, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, AT_SYMLINK_NOFOLLOW, put_new_stat);
}

SYSCALL_DEFINE(fstat, unsigned int fd, void __user *buf)
{
	return do_fstat(fd, buf, put_new_stat);
}

SYSCALL_DEFINE(stat64, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, 0, put_stat64);
}

SYSCALL_DEFINE(lstat64, const char __user *name, void __user *buf)
{
	return do_stat(name, buf, AT_SYMLINK_NOFOLLOW, put_stat64);
}

SYSCALL_DEFINE(fstat64, unsigned int fd, void __user *buf)
{
	return do_fstat(fd, buf, put_stat64);
}

SYSCALL_DEFINE(fstatat64, int dfd, const char __user *name, void __user *buf,
	       u32 flags)
{
	struct kstat k;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = stat_at(dfd, name, flags, &k);
	return err ? err : put_stat64(&k, buf);
}

/* ---- statx ---- */

static struct statx_timestamp statx_time(s64 ns)
{
	struct statx_timestamp t = { .pad = 0 };

	t.sec = (s32)split_time(ns, &t.nsec);
	return t;
}

static long put_statx(const struct kstat *k, const struct path *path,
		      void __user *buf)
{
	struct statx s = { .mask = STATX_BASIC_STATS | STATX_MNT_ID,
			   .blksize = k->blksize,
			   .attributes_mask = STATX_ATTR_MOUNT_ROOT,
			   .nlink = k->nlink,
			   .uid = k->uid,
			   .gid = k->gid,
			   .mode = k->mode,
			   .ino = k->ino,
			   .size = (u64)k->size,
			   .blocks = k->blocks,
			   .atime = statx_time(k->atime),
			   .mtime = statx_time(k->mtime),
			   .ctime = statx_time(k->ctime),
			   .rdev_major = MAJOR(k->rdev),
			   .rdev_minor = MINOR(k->rdev),
			   .dev_major = MAJOR(k->dev),
			   .dev_minor = MINOR(k->dev),
			   .mnt_id = (u64)path->mnt->id };

	if (path->dentry == path->mnt->root)
		s.attributes |= STATX_ATTR_MOUNT_ROOT;
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

SYSCALL_DEFINE(statx, int dfd, const char __user *name, u32 flags, u32 mask,
	       void __user *buf)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	struct kstat k;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
		      AT_STATX_SYNC_TYPE) ||
	    mask & STATX_RESERVED ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	vfs_getattr(&path, &k);
	err = put_statx(&k, &path, buf);
	path_put(&path);
	return err;
}

/* ---- readlink ---- */

static long read_link(const struct path *path, char __user *buf, u32 size)
{
	struct inode *inode = path->dentry->d_inode;
	const char *text = inode->i_link;
	struct path target;
	char *page;
	long len;

	page = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (text) {
		len = (long)strlen(text);
	} else if (inode->i_op->get_path) {
		len = inode->i_op->get_path(inode, &target);
		if (len)
			goto out;
		text = d_path(&target, page, PATH_MAX);
		len = IS_ERR(text) ? PTR_ERR(text) : (long)strlen(text);
		path_put(&target);
	} else {
		text = page;
		len = inode->i_op->readlink(inode, page, PATH_MAX);
	}
	if (len > 0) {
		len = min(len, (long)size);
		if (copy_to_user(buf, text, (size_t)len))
			len = -EFAULT;
	}
out:
	kfree(page);
	return len;
}

static bool is_link(const struct inode *inode)
{
	return S_ISLNK(inode->i_mode) &&
	       (inode->i_link || inode->i_op->readlink ||
		inode->i_op->get_path);
}

SYSCALL_DEFINE(readlinkat, int dfd, const char __user *name, char __user *buf,
	       s32 size)
{
	struct path path;
	char first;
	long ret;

	if (size <= 0)
		return -EINVAL;
	ret = user_path_at(dfd, name, LOOKUP_EMPTY, &path);
	if (ret)
		return ret;
	if (is_link(path.dentry->d_inode))
		ret = read_link(&path, buf, (u32)size);
	else
		ret = get_user(first, name) || first ? -EINVAL : -ENOENT;
	path_put(&path);
	return ret;
}

SYSCALL_DEFINE(readlink, const char __user *name, char __user *buf, s32 size)
{
	return sys_readlinkat(AT_FDCWD, name, buf, size);
}

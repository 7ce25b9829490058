/* SPDX-License-Identifier: MIT */
/*
 * Opening files, and what is done to a file by its path or descriptor:
 * truncate, access, chmod, chown, allocation; and the process's directories.
 *
 * open() walks in namei.c; dentry_open() here makes the struct file and finds
 * out who serves it: a device's driver, a fifo, or the inode's filesystem.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/direct-io.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include "internal.h"

/* Other flags are ignored by open(), and an error to openat2(). */
#define VALID_OPEN_FLAGS                                                \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | \
	 O_NONBLOCK | O_SYNC | O_DIRECT | O_LARGEFILE | O_DIRECTORY |   \
	 O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE | FASYNC)
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
/* The flags that f_flags does not remember. */
#define OPEN_ONLY (O_CREAT | O_TRUNC | O_CLOEXEC)

#define RESOLVE_NO_XDEV 1u
#define RESOLVE_NO_MAGICLINKS 2u
#define RESOLVE_NO_SYMLINKS 4u
#define RESOLVE_BENEATH 8u
#define RESOLVE_IN_ROOT 16u
#define RESOLVE_CACHED 32u

/* ---- opening ---- */

static const struct file_operations empty_fops;

static const struct file_operations *find_fops(const struct inode *inode)
{
	switch (inode->i_mode & S_IFMT) {
	case S_IFCHR:
		return chrdev_fops(inode->i_rdev);
	case S_IFIFO:
		return &fifo_fops;
	case S_IFBLK:
		return blkdev_get(inode->i_rdev) ? &blkdev_fops : NULL;
	case S_IFSOCK:
		return NULL;
	default:
		return inode->i_fop;
	}
}

/** dentry_open() - an open file, permissions being checked; ERR_PTR */
struct file *dentry_open(const struct path *path, u32 flags)
{
	struct inode *inode = path->dentry->d_inode;
	const struct file_operations *fop = &empty_fops;
	bool writer = false;
	struct file *f;
	int err;

	if (!(flags & O_PATH)) {
		if (flags & O_DIRECT && !S_ISBLK(inode->i_mode) &&
		    !can_direct_IO(inode->i_mapping))
			return ERR_PTR(-EINVAL);
		fop = find_fops(inode);
		if (!fop)
			return ERR_PTR(-ENXIO);
		writer = flags & O_ACCMODE && S_ISREG(inode->i_mode);
		err = writer ? get_write_access(inode) : 0;
		if (err)
			return ERR_PTR(err);
	}
	f = alloc_file(path, flags & ~OPEN_ONLY, fop);
	if (IS_ERR(f)) {
		if (writer)
			put_write_access(inode);
		return f;
	}
	if (writer)
		f->f_mode |= FMODE_WRITER;
	if (flags & O_PATH)
		f->f_mode = FMODE_PATH;
	err = flags & O_PATH ? 0 : break_lease(inode, flags);
	if (!err && fop->open)
		err = fop->open(inode, f);
	f->f_flags &= ~(u32)(O_NOCTTY | O_EXCL); /* were for its driver */
	if (!err)
		return f;
	f->f_op = &empty_fops; /* was never open: no release */
	fput(f);
	return ERR_PTR(err);
}

static long do_sys_open(int dfd, const char __user *name, int flags,
			umode_t mode, u32 lookup)
{
	char *text = getname(name);
	struct file *f;
	int fd;

	if (IS_ERR(text))
		return PTR_ERR(text);
	fd = get_unused_fd_flags((u32)flags);
	if (unlikely(fd < 0))
		goto out;
	f = do_filp_open(dfd, text, flags, mode, lookup);
	if (IS_ERR(f)) {
		put_unused_fd((unsigned int)fd);
		fd = (int)PTR_ERR(f);
	} else {
		fd_install((unsigned int)fd, f);
	}
out:
	kfree(text);
	return fd;
}

/* What open(2) makes of flags that contradict each other; or -EINVAL. */
static int open_flags(int flags)
{
	flags &= VALID_OPEN_FLAGS;
	if (flags & O_PATH)
		return flags & O_PATH_FLAGS;
	if ((flags & O_TMPFILE & ~O_DIRECTORY) &&
	    ((flags & O_TMPFILE) != O_TMPFILE || !(flags & O_ACCMODE) ||
	     flags & O_CREAT))
		return -EINVAL;
	if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	return flags;
}

SYSCALL_DEFINE(openat, int dfd, const char __user *name, int flags, u32 mode)
{
	flags = open_flags(flags);
	if (flags < 0)
		return flags;
	return do_sys_open(dfd, name, flags, (umode_t)(mode & S_IALLUGO), 0);
}

SYSCALL_DEFINE(open, const char __user *name, int flags, u32 mode)
{
	return sys_openat(AT_FDCWD, name, flags, mode);
}

SYSCALL_DEFINE(creat, const char __user *name, u32 mode)
{
	return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

struct open_how {
	u64 flags, mode, resolve;
};

static u32 resolve_flags(u64 resolve)
{
	u32 lookup = 0;

	if (resolve & RESOLVE_NO_XDEV)
		lookup |= LOOKUP_NO_XDEV;
	if (resolve & RESOLVE_NO_MAGICLINKS)
		lookup |= LOOKUP_NO_MAGICLINKS;
	if (resolve & RESOLVE_NO_SYMLINKS)
		lookup |= LOOKUP_NO_SYMLINKS;
	if (resolve & RESOLVE_BENEATH)
		lookup |= LOOKUP_BENEATH;
	if (resolve & RESOLVE_IN_ROOT)
		lookup |= LOOKUP_IN_ROOT;
	return lookup;
}

static int check_open_how(const struct open_how *how)
{
	int flags = (int)how->flags;

	if (how->flags & ~(u64)VALID_OPEN_FLAGS || how->resolve & ~63ull)
		return -EINVAL;
	if (how->resolve & RESOLVE_BENEATH && how->resolve & RESOLVE_IN_ROOT)
		return -EINVAL;
	if (how->mode && (!(flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) ||
			  how->mode & ~(u64)S_IALLUGO))
		return -EINVAL;
	if (flags & O_PATH && flags & ~O_PATH_FLAGS)
		return -EINVAL;
	if (how->resolve & RESOLVE_CACHED)
		return -EAGAIN;
	return open_flags(flags);
}

/* A later kernel's longer structure is good if the rest of it is zero. */
static int copy_open_how(struct open_how *how, const char __user *user,
			 u32 size)
{
	u32 i;
	u8 byte;

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > PATH_MAX)
		return -E2BIG;
	if (copy_from_user(how, user, sizeof(*how)))
		return -EFAULT;
	for (i = sizeof(*how); i < size; i++) {
		if (get_user(byte, (const u8 __user *)user + i))
			return -EFAULT;
		if (byte)
			return -E2BIG;
	}
	return 0;
}

SYSCALL_DEFINE(openat2, int dfd, const char __user *name,
	       const char __user *user_how, u32 size)
{
	struct file *dir = NULL;
	struct open_how how;
	int flags;
	long ret;

	ret = copy_open_how(&how, user_how, size);
	if (ret)
		return ret;
	flags = check_open_how(&how);
	if (flags < 0)
		return flags;
	/* The walk's root must stay, whatever other threads close. */
	if (how.resolve && dfd != AT_FDCWD)
		dir = fget_raw((unsigned int)dfd);
	ret = do_sys_open(dfd, name, flags, (umode_t)how.mode,
			  resolve_flags(how.resolve));
	if (dir)
		fput(dir);
	return ret;
}

/* ---- size ---- */

static long do_sys_truncate(const char __user *name, loff_t len)
{
	struct inode *inode;
	struct path path;
	long err;

	if (len < 0)
		return -EINVAL;
	err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	inode = path.dentry->d_inode;
	err = -EISDIR;
	if (S_ISDIR(inode->i_mode))
		goto out;
	err = -EINVAL;
	if (!S_ISREG(inode->i_mode))
		goto out;
	err = mnt_want_write(path.mnt);
	if (!err)
		err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = get_write_access(inode);
	if (err)
		goto out;
	err = break_lease(inode, O_WRONLY);
	if (!err)
		err = check_file_size(len);
	if (!err)
		err = do_truncate(inode, len);
	put_write_access(inode);
out:
	path_put(&path);
	return err;
}

static long do_sys_ftruncate(unsigned int fd, loff_t len)
{
	struct fd f = fdget(fd);
	long err = -EINVAL;

	if (len < 0) {
		fdput(f);
		return -EINVAL;
	}
	if (!f.file)
		return -EBADF;
	if (S_ISREG(f.file->f_inode->i_mode) && f.file->f_mode & FMODE_WRITE) {
		err = check_file_size(len);
		if (!err)
			err = do_truncate(f.file->f_inode, len);
	}
	fdput(f);
	return err;
}

SYSCALL_DEFINE(truncate, const char __user *name, s32 len)
{
	return do_sys_truncate(name, len);
}

SYSCALL_DEFINE(truncate64, const char __user *name, u32 lo, u32 hi)
{
	return do_sys_truncate(name, (loff_t)((u64)hi << 32 | lo));
}

SYSCALL_DEFINE(ftruncate, unsigned int fd, s32 len)
{
	return do_sys_ftruncate(fd, len);
}

SYSCALL_DEFINE(ftruncate64, unsigned int fd, u32 lo, u32 hi)
{
	return do_sys_ftruncate(fd, (loff_t)((u64)hi << 32 | lo));
}

static long vfs_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct inode *inode = f->f_inode;
	long err;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if (mode == FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (!(f->f_mode & FMODE_WRITE))
		return -EBADF;
	if (S_ISFIFO(inode->i_mode))
		return -ESPIPE;
	if (S_ISDIR(inode->i_mode))
		return -EISDIR;
	if (!S_ISREG(inode->i_mode))
		return -ENODEV;
	if (off > MAX_LFS_FILESIZE - len)
		return -EFBIG;
	if (!f->f_op->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > i_size_read(inode)) {
		err = check_file_size(off + len);
		if (err)
			return err;
	}
	err = f->f_op->fallocate(f, mode, off, len);
	if (!err)
		file_update_time(f);
	return err;
}

SYSCALL_DEFINE(fallocate, unsigned int fd, int mode, u32 off_lo, u32 off_hi,
	       u32 len_lo, u32 len_hi)
{
	loff_t off = (loff_t)((u64)off_hi << 32 | off_lo);
	loff_t len = (loff_t)((u64)len_hi << 32 | len_lo);
	struct fd f = fdget(fd);
	long err = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (off >= 0 && len > 0)
		err = vfs_fallocate(f.file, mode, off, len);
	fdput(f);
	return err;
}

/* ---- permissions ---- */

/* access(2) asks for the real user: take over his identity meanwhile. */
static void use_real_ids(struct cred *cred)
{
	cred->fsuid = cred->uid;
	cred->fsgid = cred->gid;
	cred->cap_effective = cred->uid ? 0 : cred->cap_permitted;
}

static long path_access(int dfd, const char __user *name, int mode, u32 lookup)
{
	struct inode *inode;
	struct path path;
	long err;

	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	inode = path.dentry->d_inode;
	if (mode & MAY_EXEC && S_ISREG(inode->i_mode) &&
	    path.mnt->flags & MS_NOEXEC)
		err = -EACCES;
	if (!err && mode)
		err = inode_permission(inode, mode);
	if (!err && mode & MAY_WRITE && mnt_readonly(path.mnt) &&
	    (S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode)))
		err = -EROFS;
	path_put(&path);
	return err;
}

SYSCALL_DEFINE(faccessat2, int dfd, const char __user *name, int mode,
	       u32 flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct cred *cred = current->cred, saved;
	long err;

	if (mode & ~7 ||
	    flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	saved = *cred;
	if (!(flags & AT_EACCESS))
		use_real_ids(cred);
	err = path_access(dfd, name, mode, lookup);
	*cred = saved;
	return err;
}

SYSCALL_DEFINE(faccessat, int dfd, const char __user *name, int mode)
{
	return sys_faccessat2(dfd, name, mode, 0);
}

SYSCALL_DEFINE(access, const char __user *name, int mode)
{
	return sys_faccessat2(AT_FDCWD, name, mode, 0);
}

static long chmod_path(const struct path *path, umode_t mode)
{
	struct inode *inode = path->dentry->d_inode;
	struct kstat attr = { .mode = mode & S_IALLUGO };
	long err = mnt_want_write(path->mnt);

	if (err)
		return err;
	if (S_ISLNK(inode->i_mode))
		return -EOPNOTSUPP;
	if (!inode_owner_or_capable(inode))
		return -EPERM;
	if (!in_group_p(inode->i_gid) && !capable(CAP_FSETID))
		attr.mode &= ~S_ISGID;
	return notify_change(inode, &attr, ATTR_MODE);
}

SYSCALL_DEFINE(fchmodat, int dfd, const char __user *name, u32 mode)
{
	struct path path;
	long err = user_path_at(dfd, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = chmod_path(&path, (umode_t)mode);
	path_put(&path);
	return err;
}

SYSCALL_DEFINE(chmod, const char __user *name, u32 mode)
{
	return sys_fchmodat(AT_FDCWD, name, mode);
}

SYSCALL_DEFINE(fchmod, unsigned int fd, u32 mode)
{
	struct fd f = fdget(fd);
	struct path path;
	long err;

	if (!f.file)
		return -EBADF;
	path.mnt = f.file->f_mnt;
	path.dentry = f.file->f_dentry;
	err = chmod_path(&path, (umode_t)mode);
	fdput(f);
	return err;
}

/* ---- owners ---- */

static bool may_chown(const struct inode *inode, u32 uid, u32 gid)
{
	bool owner = current->cred->fsuid == inode->i_uid;

	if (capable(CAP_CHOWN))
		return true;
	if (uid != ~0u && !(owner && uid == inode->i_uid))
		return false;
	return gid == ~0u ||
	       (owner && (in_group_p(gid) || gid == inode->i_gid));
}

/* A number of ~0 leaves the owner or the group as it is. */
static long chown_path(const struct path *path, u32 uid, u32 gid)
{
	struct inode *inode = path->dentry->d_inode;
	struct kstat attr = { .uid = uid, .gid = gid, .mode = inode->i_mode };
	long err = mnt_want_write(path->mnt);
	u32 valid = 0;

	if (err)
		return err;
	if (!may_chown(inode, uid, gid))
		return -EPERM;
	if (uid != ~0u)
		valid |= ATTR_UID;
	if (gid != ~0u)
		valid |= ATTR_GID;
	if (!S_ISDIR(inode->i_mode) && inode->i_mode & (S_ISUID | S_ISGID)) {
		attr.mode &= ~S_ISUID;
		if (attr.mode & S_IXGRP || !in_group_p(inode->i_gid))
			attr.mode &= ~S_ISGID;
		valid |= ATTR_MODE;
	}
	return notify_change(inode, &attr, valid);
}

SYSCALL_DEFINE(fchownat, int dfd, const char __user *name, u32 uid, u32 gid,
	       u32 flags)
{
	u32 lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;
	struct path path;
	long err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH)
		lookup |= LOOKUP_EMPTY;
	err = user_path_at(dfd, name, lookup, &path);
	if (err)
		return err;
	err = chown_path(&path, uid, gid);
	path_put(&path);
	return err;
}

SYSCALL_DEFINE(chown32, const char __user *name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, 0);
}

SYSCALL_DEFINE(lchown32, const char __user *name, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

SYSCALL_DEFINE(fchown32, unsigned int fd, u32 uid, u32 gid)
{
	struct fd f = fdget(fd);
	struct path path;
	long err;

	if (!f.file)
		return -EBADF;
	path.mnt = f.file->f_mnt;
	path.dentry = f.file->f_dentry;
	err = chown_path(&path, uid, gid);
	fdput(f);
	return err;
}

/* The first system calls had 16 bits for a user. */
static u32 low2high(u16 id)
{
	return id == 0xffff ? ~0u : id;
}

SYSCALL_DEFINE(chown, const char __user *name, u32 uid, u32 gid)
{
	return sys_chown32(name, low2high((u16)uid), low2high((u16)gid));
}

SYSCALL_DEFINE(lchown, const char __user *name, u32 uid, u32 gid)
{
	return sys_lchown32(name, low2high((u16)uid), low2high((u16)gid));
}

SYSCALL_DEFINE(fchown, unsigned int fd, u32 uid, u32 gid)
{
	return sys_fchown32(fd, low2high((u16)uid), low2high((u16)gid));
}

/* ---- the process's directories ---- */

/* Takes over the references of @path. */
static void set_fs_pwd(struct path *path)
{
	struct fs_struct *fs = current->fs;
	struct path old = { fs->pwd_mnt, fs->pwd };

	fs->pwd_mnt = path->mnt;
	fs->pwd = path->dentry;
	path_put(&old);
}

static void set_fs_root(struct path *path)
{
	struct fs_struct *fs = current->fs;
	struct path old = { fs->root_mnt, fs->root };

	fs->root_mnt = path->mnt;
	fs->root = path->dentry;
	path_put(&old);
}

/* The directory @name, which the caller may enter, with references. */
static long user_dir(const char __user *name, struct path *path)
{
	long err = user_path_at(AT_FDCWD, name,
				LOOKUP_FOLLOW | LOOKUP_DIRECTORY, path);

	if (err)
		return err;
	err = inode_permission(path->dentry->d_inode, MAY_EXEC);
	if (err)
		path_put(path);
	return err;
}

SYSCALL_DEFINE(chdir, const char __user *name)
{
	struct path path;
	long err = user_dir(name, &path);

	if (!err)
		set_fs_pwd(&path);
	return err;
}

SYSCALL_DEFINE(fchdir, unsigned int fd)
{
	struct fd f = fdget_raw(fd);
	struct path path;
	long err = -ENOTDIR;

	if (!f.file)
		return -EBADF;
	if (S_ISDIR(f.file->f_inode->i_mode))
		err = inode_permission(f.file->f_inode, MAY_EXEC);
	if (!err) {
		path.mnt = f.file->f_mnt;
		path.dentry = f.file->f_dentry;
		path_get(&path);
		set_fs_pwd(&path);
	}
	fdput(f);
	return err;
}

SYSCALL_DEFINE(chroot, const char __user *name)
{
	struct path path;
	long err = user_dir(name, &path);

	if (err)
		return err;
	if (capable(CAP_SYS_CHROOT)) {
		set_fs_root(&path);
		return 0;
	}
	path_put(&path);
	return -EPERM;
}

SYSCALL_DEFINE(umask, int mask)
{
	int old = current->fs->umask;

	current->fs->umask = mask & S_IRWXUGO;
	return old;
}

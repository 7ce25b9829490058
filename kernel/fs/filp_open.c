/* SPDX-License-Identifier: MIT */
/*
 * A walk (namei.c) that ends in an open file.
 *
 *   path_init, walk_parent ─► the last component
 *        │ O_CREAT: open_last_create, under vfs_lock if it is not there
 *        ▼
 *   may_open ─► open_path ─► struct file
 *
 * O_TMPFILE ends in a file without a name in the directory that was named.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/task/cred.h>
#include "internal.h"

/* To a file of the directory where @nd is; @d's reference is taken over. */
static void step_to(struct nameidata *nd, struct dentry *d)
{
	struct dentry *old = nd->path.dentry;

	nd->path.dentry = d;
	dput(old);
}

/* The file nd ends at is not there: make it. -EEXIST: now it is. */
static int open_create(struct nameidata *nd, umode_t mode)
{
	struct dentry *d;
	int err;

	down_write(&vfs_lock);
	d = lookup_last(nd);
	err = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
	if (err)
		goto out;
	if (d->d_inode)
		err = -EEXIST;
	if (!err)
		err = mnt_want_write(nd->path.mnt);
	if (!err)
		err = vfs_create(nd->path.dentry->d_inode, d, mode);
	if (err)
		dput(d);
	else
		step_to(nd, d);
out:
	up_write(&vfs_lock);
	return err;
}

/* Go to the last component or make it; 1: walk on. */
static int open_last_create(struct nameidata *nd, int flags, umode_t mode,
			    bool *created)
{
	bool follow = !(flags & (O_NOFOLLOW | O_EXCL));
	int err;

	if (nd->slashes)
		return -EISDIR;
	err = walk_last(nd, follow);
	if (err == -ENOENT && nd->last_type == LAST_NORM) {
		err = open_create(nd, mode);
		if (err == -EEXIST && !(flags & O_EXCL))
			return walk_last(nd, follow);
		*created = !err;
		return err;
	}
	return !err && flags & O_EXCL ? -EEXIST : err;
}

static int walk_to_open(struct nameidata *nd, int flags, umode_t mode,
			bool *created)
{
	int err;

	do {
		err = walk_parent(nd);
		if (unlikely(err))
			return err;
		if (flags & O_CREAT)
			err = open_last_create(nd, flags, mode, created);
		else
			err = walk_last(nd,
					!(flags & O_NOFOLLOW) || nd->slashes);
	} while (err == 1);
	return err;
}

/* 0 if the file is of the kind that @flags want to open, else -errno. */
static int may_open_type(const struct nameidata *nd, int flags)
{
	umode_t mode = nd->path.dentry->d_inode->i_mode;

	if (S_ISDIR(mode))
		return flags & (O_CREAT | O_ACCMODE | O_TRUNC) ? -EISDIR : 0;
	if (S_ISLNK(mode) && !(flags & O_PATH))
		return flags & O_DIRECTORY ? -ENOTDIR : -ELOOP;
	if (flags & O_DIRECTORY || nd->slashes)
		return -ENOTDIR;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && !(flags & O_PATH) &&
	    nd->path.mnt->flags & MS_NODEV)
		return -EACCES;
	return 0;
}

/* 3 for O_ACCMODE's unused value: ioctl only, but asks for both. */
static const u8 acc_mode[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE,
			       MAY_READ | MAY_WRITE };

static int may_open(const struct nameidata *nd, int flags, bool created)
{
	struct inode *inode = nd->path.dentry->d_inode;
	int mask = acc_mode[flags & O_ACCMODE], err;

	err = may_open_type(nd, flags);
	if (err || flags & O_PATH)
		return err;
	if (flags & O_TRUNC)
		mask |= MAY_WRITE;
	if (mask & MAY_WRITE && S_ISREG(inode->i_mode)) {
		err = mnt_want_write(nd->path.mnt);
		if (err)
			return err;
	}
	if (!created) {
		err = inode_permission(inode, mask);
		if (err)
			return err;
	}
	if (flags & O_NOATIME && !inode_owner_or_capable(inode))
		return -EPERM;
	if (!(flags & O_LARGEFILE) && S_ISREG(inode->i_mode) &&
	    i_size_read(inode) > MAX_NON_LFS)
		return -EOVERFLOW;
	return 0;
}

static struct file *open_path(struct nameidata *nd, int flags, bool created)
{
	struct inode *inode = nd->path.dentry->d_inode;
	struct file *f;
	int err;

	err = may_open(nd, flags, created);
	if (unlikely(err))
		return ERR_PTR(err);
	f = dentry_open(&nd->path, (u32)flags);
	if (IS_ERR(f) || !(flags & O_TRUNC) || created ||
	    !S_ISREG(inode->i_mode))
		return f;
	err = get_write_access(inode);
	if (!err) {
		err = do_truncate(inode, 0);
		put_write_access(inode);
	}
	if (err) {
		fput(f);
		return ERR_PTR(err);
	}
	return f;
}

/* A file in a directory's filesystem that has no name yet. */
static struct file *open_tmpfile(struct nameidata *nd, int flags, umode_t mode)
{
	struct inode *dir = nd->path.dentry->d_inode;
	struct dentry *d;
	int err;

	err = mnt_want_write(nd->path.mnt);
	if (!err)
		err = may_create(dir);
	if (!err && !dir->i_op->tmpfile)
		err = -EOPNOTSUPP;
	if (err)
		return ERR_PTR(err);
	d = d_alloc(nd->path.dentry, "#", 1);
	if (!d)
		return ERR_PTR(-ENOMEM);
	mode = S_IFREG | new_file_mode(dir, mode);
	err = dir->i_op->tmpfile(dir, d, mode);
	if (err) {
		dput(d);
		return ERR_PTR(err);
	}
	d->d_linkable = !(flags & O_EXCL);
	nd->slashes = false;
	step_to(nd, d);
	flags &= ~(O_TMPFILE | O_EXCL | O_TRUNC);
	return open_path(nd, flags, true);
}

/**
 * do_filp_open() - open a file by its path
 * @dfd: where relative paths begin
 * @name: kernel text
 * @flags: O_*, checked
 * @mode: permissions if it is made, before the umask
 * @lookup: LOOKUP_* beyond what @flags say
 *
 * Context: may sleep. Return: an open file, or ERR_PTR.
 */
struct file *do_filp_open(int dfd, const char *name, int flags, umode_t mode,
			  u32 lookup)
{
	bool created = false, tmpfile = (flags & O_TMPFILE) == O_TMPFILE;
	struct nameidata nd;
	struct file *f;
	int err;

	err = path_init(&nd, dfd, name, lookup);
	if (unlikely(err))
		return ERR_PTR(err);
	err = walk_to_open(&nd, flags, mode, &created);
	if (unlikely(err))
		f = ERR_PTR(err);
	else if (tmpfile && S_ISDIR(nd.path.dentry->d_inode->i_mode))
		f = open_tmpfile(&nd, flags, mode);
	else if (tmpfile)
		f = ERR_PTR(-ENOTDIR);
	else
		f = open_path(&nd, flags, created);
	path_end(&nd);
	return f;
}

/** filp_open() - open a file for the kernel itself; ERR_PTR */
struct file *filp_open(const char *name, int flags, umode_t mode)
{
	return do_filp_open(AT_FDCWD, name, flags, mode, 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * Making and removing names: mkdir mknod symlink link unlink rmdir.
 *
 * Each call walks to the parent without a lock, takes vfs_lock for writing,
 * looks the last component up (again), checks what Linux's VFS checks, and
 * asks the filesystem. Names in the dcache and directories' times are kept
 * here, link counts by the filesystem.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include "internal.h"

/** dir_changed() - a name of a directory came, went or changed: its times */
void dir_changed(struct inode *dir)
{
	dir->i_ctime = current_time();
	dir->i_mtime = dir->i_ctime;
	mark_inode_dirty(dir);
}

/** mnt_want_write() - may files of a mount be changed? 0 or -EROFS */
int mnt_want_write(const struct mount *mnt)
{
	return mnt_readonly(mnt) ? -EROFS : 0;
}

/** may_create() - may a name be made in a directory? */
int may_create(struct inode *dir)
{
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/** may_delete() - may a name be taken out of a directory? */
int may_delete(struct inode *dir, const struct dentry *victim, bool isdir)
{
	const struct inode *inode = victim->d_inode;
	u32 uid = current->cred->fsuid;
	int err;

	err = inode_permission(dir, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (dir->i_mode & S_ISVTX && inode->i_uid != uid && dir->i_uid != uid &&
	    !capable(CAP_FOWNER))
		return -EPERM;
	if (IS_SWAPFILE(&inode->i_data))
		return -EPERM;
	if (isdir && !S_ISDIR(inode->i_mode))
		return -ENOTDIR;
	if (!isdir && S_ISDIR(inode->i_mode))
		return -EISDIR;
	return 0;
}

/**
 * new_file_mode() - what a file's permissions are when it is made
 * @dir: its directory
 * @mode: what is asked for
 *
 * A directory hands its group down. A program that does not belong to it must
 * not get a file that runs with that group, though the umask may hide this.
 * Return: permissions less the umask.
 */
umode_t new_file_mode(const struct inode *dir, umode_t mode)
{
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    dir->i_mode & S_ISGID && !in_group_p(dir->i_gid) &&
	    !capable(CAP_FSETID))
		mode &= (umode_t)~S_ISGID;
	return mode & S_IALLUGO & ~current->fs->umask;
}

/**
 * vfs_create() - make a regular file
 * @dir: its directory
 * @dentry: its name, negative
 * @mode: permissions before the umask
 *
 * Context: vfs_lock for writing. Return: 0 or -errno.
 */
int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = may_create(dir);

	if (err)
		return err;
	if (!dir->i_op->create)
		return -EACCES;
	mode = S_IFREG | new_file_mode(dir, mode);
	err = dir->i_op->create(dir, dentry, mode);
	if (!err)
		dir_changed(dir);
	return err;
}

/* ---- a name that is to be made ---- */

struct new_name {
	struct nameidata nd;
	struct inode *dir;
	struct dentry *dentry; /* negative */
};

/* Walk to the parent of @name and lock; the name must not be there. */
static int begin_create(struct new_name *n, int dfd, const char *name,
			bool isdir)
{
	int err = path_parent(&n->nd, dfd, name, 0);

	if (err)
		return err;
	down_write(&vfs_lock);
	err = -EEXIST;
	if (n->nd.last_type != LAST_NORM)
		goto fail;
	n->dir = n->nd.path.dentry->d_inode;
	n->dentry = lookup_last(&n->nd);
	if (IS_ERR(n->dentry)) {
		err = (int)PTR_ERR(n->dentry);
		goto fail;
	}
	if (n->dentry->d_inode)
		goto fail_dentry;
	err = -ENOENT;
	if (n->nd.slashes && !isdir)
		goto fail_dentry;
	err = mnt_want_write(n->nd.path.mnt);
	if (!err)
		return 0;
fail_dentry:
	dput(n->dentry);
fail:
	up_write(&vfs_lock);
	path_end(&n->nd);
	return err;
}

static int end_create(struct new_name *n, int err)
{
	if (!err)
		dir_changed(n->dir);
	dput(n->dentry);
	up_write(&vfs_lock);
	path_end(&n->nd);
	return err;
}

static int do_mkdir(int dfd, const char *name, umode_t mode)
{
	struct new_name n;
	int err = begin_create(&n, dfd, name, true);

	if (err)
		return err;
	mode = S_IFDIR | (mode & (S_IRWXUGO | S_ISVTX) & ~current->fs->umask);
	err = may_create(n.dir);
	if (!err && !n.dir->i_op->mkdir)
		err = -EPERM;
	if (!err)
		err = n.dir->i_op->mkdir(n.dir, n.dentry, mode);
	return end_create(&n, err);
}

/* Device 0:0 is no device: a mark that overlays use, for everybody. */
static int may_mknod(umode_t mode, u32 dev)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFCHR:
		if (!dev)
			return 0;
		/* fallthrough */
	case S_IFBLK:
		return capable(CAP_MKNOD) ? 0 : -EPERM;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

/* @made: is set to what was made, with references, if it is not NULL. */
static int do_mknod(int dfd, const char *name, umode_t mode, u32 dev,
		    struct path *made)
{
	struct new_name n;
	int err = may_mknod(mode, dev);

	if (err)
		return err;
	err = begin_create(&n, dfd, name, false);
	if (err)
		return err;
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	mode = (mode & S_IFMT) | new_file_mode(n.dir, mode);
	err = may_create(n.dir);
	if (!err && !n.dir->i_op->mknod)
		err = -EPERM;
	if (!err)
		err = S_ISREG(mode) ?
			      n.dir->i_op->create(n.dir, n.dentry, mode) :
			      n.dir->i_op->mknod(n.dir, n.dentry, mode, dev);
	if (!err && made) {
		made->mnt = n.nd.path.mnt;
		made->dentry = n.dentry;
		path_get(made);
	}
	return end_create(&n, err);
}

static int do_symlink(const char *target, int dfd, const char *name)
{
	struct new_name n;
	int err;

	if (!*target)
		return -ENOENT;
	err = begin_create(&n, dfd, name, false);
	if (err)
		return err;
	err = may_create(n.dir);
	if (!err && !n.dir->i_op->symlink)
		err = -EPERM;
	if (!err)
		err = n.dir->i_op->symlink(n.dir, n.dentry, target);
	return end_create(&n, err);
}

/* Another's file may get a name from who could as well have copied it, and
 * not if the name would keep a set-id program alive. */
static bool safe_hardlink_source(struct inode *inode)
{
	const umode_t setgid_exec = S_ISGID | S_IXGRP;

	return S_ISREG(inode->i_mode) && !(inode->i_mode & S_ISUID) &&
	       (inode->i_mode & setgid_exec) != setgid_exec &&
	       !inode_permission(inode, MAY_READ | MAY_WRITE);
}

static int may_link(const struct path *old, const struct mount *mnt)
{
	struct inode *inode = old->dentry->d_inode;

	if (old->mnt != mnt)
		return -EXDEV;
	if (!safe_hardlink_source(inode) && !inode_owner_or_capable(inode))
		return -EPERM;
	if (inode->i_nlink == 0 && !old->dentry->d_linkable)
		return -ENOENT;
	return 0;
}

static int do_link(const struct path *old, int dfd, const char *name)
{
	struct new_name n;
	int err = begin_create(&n, dfd, name, false);

	if (err)
		return err;
	err = may_link(old, n.nd.path.mnt);
	if (!err)
		err = may_create(n.dir);
	if (!err && S_ISDIR(old->dentry->d_inode->i_mode))
		err = -EPERM;
	if (!err && !n.dir->i_op->link)
		err = -EPERM;
	if (!err)
		err = n.dir->i_op->link(old->dentry->d_inode, n.dir, n.dentry);
	if (!err) {
		old->dentry->d_inode->i_ctime = current_time();
		mark_inode_dirty(old->dentry->d_inode);
	}
	return end_create(&n, err);
}

/* ---- a name that is to go ---- */

static int remove_name(struct inode *dir, struct dentry *d, bool isdir)
{
	struct inode *inode = d->d_inode;
	int err = may_delete(dir, d, isdir);

	if (!err && d->d_mounted)
		err = -EBUSY;
	if (err)
		return err;
	if (isdir)
		err = dir->i_op->rmdir ? dir->i_op->rmdir(dir, d) : -EPERM;
	else
		err = dir->i_op->unlink ? dir->i_op->unlink(dir, d) : -EPERM;
	if (err)
		return err;
	dir_changed(dir);
	inode->i_ctime = dir->i_ctime;
	mark_inode_dirty(inode);
	d_delete(d);
	return 0;
}

static int last_not_removable(const struct nameidata *nd, bool isdir)
{
	if (nd->last_type == LAST_NORM)
		return 0;
	if (!isdir)
		return -EISDIR;
	if (nd->last_type == LAST_DOT)
		return -EINVAL;
	return nd->last_type == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
}

static int unlink_last(struct nameidata *nd, bool isdir)
{
	struct dentry *d;
	int err;

	d = lookup_last(nd);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	err = -ENOENT;
	if (!d->d_inode)
		goto out;
	err = -ENOTDIR;
	if (nd->slashes && !isdir) {
		if (S_ISDIR(d->d_inode->i_mode))
			err = -EISDIR;
		goto out;
	}
	err = mnt_want_write(nd->path.mnt);
	if (!err)
		err = remove_name(nd->path.dentry->d_inode, d, isdir);
out:
	dput(d);
	return err;
}

static int do_unlink(int dfd, const char *name, bool isdir)
{
	struct nameidata nd;
	int err = path_parent(&nd, dfd, name, 0);

	if (err)
		return err;
	err = last_not_removable(&nd, isdir);
	if (!err) {
		down_write(&vfs_lock);
		err = unlink_last(&nd, isdir);
		up_write(&vfs_lock);
	}
	path_end(&nd);
	return err;
}

/* ---- for the kernel itself, at boot ---- */

/** kern_mkdir() - make a directory; 0 or -errno */
int kern_mkdir(const char *name, umode_t mode)
{
	return do_mkdir(AT_FDCWD, name, mode);
}

/** kern_mknod() - make a device or fifo; 0 or -errno */
int kern_mknod(const char *name, umode_t mode, u32 dev)
{
	return do_mknod(AT_FDCWD, name, mode, dev, NULL);
}

/** kern_mksock() - make a socket's file: 0 and where it is, or -errno */
int kern_mksock(const char *name, umode_t mode, struct path *path)
{
	return do_mknod(AT_FDCWD, name, S_IFSOCK | mode, 0, path);
}

/** kern_symlink() - make a symbolic link; 0 or -errno */
int kern_symlink(const char *target, const char *name)
{
	return do_symlink(target, AT_FDCWD, name);
}

/** kern_link() - give a file another name; 0 or -errno */
int kern_link(const char *old, const char *name)
{
	struct path path;
	int err = kern_path_at(AT_FDCWD, old, 0, &path);

	if (err)
		return err;
	err = do_link(&path, AT_FDCWD, name);
	path_put(&path);
	return err;
}

/** kern_unlink() - remove a name, also an empty directory; 0 or -errno */
int kern_unlink(const char *name)
{
	int err = do_unlink(AT_FDCWD, name, false);

	return err == -EISDIR ? do_unlink(AT_FDCWD, name, true) : err;
}

/* ---- system calls ---- */

SYSCALL_DEFINE(mkdirat, int dfd, const char __user *name, u32 mode)
{
	char *text = getname(name);
	long err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = do_mkdir(dfd, text, (umode_t)mode);
	kfree(text);
	return err;
}

SYSCALL_DEFINE(mkdir, const char __user *name, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, name, mode);
}

SYSCALL_DEFINE(mknodat, int dfd, const char __user *name, u32 mode, u32 dev)
{
	char *text = getname(name);
	long err;

	if (IS_ERR(text))
		return PTR_ERR(text);
	err = do_mknod(dfd, text, (umode_t)mode, dev, NULL);
	kfree(text);
	return err;
}

SYSCALL_DEFINE(mknod, const char __user *name, u32 mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, name, mode, dev);
}

SYSCALL_DEFINE(symlinkat, const char __user *target, int dfd,
	       const char __user *name)
{
	char *from = getname(target), *to;
	long err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = getname(name);
	if (IS_ERR(to)) {
		err = PTR_ERR(to);
	} else {
		err = do_symlink(from, dfd, to);
		kfree(to);
	}
	kfree(from);
	return err;
}

SYSCALL_DEFINE(symlink, const char __user *target, const char __user *name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

SYSCALL_DEFINE(linkat, int olddfd, const char __user *oldname, int newdfd,
	       const char __user *newname, u32 flags)
{
	u32 lookup = flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0;
	struct path old;
	char *text;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (flags & AT_EMPTY_PATH) {
		if (!capable(CAP_DAC_READ_SEARCH))
			return -ENOENT;
		lookup |= LOOKUP_EMPTY;
	}
	err = user_path_at(olddfd, oldname, lookup, &old);
	if (err)
		return err;
	text = getname(newname);
	if (IS_ERR(text)) {
		err = PTR_ERR(text);
	} else {
		err = do_link(&old, newdfd, text);
		kfree(text);
	}
	path_put(&old);
	return err;
}

SYSCALL_DEFINE(link, const char __user *oldname, const char __user *newname)
{
	return sys_linkat(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

SYSCALL_DEFINE(unlinkat, int dfd, const char __user *name, u32 flags)
{
	char *text;
	long err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	text = getname(name);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = do_unlink(dfd, text, flags & AT_REMOVEDIR);
	kfree(text);
	return err;
}

SYSCALL_DEFINE(unlink, const char __user *name)
{
	return sys_unlinkat(AT_FDCWD, name, 0);
}

SYSCALL_DEFINE(rmdir, const char __user *name)
{
	return sys_unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

/* SPDX-License-Identifier: MIT */
/*
 * Renaming: a file gets another name, and what had that name
 *
 *   is removed                                 rename
 *   makes the call fail                        RENAME_NOREPLACE
 *   gets the first file's name                 RENAME_EXCHANGE
 *
 * RENAME_WHITEOUT leaves a device 0:0 under the old name, the mark by which an
 * overlay knows that a name of the layer below is gone.
 *
 * As in dirops.c, vfs_lock is held from the look at both names to the end.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include "internal.h"

static bool is_ancestor(const struct dentry *a, const struct dentry *d)
{
	for (;;) {
		if (d == a)
			return true;
		if (d->d_parent == d)
			return false;
		d = d->d_parent;
	}
}

static bool is_dir(const struct dentry *d)
{
	return d->d_inode && S_ISDIR(d->d_inode->i_mode);
}

/* What the two names are to each other; 0 or -errno. */
static int fit_together(struct nameidata *from, struct dentry *old,
			struct nameidata *to, struct dentry *new, u32 flags)
{
	bool exchange = flags & RENAME_EXCHANGE;

	if (!old->d_inode || (exchange && !new->d_inode))
		return -ENOENT;
	if (new->d_inode && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (exchange && !is_dir(new) && to->slashes)
		return -ENOTDIR;
	if (!is_dir(old) && (from->slashes || (!exchange && to->slashes)))
		return -ENOTDIR;
	if (is_ancestor(old, to->path.dentry))
		return -EINVAL;
	if (new->d_inode && is_ancestor(new, from->path.dentry))
		return exchange ? -EINVAL : -ENOTEMPTY;
	return 0;
}

/* A directory that gets another parent has its ".." written. */
static int may_leave(const struct dentry *d)
{
	return is_dir(d) ? inode_permission(d->d_inode, MAY_WRITE) : 0;
}

static int may_rename(struct nameidata *from, struct dentry *old,
		      struct nameidata *to, struct dentry *new, u32 flags)
{
	bool exchange = flags & RENAME_EXCHANGE;
	int err = may_delete(from->path.dentry->d_inode, old, is_dir(old));

	if (err)
		return err;
	if (!new->d_inode)
		err = may_create(to->path.dentry->d_inode);
	else
		err = may_delete(to->path.dentry->d_inode, new,
				 is_dir(exchange ? new : old));
	if (!err && from->path.dentry != to->path.dentry) {
		err = may_leave(old);
		if (!err && exchange)
			err = may_leave(new);
	}
	if (!err && (old->d_mounted || new->d_mounted))
		err = -EBUSY;
	return err;
}

static int rename_dentry(struct nameidata *from, struct dentry *old,
			 struct nameidata *to, struct dentry *new, u32 flags)
{
	struct inode *old_dir = from->path.dentry->d_inode;
	struct inode *new_dir = to->path.dentry->d_inode;
	struct inode *victim = new->d_inode;
	int err = fit_together(from, old, to, new, flags);

	if (err || old->d_inode == victim)
		return err;
	err = may_rename(from, old, to, new, flags);
	if (!err)
		err = old_dir->i_op->rename ?
			      old_dir->i_op->rename(old_dir, old, new_dir, new,
						    flags) :
			      -EPERM;
	if (err)
		return err;
	dir_changed(old_dir);
	dir_changed(new_dir);
	old->d_inode->i_ctime = old_dir->i_ctime;
	mark_inode_dirty(old->d_inode);
	if (victim) {
		victim->i_ctime = old_dir->i_ctime;
		mark_inode_dirty(victim);
	}
	if (flags & RENAME_EXCHANGE)
		d_exchange(old, new);
	else
		d_move(old, new);
	return 0;
}

static int rename_last(struct nameidata *from, struct nameidata *to, u32 flags)
{
	struct dentry *old, *new;
	int err;

	old = lookup_last(from);
	if (IS_ERR(old))
		return (int)PTR_ERR(old);
	new = lookup_last(to);
	if (IS_ERR(new)) {
		dput(old);
		return (int)PTR_ERR(new);
	}
	err = mnt_want_write(from->path.mnt);
	if (!err)
		err = rename_dentry(from, old, to, new, flags);
	dput(new);
	dput(old);
	return err;
}

static int do_rename(int olddfd, const char *oldname, int newdfd,
		     const char *newname, u32 flags)
{
	struct nameidata from, to;
	int err;

	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT) ||
	    (flags & RENAME_EXCHANGE && flags != RENAME_EXCHANGE))
		return -EINVAL;
	err = path_parent(&from, olddfd, oldname, 0);
	if (err)
		return err;
	err = path_parent(&to, newdfd, newname, 0);
	if (err)
		goto out_from;
	err = -EXDEV;
	if (from.path.mnt != to.path.mnt)
		goto out;
	err = -EBUSY;
	if (from.last_type != LAST_NORM)
		goto out;
	err = flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	if (to.last_type != LAST_NORM)
		goto out;
	down_write(&vfs_lock);
	err = rename_last(&from, &to, flags);
	up_write(&vfs_lock);
out:
	path_end(&to);
out_from:
	path_end(&from);
	return err;
}

SYSCALL_DEFINE(renameat2, int olddfd, const char __user *oldname, int newdfd,
	       const char __user *newname, u32 flags)
{
	char *from = getname(oldname), *to;
	long err;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = getname(newname);
	if (IS_ERR(to)) {
		err = PTR_ERR(to);
	} else {
		err = do_rename(olddfd, from, newdfd, to, flags);
		kfree(to);
	}
	kfree(from);
	return err;
}

SYSCALL_DEFINE(renameat, int olddfd, const char __user *oldname, int newdfd,
	       const char __user *newname)
{
	return sys_renameat2(olddfd, oldname, newdfd, newname, 0);
}

SYSCALL_DEFINE(rename, const char __user *oldname, const char __user *newname)
{
	return sys_renameat2(AT_FDCWD, oldname, AT_FDCWD, newname, 0);
}

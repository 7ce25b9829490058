/* SPDX-License-Identifier: MIT */
/*
 * Names in /dev of devices that come and go while programs run.
 *
 * The filesystem of /dev exists from the start, mounted or not, and there is
 * one. A name is made in its root directly, not by a path: the program on whose
 * behalf a device comes may have another root, and may not be one that makes
 * devices. Drivers that make their names at boot use devtmpfs_create().
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/devtmpfs.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include "internal.h"

static struct super_block *devtmpfs_super(void)
{
	return get_super(get_fs_type("devtmpfs"), NULL, 0, NULL);
}

/* In the directory @root, with vfs_lock. */
static int make_node(struct dentry *root, const char *name, umode_t mode,
		     u32 dev)
{
	struct inode *dir = root->d_inode;
	u32 len = (u32)strlen(name);
	struct dentry *d = d_lookup(root, name, len);
	int err = -EEXIST;

	if (d && d->d_inode)
		goto out;
	if (!d)
		d = d_alloc(root, name, len);
	if (!d)
		return -ENOMEM;
	err = dir->i_op->mknod(dir, d, mode, dev);
	if (!err) {
		d->d_inode->i_uid = 0;
		d->d_inode->i_gid = 0;
		dir_changed(dir);
	}
out:
	dput(d);
	return err;
}

/**
 * devtmpfs_add() - make a device's name in /dev, at any time
 * @name: without a slash
 * @mode: S_IFBLK or S_IFCHR, and permissions
 * @dev: device number
 *
 * Context: may sleep; takes vfs_lock. Return: 0 or -errno.
 */
int devtmpfs_add(const char *name, umode_t mode, u32 dev)
{
	struct super_block *sb = devtmpfs_super();
	int err;

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	down_write(&vfs_lock);
	err = make_node(sb->s_root, name, mode, dev);
	up_write(&vfs_lock);
	put_super(sb);
	return err;
}

/**
 * devtmpfs_remove() - take a device's name out of /dev
 * @name: without a slash
 * @dev: device number; another file of that name stays
 *
 * Context: may sleep; takes vfs_lock.
 */
void devtmpfs_remove(const char *name, u32 dev)
{
	struct super_block *sb = devtmpfs_super();
	struct dentry *d;
	struct inode *dir;

	if (IS_ERR(sb))
		return;
	down_write(&vfs_lock);
	dir = sb->s_root->d_inode;
	d = d_lookup(sb->s_root, name, (u32)strlen(name));
	if (d && d->d_inode && d->d_inode->i_rdev == dev && !d->d_mounted &&
	    !dir->i_op->unlink(dir, d)) {
		dir_changed(dir);
		d_delete(d);
	}
	if (d)
		dput(d);
	up_write(&vfs_lock);
	put_super(sb);
}

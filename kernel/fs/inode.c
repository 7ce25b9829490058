/* SPDX-License-Identifier: MIT */
/*
 * Inodes: what a file is, whatever its names are.
 *
 * An inode lives as long as something refers to it: a dentry, or a moment of
 * the VFS. A filesystem that wants its files to stay keeps their dentries, or
 * has a disk, and its inodes are found by their number, also for a while when
 * nothing refers to them (icache.c).
 *
 * Times are those of the last clock tick, as in Linux: two changes within a
 * tick look simultaneous, and reading a clock costs more than a small write.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/fs/writeback.h>
#include <kernel/task/cred.h>
#include <kernel/time/clock.h>
#include "internal.h"

static struct kmem_cache *inode_cache;
unsigned long nr_inodes;

/* What an inode can do that has nothing of its own. */
static const struct inode_operations empty_inode_operations;

/** current_time() - the time to write into an inode, ns since 1970 */
s64 current_time(void)
{
	return (s64)ktime_get_real_coarse();
}

/**
 * new_inode() - an inode of a filesystem
 * @sb: the filesystem; NULL: of files without a name
 * @mode: type and permissions
 *
 * It has one reference, one link, belongs to root and was made now.
 *
 * Context: may sleep. Return: the inode, or NULL without memory.
 */
struct inode *new_inode(struct super_block *sb, umode_t mode)
{
	struct inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return NULL;
	if (!sb)
		sb = anon_sb;
	atomic_set(&inode->i_count, 1);
	inode->i_mode = mode;
	inode->i_nlink = 1;
	inode->i_ino = ++sb->s_next_ino;
	inode->i_ctime = current_time();
	inode->i_mtime = inode->i_ctime;
	inode->i_atime = inode->i_ctime;
	inode->i_sb = sb;
	inode->i_op = &empty_inode_operations;
	INIT_LIST_HEAD(&inode->i_leases);
	INIT_LIST_HEAD(&inode->i_lru);
	INIT_LIST_HEAD(&inode->i_sb_list);
	nr_inodes++;
	return inode;
}

/**
 * inode_init_owner() - whose a new file in a directory is
 * @inode: the new file
 * @dir: a directory with S_ISGID hands down its group, and the bit to
 *	directories
 */
void inode_init_owner(struct inode *inode, const struct inode *dir)
{
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	if (!dir || !(dir->i_mode & S_ISGID))
		return;
	inode->i_gid = dir->i_gid;
	if (S_ISDIR(inode->i_mode))
		inode->i_mode |= S_ISGID;
}

/** __iput() - the last reference to an inode went: free what it has */
void __iput(struct inode *inode)
{
	if (inode->i_hash_pprev && inode_keep(inode))
		return;
	inode_free(inode);
}

/** inode_free() - nothing refers to an inode, and nothing will; may sleep */
void inode_free(struct inode *inode)
{
	const struct super_operations *op = inode->i_sb->s_op;

	inode->i_state |= I_FREEING;
	inode_wb_forget(inode);
	if (op && op->evict_inode)
		op->evict_inode(inode);
	inode_unhash(inode);
	nr_inodes--;
	kmem_cache_free(inode_cache, inode);
}

/** __mark_inode_dirty() - tell an inode's filesystem that it was changed */
void __mark_inode_dirty(struct inode *inode)
{
	if (inode->i_sb->s_op->dirty_inode)
		inode->i_sb->s_op->dirty_inode(inode);
}

/* ---- may I? ---- */

/** inode_owner_or_capable() - may the running task do what an owner may? */
bool inode_owner_or_capable(const struct inode *inode)
{
	return current->cred->fsuid == inode->i_uid || capable(CAP_FOWNER);
}

static bool capable_wrt_mode(const struct inode *inode, int mask)
{
	if (S_ISDIR(inode->i_mode))
		return capable(CAP_DAC_OVERRIDE) ||
		       (!(mask & MAY_WRITE) && capable(CAP_DAC_READ_SEARCH));
	if (mask == MAY_READ && capable(CAP_DAC_READ_SEARCH))
		return true;
	if ((mask & MAY_EXEC) && !(inode->i_mode & 0111))
		return false;
	return capable(CAP_DAC_OVERRIDE);
}

/**
 * generic_permission() - what owner, group and mode of a file allow
 * @inode: the file
 * @mask: MAY_READ, MAY_WRITE, MAY_EXEC (search, of a directory)
 *
 * Return: 0 or -EACCES.
 */
int generic_permission(const struct inode *inode, int mask)
{
	u32 mode = inode->i_mode;

	if (current->cred->fsuid == inode->i_uid)
		mode >>= 6;
	else if (in_group_p(inode->i_gid))
		mode >>= 3;
	if (!(mask & ~mode & 7))
		return 0;
	return capable_wrt_mode(inode, mask) ? 0 : -EACCES;
}

/**
 * inode_permission() - may the running task use a file so?
 * @inode: the file
 * @mask: MAY_READ, MAY_WRITE, MAY_EXEC (search, of a directory)
 *
 * Return: 0 or -EACCES.
 */
int inode_permission(struct inode *inode, int mask)
{
	if (inode->i_op->permission)
		return inode->i_op->permission(inode, mask);
	return generic_permission(inode, mask);
}

/* ---- attributes ---- */

/**
 * vfs_getattr() - what stat(2) shows
 * @path: the file
 * @stat: is filled
 */
void vfs_getattr(const struct path *path, struct kstat *stat)
{
	struct inode *inode = path->dentry->d_inode;

	stat->ino = inode->i_ino;
	stat->mode = inode->i_mode;
	stat->nlink = inode->i_nlink;
	stat->uid = inode->i_uid;
	stat->gid = inode->i_gid;
	stat->dev = inode->i_sb->s_dev;
	stat->rdev = inode->i_rdev;
	stat->size = i_size_read(inode);
	stat->blksize = PAGE_SIZE;
	stat->blocks = 0;
	stat->atime = inode->i_atime;
	stat->mtime = inode->i_mtime;
	stat->ctime = inode->i_ctime;
	if (inode->i_op->getattr)
		inode->i_op->getattr(inode, stat);
}

/**
 * notify_change() - change a file's attributes
 * @inode: the file
 * @attr: new values
 * @valid: ATTR_*, which of them count
 *
 * Asks nobody for permission. Context: may sleep. Return: 0 or -errno.
 */
int notify_change(struct inode *inode, struct kstat *attr, u32 valid)
{
	s64 now = current_time();
	int err;

	if (inode->i_op->setattr) {
		err = inode->i_op->setattr(inode, attr, valid);
		if (err)
			return err;
	} else if (valid & ATTR_SIZE) {
		return -EINVAL;
	}
	if (valid & ATTR_UID)
		inode->i_uid = attr->uid;
	if (valid & ATTR_GID)
		inode->i_gid = attr->gid;
	if (valid & ATTR_MODE)
		inode->i_mode = (inode->i_mode & S_IFMT) |
				(attr->mode & S_IALLUGO);
	if (valid & ATTR_ATIME)
		inode->i_atime = attr->atime;
	if (valid & ATTR_MTIME)
		inode->i_mtime = attr->mtime;
	else if (valid & ATTR_SIZE)
		inode->i_mtime = now;
	inode->i_ctime = now;
	mark_inode_dirty(inode);
	return 0;
}

/* The mode without the bits that a write by a plain user takes away. */
static umode_t mode_after_write(const struct inode *inode)
{
	umode_t mode = inode->i_mode & ~S_ISUID;

	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		mode &= ~S_ISGID;
	return mode;
}

static void file_remove_privs(struct inode *inode)
{
	if ((inode->i_mode & (S_ISUID | S_ISGID)) && S_ISREG(inode->i_mode) &&
	    !capable(CAP_FSETID)) {
		inode->i_mode = mode_after_write(inode);
		mark_inode_dirty(inode);
	}
}

/** do_truncate() - set a file's size; may sleep; 0 or -errno */
int do_truncate(struct inode *inode, loff_t size)
{
	struct kstat attr = { .size = size };

	file_remove_privs(inode);
	return notify_change(inode, &attr, ATTR_SIZE);
}

/** file_update_times() - a file was written, maybe by way of a mapping */
void file_update_times(struct file *f)
{
	struct inode *inode = f->f_inode;

	inode->i_ctime = current_time();
	inode->i_mtime = inode->i_ctime;
	mark_inode_dirty(inode);
}

/** file_update_time() - write(2): times, and no more set-id */
void file_update_time(struct file *f)
{
	struct inode *inode = f->f_inode;

	if (unlikely(inode->i_mode & (S_ISUID | S_ISGID)))
		file_remove_privs(inode);
	file_update_times(f);
}

/**
 * touch_atime() - a file was read
 *
 * "relatime": the time changes only when it would be news, that is, when the
 * file was changed since, or a day ago.
 */
void touch_atime(struct file *f)
{
	struct inode *inode = f->f_inode;
	s64 now;

	if ((f->f_flags & O_NOATIME) || (f->f_mnt->flags & MS_NOATIME) ||
	    (S_ISDIR(inode->i_mode) && f->f_mnt->flags & MS_NODIRATIME))
		return;
	if (inode->i_atime > inode->i_mtime &&
	    inode->i_atime > inode->i_ctime &&
	    !(f->f_mnt->flags & MS_STRICTATIME)) {
		now = current_time();
		if (now - inode->i_atime < 86400ll * 1000000000)
			return;
	}
	if (mnt_readonly(f->f_mnt))
		return;
	inode->i_atime = current_time();
	mark_inode_dirty(inode);
}

void inode_init(void)
{
	inode_cache = kmem_cache_create("inode_cache", sizeof(struct inode), 0,
					SLAB_PANIC, NULL);
	icache_init();
}

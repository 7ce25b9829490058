/* SPDX-License-Identifier: MIT */
/*
 * Filesystems: the types that there are, and what is mounted of them.
 *
 *   filesystems ⇄ file_system_type ⇄ …
 *                   │ fill_super         single: proc, sysfs, devtmpfs
 *                   └──► super_block: s_root, s_op, s_dev
 *
 * A superblock goes with the last mount of it; proc, sysfs and devtmpfs have
 * one for ever. A device has one while it is mounted, wherever and how often.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/fs/writeback.h>
#include "internal.h"

static LIST_HEAD(filesystems);
LIST_HEAD(super_blocks);
static u32 next_dev = 2; /* 0:1 is anon_sb's */

/** register_filesystem() - make a type known to mount(2); boot */
void register_filesystem(struct file_system_type *fs)
{
	list_add_tail(&fs->list, &filesystems);
}

/** get_fs_type() - the type of this name, or NULL */
struct file_system_type *get_fs_type(const char *name)
{
	struct file_system_type *fs;

	list_for_each_entry(fs, &filesystems, list)
		if (ashlar_strcmp(fs->name, name) == 0)
			return fs;
	return NULL;
}

static void sb_init(struct super_block *sb, struct file_system_type *type,
		    struct block_device *bdev, u32 flags)
{
	sb->s_type = type;
	sb->s_dev = bdev ? bdev_number(bdev) : next_dev++;
	sb->s_bdev = bdev;
	if (flags & MS_RDONLY && bdev)
		sb->s_flags |= SB_RDONLY;
	INIT_LIST_HEAD(&sb->s_inodes);
	atomic_set(&sb->s_count, 1);
	ashlar_strscpy(sb->s_id, bdev ? bdev->name : type->name,
		       sizeof(sb->s_id));
	list_add_tail(&sb->s_list, &super_blocks);
	if (bdev)
		bdev->bd_super = sb;
}

/* The device is the filesystem's alone, among those who claim one. */
static int claim_device(struct block_device *bdev, u32 flags)
{
	int err;

	if (bdev->read_only && !(flags & MS_RDONLY))
		return -EACCES;
	err = blkdev_open_bdev(bdev, !(flags & MS_RDONLY));
	if (err)
		return err;
	if (blkdev_claim(bdev))
		return 0;
	blkdev_put(bdev);
	return -EBUSY;
}

static void release_device(struct block_device *bdev)
{
	blkdev_unclaim(bdev);
	blkdev_put(bdev);
}

static void sb_free(struct super_block *sb)
{
	struct block_device *bdev = sb->s_bdev;

	list_del(&sb->s_list);
	if (bdev) {
		bdev->bd_super = NULL;
		release_device(bdev);
	}
	kfree(sb);
}

static struct super_block *new_super(struct file_system_type *type,
				     struct block_device *bdev, u32 flags,
				     const char *data)
{
	struct super_block *sb;
	int err;

	sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!sb)
		return ERR_PTR(-ENOMEM);
	err = bdev ? claim_device(bdev, flags) : 0;
	if (err) {
		kfree(sb);
		return ERR_PTR(err);
	}
	sb_init(sb, type, bdev, flags);
	err = type->fill_super(sb, data);
	sb->s_born = !err;
	if (!err)
		return sb;
	evict_inodes(sb);
	if (sb->s_op && sb->s_op->put_super && sb->s_fs_info)
		sb->s_op->put_super(sb);
	sb_free(sb);
	return ERR_PTR(err);
}

/* A device that is mounted already, once more. */
static struct super_block *share_super(struct super_block *sb,
				       struct file_system_type *type, u32 flags)
{
	if (!sb->s_born || sb->s_type != type ||
	    !(flags & MS_RDONLY) != !(sb->s_flags & SB_RDONLY))
		return ERR_PTR(-EBUSY);
	atomic_inc(&sb->s_count);
	return sb;
}

/* The device that @name means; ERR_PTR(-ENOTBLK …). */
static struct block_device *lookup_bdev(const char *name)
{
	struct block_device *bdev = ERR_PTR(-ENOTBLK);
	const struct inode *inode;
	struct path path;
	int err;

	if (!name || !*name)
		return ERR_PTR(-EINVAL);
	err = kern_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	if (S_ISBLK(inode->i_mode)) {
		bdev = path.mnt->flags & MS_NODEV ? ERR_PTR(-EACCES) :
						    blkdev_get(inode->i_rdev);
		if (!bdev)
			bdev = ERR_PTR(-ENXIO);
	}
	path_put(&path);
	return bdev;
}

/**
 * get_super() - a type's superblock, a new one unless it has but one
 * @type: the type
 * @dev: the device, of a type that has one
 * @flags: MS_*, of which MS_RDONLY is the superblock's
 * @data: mount options, or NULL
 *
 * Context: may sleep. Return: it with a reference, or ERR_PTR.
 */
struct super_block *get_super(struct file_system_type *type, const char *dev,
			      u32 flags, const char *data)
{
	struct super_block *sb = type->single;
	struct block_device *bdev = NULL;

	if (!type->nodev) {
		bdev = lookup_bdev(dev);
		if (IS_ERR(bdev))
			return (struct super_block *)bdev;
		if (bdev->bd_super)
			return share_super(bdev->bd_super, type, flags);
	}
	if (!sb) {
		sb = new_super(type, bdev, flags, data);
		if (IS_ERR(sb) || !type->is_single)
			return sb;
		type->single = sb;
	}
	atomic_inc(&sb->s_count);
	return sb;
}

/**
 * put_super() - one reference less; the last ends the filesystem
 *
 * Context: may sleep, without vfs_lock.
 */
void put_super(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->s_count))
		return;
	sb->s_born = false;
	sb_wait_unpinned(sb);
	if (sb->s_flags & (SB_DCACHE | SB_CACHED))
		shrink_dcache_tree(sb->s_root);
	dput(sb->s_root);
	(void)sync_filesystem(sb);
	evict_inodes(sb);
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
	sb_free(sb);
}

/** show_filesystems() - /proc/filesystems */
void show_filesystems(struct seq_file *m)
{
	struct file_system_type *fs;

	list_for_each_entry(fs, &filesystems, list)
		seq_printf(m, "%s\t%s\n", fs->nodev ? "nodev" : "", fs->name);
}

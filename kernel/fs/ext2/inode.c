/* SPDX-License-Identifier: MIT */
/*
 * Inodes: found in their group's table, and checked before they are believed.
 *
 *   number - 1 = group * inodes_per_group + index in the group's table
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/xattr.h>
#include "ext2.h"

#define NSEC_PER_SEC 1000000000ll

static struct kmem_cache *info_cache;

/** ext2_inode_init() - the cache of what inodes have beside. Context: boot. */
void ext2_inode_init(void)
{
	info_cache = kmem_cache_create("ext2_inode_cache",
				       sizeof(struct ext2_inode_info), 0,
				       SLAB_PANIC, NULL);
}

/**
 * ext2_get_raw() - the inode on the disk
 * @sb: the filesystem
 * @ino: its number, which may be any
 * @b: is set to its block, for brelse()
 * @block: is set to that one's number
 * @err: is set to 0 or -errno
 *
 * Context: may sleep. Return: where it is in @b, or NULL.
 */
struct ext2_inode *ext2_get_raw(struct super_block *sb, u32 ino,
				struct buffer *b, u32 *block, int *err)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_group_desc *gd;
	u32 group, index;

	*err = -EINVAL;
	if ((ino != EXT2_ROOT_INO && ino < sbi->s_first_ino) ||
	    ino > sbi->s_es->s_inodes_count) {
		ext2_error(sb, "ext2_get_inode", "bad inode number: %u", ino);
		return NULL;
	}
	group = (ino - 1) / sbi->s_inodes_per_group;
	index = (ino - 1) % sbi->s_inodes_per_group;
	gd = ext2_get_group_desc(sb, group);
	*err = -EIO;
	*block = gd->bg_inode_table + index / sbi->s_inodes_per_block;
	*b = sb_bread(sb, *block);
	if (!b->data) {
		ext2_error(sb, "ext2_get_inode",
			   "unable to read inode block - inode=%u, block=%u",
			   ino, *block);
		return NULL;
	}
	*err = 0;
	return (struct ext2_inode *)((char *)b->data +
				     index % sbi->s_inodes_per_block *
					     sbi->s_inode_size);
}

/* Seconds since 1970, signed, as ns. */
static s64 time_of(u32 t)
{
	return (s64)(s32)t * NSEC_PER_SEC;
}

static int read_size(struct inode *inode, const struct ext2_inode *raw)
{
	u64 size = raw->i_size;

	if (S_ISREG(inode->i_mode))
		size |= (u64)raw->i_size_high << 32;
	if (size > (u64)MAX_LFS_FILESIZE)
		return -EFSCORRUPTED;
	if (S_ISDIR(inode->i_mode) && size & (inode->i_sb->s_blocksize - 1))
		return -EFSCORRUPTED;
	inode->i_data.i_size = (loff_t)size;
	return 0;
}

static void read_device(struct inode *inode, const u32 *data)
{
	if (data[0])
		inode->i_rdev = MKDEV(data[0] >> 8 & 0xff, data[0] & 0xff);
	else
		inode->i_rdev =
			MKDEV(data[1] >> 8 & 0xfff,
			      (data[1] & 0xff) | (data[1] >> 12 & 0xfff00));
}

/* True if a symlink's text is in the inode. */
static bool is_fast_link(const struct inode *inode)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);
	u32 xattr = ei->i_file_acl ? inode->i_sb->s_blocksize >> 9 : 0;

	return ei->i_blocks == xattr;
}

/** ext2_set_ops() - what can be done with an inode; 0 or -EFSCORRUPTED */
int ext2_set_ops(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	loff_t size = i_size_read(inode);

	inode->i_op = &ext2_special_inode_operations;
	switch (inode->i_mode & S_IFMT) {
	case S_IFREG:
		address_space_init(&inode->i_data, &ext2_aops, inode, 0);
		inode->i_data.i_size = size;
		inode->i_mapping = &inode->i_data;
		inode->i_op = &ext2_file_inode_operations;
		inode->i_fop = &ext2_file_operations;
		return 0;
	case S_IFDIR:
		inode->i_op = &ext2_dir_inode_operations;
		inode->i_fop = &ext2_dir_operations;
		return 0;
	case S_IFLNK:
		inode->i_op = &ext2_symlink_inode_operations;
		if (!is_fast_link(inode))
			return size < inode->i_sb->s_blocksize ? 0 :
								 -EFSCORRUPTED;
		if (size >= EXT2_FAST_LINK)
			return -EFSCORRUPTED;
		inode->i_link = (char *)ei->i_data;
		inode->i_link[size] = '\0';
		return 0;
	case S_IFCHR:
	case S_IFBLK:
		read_device(inode, ei->i_data);
		return 0;
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	default:
		return -EFSCORRUPTED;
	}
}

static int read_inode(struct inode *inode, const struct ext2_inode *raw)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err;

	inode->i_mode = raw->i_mode;
	inode->i_uid = raw->i_uid | (u32)raw->i_uid_high << 16;
	inode->i_gid = raw->i_gid | (u32)raw->i_gid_high << 16;
	inode->i_nlink = raw->i_links_count;
	inode->i_atime = time_of(raw->i_atime);
	inode->i_ctime = time_of(raw->i_ctime);
	inode->i_mtime = time_of(raw->i_mtime);
	if (!inode->i_nlink && (!inode->i_mode || raw->i_dtime))
		return -ESTALE;
	memcpy(ei->i_data, raw->i_block, sizeof(raw->i_block));
	ei->i_blocks = raw->i_blocks;
	ei->i_flags = raw->i_flags;
	ei->i_file_acl = raw->i_file_acl;
	ei->i_generation = raw->i_generation;
	ei->i_block_group = ((u32)inode->i_ino - 1) /
			    EXT2_SB(inode->i_sb)->s_inodes_per_group;
	if (ei->i_file_acl &&
	    !ext2_data_block_valid(EXT2_SB(inode->i_sb), ei->i_file_acl, 1)) {
		ext2_error(inode->i_sb, "ext2_iget",
			   "bad extended attribute block %u", ei->i_file_acl);
		return -EFSCORRUPTED;
	}
	err = read_size(inode, raw);
	if (!err)
		err = ext2_set_ops(inode);
	if (err)
		ext2_error(inode->i_sb, "ext2_iget",
			   "inode %u: bad mode %o, size %llu or blocks %u",
			   (u32)inode->i_ino, inode->i_mode,
			   (u64)i_size_read(inode), ei->i_blocks);
	return err;
}

/** ext2_alloc_info() - what an inode has beside, zeroed; or NULL */
struct ext2_inode_info *ext2_alloc_info(struct inode *inode)
{
	struct ext2_inode_info *ei = kmem_cache_zalloc(info_cache, GFP_KERNEL);

	if (!ei)
		return NULL;
	ei->vfs_inode = inode;
	INIT_LIST_HEAD(&ei->i_dirty);
	init_rwsem(&ei->map_lock);
	inode->i_private = ei;
	return ei;
}

static int fill_inode(struct inode *inode)
{
	struct ext2_inode *raw;
	struct buffer b;
	u32 block;
	int err;

	if (!ext2_alloc_info(inode))
		return -ENOMEM;
	raw = ext2_get_raw(inode->i_sb, (u32)inode->i_ino, &b, &block, &err);
	if (!raw)
		return err;
	err = read_inode(inode, raw);
	brelse(&b);
	return err;
}

/**
 * ext2_iget() - the inode with a number
 * @sb: the filesystem
 * @ino: the number, which may be any
 *
 * Context: may sleep. Return: the inode with a reference; ERR_PTR(-ESTALE) if
 * there is none, -EINVAL, -EIO, -EFSCORRUPTED, -ENOMEM.
 */
struct inode *ext2_iget(struct super_block *sb, u32 ino)
{
	struct inode *inode = iget_locked(sb, ino);
	int err;

	if (IS_ERR(inode) || !(inode->i_state & I_NEW))
		return inode;
	err = fill_inode(inode);
	if (!err) {
		unlock_new_inode(inode);
		return inode;
	}
	iget_failed(inode);
	return ERR_PTR(err);
}

/* ext2_begin() for what cannot be told that it failed. */
static int begin_patiently(struct super_block *sb)
{
	int err = ext2_begin(sb), patience = 100;

	while ((err == -ENOMEM || err == -EIO) && patience--) {
		ext2_wait_for_memory();
		err = ext2_begin(sb);
	}
	return err;
}

/* No name is left, and no one who has it open: its blocks and its number are
 * free. Blocks that cannot be found stay marked as used, until e2fsck finds
 * them: it does not mend an inode that has no name without a question. */
static void delete_inode(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);

	mapping_set_size(&inode->i_data, 0);
	if (ei->i_blocks && ext2_free_range(inode, 0, ~0u))
		ext2_error(sb, __func__, "blocks of inode %u are lost",
			   (u32)inode->i_ino);
	if (begin_patiently(sb))
		return;
	ext2_drop_xattrs(inode);
	ext2_clean_inode(inode);
	ext2_note_freed_inode(inode);
	ext2_end(sb);
}

/* True if the inode's numbers are blocks' numbers. */
static bool has_blocks(const struct inode *inode)
{
	return S_ISREG(inode->i_mode) || S_ISDIR(inode->i_mode) ||
	       (S_ISLNK(inode->i_mode) && !inode->i_link);
}

/** ext2_evict_inode() - super_operations.evict_inode */
void ext2_evict_inode(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (inode->i_mapping)
		truncate_inode_pages_range(inode->i_mapping, 0,
					   MAX_LFS_FILESIZE);
	if (!ei)
		return;
	if (!inode->i_nlink && inode->i_hash_pprev) {
		if (!has_blocks(inode))
			ei->i_blocks = 0;
		delete_inode(inode);
	}
	ext2_clean_inode(inode);
	ext2_dindex_free(inode);
	simple_xattrs_free(inode);
	kmem_cache_free(info_cache, ei);
	inode->i_private = NULL;
}

static s64 whole_seconds(s64 t)
{
	return time_of((u32)ext2_seconds(t));
}

/** ext2_getattr() - inode_operations.getattr: times as the disk keeps them */
void ext2_getattr(struct inode *inode, struct kstat *stat)
{
	stat->blocks = EXT2_I(inode)->i_blocks;
	stat->blksize = inode->i_sb->s_blocksize;
	stat->atime = whole_seconds(inode->i_atime);
	stat->mtime = whole_seconds(inode->i_mtime);
	stat->ctime = whole_seconds(inode->i_ctime);
}

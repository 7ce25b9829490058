/* SPDX-License-Identifier: MIT */
/*
 * New inodes: a bit for each, in each group's map.
 *
 *   a file        in its directory's group, so that they lie together
 *   a directory   there, too, if there is as much room as in most groups; one
 *                 at the top where most room is: trees spread over the disk
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <kernel/drivers/random.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

/* Flags that a new name has of its directory. */
#define INHERITED                                                      \
	(EXT2_SECRM_FL | EXT2_UNRM_FL | EXT2_COMPR_FL | EXT2_SYNC_FL | \
	 EXT2_NODUMP_FL | EXT2_NOATIME_FL | EXT2_NOTAIL_FL | EXT2_DIRSYNC_FL)

/* The group with the most free blocks of those with enough free inodes. */
static u32 emptiest_group(struct super_block *sb)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 average = sbi->s_free_inodes / sbi->s_groups_count, best = 0, i;
	u32 most = 0;

	for (i = 0; i < sbi->s_groups_count; i++) {
		const struct ext2_group_desc *gd = ext2_get_group_desc(sb, i);

		if (gd->bg_free_inodes_count &&
		    gd->bg_free_blocks_count > most &&
		    gd->bg_free_inodes_count >= average) {
			most = gd->bg_free_blocks_count;
			best = i;
		}
	}
	return best;
}

static u32 wanted_group(const struct inode *dir, bool isdir)
{
	struct super_block *sb = dir->i_sb;
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group = EXT2_I(dir)->i_block_group;
	const struct ext2_group_desc *gd = ext2_get_group_desc(sb, group);

	if (!isdir)
		return group;
	if (dir->i_ino == EXT2_ROOT_INO ||
	    gd->bg_free_blocks_count <
		    sbi->s_free_blocks / sbi->s_groups_count / 2)
		return emptiest_group(sb);
	return group;
}

/* A free bit of @group's map, which is set: the inode's number; 0: none. */
static u32 take_in(struct super_block *sb, u32 group, bool isdir, int *err)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_group_desc *gd = ext2_get_group_desc(sb, group);
	u32 from = 0, bit, end = sbi->s_inodes_per_group;
	struct buffer b;
	u8 *map;

	if (!gd->bg_free_inodes_count)
		return 0;
	map = ext2_load_map(sb, group, true, &b);
	if (!map)
		return 0;
	if (!ext2_dirty(sb, &b, gd->bg_inode_bitmap, EXT2_MAPS) ||
	    !ext2_dirty_group(sb, group)) {
		brelse(&b);
		*err = -ENOMEM;
		return 0;
	}
	if (sbi->s_last_ino && (sbi->s_last_ino - 1) / end == group)
		from = (sbi->s_last_ino - 1) % end;
	if (!group)
		from = max(from, sbi->s_first_ino - 1);
	bit = ext2_find_zero(map, from, end);
	if (bit == end)
		bit = ext2_find_zero(map, group ? 0 : sbi->s_first_ino - 1,
				     from);
	if (bit == end || (bit == from && map[bit / 8] >> (bit % 8) & 1)) {
		brelse(&b);
		return 0;
	}
	map[bit / 8] |= (u8)(1u << (bit % 8));
	brelse(&b);
	gd->bg_free_inodes_count--;
	sbi->s_free_inodes -= min(1u, sbi->s_free_inodes);
	if (isdir)
		gd->bg_used_dirs_count++;
	sbi->s_last_ino = group * end + bit + 1;
	return sbi->s_last_ino;
}

static u32 take_number(const struct inode *dir, bool isdir, int *err)
{
	struct super_block *sb = dir->i_sb;
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 group = wanted_group(dir, isdir), i, ino;

	*err = -ENOSPC;
	for (i = 0; i < sbi->s_groups_count; i++) {
		ino = take_in(sb, group, isdir, err);
		if (ino)
			return ino;
		group = group + 1 < sbi->s_groups_count ? group + 1 : 0;
	}
	return 0;
}

static u32 inherited_flags(const struct inode *dir, umode_t mode)
{
	u32 flags = EXT2_I(dir)->i_flags & INHERITED;

	if (S_ISDIR(mode))
		return flags;
	if (S_ISREG(mode))
		return flags & ~(EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL);
	return flags & (EXT2_NODUMP_FL | EXT2_NOATIME_FL);
}

/* The number is taken: what the inode is besides. */
static int set_up(struct inode *inode, const struct inode *dir, u32 ino)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	inode->i_ino = ino;
	inode_init_owner(inode, dir);
	ei->i_flags = inherited_flags(dir, inode->i_mode);
	ei->i_block_group =
		(ino - 1) / EXT2_SB(inode->i_sb)->s_inodes_per_group;
	get_random_bytes(&ei->i_generation, sizeof(ei->i_generation));
	ei->i_new = true;
	return ext2_set_ops(inode);
}

/**
 * ext2_new_inode() - a file that has no name yet
 * @dir: where it will get one
 * @mode: what it is
 *
 * Context: within ext2_begin() and ext2_end(); may sleep. Return: the inode
 * with a reference and one link, to be given a name; ERR_PTR(-ENOSPC, -ENOMEM,
 * -EIO).
 */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode)
{
	struct inode *inode = new_inode(dir->i_sb, mode);
	int err;
	u32 ino;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (!ext2_alloc_info(inode)) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	ino = take_number(dir, S_ISDIR(mode), &err);
	if (!ino) {
		iput(inode);
		return ERR_PTR(err);
	}
	if (inode_is_cached(dir->i_sb, ino)) {
		ext2_error(dir->i_sb, __func__,
			   "inode number already in use - inode=%u", ino);
		iput(inode);
		return ERR_PTR(-EIO);
	}
	set_up(inode, dir, ino);
	insert_inode_hash(inode);
	mark_inode_dirty(inode);
	return inode;
}

/* SPDX-License-Identifier: MIT */
/*
 * Inodes on their way to the disk: a list of those that changed, copied into
 * their blocks of the table by a commit.
 *
 *   s_dirty_inodes ⇄ inode ⇄ inode …       I_DIRTY
 *      ext2_prepare_inodes   each has its block in memory, i_table
 *      ext2_copy_inodes      those the disk knows, and those that were freed
 *      ext2_copy_inodes      those that are new
 *
 * An inode may be changed again at any moment but for what s_commit guards:
 * block numbers and links. It is then on the list again.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

#define NSEC_PER_SEC 1000000000

/** ext2_seconds() - a time as the disk keeps it: seconds, rounded down */
s32 ext2_seconds(s64 ns)
{
	if (ns >= 0)
		return (s32)((u64)ns / NSEC_PER_SEC);
	return -(s32)(((u64)-ns + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

/** ext2_dirty_inode() - super_operations.dirty_inode */
void ext2_dirty_inode(struct inode *inode)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (inode->i_sb->s_flags & SB_RDONLY)
		return;
	inode->i_state |= I_DIRTY;
	if (list_empty(&ei->i_dirty))
		list_add_tail(&ei->i_dirty,
			      &EXT2_SB(inode->i_sb)->s_dirty_inodes);
}

/** ext2_clean_inode() - there is nothing of an inode to write any more */
void ext2_clean_inode(struct inode *inode)
{
	list_del_init(&EXT2_I(inode)->i_dirty);
	inode->i_state &= ~I_DIRTY;
}

/**
 * ext2_note_freed_inode() - an inode is no one's, and has no blocks
 * @inode: it goes
 *
 * Context: within ext2_begin() and ext2_end().
 */
void ext2_note_freed_inode(struct inode *inode)
{
	struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);

	sbi->s_freed_inodes[sbi->s_nr_freed_inodes++] =
		(u32)inode->i_ino |
		(S_ISDIR(inode->i_mode) ? EXT2_FREED_DIR : 0);
}

/* The block of the table with @ino is in memory, and noted; or NULL. */
static struct ext2_dirty *prepare(struct super_block *sb, u32 ino, int *err)
{
	struct ext2_dirty *d = NULL;
	struct buffer b;
	u32 block;

	if (!ext2_get_raw(sb, ino, &b, &block, err))
		return NULL;
	d = ext2_dirty(sb, &b, block, EXT2_ITABLE);
	brelse(&b);
	if (!d)
		*err = -ENOMEM;
	return d;
}

int ext2_prepare_inodes(struct ext2_sb_info *sbi)
{
	struct ext2_inode_info *ei;
	int err = 0;
	u32 i;

	list_for_each_entry(ei, &sbi->s_dirty_inodes, i_dirty) {
		ei->i_table = prepare(sbi->sb, (u32)ei->vfs_inode->i_ino, &err);
		if (!ei->i_table)
			return err;
	}
	for (i = 0; i < sbi->s_nr_freed_inodes; i++)
		if (!prepare(sbi->sb, sbi->s_freed_inodes[i] & ~EXT2_FREED_DIR,
			     &err))
			return err;
	return 0;
}

static void write_device(const struct inode *inode, u32 *data)
{
	u32 major = MAJOR(inode->i_rdev), minor = MINOR(inode->i_rdev);

	memset(data, 0, sizeof(u32) * EXT2_N_BLOCKS);
	if (major < 256)
		data[0] = major << 8 | minor;
	else
		data[1] = minor | major << 8;
}

static void write_raw(const struct inode *inode, struct ext2_inode *raw)
{
	const struct ext2_inode_info *ei = EXT2_I(inode);
	u64 size = (u64)i_size_read(inode);

	raw->i_mode = inode->i_mode;
	raw->i_uid = (u16)inode->i_uid;
	raw->i_uid_high = (u16)(inode->i_uid >> 16);
	raw->i_gid = (u16)inode->i_gid;
	raw->i_gid_high = (u16)(inode->i_gid >> 16);
	raw->i_links_count = (u16)inode->i_nlink;
	raw->i_size = (u32)size;
	raw->i_atime = (u32)ext2_seconds(inode->i_atime);
	raw->i_ctime = (u32)ext2_seconds(inode->i_ctime);
	raw->i_mtime = (u32)ext2_seconds(inode->i_mtime);
	raw->i_dtime = 0;
	raw->i_blocks = ei->i_blocks;
	raw->i_flags = ei->i_flags;
	raw->i_generation = ei->i_generation;
	raw->i_file_acl = ei->i_file_acl;
	raw->i_size_high = S_ISREG(inode->i_mode) ? (u32)(size >> 32) : 0;
	memcpy(raw->i_block, ei->i_data, sizeof(raw->i_block));
	if (S_ISCHR(inode->i_mode) || S_ISBLK(inode->i_mode))
		write_device(inode, raw->i_block);
}

/* A file of 2 GB or more: older kernels must not write here. */
static void note_large_file(struct ext2_sb_info *sbi, const struct inode *inode)
{
	if (S_ISREG(inode->i_mode) && i_size_read(inode) > 0x7fffffff)
		sbi->s_es->s_feature_ro_compat |=
			EXT2_FEATURE_RO_COMPAT_LARGE_FILE;
}

static void copy_one(struct ext2_sb_info *sbi, struct ext2_inode_info *ei)
{
	struct inode *inode = ei->vfs_inode;
	u32 index = (u32)(inode->i_ino - 1) % sbi->s_inodes_per_group;
	char *raw = (char *)ei->i_table->b.data +
		    index % sbi->s_inodes_per_block * sbi->s_inode_size;

	if (ei->i_new)
		memset(raw, 0, sbi->s_inode_size);
	write_raw(inode, (struct ext2_inode *)raw);
	note_large_file(sbi, inode);
	ei->i_table->again = true;
	ei->i_table = NULL;
	ei->i_new = false;
	ei->i_new_name = 0;
	ext2_clean_inode(inode);
}

/* On the disk the inode becomes what mke2fs and e2fsck leave: free. */
static void copy_freed(struct ext2_sb_info *sbi, u32 ino)
{
	struct ext2_inode *raw;
	struct ext2_dirty *d;
	struct buffer b;
	u32 block;
	int err;

	raw = ext2_get_raw(sbi->sb, ino, &b, &block, &err);
	if (!raw)
		return;
	raw->i_links_count = 0;
	raw->i_dtime = (u32)ext2_seconds(current_time());
	raw->i_size = raw->i_size_high = raw->i_blocks = raw->i_file_acl = 0;
	memset(raw->i_block, 0, sizeof(raw->i_block));
	brelse(&b);
	d = ext2_find_dirty(sbi, block);
	if (d) /* as it was prepared */
		d->again = true;
}

/**
 * ext2_copy_inodes() - inodes into their blocks
 * @sbi: the filesystem
 * @late: those that the disk gets to know after names: that were made since
 *	the last commit, or are held (victims.c); else all others
 *
 * Those that were freed, too. Context: in a commit, prepared.
 */
void ext2_copy_inodes(struct ext2_sb_info *sbi, bool late)
{
	struct list_head *p = sbi->s_dirty_inodes.next, *next;
	struct ext2_inode_info *ei;
	u32 i, ino;

	for (; p != &sbi->s_dirty_inodes; p = next) {
		next = p->next;
		ei = container_of(p, struct ext2_inode_info, i_dirty);
		ino = (u32)ei->vfs_inode->i_ino;
		if (ei->i_table &&
		    (ei->i_new || ext2_is_held(sbi, ino)) == late)
			copy_one(sbi, ei);
	}
	for (i = 0; i < sbi->s_nr_freed_inodes; i++) {
		ino = sbi->s_freed_inodes[i] & ~EXT2_FREED_DIR;
		if (ext2_is_held(sbi, ino) == late)
			copy_freed(sbi, ino);
	}
}

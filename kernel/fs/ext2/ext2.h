/* SPDX-License-Identifier: MIT */
/*
 * The second extended filesystem in memory.
 *
 *   super_block ─ s_fs_info ─► ext2_sb_info      super.c
 *   inode ─ i_private ─► ext2_inode_info         inode.c
 *
 *   file's page ─► ext2_get_block ─► block number of the disk    block.c
 *   directory's block ─► the same ─► buffer of the device        dir.c
 */
#ifndef KERNEL_FS_EXT2_EXT2_H
#define KERNEL_FS_EXT2_EXT2_H

#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <kernel/block/buffer_head.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include "disk.h"

#define EFSCORRUPTED 117

struct ext2_sb_info {
	struct super_block *sb;
	struct buffer s_sbh; /* the superblock's block */
	struct ext2_super_block *s_es; /* in it */
	struct buffer *s_group_desc; /* all blocks of group descriptors */
	u32 s_groups_count, s_gdb_count;
	u32 s_blocks_per_group, s_inodes_per_group;
	u32 s_inode_size, s_first_ino;
	u32 s_desc_per_block, s_inodes_per_block, s_itb_per_group;
	u32 s_addr_per_block; /* block numbers in an indirect block */
	u16 s_errors; /* EXT2_ERRORS_* in force */
	u16 s_mount_errors; /* asked for by errors=; 0: the disk's */
};

struct ext2_inode_info {
	u32 i_data[EXT2_N_BLOCKS + 1]; /* and a 0 behind a symlink's text */
	u32 i_flags, i_file_acl, i_dtime, i_generation;
	u32 i_blocks; /* of 512 bytes */
	u32 i_block_group;
};

static inline struct ext2_sb_info *EXT2_SB(const struct super_block *sb)
{
	return sb->s_fs_info;
}

static inline struct ext2_inode_info *EXT2_I(const struct inode *inode)
{
	return inode->i_private;
}

static inline u32 ext2_group_first_block(const struct ext2_sb_info *sbi,
					 u32 group)
{
	return group * sbi->s_blocks_per_group + sbi->s_es->s_first_data_block;
}

/* ---- super.c ---- */
/* Something on the disk is wrong: a line in the log, and what errors= says. */
void ext2_error(struct super_block *sb, const char *function, const char *fmt,
		...) __attribute__((format(printf, 3, 4)));
void ext2_msg(struct super_block *sb, const char *level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
struct ext2_group_desc *ext2_get_group_desc(struct super_block *sb, u32 group);
bool ext2_has_super(const struct ext2_sb_info *sbi, u32 group);
u32 ext2_count_free_blocks(struct super_block *sb);

/* ---- options.c ---- */
/* Mount options into @sbi; 0 or -EINVAL. */
int ext2_parse_options(struct super_block *sb, struct ext2_sb_info *sbi,
		       const char *data);
void ext2_show_options(struct super_block *sb, struct seq_file *m);

/* ---- inode.c ---- */
struct inode *ext2_iget(struct super_block *sb, u32 ino);
void ext2_evict_inode(struct inode *inode);
void ext2_getattr(struct inode *inode, struct kstat *stat);
void ext2_inode_init(void); /* boot */

/* ---- block.c ---- */
bool ext2_data_block_valid(const struct ext2_sb_info *sbi, u32 first, u32 nr);
/* Where block @iblock of a file is: in *@nr blocks at most, *@nr blocks from
 * *@block on; *@block 0: a hole. 0 or -errno. */
int ext2_get_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr);
/* A block of a directory or symlink; without data: none, or an error. */
struct buffer ext2_bread(struct inode *inode, u32 iblock, int *err);

/* ---- dir.c ---- */
int ext2_find_entry(struct inode *dir, const char *name, u32 len, u32 *ino);
extern const struct file_operations ext2_dir_operations;

/* ---- namei.c, file.c, symlink.c ---- */
extern const struct inode_operations ext2_dir_inode_operations;
extern const struct inode_operations ext2_special_inode_operations;
extern const struct inode_operations ext2_file_inode_operations;
extern const struct file_operations ext2_file_operations;
extern const struct address_space_operations ext2_aops;
extern const struct inode_operations ext2_symlink_inode_operations;

#endif

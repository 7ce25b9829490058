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
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/rwsem.h>
#include <kernel/block/buffer_head.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include "disk.h"

#define EFSCORRUPTED 117

/* A block that was changed since the last commit. */
struct ext2_dirty {
	struct rb_node node; /* by number */
	struct buffer b;
	u32 block;
	u8 phase; /* EXT2_NEW … */
	u16 rank; /* of EXT2_NAMES: after those of a lower one */
	bool awaited; /* another one's rank is above its own */
	bool written, again; /* by the commit that runs; and once more */
	struct page *copy; /* what it writes first, victims.c; or NULL */
};

/* A file whose last name is another's now, since the last commit. */
struct ext2_victim {
	u32 ino, block; /* the directory's block with the name */
	bool held; /* in a commit: it goes after names are written */
};

#define EXT2_VICTIMS 32u

enum { EXT2_NEW, EXT2_ITABLE, EXT2_NAMES, EXT2_MAPS };

struct ext2_extent {
	u32 first, nr; /* blocks */
};

/* ext2_sb_info::s_freed_inodes: it was a directory. */
#define EXT2_FREED_DIR 0x80000000u

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
	u16 s_mount_state; /* EXT2_VALID_FS as it was when it was mounted */
	u8 *s_group_state; /* EXT2_GROUP_* of each group */
	u32 s_free_blocks, s_free_inodes; /* without those of s_freed… */
	u32 s_last_ino; /* allocated last */

	/* commit.c; changed with s_commit for reading, without a sleep */
	struct rw_semaphore s_commit;
	struct rb_root s_dirty; /* ext2_dirty::node */
	u32 s_nr_dirty;
	struct list_head s_dirty_inodes; /* ext2_inode_info::i_dirty */
	u32 s_max_freed; /* room in the two */
	u32 s_nr_freed, s_nr_freed_inodes, s_freed_blocks;
	struct ext2_extent *s_freed; /* used on the disk, and no one's */
	u32 *s_freed_inodes;
	u32 s_nr_victims;
	struct ext2_victim s_victims[EXT2_VICTIMS];
};

#define EXT2_GROUP_CHECKED 1u /* its bitmaps mark its own tables as used */
#define EXT2_GROUP_BAD 2u /* they do not: nothing is allocated there */

struct ext2_inode_info {
	u32 i_data[EXT2_N_BLOCKS + 1]; /* and a 0 behind a symlink's text */
	u32 i_flags, i_file_acl, i_dtime, i_generation;
	u32 i_blocks; /* of 512 bytes */
	u32 i_block_group;
	struct inode *vfs_inode;
	struct list_head i_dirty; /* s_dirty_inodes; empty: the disk has it */
	struct ext2_dirty *i_table; /* its block of the table, in a commit */
	bool i_new; /* made since the last commit */
	u32 i_new_name; /* directory block of a name added since; 0: none */
	u32 i_next_block, i_next_goal; /* where the next block is wanted, and
					* what the disk's block should be */
	u32 i_room; /* a directory's blocks below have no room for a name */
	struct rw_semaphore map_lock; /* i_data and indirect blocks */
	struct ext2_dindex *i_index; /* names of a large directory, or NULL */
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

/* ---- commit.c ---- */
int ext2_begin(struct super_block *sb);
void ext2_end(struct super_block *sb);
int ext2_commit(struct super_block *sb);
struct ext2_dirty *ext2_dirty(struct super_block *sb, struct buffer *b,
			      u32 block, u32 phase);
void ext2_forget(struct super_block *sb, u32 block);
bool ext2_order(struct super_block *sb, u32 first, u32 then);
void ext2_note_freed(struct ext2_sb_info *sbi, u32 first, u32 nr, u32 start);
/* True if @err may not come a second time: what was freed is free now. */
bool ext2_should_retry(struct super_block *sb, int err, bool *tried);
void ext2_wait_for_memory(void);
void ext2_forget_all(struct ext2_sb_info *sbi);
void ext2_commit_init(void); /* boot */

struct ext2_dirty *ext2_find_dirty(struct ext2_sb_info *sbi, u32 block);

/* ---- victims.c ---- */
bool ext2_note_victim(struct super_block *sb, u32 ino, u32 block);
void ext2_drop_victim(struct super_block *sb, u32 ino);
bool ext2_is_held(const struct ext2_sb_info *sbi, u32 ino);
void ext2_hold_victims(struct ext2_sb_info *sbi);

/* ---- inode_write.c ---- */
s32 ext2_seconds(s64 ns); /* since 1970, rounded down */
/* A commit's: each inode has its block; inodes are copied there. */
int ext2_prepare_inodes(struct ext2_sb_info *sbi);
void ext2_copy_inodes(struct ext2_sb_info *sbi, bool late);
void ext2_dirty_inode(struct inode *inode);
void ext2_clean_inode(struct inode *inode); /* it goes: nothing to write */
void ext2_note_freed_inode(struct inode *inode);

/* ---- balloc.c ---- */
/* A commit's: the maps that freed blocks and inodes are in, changed later. */
int ext2_prepare_maps(struct ext2_sb_info *sbi);
void ext2_release_freed(struct ext2_sb_info *sbi);
u32 ext2_new_blocks(struct inode *inode, u32 goal, u32 *nr, int *err);
void ext2_unalloc_blocks(struct super_block *sb, u32 first, u32 nr);
/* Blocks of a file that goes; @tables: indirect blocks, directories … */
void ext2_free_blocks(struct super_block *sb, u32 first, u32 nr, bool tables);
bool ext2_dirty_group(struct super_block *sb, u32 group);
u8 *ext2_load_map(struct super_block *sb, u32 group, bool inodes,
		  struct buffer *b);
u32 ext2_find_zero(const u8 *map, u32 from, u32 end);

/* ---- ialloc.c ---- */
struct inode *ext2_new_inode(struct inode *dir, umode_t mode);

/* ---- xattr.c ---- */
int ext2_load_xattrs(struct inode *inode);
int ext2_store_xattrs(struct inode *inode);
void ext2_drop_xattrs(struct inode *inode);

/* ---- options.c ---- */
/* Mount options into @sbi; 0 or -EINVAL. */
int ext2_parse_options(struct super_block *sb, struct ext2_sb_info *sbi,
		       const char *data);
void ext2_show_options(struct super_block *sb, struct seq_file *m);

/* ---- inode.c ---- */
struct inode *ext2_iget(struct super_block *sb, u32 ino);
void ext2_evict_inode(struct inode *inode);
void ext2_getattr(struct inode *inode, struct kstat *stat);
struct ext2_inode *ext2_get_raw(struct super_block *sb, u32 ino,
				struct buffer *b, u32 *block, int *err);
struct ext2_inode_info *ext2_alloc_info(struct inode *inode);
int ext2_set_ops(struct inode *inode);
void ext2_inode_init(void); /* boot */

/* ---- block.c ---- */
#define EXT2_MAX_DEPTH 4

/* The way to a block: the index in i_data, then in each indirect block. */
struct block_path {
	u32 depth, at[EXT2_MAX_DEPTH];
	u32 left; /* numbers from the last one on in its block, itself too */
};

bool ext2_block_to_path(const struct ext2_sb_info *sbi, u32 iblock,
			struct block_path *p);
bool ext2_data_block_valid(const struct ext2_sb_info *sbi, u32 first, u32 nr);
int ext2_bad_block(struct inode *inode, u32 block); /* logs: -EFSCORRUPTED */
int ext2_read_indirect(struct inode *inode, u32 block, struct buffer *b);
int ext2_map_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr);
/* Where block @iblock of a file is: in *@nr blocks at most, *@nr blocks from
 * *@block on; *@block 0: a hole. 0 or -errno. */
int ext2_get_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr);
/* A block of a directory or symlink; without data: none, or an error. */
struct buffer ext2_bread(struct inode *inode, u32 iblock, int *err);

/* ---- block_alloc.c ---- */
int ext2_alloc_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr,
		     bool *fresh);
int ext2_alloc_retry(struct inode *inode, u32 iblock, u32 *block, u32 *nr,
		     bool *fresh);
/* A new last block of a directory or symlink, zeroed. */
struct buffer ext2_append(struct inode *inode, u32 iblock, u32 *block,
			  int *err);

/* ---- truncate.c ---- */
/* Blocks [@from, @to) of a file are freed; @to ~0: all from @from on. */
int ext2_free_range(struct inode *inode, u32 from, u32 to);
int ext2_free_part(struct inode *inode, u32 from, u32 to);

/* ---- dir.c ---- */
/* A record of a directory. */
struct ext2_place {
	struct buffer b; /* its block; without data: it is not there */
	u32 iblock; /* the block's number in the directory */
	struct ext2_dir_entry *e;
};

struct ext2_dir_entry *ext2_entry_at(struct inode *dir, const struct buffer *b,
				     u32 iblock, u32 off);
int ext2_find_entry(struct inode *dir, const char *name, u32 len,
		    struct ext2_place *at);
extern const struct file_operations ext2_dir_operations;

bool ext2_is_name(const struct ext2_dir_entry *e, const char *name, u32 len);

/* ---- dindex.c ---- */
int ext2_dindex_find(struct inode *dir, const char *name, u32 len,
		     struct ext2_place *at);
void ext2_dindex_add(struct inode *dir, const struct buffer *b, u32 iblock,
		     const struct ext2_dir_entry *e);
void ext2_dindex_del(struct inode *dir, const struct buffer *b, u32 iblock,
		     const struct ext2_dir_entry *e);
void ext2_dindex_free(struct inode *dir);

/* ---- dir_write.c ---- */
int ext2_add_link(struct inode *dir, const char *name, u32 len,
		  struct inode *inode);
int ext2_make_empty(struct inode *inode, struct inode *parent);
int ext2_delete_entry(struct inode *dir, const char *name, u32 len,
		      const struct inode *stays);
int ext2_set_link(struct inode *dir, const char *name, u32 len,
		  struct inode *inode, struct inode *victim);
int ext2_rename_entry(struct inode *dir, const char *old, u32 old_len,
		      const char *name, u32 len);
int ext2_find_parent(struct inode *inode, struct ext2_place *at);
void ext2_set_parent(struct inode *inode, const struct ext2_place *at,
		     const struct inode *parent);
int ext2_is_empty(struct inode *dir);

/* ---- ioctl.c ---- */
long ext2_ioctl(struct file *f, unsigned int cmd, unsigned long arg);

/* ---- file_io.c ---- */
struct readahead_control;
struct writeback_control;
int ext2_read_folio(struct address_space *m, struct page *page);
void ext2_readahead(struct address_space *m, struct readahead_control *rac);
int ext2_writepage(struct address_space *m, struct page *page,
		   struct writeback_control *wbc);
int ext2_writepages(struct address_space *m, struct writeback_control *wbc);

/* ---- namei.c, file.c, symlink.c ---- */
int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync);
int ext2_set_size(struct inode *inode, loff_t size);
long ext2_fallocate(struct file *f, int mode, loff_t off, loff_t len);
int ext2_setattr(struct inode *inode, struct kstat *attr, u32 valid);
int ext2_permission(struct inode *inode, int mask);
extern const struct inode_operations ext2_dir_inode_operations;
extern const struct inode_operations ext2_special_inode_operations;
extern const struct inode_operations ext2_file_inode_operations;
extern const struct file_operations ext2_file_operations;
extern const struct address_space_operations ext2_aops;
extern const struct inode_operations ext2_symlink_inode_operations;

#endif

/* SPDX-License-Identifier: MIT */
/* Filesystems, and one of them that is mounted. Code: kernel/fs/super.c. */
#ifndef KERNEL_FS_SUPER_H
#define KERNEL_FS_SUPER_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/types.h>

struct block_device;
struct dentry;
struct file_system_type;
struct inode;
struct seq_file;
struct super_block;

struct kstatfs {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	u32 fsid[2]; /* told from others by it; 0: it has none */
	u32 namelen;
};

struct super_operations {
	void (*evict_inode)(struct inode *inode); /* last reference: free all */
	void (*statfs)(struct super_block *sb, struct kstatfs *buf);
	void (*show_options)(struct super_block *sb, struct seq_file *m);
	/* @flags: MS_*, of which MS_RDONLY is what s_flags will say. */
	int (*remount)(struct super_block *sb, u32 flags, const char *data);
	void (*dirty_inode)(struct inode *inode); /* may sleep */
	/* What was written and made is on the disk, if @wait: 0 or -errno. */
	int (*sync_fs)(struct super_block *sb, bool wait);
	/* Extended attributes: inode::i_xattrs from the disk, and to it. With
	 * vfs_lock for writing; 0 or -errno. NULL: memory is all they have. */
	int (*load_xattrs)(struct inode *inode);
	int (*store_xattrs)(struct inode *inode);
	void (*put_super)(struct super_block *sb);
};

struct super_block {
	const struct file_system_type *s_type;
	const struct super_operations *s_op;
	struct dentry *s_root;
	u32 s_flags; /* SB_* */
	u32 s_dev;
	u32 s_blocksize; /* bytes; of those with a device */
	u8 s_blocksize_bits;
	struct block_device *s_bdev; /* NULL: it needs none */
	u64 s_next_ino;
	atomic_t s_count;
	void *s_fs_info;
	struct list_head s_list; /* super_blocks */
	struct list_head s_inodes; /* inode::i_sb_list, icache.c */
	bool s_born; /* fill_super is done, and it is in use */
	u32 s_syncing; /* who writes it without a reference: sb_pin() */
	char s_id[16]; /* what the log calls it */
};

#define SB_DCACHE 0x1u /* all names are dentries, and pinned */
#define SB_NOMOUNT 0x2u /* of files without names */
#define SB_CACHED \
	0x8u /* inodes and names stay when unused, till memory is
			* wanted */
#define SB_RDONLY 0x10u
#define SB_XATTR 0x4u /* files have trusted.* and security.* attributes */

struct file_system_type {
	const char *name;
	bool nodev; /* as /proc/filesystems says it; else it has a device */
	/* Fill @sb and its s_root. @data: mount options or NULL. */
	int (*fill_super)(struct super_block *sb, const char *data);
	struct super_block *single; /* proc, sysfs, devtmpfs: one for all */
	bool is_single;
	struct list_head list;
};

void register_filesystem(struct file_system_type *fs);
extern struct list_head super_blocks; /* super_block::s_list, oldest first */
extern struct super_block *anon_sb; /* of files without names */

void show_filesystems(struct seq_file *m);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What an ext2 filesystem is on its disk; numbers with the low byte first.
 *
 *   boot │ super │ group descriptors │ group 0 │ group 1 │ …
 *
 *   a group: │ (copies of the two) │ block map │ inode map │ inodes │ blocks │
 *
 * A block number is counted from the disk's beginning, an inode's from 1.
 */
#ifndef KERNEL_FS_EXT2_DISK_H
#define KERNEL_FS_EXT2_DISK_H

#include <ashlar/types.h>

#define EXT2_SUPER_MAGIC 0xef53
#define EXT2_SUPER_OFFSET 1024u
#define EXT2_MIN_BLOCK_SIZE 1024u
#define EXT2_MAX_BLOCK_SIZE 4096u

struct ext2_super_block {
	u32 s_inodes_count, s_blocks_count, s_r_blocks_count;
	u32 s_free_blocks_count, s_free_inodes_count;
	u32 s_first_data_block, s_log_block_size, s_log_frag_size;
	u32 s_blocks_per_group, s_frags_per_group, s_inodes_per_group;
	u32 s_mtime, s_wtime;
	u16 s_mnt_count, s_max_mnt_count, s_magic, s_state, s_errors;
	u16 s_minor_rev_level;
	u32 s_lastcheck, s_checkinterval, s_creator_os, s_rev_level;
	u16 s_def_resuid, s_def_resgid;
	/* revision 1 */
	u32 s_first_ino;
	u16 s_inode_size, s_block_group_nr;
	u32 s_feature_compat, s_feature_incompat, s_feature_ro_compat;
	u8 s_uuid[16];
	char s_volume_name[16], s_last_mounted[64];
	u32 s_algorithm_usage_bitmap;
	u8 s_prealloc_blocks, s_prealloc_dir_blocks;
	u16 s_reserved_gdt_blocks;
	u8 s_journal_uuid[16];
	u32 s_journal_inum, s_journal_dev, s_last_orphan;
	u32 s_hash_seed[4];
	u8 s_def_hash_version, s_jnl_backup_type;
	u16 s_desc_size;
	u32 s_default_mount_opts, s_first_meta_bg;
	u32 s_reserved[190];
};

/* s_state */
#define EXT2_VALID_FS 0x0001
#define EXT2_ERROR_FS 0x0002
/* s_errors */
#define EXT2_ERRORS_CONTINUE 1
#define EXT2_ERRORS_RO 2
#define EXT2_ERRORS_PANIC 3

#define EXT2_GOOD_OLD_REV 0
#define EXT2_DYNAMIC_REV 1
#define EXT2_GOOD_OLD_FIRST_INO 11
#define EXT2_GOOD_OLD_INODE_SIZE 128u

#define EXT2_FEATURE_COMPAT_EXT_ATTR 0x0008
#define EXT2_FEATURE_COMPAT_DIR_INDEX 0x0020
#define EXT2_FEATURE_INCOMPAT_FILETYPE 0x0002
#define EXT2_FEATURE_INCOMPAT_SUPP EXT2_FEATURE_INCOMPAT_FILETYPE
#define EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER 0x0001
#define EXT2_FEATURE_RO_COMPAT_LARGE_FILE 0x0002
#define EXT2_FEATURE_RO_COMPAT_BTREE_DIR 0x0004
#define EXT2_FEATURE_RO_COMPAT_SUPP            \
	(EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | \
	 EXT2_FEATURE_RO_COMPAT_LARGE_FILE | EXT2_FEATURE_RO_COMPAT_BTREE_DIR)

struct ext2_group_desc {
	u32 bg_block_bitmap, bg_inode_bitmap, bg_inode_table;
	u16 bg_free_blocks_count, bg_free_inodes_count, bg_used_dirs_count;
	u16 bg_pad;
	u32 bg_reserved[3];
};

#define EXT2_ROOT_INO 2u

#define EXT2_NDIR_BLOCKS 12
#define EXT2_IND_BLOCK 12
#define EXT2_DIND_BLOCK 13
#define EXT2_TIND_BLOCK 14
#define EXT2_N_BLOCKS 15
/* A symlink of less is in the inode. */
#define EXT2_FAST_LINK (EXT2_N_BLOCKS * 4u)

struct ext2_inode {
	u16 i_mode, i_uid;
	u32 i_size, i_atime, i_ctime, i_mtime, i_dtime;
	u16 i_gid, i_links_count;
	u32 i_blocks; /* of 512 bytes, indirect blocks included */
	u32 i_flags, i_osd1;
	u32 i_block[EXT2_N_BLOCKS];
	u32 i_generation, i_file_acl;
	u32 i_size_high; /* of files; i_dir_acl of others */
	u32 i_faddr;
	u8 i_frag, i_fsize;
	u16 i_pad1, i_uid_high, i_gid_high;
	u32 i_reserved2;
	/* larger inodes */
	u16 i_extra_isize, i_checksum_hi;
};

/* i_flags */
#define EXT2_SECRM_FL 0x00000001u
#define EXT2_UNRM_FL 0x00000002u
#define EXT2_COMPR_FL 0x00000004u
#define EXT2_SYNC_FL 0x00000008u
#define EXT2_IMMUTABLE_FL 0x00000010u
#define EXT2_APPEND_FL 0x00000020u
#define EXT2_NODUMP_FL 0x00000040u
#define EXT2_NOATIME_FL 0x00000080u
#define EXT2_INDEX_FL 0x00001000u
#define EXT2_NOTAIL_FL 0x00008000u
#define EXT2_DIRSYNC_FL 0x00010000u
#define EXT2_TOPDIR_FL 0x00020000u

struct ext2_dir_entry {
	u32 inode; /* 0: a hole */
	u16 rec_len; /* to the next one, within the block */
	u8 name_len, file_type;
	char name[];
};

#define EXT2_NAME_LEN 255u
#define EXT2_DIR_REC_LEN(len) (((u32)(len) + 8 + 3) & ~3u)

#endif

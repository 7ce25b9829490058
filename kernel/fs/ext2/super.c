/* SPDX-License-Identifier: MIT */
/*
 * A whole ext2 filesystem: mounted, remounted, counted, given up.
 *
 * Nothing of the superblock and of the group descriptors is used before it is
 * checked, here and once: a size that is wrong there would lead everything
 * else astray. Both stay in memory as long as the filesystem is mounted.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/printf.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>

#include <kernel/block/blkdev.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/stat.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include "ext2.h"

/**
 * ext2_msg() - a line in the log about a filesystem
 * @sb: the filesystem
 * @level: KERN_*
 * @fmt: as printf's, without a newline
 */
void ext2_msg(struct super_block *sb, const char *level, const char *fmt, ...)
{
	char text[160];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	ashlar_vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	printk("%sEXT2-fs (%s): %s\n", level, sb->s_id, text);
}

/**
 * ext2_error() - what is on the disk cannot be right
 * @sb: the filesystem
 * @function: where that was seen
 * @fmt: what it is, as printf's, without a newline
 *
 * The mount option errors= says what follows, and e2fsck will look at all of
 * it. Context: may sleep.
 */
void ext2_error(struct super_block *sb, const char *function, const char *fmt,
		...)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	char text[240];
	__builtin_va_list ap;

	__builtin_va_start(ap, fmt);
	ashlar_vsnprintf(text, sizeof(text), fmt, ap);
	__builtin_va_end(ap);
	printk(KERN_CRIT "EXT2-fs (%s): error: %s: %s\n", sb->s_id, function,
	       text);
	if (!(sb->s_flags & SB_RDONLY)) {
		sbi->s_mount_state |= EXT2_ERROR_FS;
		sbi->s_es->s_state |= EXT2_ERROR_FS;
		mark_buffer_dirty(&sbi->s_sbh);
		sync_dirty_buffer(&sbi->s_sbh);
	}
	if (sbi->s_errors == EXT2_ERRORS_PANIC)
		panic("EXT2-fs: panic from previous error");
	if (sb->s_flags & SB_RDONLY || sbi->s_errors != EXT2_ERRORS_RO)
		return;
	ext2_msg(sb, KERN_CRIT, "error: remounting filesystem read-only");
	sb->s_flags |= SB_RDONLY;
}

/** ext2_get_group_desc() - what the disk says of a group, which there is */
struct ext2_group_desc *ext2_get_group_desc(struct super_block *sb, u32 group)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_group_desc *gd =
		sbi->s_group_desc[group / sbi->s_desc_per_block].data;

	return gd + group % sbi->s_desc_per_block;
}

/* ---- mounting ---- */

/* The block with the superblock, and where it is in that; false: unreadable. */
static bool read_super(struct super_block *sb, u32 blocksize)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	sb_set_blocksize(sb, blocksize);
	sbi->s_sbh = sb_bread(sb, EXT2_SUPER_OFFSET / blocksize);
	if (!sbi->s_sbh.data)
		return false;
	sbi->s_es = (struct ext2_super_block *)((char *)sbi->s_sbh.data +
						EXT2_SUPER_OFFSET % blocksize);
	return true;
}

/* What we do not know of the filesystem; NULL: nothing that matters. */
static int check_features(struct super_block *sb)
{
	const struct ext2_super_block *es = EXT2_SB(sb)->s_es;
	u32 unknown;

	if (es->s_rev_level == EXT2_GOOD_OLD_REV)
		return 0;
	unknown = es->s_feature_incompat & ~EXT2_FEATURE_INCOMPAT_SUPP;
	if (unknown) {
		ext2_msg(sb, KERN_ERR,
			 "error: couldn't mount because of unsupported "
			 "optional features (%x)",
			 unknown);
		return -EINVAL;
	}
	unknown = es->s_feature_ro_compat & ~EXT2_FEATURE_RO_COMPAT_SUPP;
	if (unknown && !(sb->s_flags & SB_RDONLY)) {
		ext2_msg(sb, KERN_ERR,
			 "error: couldn't mount RDWR because of unsupported "
			 "optional features (%x)",
			 unknown);
		return -EINVAL;
	}
	return 0;
}

/* Sizes of what all groups have, and their number; what is wrong, or NULL. */
static const char *check_sizes(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->s_es;
	u32 size = sb->s_blocksize;
	bool old = es->s_rev_level == EXT2_GOOD_OLD_REV;
	u64 on_disk = sb->s_bdev->nr_sectors >>
		      (sb->s_blocksize_bits - SECTOR_SHIFT);

	sbi->s_inode_size = old ? EXT2_GOOD_OLD_INODE_SIZE : es->s_inode_size;
	sbi->s_first_ino = old ? EXT2_GOOD_OLD_FIRST_INO : es->s_first_ino;
	if (sbi->s_inode_size < EXT2_GOOD_OLD_INODE_SIZE ||
	    sbi->s_inode_size > size ||
	    sbi->s_inode_size & (sbi->s_inode_size - 1))
		return "unsupported inode size";
	if (es->s_log_frag_size != es->s_log_block_size)
		return "fragsize != blocksize (not supported yet)";
	sbi->s_blocks_per_group = es->s_blocks_per_group;
	sbi->s_inodes_per_group = es->s_inodes_per_group;
	sbi->s_inodes_per_block = size / sbi->s_inode_size;
	sbi->s_addr_per_block = size / sizeof(u32);
	sbi->s_desc_per_block = size / sizeof(struct ext2_group_desc);
	if (sbi->s_blocks_per_group > size * 8 || sbi->s_blocks_per_group < 64)
		return "#blocks per group too big";
	if (sbi->s_inodes_per_group < sbi->s_inodes_per_block ||
	    sbi->s_inodes_per_group > size * 8)
		return "invalid #inodes per group";
	sbi->s_itb_per_group =
		(sbi->s_inodes_per_group + sbi->s_inodes_per_block - 1) /
		sbi->s_inodes_per_block;
	if (es->s_first_data_block != (size == EXT2_MIN_BLOCK_SIZE) ||
	    es->s_blocks_count <= es->s_first_data_block)
		return "bad geometry: no room for data";
	if (es->s_blocks_count > on_disk)
		return "bad geometry: block count exceeds size of device";
	sbi->s_groups_count = (es->s_blocks_count - es->s_first_data_block -
			       1) / sbi->s_blocks_per_group +
			      1;
	sbi->s_gdb_count =
		(sbi->s_groups_count - 1) / sbi->s_desc_per_block + 1;
	if ((u64)sbi->s_groups_count * sbi->s_inodes_per_group !=
		    es->s_inodes_count ||
	    sbi->s_first_ino > sbi->s_inodes_per_group)
		return "invalid #inodes";
	return NULL;
}

/* True if @nr blocks from @first on are in @group. */
static bool in_group(const struct ext2_sb_info *sbi, u32 group, u32 first,
		     u32 nr)
{
	u32 start = ext2_group_first_block(sbi, group);
	u32 end =
		min(sbi->s_blocks_per_group, sbi->s_es->s_blocks_count - start);

	return first >= start && first - start < end &&
	       nr <= end - (first - start);
}

static bool bad_table(struct super_block *sb, u32 group, const char *what,
		      u32 block)
{
	ext2_msg(sb, KERN_ERR,
		 "error: ext2_check_descriptors: %s for group %u not in group "
		 "(block %u)!",
		 what, group, block);
	return false;
}

static bool check_descriptors(struct super_block *sb)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i;

	for (i = 0; i < sbi->s_groups_count; i++) {
		const struct ext2_group_desc *gd = ext2_get_group_desc(sb, i);

		if (!in_group(sbi, i, gd->bg_block_bitmap, 1))
			return bad_table(sb, i, "Block bitmap",
					 gd->bg_block_bitmap);
		if (!in_group(sbi, i, gd->bg_inode_bitmap, 1))
			return bad_table(sb, i, "Inode bitmap",
					 gd->bg_inode_bitmap);
		if (!in_group(sbi, i, gd->bg_inode_table, sbi->s_itb_per_group))
			return bad_table(sb, i, "Inode table",
					 gd->bg_inode_table);
	}
	return true;
}

static int read_descriptors(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i;

	sbi->s_group_desc =
		kvmalloc(sbi->s_gdb_count * sizeof(struct buffer), GFP_KERNEL);
	if (!sbi->s_group_desc)
		return -ENOMEM;
	memset(sbi->s_group_desc, 0, sbi->s_gdb_count * sizeof(struct buffer));
	for (i = 0; i < sbi->s_gdb_count; i++) {
		sbi->s_group_desc[i] =
			sb_bread(sb, sbi->s_es->s_first_data_block + 1 + i);
		if (!sbi->s_group_desc[i].data) {
			ext2_msg(sb, KERN_ERR,
				 "error: unable to read group descriptors");
			return -EIO;
		}
	}
	return check_descriptors(sb) ? 0 : -EINVAL;
}

/* The superblock, whose block size is not known before it is read. */
static int load_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	const char *wrong;
	u32 log;
	int err;

	if (!read_super(sb, EXT2_MIN_BLOCK_SIZE)) {
		ext2_msg(sb, KERN_ERR, "error: unable to read superblock");
		return -EINVAL;
	}
	if (sbi->s_es->s_magic != EXT2_SUPER_MAGIC) {
		ext2_msg(sb, KERN_ERR,
			 "error: can't find an ext2 filesystem on dev %s.",
			 sb->s_id);
		return -EINVAL;
	}
	log = sbi->s_es->s_log_block_size;
	if (log > 2) {
		ext2_msg(sb, KERN_ERR, "error: bad blocksize %u", log);
		return -EINVAL;
	}
	if (log) {
		brelse(&sbi->s_sbh);
		if (!read_super(sb, EXT2_MIN_BLOCK_SIZE << log) ||
		    sbi->s_es->s_magic != EXT2_SUPER_MAGIC ||
		    sbi->s_es->s_log_block_size != log)
			return -EINVAL;
	}
	err = check_features(sb);
	if (err)
		return err;
	wrong = check_sizes(sb);
	if (!wrong)
		return read_descriptors(sb);
	ext2_msg(sb, KERN_ERR, "error: %s", wrong);
	return -EINVAL;
}

/* What changes need: counts, room for what is freed, and states of groups. */
static int load_counts(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i;

	sbi->s_max_freed = 2 * (sbi->s_addr_per_block + 16);
	sbi->s_group_state = kvmalloc(sbi->s_groups_count, GFP_KERNEL);
	sbi->s_freed =
		kvmalloc(sbi->s_max_freed * sizeof(*sbi->s_freed), GFP_KERNEL);
	sbi->s_freed_inodes = kvmalloc(
		sbi->s_max_freed * sizeof(*sbi->s_freed_inodes), GFP_KERNEL);
	if (!sbi->s_group_state || !sbi->s_freed || !sbi->s_freed_inodes)
		return -ENOMEM;
	memset(sbi->s_group_state, 0, sbi->s_groups_count);
	for (i = 0; i < sbi->s_groups_count; i++) {
		const struct ext2_group_desc *gd = ext2_get_group_desc(sb, i);

		sbi->s_free_blocks += gd->bg_free_blocks_count;
		sbi->s_free_inodes += gd->bg_free_inodes_count;
	}
	return 0;
}

/* The superblock is on the disk, with what is in memory of it. */
static int write_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	bool noted;

	down_read(&sbi->s_commit);
	noted = ext2_dirty_group(sb, 0);
	up_read(&sbi->s_commit);
	return noted ? ext2_commit(sb) : -ENOMEM;
}

/* From now on the disk says that it is not to be believed unchecked. */
static int begin_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct ext2_super_block *es = sbi->s_es;

	if (es->s_state & EXT2_ERROR_FS)
		ext2_msg(sb, KERN_WARNING,
			 "warning: mounting fs with errors, running e2fsck is "
			 "recommended");
	else if (!(es->s_state & EXT2_VALID_FS))
		ext2_msg(sb, KERN_WARNING,
			 "warning: mounting unchecked fs, running e2fsck is "
			 "recommended");
	sbi->s_mount_state = es->s_state;
	es->s_state &= (u16)~EXT2_VALID_FS;
	es->s_mnt_count++;
	es->s_mtime = (u32)ext2_seconds(current_time());
	return write_super(sb);
}

/* All is written, and the disk says so, unless errors were seen. */
static int end_writing(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);

	sbi->s_es->s_state = sbi->s_mount_state;
	return write_super(sb);
}

static void set_errors(struct ext2_sb_info *sbi)
{
	u16 on_disk = sbi->s_es->s_errors;

	if (on_disk < EXT2_ERRORS_CONTINUE || on_disk > EXT2_ERRORS_PANIC)
		on_disk = EXT2_ERRORS_CONTINUE;
	sbi->s_errors = sbi->s_mount_errors ? sbi->s_mount_errors : on_disk;
}

static int load_root(struct super_block *sb)
{
	struct inode *root = ext2_iget(sb, EXT2_ROOT_INO);

	if (IS_ERR(root))
		return (int)PTR_ERR(root);
	if (!S_ISDIR(root->i_mode) || !i_size_read(root) ||
	    !EXT2_I(root)->i_blocks) {
		iput(root);
		ext2_msg(sb, KERN_ERR, "error: corrupt root inode, run e2fsck");
		return -EINVAL;
	}
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static const struct super_operations ext2_sops;

static int ext2_fill_super(struct super_block *sb, const char *data)
{
	struct ext2_sb_info *sbi = kzalloc(sizeof(*sbi), GFP_KERNEL);
	int err;

	if (!sbi)
		return -ENOMEM;
	sbi->sb = sb;
	sb->s_fs_info = sbi;
	sb->s_op = &ext2_sops;
	sb->s_flags |= SB_CACHED | SB_XATTR;
	init_rwsem(&sbi->s_commit);
	INIT_LIST_HEAD(&sbi->s_dirty_inodes);
	err = ext2_parse_options(sb, sbi, data);
	if (!err)
		err = load_super(sb);
	if (err)
		return err;
	set_errors(sbi);
	err = load_counts(sb);
	if (!err)
		err = load_root(sb);
	if (!err && !(sb->s_flags & SB_RDONLY)) {
		err = begin_writing(sb);
		if (err) {
			dput(sb->s_root);
			sb->s_root = NULL;
		}
	}
	return err;
}

static void ext2_put_super(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	u32 i;

	if (sb->s_root && !(sb->s_flags & SB_RDONLY))
		end_writing(sb);
	ext2_forget_all(sbi);
	for (i = 0; sbi->s_group_desc && i < sbi->s_gdb_count; i++)
		brelse(&sbi->s_group_desc[i]);
	kvfree(sbi->s_group_desc);
	kvfree(sbi->s_group_state);
	kvfree(sbi->s_freed);
	kvfree(sbi->s_freed_inodes);
	brelse(&sbi->s_sbh);
	kfree(sbi);
	sb->s_fs_info = NULL;
}

/* Tables alone: files' bytes are the flusher's (kernel/fs/fs-writeback.c). */
static int ext2_sync_fs(struct super_block *sb, bool wait)
{
	(void)wait;
	return ext2_commit(sb);
}

static int remount_ro(struct super_block *sb)
{
	int err = sync_filesystem(sb);

	return err ? err : end_writing(sb);
}

static int remount_rw(struct super_block *sb)
{
	int err;

	sb->s_flags &= ~SB_RDONLY;
	err = check_features(sb);
	if (!err)
		err = begin_writing(sb);
	if (err)
		sb->s_flags |= SB_RDONLY;
	return err;
}

static int ext2_remount(struct super_block *sb, u32 flags, const char *data)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	bool ro = flags & MS_RDONLY, was_ro = sb->s_flags & SB_RDONLY;
	u16 errors = sbi->s_mount_errors;
	int err = ext2_parse_options(sb, sbi, data);

	if (!err && ro != was_ro)
		err = ro ? remount_ro(sb) : remount_rw(sb);
	if (err)
		sbi->s_mount_errors = errors;
	else
		set_errors(sbi);
	return err;
}

static bool is_power(u32 n, u32 of)
{
	while (n % of == 0)
		n /= of;
	return n == 1;
}

/** ext2_has_super() - does a group begin with copies of the superblock? */
bool ext2_has_super(const struct ext2_sb_info *sbi, u32 group)
{
	if (!(sbi->s_es->s_feature_ro_compat &
	      EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER) ||
	    group <= 1)
		return true;
	return is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

static u32 super_copies(const struct ext2_sb_info *sbi)
{
	u32 n = 0, i;

	for (i = 0; i < sbi->s_groups_count; i++)
		n += ext2_has_super(sbi, i);
	return n;
}

/* Blocks that are no file's: superblocks, descriptors, bitmaps, tables. */
static u32 overhead(struct super_block *sb)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);

	return sbi->s_es->s_first_data_block +
	       sbi->s_groups_count * (2 + sbi->s_itb_per_group) +
	       super_copies(sbi) * (1 + sbi->s_gdb_count);
}

static void ext2_statfs(struct super_block *sb, struct kstatfs *buf)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);
	const struct ext2_super_block *es = sbi->s_es;
	u32 tables = overhead(sb), i;
	u8 fsid[8] = { 0 };

	buf->type = EXT2_SUPER_MAGIC;
	buf->bsize = sb->s_blocksize;
	buf->blocks = es->s_blocks_count - min(tables, es->s_blocks_count);
	buf->bfree = min(sbi->s_free_blocks + sbi->s_freed_blocks,
			 es->s_blocks_count);
	buf->bavail = buf->bfree > es->s_r_blocks_count ?
			      buf->bfree - es->s_r_blocks_count :
			      0;
	buf->files = es->s_inodes_count;
	buf->ffree = min(sbi->s_free_inodes + sbi->s_nr_freed_inodes,
			 es->s_inodes_count);
	for (i = 0; i < sizeof(es->s_uuid); i++)
		fsid[i & 7] ^= es->s_uuid[i];
	memcpy(buf->fsid, fsid, sizeof(fsid));
	buf->namelen = EXT2_NAME_LEN;
}

static const struct super_operations ext2_sops = {
	.evict_inode = ext2_evict_inode,
	.statfs = ext2_statfs,
	.show_options = ext2_show_options,
	.remount = ext2_remount,
	.dirty_inode = ext2_dirty_inode,
	.sync_fs = ext2_sync_fs,
	.load_xattrs = ext2_load_xattrs,
	.store_xattrs = ext2_store_xattrs,
	.put_super = ext2_put_super,
};

static struct file_system_type ext2_fs_type = {
	.name = "ext2",
	.fill_super = ext2_fill_super,
};

/** ext2_init() - make the filesystem known. Context: boot. */
void ext2_init(void)
{
	ext2_inode_init();
	ext2_commit_init();
	register_filesystem(&ext2_fs_type);
}

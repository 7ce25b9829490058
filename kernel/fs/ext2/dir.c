/* SPDX-License-Identifier: MIT */
/*
 * Directories: blocks full of records, each as long as it says.
 *
 *   │ inode │ rec_len │ name_len, type │ name … │ room │ the next record │
 *
 *   inode 0: the record is room for another
 *   the last record of a block ends where the block does
 *
 * Locks: vfs_lock, for reading by whoever looks, for writing by whoever
 * changes names. A record is looked at only after check_entry().
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

static u32 dir_blocks(const struct inode *dir)
{
	return (u32)(i_size_read(dir) >> dir->i_sb->s_blocksize_bits);
}

static const char *entry_fault(const struct inode *dir,
			       const struct ext2_dir_entry *e, u32 off)
{
	const struct ext2_sb_info *sbi = EXT2_SB(dir->i_sb);
	u32 size = dir->i_sb->s_blocksize;

	if (e->rec_len < EXT2_DIR_REC_LEN(1))
		return "rec_len is smaller than minimal";
	if (e->rec_len & 3)
		return "unaligned directory entry";
	if (e->rec_len > size - off)
		return "directory entry across blocks";
	if (e->rec_len < EXT2_DIR_REC_LEN(e->name_len))
		return "rec_len is too small for name_len";
	if (e->inode > sbi->s_es->s_inodes_count)
		return "inode out of bounds";
	return NULL;
}

/**
 * ext2_entry_at() - a record of a directory
 * @dir: the directory
 * @b: one of its blocks
 * @iblock: that one's number in the directory
 * @off: where in it; below its size, and a multiple of 4
 *
 * Context: may sleep. Return: the record; NULL if what is there is none, and
 * that is in the log.
 */
struct ext2_dir_entry *ext2_entry_at(struct inode *dir, const struct buffer *b,
				     u32 iblock, u32 off)
{
	struct ext2_dir_entry *e =
		(struct ext2_dir_entry *)((char *)b->data + off);
	const char *fault = off + EXT2_DIR_REC_LEN(1) > b->size ?
				    "directory entry across blocks" :
				    entry_fault(dir, e, off);

	if (likely(!fault))
		return e;
	ext2_error(dir->i_sb, "ext2_check_folio",
		   "bad entry in directory #%u: : %s - offset=%llu, inode=%u, "
		   "rec_len=%u, name_len=%u",
		   (u32)dir->i_ino, fault,
		   ((u64)iblock << dir->i_sb->s_blocksize_bits) + off, e->inode,
		   e->rec_len, e->name_len);
	return NULL;
}

/* ---- looking for a name ---- */

/** ext2_is_name() - is a record that of a name? */
bool ext2_is_name(const struct ext2_dir_entry *e, const char *name, u32 len)
{
	return e->inode && e->name_len == len && e->name[0] == name[0] &&
	       !memcmp(e->name, name, len);
}

/* @name in one block, into @at; false: it is not there, or *@err. */
static bool find_in_block(struct inode *dir, struct ext2_place *at,
			  const char *name, u32 len, int *err)
{
	u32 off;

	for (off = 0; off < at->b.size; off += at->e->rec_len) {
		at->e = ext2_entry_at(dir, &at->b, at->iblock, off);
		if (!at->e) {
			*err = -EIO;
			return false;
		}
		if (ext2_is_name(at->e, name, len))
			return true;
	}
	return false;
}

/* In block @iblock; false: not there, or *@err. */
static bool look_in(struct inode *dir, u32 iblock, const char *name, u32 len,
		    struct ext2_place *at, int *err)
{
	at->iblock = iblock;
	at->b = ext2_bread(dir, iblock, err);
	if (!at->b.data)
		return false;
	if (find_in_block(dir, at, name, len, err))
		return true;
	brelse(&at->b);
	return false;
}

/**
 * ext2_find_entry() - look for a name on the disk
 * @dir: the directory
 * @name: @len bytes
 * @at: is set to where it is, for brelse(&at->b); without data: nowhere
 *
 * Context: vfs_lock; may sleep. Return: 0 or -errno.
 */
int ext2_find_entry(struct inode *dir, const char *name, u32 len,
		    struct ext2_place *at)
{
	u32 nr = dir_blocks(dir), i = 0;
	int err = 0;

	*at = (struct ext2_place){ .e = NULL };
	err = ext2_dindex_find(dir, name, len, at);
	if (err != -EAGAIN)
		return err;
	err = 0;
	while (i < nr && !err && !look_in(dir, i, name, len, at, &err))
		i++;
	return err;
}

/* ---- listing ---- */

static const u8 dt_of_type[] = { DT_UNKNOWN, DT_REG,  DT_DIR,  DT_CHR,
				 DT_BLK,     DT_FIFO, DT_SOCK, DT_LNK };

static u8 entry_dt(const struct inode *dir, const struct ext2_dir_entry *e)
{
	if (!(EXT2_SB(dir->i_sb)->s_es->s_feature_incompat &
	      EXT2_FEATURE_INCOMPAT_FILETYPE) ||
	    e->file_type >= ARRAY_SIZE(dt_of_type))
		return DT_UNKNOWN;
	return dt_of_type[e->file_type];
}

/* False: the program's buffer is full, or the block is bad (*@err). */
static bool emit_block(struct inode *dir, const struct buffer *b, u32 iblock,
		       struct dir_context *ctx, int *err)
{
	loff_t start = (loff_t)iblock << dir->i_sb->s_blocksize_bits;
	struct ext2_dir_entry *e;
	u32 off;

	/* From the block's beginning: since the last time, the record at
	 * the position may have become a part of another. */
	for (off = 0; off < b->size; off += e->rec_len) {
		e = ext2_entry_at(dir, b, iblock, off);
		if (!e) {
			*err = -EIO;
			return false;
		}
		if (start + off < ctx->pos || !e->inode)
			continue;
		ctx->pos = start + off;
		if (!ctx->emit(ctx, e->name, e->name_len, e->inode,
			       entry_dt(dir, e)))
			return false;
		ctx->pos++;
	}
	ctx->pos = start + b->size;
	return true;
}

/* Positions are bytes of the directory. A bad block is an error once, where a
 * listing comes to it, and then passed over. */
static int ext2_readdir(struct file *f, struct dir_context *ctx)
{
	struct inode *dir = f->f_inode;
	loff_t before = ctx->pos, at;
	bool room = true;
	int err = 0;

	if (ctx->pos < 0)
		return -EINVAL;
	while (room && ctx->pos < i_size_read(dir)) {
		u32 i = (u32)(ctx->pos >> dir->i_sb->s_blocksize_bits);
		struct buffer b = ext2_bread(dir, i, &err);

		at = ctx->pos;
		if (b.data)
			room = emit_block(dir, &b, i, ctx, &err);
		brelse(&b);
		if (err && at != before)
			return 0;
		if (err || !b.size)
			ctx->pos = (loff_t)(i + 1)
				   << dir->i_sb->s_blocksize_bits;
		if (err)
			break;
	}
	return err;
}

const struct file_operations ext2_dir_operations = {
	.llseek = generic_file_llseek,
	.iterate = ext2_readdir,
	.fsync = ext2_fsync,
	.ioctl = ext2_ioctl,
};

/* SPDX-License-Identifier: MIT */
/*
 * From a file's blocks to the disk's.
 *
 *   i_data[0 … 11] ─► block 0 … 11
 *   i_data[12] ─► numbers ─► the next 256, 512 or 1,024
 *   i_data[13] ─► numbers ─► numbers ─► …
 *   i_data[14] ─► numbers ─► numbers ─► numbers ─► …
 *
 * A number of 0, at any level, is a hole. Every number comes from a disk that
 * may say anything: one outside the filesystem, or inside its own tables, is
 * an error; a circle ends where the levels do.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include "ext2.h"

/**
 * ext2_block_to_path() - which numbers lead to a block
 * @sbi: the filesystem
 * @iblock: number of the file's block
 * @p: is set
 *
 * Return: false if files cannot be as long.
 */
bool ext2_block_to_path(const struct ext2_sb_info *sbi, u32 iblock,
			struct block_path *p)
{
	u32 n = sbi->s_addr_per_block, shift = (u32)__builtin_ctz(n), d;
	u64 left = iblock;

	if (left < EXT2_NDIR_BLOCKS) {
		*p = (struct block_path){ 1,
					  { iblock },
					  EXT2_NDIR_BLOCKS - iblock };
		return true;
	}
	left -= EXT2_NDIR_BLOCKS;
	for (d = 1; d < EXT2_MAX_DEPTH && left >> (shift * d); d++)
		left -= 1ull << (shift * d);
	if (d == EXT2_MAX_DEPTH)
		return false;
	p->depth = d + 1;
	p->at[0] = EXT2_NDIR_BLOCKS + d - 1;
	for (; d; d--, left >>= shift)
		p->at[d] = (u32)left & (n - 1);
	p->left = n - p->at[p->depth - 1];
	return true;
}

/* True if @nr blocks from @first on overlap those that @from, @n are. */
static bool overlap(u32 first, u32 nr, u32 from, u32 n)
{
	return first < from + n && from < first + nr;
}

/**
 * ext2_data_block_valid() - can blocks be a file's?
 * @sbi: the filesystem
 * @first: the first of them
 * @nr: how many
 *
 * Return: false if they are not all in the filesystem, or are the superblock's
 * or the group descriptors'.
 */
bool ext2_data_block_valid(const struct ext2_sb_info *sbi, u32 first, u32 nr)
{
	const struct ext2_super_block *es = sbi->s_es;
	u32 tables = es->s_first_data_block;

	if (first <= tables || first >= es->s_blocks_count ||
	    nr > es->s_blocks_count - first)
		return false;
	return !overlap(first, nr, tables, 1 + sbi->s_gdb_count);
}

int ext2_bad_block(struct inode *inode, u32 block)
{
	ext2_error(inode->i_sb, __func__, "inode %u: bad block %u",
		   (u32)inode->i_ino, block);
	return -EFSCORRUPTED;
}

/* Numbers behind the first that go on where it is: a run of them. */
static u32 count_run(const u32 *at, u32 most)
{
	u32 n = 1;

	while (n < most && (at[0] ? at[n] == at[0] + n : !at[n]))
		n++;
	return n;
}

/* The indirect block that number @block says; an error tells why not. */
int ext2_read_indirect(struct inode *inode, u32 block, struct buffer *b)
{
	if (!ext2_data_block_valid(EXT2_SB(inode->i_sb), block, 1))
		return ext2_bad_block(inode, block);
	*b = sb_bread(inode->i_sb, block);
	return b->data ? 0 : -EIO;
}

/* As ext2_get_block(). Context: map_lock. */
int ext2_map_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr)
{
	const struct ext2_sb_info *sbi = EXT2_SB(inode->i_sb);
	const u32 *at = EXT2_I(inode)->i_data;
	struct buffer b = { .data = NULL }, next;
	struct block_path p;
	u32 d;
	int err = 0;

	if (!ext2_block_to_path(sbi, iblock, &p))
		return -EFBIG;
	at += p.at[0];
	for (d = 1; d < p.depth && *at; d++) {
		err = ext2_read_indirect(inode, *at, &next);
		brelse(&b);
		if (err)
			return err;
		b = next;
		at = (const u32 *)b.data + p.at[d];
	}
	*block = *at;
	*nr = count_run(at, d == p.depth ? min(*nr, p.left) : 1);
	brelse(&b);
	if (*block && !ext2_data_block_valid(sbi, *block, *nr))
		return ext2_bad_block(inode, *block);
	return 0;
}

/**
 * ext2_get_block() - where a part of a file is on the disk
 * @inode: the file
 * @iblock: number of its block
 * @block: is set to the disk's block, 0: a hole
 * @nr: blocks that are asked for; is set to how many of them follow in one run
 *
 * Context: may sleep. Return: 0, -EFBIG, -EIO, or -EFSCORRUPTED.
 */
int ext2_get_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	int err;

	down_read(&ei->map_lock);
	err = ext2_map_block(inode, iblock, block, nr);
	up_read(&ei->map_lock);
	return err;
}

/**
 * ext2_bread() - a block of a file whose bytes are the filesystem's own
 * @inode: a directory or symlink
 * @iblock: number of its block
 * @err: is set to 0, also for a hole, or to -errno
 *
 * Context: may sleep. Return: the block for brelse(), or one without data.
 */
struct buffer ext2_bread(struct inode *inode, u32 iblock, int *err)
{
	struct buffer b = { .data = NULL };
	u32 block, nr = 1;

	*err = ext2_get_block(inode, iblock, &block, &nr);
	if (*err || !block)
		return b;
	b = sb_bread(inode->i_sb, block);
	if (!b.data)
		*err = -EIO;
	return b;
}

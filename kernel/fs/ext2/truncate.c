/* SPDX-License-Identifier: MIT */
/*
 * A file gives blocks back: those of a range, from its end downwards, a leaf
 * (a block of numbers of data) in each change.
 *
 *   i_data[13] ─► │ leaf │ leaf │ leaf │ 0 │
 *                             ◄──┤ cursor
 *
 * An indirect block without a number is freed, too, and its own number with
 * it. What is freed is noted for the next commit (ext2_free_blocks), so a file
 * that is cut while the power goes is whole, or shorter, and its blocks are no
 * one else's.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

struct cutting {
	struct inode *inode;
	u32 from; /* first block that goes */
	u64 cursor; /* past the last one that may be there still */
	struct block_path path;
	u32 depth; /* levels that were found */
	struct buffer b[EXT2_MAX_DEPTH]; /* [d]: where numbers of level d are */
	u32 block[EXT2_MAX_DEPTH];
};

/* Blocks of the longest file. */
static u64 max_blocks(const struct ext2_sb_info *sbi)
{
	u64 n = sbi->s_addr_per_block;

	return min(EXT2_NDIR_BLOCKS + n + n * n + n * n * n, (u64)~0u);
}

static u32 *slot_of(const struct cutting *c, u32 d)
{
	u32 *numbers = d ? c->b[d].data : EXT2_I(c->inode)->i_data;

	return numbers + c->path.at[d];
}

/* The file's first block below the number of level @d on the way to @last. */
static u64 first_below(const struct cutting *c, u32 d, u64 last)
{
	const struct ext2_sb_info *sbi = EXT2_SB(c->inode->i_sb);
	u32 shift = (u32)__builtin_ctz(sbi->s_addr_per_block), i;
	u64 base = c->path.depth > 1 ? EXT2_NDIR_BLOCKS : 0;

	for (i = 1; i + 1 < c->path.depth; i++)
		base += 1ull << (shift * i);
	return base + (((last - base) >> (shift * (c->path.depth - 1 - d)))
		       << (shift * (c->path.depth - 1 - d)));
}

static void put_blocks(struct cutting *c, u32 first, u32 nr, bool tables)
{
	struct ext2_inode_info *ei = EXT2_I(c->inode);
	u32 sectors = nr << (c->inode->i_sb->s_blocksize_bits - 9);

	ei->i_blocks -= min(sectors, ei->i_blocks);
	ext2_free_blocks(c->inode->i_sb, first, nr, tables);
}

/* @nr numbers from @p on go, in runs. */
static void free_numbers(struct cutting *c, u32 *p, u32 nr, bool tables)
{
	const struct ext2_sb_info *sbi = EXT2_SB(c->inode->i_sb);
	u32 first = 0, run = 0, i;

	for (i = 0; i < nr; i++) {
		u32 block = p[i];

		p[i] = 0;
		if (!block)
			continue;
		if (!ext2_data_block_valid(sbi, block, 1)) {
			ext2_bad_block(c->inode, block);
			continue;
		}
		if (run && block == first + run) {
			run++;
			continue;
		}
		if (run)
			put_blocks(c, first, run, tables);
		first = block;
		run = 1;
	}
	if (run)
		put_blocks(c, first, run, tables);
}

static bool is_empty(const struct cutting *c, u32 d)
{
	const u32 *p = c->b[d].data;
	u32 i, n = EXT2_SB(c->inode->i_sb)->s_addr_per_block;

	for (i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Find the way to block cursor - 1: as deep as there are numbers. A number
 * that leads nowhere is taken away. */
static int find_way(struct cutting *c)
{
	u32 last = (u32)(c->cursor - 1), d;
	int err;

	if (!ext2_block_to_path(EXT2_SB(c->inode->i_sb), last, &c->path))
		return -EFBIG;
	for (d = 0; d + 1 < c->path.depth && *slot_of(c, d); d++) {
		c->block[d + 1] = *slot_of(c, d);
		err = ext2_read_indirect(c->inode, c->block[d + 1],
					 &c->b[d + 1]);
		if (err == -EFSCORRUPTED) {
			*slot_of(c, d) = 0;
			break;
		}
		if (err)
			return err;
		if (!ext2_dirty(c->inode->i_sb, &c->b[d + 1], c->block[d + 1],
				EXT2_NAMES))
			return -ENOMEM;
	}
	c->depth = d;
	return 0;
}

/* What the last level has of the range goes; then blocks without numbers. */
static void cut_leaf(struct cutting *c)
{
	u64 last = c->cursor - 1;
	u32 d = c->depth, index = c->path.at[d], n;

	if (d + 1 < c->path.depth) { /* no leaf: all below the number is hole */
		c->cursor = max(first_below(c, d, last), (u64)c->from);
	} else {
		n = (u32)(last + 1 - max(last - index, (u64)c->from));
		free_numbers(c, slot_of(c, d) - (n - 1), n,
			     !S_ISREG(c->inode->i_mode));
		c->cursor = last + 1 - n;
	}
	for (; d && is_empty(c, d); d--) {
		*slot_of(c, d - 1) = 0;
		put_blocks(c, c->block[d], 1, true);
	}
}

static int cut_step(struct cutting *c)
{
	int err = find_way(c);
	u32 d;

	if (!err)
		cut_leaf(c);
	for (d = 1; d < EXT2_MAX_DEPTH; d++)
		brelse(&c->b[d]);
	return err;
}

/**
 * ext2_free_range() - blocks of a file go
 * @inode: the file; its pages of the range are gone
 * @from: the first block
 * @to: past the last one; ~0: all
 *
 * Context: not within a change; may sleep. Return: 0 or -errno.
 */
int ext2_free_range(struct inode *inode, u32 from, u32 to)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct cutting c = { .inode = inode, .from = from };
	int err = 0, patience = 100;

	c.cursor = min((u64)to, max_blocks(EXT2_SB(sb)));
	while (!err && c.cursor > from) {
		err = ext2_begin(sb);
		if (err)
			break;
		down_write(&ei->map_lock);
		err = cut_step(&c);
		ei->i_next_goal = 0;
		mark_inode_dirty(inode);
		up_write(&ei->map_lock);
		ext2_end(sb);
		/* Nothing was changed, and it may do the next time. */
		if ((err == -ENOMEM || err == -EIO) && patience--) {
			ext2_wait_for_memory();
			err = 0;
		}
	}
	return err;
}

/**
 * ext2_free_part() - blocks go, of which the first page stays
 * @inode: the file
 * @from: the first block
 * @to: past the last one; ~0: all
 *
 * As ext2_free_range(). That page may be on its way to the disk, which would
 * come there when the blocks are another file's: it is waited for, and not
 * written again until they are gone.
 */
int ext2_free_part(struct inode *inode, u32 from, u32 to)
{
	u32 shift = PAGE_SHIFT - inode->i_sb->s_blocksize_bits;
	struct page *page = find_get_page(&inode->i_data, from >> shift);
	int err;

	if (!page)
		return ext2_free_range(inode, from, to);
	lock_page(page);
	wait_on_page_writeback(page);
	err = ext2_free_range(inode, from, to);
	unlock_page(page);
	put_page(page);
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * A hole of a file gets blocks.
 *
 *   i_data[13] ─► numbers ─► 0          the way ends here: "short" indirect
 *                            │          blocks are missing, and the data's
 *                            ▼
 *                    new numbers ─► a run of new blocks
 *
 * The missing part is built aside, and hung where the way ended when all of
 * it is there: a change that fails leaves nothing. New indirect blocks are
 * EXT2_NEW: they are on the disk before anything leads to them.
 *
 * Locks: map_lock for writing, within ext2_begin() and ext2_end().
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include "ext2.h"

/* A hole that is being filled. */
struct filling {
	struct inode *inode;
	struct block_path path;
	u32 depth; /* levels that are there */
	struct buffer b; /* the block where the way ends; none: i_data */
	u32 b_block;
	u32 *slot; /* the number there, 0 */
	u32 made[EXT2_MAX_DEPTH], nr_made; /* new indirect blocks */
	u32 block, nr; /* the new data */
};

/* As far as there are numbers. 0 or -errno. */
static int walk(struct filling *f)
{
	u32 *at = EXT2_I(f->inode)->i_data + f->path.at[0], d;
	struct buffer next;
	int err;

	for (d = 1; d < f->path.depth && *at; d++) {
		err = ext2_read_indirect(f->inode, *at, &next);
		if (err) {
			brelse(&f->b);
			return err;
		}
		f->b_block = *at;
		brelse(&f->b);
		f->b = next;
		at = (u32 *)f->b.data + f->path.at[d];
	}
	f->depth = d;
	f->slot = at;
	return 0;
}

/* Where the next block should be: behind what was allocated last, behind the
 * block before it in the file, or at the beginning of the file's group. */
static u32 find_goal(const struct filling *f, u32 iblock)
{
	const struct ext2_inode_info *ei = EXT2_I(f->inode);
	u32 index = f->path.at[f->depth - 1];
	const u32 *p;

	if (iblock && iblock == ei->i_next_block && ei->i_next_goal)
		return ei->i_next_goal;
	for (p = f->slot; index; index--)
		if (*--p)
			return *p + 1;
	if (f->b_block)
		return f->b_block + 1;
	return ext2_group_first_block(EXT2_SB(f->inode->i_sb),
				      ei->i_block_group);
}

static void unmake(struct filling *f)
{
	struct super_block *sb = f->inode->i_sb;

	if (f->nr)
		ext2_unalloc_blocks(sb, f->block, f->nr);
	while (f->nr_made) {
		ext2_forget(sb, f->made[--f->nr_made]);
		ext2_unalloc_blocks(sb, f->made[f->nr_made], 1);
	}
}

/* How many data blocks may be hung at once: holes in one indirect block. */
static u32 count_wanted(const struct filling *f, u32 nr)
{
	u32 n = 1;

	nr = min(nr, f->path.left);
	if (f->depth < f->path.depth)
		return nr;
	while (n < nr && !f->slot[n])
		n++;
	return n;
}

/* Blocks for all that is missing. 0 or -errno. */
static int allocate(struct filling *f, u32 goal, u32 wanted)
{
	u32 d, one;
	int err;

	for (d = f->depth; d < f->path.depth; d++) {
		one = 1;
		f->made[f->nr_made] =
			ext2_new_blocks(f->inode, goal, &one, &err);
		if (err)
			return err;
		goal = f->made[f->nr_made++] + 1;
	}
	f->nr = wanted;
	f->block = ext2_new_blocks(f->inode, goal, &f->nr, &err);
	if (err)
		f->nr = 0;
	return err;
}

/* A new indirect block: @nr numbers from @index on, which go up by @step. */
static int make_indirect(struct filling *f, u32 block, u32 index, u32 number,
			 u32 nr)
{
	struct super_block *sb = f->inode->i_sb;
	struct buffer b = sb_getblk(sb, block);
	int err = 0;
	u32 i;

	if (!b.data)
		return -ENOMEM;
	memset(b.data, 0, b.size);
	for (i = 0; i < nr; i++)
		((u32 *)b.data)[index + i] = number + i;
	if (!ext2_dirty(sb, &b, block, EXT2_NEW))
		err = -ENOMEM;
	brelse(&b);
	return err;
}

/* From the data upwards, so that each one's number is known. */
static int build(struct filling *f)
{
	u32 number = f->block, nr = f->nr, i;
	int err;

	for (i = f->nr_made; i; i--) {
		err = make_indirect(f, f->made[i - 1],
				    f->path.at[f->depth + i - 1], number, nr);
		if (err)
			return err;
		number = f->made[i - 1];
		nr = 1;
	}
	if (f->b.data &&
	    !ext2_dirty(f->inode->i_sb, &f->b, f->b_block, EXT2_NAMES))
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		f->slot[i] = number + i;
	return 0;
}

static int fill(struct filling *f, u32 iblock, u32 wanted)
{
	struct ext2_inode_info *ei = EXT2_I(f->inode);
	int err = allocate(f, find_goal(f, iblock), count_wanted(f, wanted));

	if (!err)
		err = build(f);
	if (err) {
		unmake(f);
		return err;
	}
	ei->i_blocks += (f->nr + f->nr_made)
			<< (f->inode->i_sb->s_blocksize_bits - 9);
	ei->i_next_block = iblock + f->nr;
	ei->i_next_goal = f->block + f->nr;
	mark_inode_dirty(f->inode);
	return 0;
}

/**
 * ext2_alloc_block() - where a part of a file is on the disk, from now on
 * @inode: the file
 * @iblock: number of its block
 * @block: is set to the disk's block
 * @nr: blocks that are asked for; is set to how many of them follow in one run
 * @fresh: is set to true if they were a hole, so that what the disk has there
 *	means nothing
 *
 * Context: within ext2_begin() and ext2_end(); may sleep. Return: 0, -ENOSPC,
 * -ENOMEM, -EFBIG, -EIO, -EFSCORRUPTED.
 */
int ext2_alloc_block(struct inode *inode, u32 iblock, u32 *block, u32 *nr,
		     bool *fresh)
{
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct filling f = { .inode = inode };
	u32 found = *nr;
	int err;

	*fresh = false;
	down_write(&ei->map_lock);
	err = ext2_map_block(inode, iblock, block, &found);
	if (err || *block) {
		*nr = found;
		goto out;
	}
	ext2_block_to_path(EXT2_SB(inode->i_sb), iblock, &f.path);
	err = walk(&f);
	if (err)
		goto out;
	err = fill(&f, iblock, *nr);
	brelse(&f.b);
	*fresh = !err;
	*block = f.block;
	*nr = f.nr;
out:
	up_write(&ei->map_lock);
	return err;
}

/**
 * ext2_alloc_retry() - ext2_alloc_block() as a change of its own
 *
 * What was freed and not yet given back does not make it fail. Context: not
 * within a change; may sleep.
 */
int ext2_alloc_retry(struct inode *inode, u32 iblock, u32 *block, u32 *nr,
		     bool *fresh)
{
	struct super_block *sb = inode->i_sb;
	u32 wanted = *nr;
	bool tried = false;
	int err;

	do {
		*nr = wanted;
		err = ext2_begin(sb);
		if (err)
			return err;
		err = ext2_alloc_block(inode, iblock, block, nr, fresh);
		ext2_end(sb);
	} while (err && ext2_should_retry(sb, err, &tried));
	return err;
}

/**
 * ext2_append() - a new block of a file whose bytes are the filesystem's own
 * @inode: a directory or symlink, which has no such block
 * @iblock: number of its block
 * @block: is set to the disk's block
 * @err: is set to 0 or -errno
 *
 * Context: within ext2_begin() and ext2_end(); may sleep. Return: the block,
 * zeroed, and noted as EXT2_NEW; for brelse().
 */
struct buffer ext2_append(struct inode *inode, u32 iblock, u32 *block, int *err)
{
	struct buffer b = { .data = NULL };
	u32 nr = 1;
	bool fresh;

	*err = ext2_alloc_block(inode, iblock, block, &nr, &fresh);
	if (*err)
		return b;
	b = sb_getblk(inode->i_sb, *block);
	if (b.data)
		memset(b.data, 0, b.size);
	if (!b.data || !ext2_dirty(inode->i_sb, &b, *block, EXT2_NEW)) {
		brelse(&b);
		*err = -ENOMEM;
	}
	return b;
}

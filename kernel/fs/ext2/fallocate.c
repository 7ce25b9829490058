/* SPDX-License-Identifier: MIT */
/*
 * fallocate: blocks for holes, and holes in place of blocks.
 *
 *   │ data │ hole │ hole │ data │      blocks that are there stay; pages of
 *            └─ zeroes ──┘             holes are zeroes that are to be written
 *
 *   punched   │ da00│ hole │ hole │00ta │    ends are zeroed, blocks in between
 *                                            are freed; no page is read or
 *                                            stored to meanwhile
 *
 * Nothing is allocated past the end of a file: e2fsck takes that for a size
 * that is wrong. So FALLOC_FL_KEEP_SIZE ends where the file does.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/rwsem.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/writeback.h>

#include "ext2.h"

static u32 bits_of(const struct inode *inode)
{
	return inode->i_sb->s_blocksize_bits;
}

/* ---- blocks for holes ---- */

/* Bytes [@from, @to) of page @index get blocks. 0 or -errno. */
static int fill_page(struct address_space *m, unsigned long index,
		     unsigned int from, unsigned int to)
{
	struct page *page = read_mapping_page(m, index);
	int err = 0;

	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	lock_page(page);
	if (page->mapping == (unsigned long)m) {
		err = ext2_aops.write_begin(m, page, from, to);
		if (!err)
			set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
	balance_dirty_pages_ratelimited(m);
	return err;
}

/* The first byte of a hole from @off on, or @end. 0 or -errno. */
static int next_hole(struct inode *inode, loff_t *off, loff_t end)
{
	u32 bits = bits_of(inode), block, nr;
	int err;

	while (*off < end) {
		nr = ~0u >> 8;
		err = ext2_get_block(inode, (u32)(*off >> bits), &block, &nr);
		if (err || !block)
			return err;
		*off = (loff_t)((*off >> bits) + nr) << bits;
	}
	*off = end;
	return 0;
}

static int fill_holes(struct inode *inode, loff_t off, loff_t end)
{
	struct address_space *m = &inode->i_data;
	int err = 0;

	while (!err && off < end) {
		unsigned int from;
		loff_t next;

		err = next_hole(inode, &off, end);
		if (err || off >= end)
			break;
		from = (unsigned int)(off & (PAGE_SIZE - 1));
		next = off - from + (loff_t)PAGE_SIZE;
		next = min(next, end);
		err = fill_page(m, (unsigned long)(off >> PAGE_SHIFT), from,
				from + (unsigned int)(next - off));
		off = next;
	}
	return err;
}

static long allocate(struct inode *inode, int mode, loff_t off, loff_t end)
{
	loff_t size = i_size_read(inode);
	int err;

	if (end > size && mode & FALLOC_FL_KEEP_SIZE)
		return -EOPNOTSUPP;
	if (end > size) {
		err = ext2_set_size(inode, end);
		if (err)
			return err;
	}
	err = fill_holes(inode, off, end);
	if (err && end > size)
		ext2_set_size(inode, size);
	return err;
}

/* ---- holes for blocks ---- */

/* Zeroes in a part of a page, if it has blocks there. */
static int zero_part(struct inode *inode, loff_t start, loff_t end)
{
	u32 i = (u32)(start >> bits_of(inode)), block, nr;
	u32 last = (u32)((end - 1) >> bits_of(inode));
	int err;

	for (; i <= last; i += nr) {
		nr = last + 1 - i;
		err = ext2_get_block(inode, i, &block, &nr);
		if (err)
			return err;
		if (block)
			return filemap_zero_range(&inode->i_data, start, end);
	}
	return 0;
}

/* Blocks [@first, @last) go, with their pages: what is left of pages at both
 * ends is zeroes by now. */
static int free_blocks(struct inode *inode, u32 first, u32 last)
{
	struct address_space *m = &inode->i_data;
	u32 shift = PAGE_SHIFT - bits_of(inode), whole, past;
	int err = 0;

	whole = min(last, (first + (1u << shift) - 1) >> shift << shift);
	past = max(whole, last >> shift << shift);
	filemap_invalidate_lock(m);
	truncate_pagecache_range(m, (loff_t)whole << bits_of(inode),
				 (loff_t)past << bits_of(inode));
	if (first < whole)
		err = ext2_free_part(inode, first, whole);
	if (!err && whole < past)
		err = ext2_free_range(inode, whole, past);
	if (!err && past < last)
		err = ext2_free_part(inode, past, last);
	filemap_invalidate_unlock(m);
	return err;
}

/* Zeroes in the parts of blocks and of pages at both ends of a hole, which may
 * be in one page: these are read for that, so not with invalidate_lock. */
static long zero_ends(struct inode *inode, loff_t off, loff_t end)
{
	loff_t mask = (loff_t)PAGE_SIZE - 1, next = (off | mask) + 1;
	int err = 0;

	if (off & mask)
		err = zero_part(inode, off, min(next, end));
	if (!err && end & mask && (end & ~mask) >= off)
		err = zero_part(inode, max(off, end & ~mask), end);
	return err;
}

static long punch(struct inode *inode, loff_t off, loff_t end)
{
	u32 bits = bits_of(inode), first, last;
	loff_t size = i_size_read(inode);
	long err;

	if (off >= size)
		return 0;
	if (end >= size) /* the last block goes whole */
		end = ((size - 1) >> bits << bits) + (1 << bits);
	first = (u32)((off + (1 << bits) - 1) >> bits);
	last = (u32)(end >> bits);
	err = zero_ends(inode, off, end);
	return err || first >= last ? err : free_blocks(inode, first, last);
}

/** ext2_fallocate() - file_operations.fallocate */
long ext2_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	struct inode *inode = f->f_inode;
	long err;

	if (off + len > (loff_t)~0u << bits_of(inode))
		return -EFBIG;
	down_write(&inode->i_data.i_rwsem);
	if (IS_SWAPFILE(&inode->i_data))
		err = -ETXTBSY;
	else if (mode & FALLOC_FL_PUNCH_HOLE)
		err = punch(inode, off, off + len);
	else
		err = allocate(inode, mode, off, off + len);
	up_write(&inode->i_data.i_rwsem);
	mark_inode_dirty(inode);
	return err;
}

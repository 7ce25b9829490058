/* SPDX-License-Identifier: MIT */
/*
 * Files: written, cut, allocated ahead, asked for their holes.
 *
 * A page gets its blocks when it is written to or mapped for that, so that a
 * full disk is an error of those calls. A call that fails half-way gives back
 * the blocks past the file's end.
 *
 * Locks: i_rwsem for writing around all of this but faults.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/rwsem.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

static u32 blocks_of(const struct inode *inode, loff_t bytes)
{
	u32 bits = inode->i_sb->s_blocksize_bits;

	return (u32)((bytes + (1 << bits) - 1) >> bits);
}

/* Blocks for bytes [@from, @to) of a page that is complete. */
static int ext2_write_begin(struct address_space *m, struct page *page,
			    unsigned int from, unsigned int to)
{
	struct inode *inode = m->host;
	u32 bits = inode->i_sb->s_blocksize_bits, nr, block;
	u64 first = (u64)page->index << (PAGE_SHIFT - bits);
	u32 i = from >> bits, end = (to + (1u << bits) - 1) >> bits;
	bool fresh;
	int err;

	if (first + end > ~0u)
		return -EFBIG;
	for (; i < end; i += nr) {
		nr = end - i;
		err = ext2_get_block(inode, (u32)first + i, &block, &nr);
		if (!err && !block)
			err = ext2_alloc_retry(inode, (u32)first + i, &block,
					       &nr, &fresh);
		if (err)
			return err;
	}
	return 0;
}

static int ext2_page_mkwrite(struct address_space *m, struct page *page)
{
	loff_t left = mapping_size(m) - ((loff_t)page->index << PAGE_SHIFT);

	if (IS_SWAPFILE(m)) /* it was mapped before */
		return -ETXTBSY;
	return ext2_write_begin(m, page, 0,
				left < (loff_t)PAGE_SIZE ? (unsigned int)left :
							   PAGE_SIZE);
}

static ssize_t ext2_direct_IO(struct file *f, struct iov_iter *iter,
			      loff_t *pos, size_t count, bool write)
{
	return blockdev_direct_IO(f, iter, pos, count, write, ext2_get_block);
}

static int ext2_bmap(struct address_space *m, u64 from, u64 *sector, u32 *nr)
{
	struct inode *inode = m->host;
	u32 bits = inode->i_sb->s_blocksize_bits - SECTOR_SHIFT, block, blocks;
	u64 iblock = from >> bits;
	u32 off = (u32)(from & ((1u << bits) - 1));
	int err;

	if (iblock > ~0u)
		return -EFBIG;
	blocks = (u32)(((u64)off + *nr + (1u << bits) - 1) >> bits);
	err = ext2_get_block(inode, (u32)iblock, &block, &blocks);
	if (err)
		return err;
	*sector = block ? ((u64)block << bits) + off : 0;
	*nr = (u32)min((u64)*nr, ((u64)blocks << bits) - off);
	return 0;
}

const struct address_space_operations ext2_aops = {
	.read_folio = ext2_read_folio,
	.readahead = ext2_readahead,
	.writepage = ext2_writepage,
	.writepages = ext2_writepages,
	.write_begin = ext2_write_begin,
	.page_mkwrite = ext2_page_mkwrite,
	.direct_IO = ext2_direct_IO,
	.bmap = ext2_bmap,
};

/* Blocks past the end are no file's, as e2fsck sees it. */
static void trim(struct inode *inode)
{
	ext2_free_range(inode, blocks_of(inode, i_size_read(inode)), ~0u);
}

static ssize_t ext2_write_iter(struct file *f, struct iov_iter *from,
			       loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	size_t wanted = from->count;
	ssize_t ret;

	down_write(&m->i_rwsem);
	ret = __generic_file_write_iter(f, from, pos);
	mark_inode_dirty(f->f_inode);
	if (ret < 0 || (size_t)ret < wanted)
		trim(f->f_inode);
	up_write(&m->i_rwsem);
	return ret;
}

/** ext2_fsync() - file_operations.fsync: bytes, tables and names */
int ext2_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct super_block *sb = f->f_inode->i_sb;
	int err = 0, err2;

	(void)datasync;
	if (f->f_mapping)
		err = file_write_and_wait_range(f, start, end);
	err2 = ext2_commit(sb);
	if (!err2)
		err2 = blkdev_issue_flush(sb->s_bdev);
	return err ? err : err2;
}

/* ---- size ---- */

/* Zeroes from the new end to the end of its block. */
static int zero_tail(struct inode *inode, loff_t size)
{
	loff_t end = (loff_t)blocks_of(inode, size)
		     << inode->i_sb->s_blocksize_bits;

	end = min(end, i_size_read(inode));
	return size < end ? filemap_zero_range(&inode->i_data, size, end) : 0;
}

/** ext2_set_size() - a file is cut or grown, with i_rwsem; 0 or -errno */
int ext2_set_size(struct inode *inode, loff_t size)
{
	struct address_space *m = &inode->i_data;
	bool shorter = size < i_size_read(inode);
	int err = 0;

	if (size > (loff_t)~0u << inode->i_sb->s_blocksize_bits)
		return -EFBIG;
	if (shorter)
		err = zero_tail(inode, size);
	if (err)
		return err;
	truncate_setsize(m, size);
	if (shorter)
		err = ext2_free_part(inode, blocks_of(inode, size), ~0u);
	mark_inode_dirty(inode);
	return err;
}

/** ext2_setattr() - inode_operations.setattr */
int ext2_setattr(struct inode *inode, struct kstat *attr, u32 valid)
{
	int err;

	if (EXT2_I(inode)->i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
		return -EPERM;
	if (!(valid & ATTR_SIZE))
		return 0;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	down_write(&inode->i_data.i_rwsem);
	if (IS_SWAPFILE(&inode->i_data) && attr->size <= i_size_read(inode))
		err = -ETXTBSY;
	else
		err = ext2_set_size(inode, attr->size);
	up_write(&inode->i_data.i_rwsem);
	return err;
}

/* ---- holes ---- */

/* The first byte from @off on that is data, or a hole; the file's size, or
 * -errno. */
static loff_t seek_kind(struct inode *inode, loff_t off, bool data)
{
	u32 bits = inode->i_sb->s_blocksize_bits, block, nr;
	loff_t size = i_size_read(inode);
	int err;

	while (off < size) {
		nr = ~0u >> 8;
		err = ext2_get_block(inode, (u32)(off >> bits), &block, &nr);
		if (err)
			return err;
		if (!block == !data)
			return off;
		off = (loff_t)((off >> bits) + nr) << bits;
	}
	return size;
}

static loff_t ext2_llseek(struct file *f, loff_t off, int whence)
{
	struct inode *inode = f->f_inode;
	loff_t size = i_size_read(inode);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek(f, off, whence);
	if (off < 0 || off >= size)
		return -ENXIO;
	off = seek_kind(inode, off, whence == SEEK_DATA);
	if (off < 0)
		return off;
	if (whence == SEEK_DATA && off >= size)
		return -ENXIO;
	f->f_pos = min(off, size);
	return f->f_pos;
}

static int ext2_file_open(struct inode *inode, struct file *f)
{
	if (EXT2_I(inode)->i_flags & EXT2_APPEND_FL &&
	    f->f_mode & FMODE_WRITE && !(f->f_flags & O_APPEND))
		return -EPERM;
	f->f_ra.normal_pages = inode->i_sb->s_bdev->disk->ra_pages;
	f->f_ra.ra_pages = f->f_ra.normal_pages;
	return 0;
}

const struct file_operations ext2_file_operations = {
	.open = ext2_file_open,
	.llseek = ext2_llseek,
	.read_iter = generic_file_read_iter,
	.write_iter = ext2_write_iter,
	.mmap = generic_file_mmap,
	.fsync = ext2_fsync,
	.ioctl = ext2_ioctl,
	.fallocate = ext2_fallocate,
};

const struct inode_operations ext2_file_inode_operations = {
	.setattr = ext2_setattr,
	.getattr = ext2_getattr,
	.permission = ext2_permission,
};

/* SPDX-License-Identifier: MIT */
/*
 * Files with O_DIRECT: bytes between a program's memory and the disk, past the
 * page cache.
 *
 *   read   ─► what is dirty there is written ─► ->direct_IO
 *   write  ─► the same ─► ->direct_IO, as far as the file has blocks
 *                          │            ─► cached pages of it go
 *                          └ the rest: by the cache, and then written
 *
 * So a file is never longer, and has no block more, by a write that passes the
 * cache by; and whoever reads it by the cache reads what was written.
 *
 * Locks: i_rwsem, for write around a write. A program that has the file mapped
 * and writes there meanwhile gets what it asks for: one or the other.
 */
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/direct-io.h>

#define SECTOR_MASK ((loff_t)SECTOR_SIZE - 1)

static unsigned long page_of(loff_t pos)
{
	return (unsigned long)((u64)pos >> PAGE_SHIFT);
}

static ssize_t read_past_cache(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	loff_t left = mapping_size(m) - *pos;
	size_t count = to->count;
	int err;

	if (left <= 0)
		return 0;
	if (left < (loff_t)count)
		count = (size_t)left;
	err = filemap_write_and_wait_range(m, *pos, *pos + (loff_t)count - 1);
	if (err)
		return err;
	return m->a_ops->direct_IO(f, to, pos, count, false);
}

/**
 * file_direct_read() - read(2) of a file with O_DIRECT
 * @f: the file, of a filesystem with ->direct_IO
 * @to: where to
 * @pos: position; moves on
 *
 * Context: may sleep. Return: bytes, 0 at the end, or -errno; -EINVAL for what
 * does not begin and end with a sector, in the file or in memory.
 */
ssize_t file_direct_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	ssize_t ret;

	if (!to->count)
		return 0;
	down_read(&m->i_rwsem); /* its blocks stay its own meanwhile */
	ret = read_past_cache(f, to, pos);
	up_read(&m->i_rwsem);
	return ret;
}

/* Within whole sectors of the file: as far as it has blocks. */
static ssize_t write_past_cache(struct file *f, struct iov_iter *from,
				loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	loff_t end = mapping_size(m) & ~SECTOR_MASK, start = *pos;
	size_t count = from->count;
	ssize_t n;
	int err;

	if (start >= end)
		return 0;
	count = (loff_t)count < end - start ? count : (size_t)(end - start);
	err = filemap_write_and_wait_range(m, start, start + (loff_t)count - 1);
	if (err)
		return err;
	n = m->a_ops->direct_IO(f, from, pos, count, true);
	if (n > 0)
		(void)invalidate_inode_pages2_range(m, page_of(start),
						    page_of(*pos - 1));
	return n;
}

/* What the file had no blocks for. */
static ssize_t write_by_cache(struct file *f, struct iov_iter *from,
			      loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	loff_t start = *pos;
	ssize_t n = f->f_op->write_iter(f, from, pos);
	int err;

	if (n <= 0)
		return n;
	err = filemap_write_and_wait_range(m, start, *pos - 1);
	if (err)
		return err;
	(void)invalidate_mapping_pages(m, page_of(start), page_of(*pos - 1));
	return n;
}

/**
 * file_direct_write() - write(2) of a file with O_DIRECT
 * @f: the file, of a filesystem with ->direct_IO
 * @from: where from
 * @pos: position; moves on
 *
 * Context: may sleep. Return: bytes or -errno, as file_direct_read().
 */
ssize_t file_direct_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	ssize_t n, rest;

	if (!direct_aligned(from, *pos, from->count))
		return -EINVAL;
	down_write(&m->i_rwsem);
	n = write_past_cache(f, from, pos);
	up_write(&m->i_rwsem);
	if (n < 0 || !from->count)
		return n;
	rest = write_by_cache(f, from, pos);
	if (rest < 0)
		return n ? n : rest;
	return n + rest;
}

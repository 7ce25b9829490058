/* SPDX-License-Identifier: MIT */
/*
 * Reading and writing /dev/sda: by way of the device's pages.
 *
 *   read   ─► pages that are missing are asked for at once, and more if
 *             reading goes on ─► one after the other is waited for, and copied
 *   write  ─► the sectors that it covers in part are read ─► copied, dirty
 *   fsync, the last close, BLKFLSBUF ─► dirty sectors go; the disk is flushed
 *
 * With O_DIRECT the pages are passed by: kernel/block/direct.c.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <kernel/block/bdev_pages.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>

#define READ_AT_ONCE 32u /* pages */

static u32 in_page(loff_t pos)
{
	return (u32)pos & (PAGE_SIZE - 1);
}

static unsigned long page_of(loff_t pos)
{
	return (unsigned long)((u64)pos >> PAGE_SHIFT);
}

/* ---- reading ---- */

/* Up to the end of one page: bytes, or -errno. */
static ssize_t read_part(struct block_device *bdev, loff_t pos, size_t n,
			 struct iov_iter *to)
{
	struct page *page = bdev_get_page(bdev, page_of(pos));
	u32 off = in_page(pos);
	size_t copied;
	int err;

	if (IS_ERR(page))
		return PTR_ERR(page);
	err = bdev_read_sectors(page, off, off + (u32)n);
	unlock_page(page);
	copied = err ? 0 : copy_page_to_iter(page, off, n, to);
	put_page(page);
	if (err)
		return err;
	return copied ? (ssize_t)copied : -EFAULT;
}

/* True if a page is not cached, or was not a moment ago. */
static bool is_absent(struct block_device *bdev, unsigned long index)
{
	struct page *page = find_get_page(bdev->bd_mapping, index);

	if (page)
		put_page(page);
	return !page;
}

/*
 * The pages of [@pos, @pos + @count), or of its beginning; and if that is where
 * the last such reading ended, more of them, twice as many each time.
 */
static void read_ahead(struct block_device *bdev, loff_t pos, size_t count)
{
	unsigned long first = page_of(pos);
	unsigned long nr = page_of(pos + (loff_t)count - 1) - first + 1;

	if (!is_absent(bdev, first))
		return;
	nr = min(nr, (unsigned long)READ_AT_ONCE);
	if (first == bdev->ra_next)
		nr = max(nr, min(2 * bdev->ra_nr,
				 (unsigned long)bdev->disk->ra_pages));
	bdev->ra_nr = nr;
	bdev->ra_next = first + nr;
	nr = min(nr, DIV_ROUND_UP(bdev->nr_sectors, PAGE_SIZE / SECTOR_SIZE) -
			     first);
	bdev_readahead(bdev, first, nr);
}

/** blkdev_cached_read() - bytes of a device; see read_iter */
ssize_t blkdev_cached_read(struct block_device *bdev, struct iov_iter *to,
			   loff_t *pos, size_t count)
{
	ssize_t done = 0, n = 0;

	while (count) {
		read_ahead(bdev, *pos, count);
		n = read_part(bdev, *pos,
			      min(count, (size_t)(PAGE_SIZE - in_page(*pos))),
			      to);
		if (n < 0)
			break;
		*pos += n;
		done += n;
		count -= (size_t)n;
	}
	return done ? done : n;
}

/* ---- writing ---- */

/* The sectors at both ends, where [@from, @to) covers them in part. */
static int read_ends(struct page *page, u32 from, u32 to)
{
	int err = 0;

	if (from % SECTOR_SIZE)
		err = bdev_read_sectors(page, from, from + 1);
	if (!err && to % SECTOR_SIZE)
		err = bdev_read_sectors(page, to - 1, to);
	return err;
}

/* How much of @copied counts, if a program's memory ended before @to: a sector
 * that was neither read nor written whole does not. */
static u32 whole_sectors(const struct page *page, u32 from, u32 copied)
{
	u32 end = from + copied, start = end & ~(SECTOR_SIZE - 1);

	if (start == end || bdev_has_sectors(page, start, end))
		return copied;
	return start > from ? start - from : 0;
}

static ssize_t write_part(struct block_device *bdev, loff_t pos, size_t n,
			  struct iov_iter *from)
{
	struct page *page = bdev_get_page(bdev, page_of(pos));
	u32 off = in_page(pos), copied = 0;
	int err;

	if (IS_ERR(page))
		return PTR_ERR(page);
	err = read_ends(page, off, off + (u32)n);
	if (!err) {
		copied = (u32)copy_page_from_iter(page, off, n, from);
		copied = whole_sectors(page, off, copied);
	}
	if (copied) {
		bdev_set_uptodate(page, off, off + copied);
		bdev_mark_dirty(page, off, off + copied);
	}
	unlock_page(page);
	put_page(page);
	if (err)
		return err;
	balance_dirty_pages_ratelimited(bdev->bd_mapping);
	return copied ? (ssize_t)copied : -EFAULT;
}

/** blkdev_cached_write() - bytes to a device; see write_iter */
ssize_t blkdev_cached_write(struct block_device *bdev, struct iov_iter *from,
			    loff_t *pos, size_t count)
{
	ssize_t done = 0, n = 0;

	while (count) {
		size_t part = min(count, (size_t)(PAGE_SIZE - in_page(*pos)));

		n = write_part(bdev, *pos, part, from);
		if (n < 0)
			break;
		*pos += n;
		done += n;
		count -= (size_t)n;
		if ((size_t)n < part)
			break;
	}
	return done ? done : n;
}

/* ---- what is cached ---- */

/**
 * sync_blockdev() - what was written to a device is on its disk
 * @bdev: the device
 *
 * But for the disk's own cache. Context: may sleep. Return: 0, or the error of
 * a write that nobody was told of by this function.
 */
int sync_blockdev(struct block_device *bdev)
{
	return filemap_write_and_wait_range(bdev->bd_mapping, 0,
					    MAX_LFS_FILESIZE);
}

/**
 * forget_blockdev_range() - sectors of a device are read anew
 * @bdev: the device
 * @start: first byte, at the start of a sector
 * @end: the last one
 *
 * What is dirty is lost. Pages remain, for they may be in use. Context: may
 * sleep.
 */
void forget_blockdev_range(struct block_device *bdev, loff_t start, loff_t end)
{
	unsigned long first = page_of(start), last = page_of(end), i = first;
	struct page *page;

	while ((page = find_get_next_page(bdev->bd_mapping, &i, last))) {
		bdev_forget_sectors(page, i == first ? in_page(start) : 0,
				    i == last ? in_page(end) + 1 : PAGE_SIZE);
		put_page(page);
		if (i++ == last)
			break;
	}
}

/** bdev_is_dirty() - is something to be written, or on its way? */
bool bdev_is_dirty(const struct block_device *bdev)
{
	const struct xarray *pages = &bdev->bd_mapping->i_pages;

	return xa_marked(pages, XA_MARK_DIRTY) ||
	       xa_marked(pages, XA_MARK_WRITEBACK);
}

/**
 * invalidate_bdev() - a device's pages go
 * @bdev: the device, which is not in use; what is dirty is lost
 *
 * Context: may sleep.
 */
void invalidate_bdev(struct block_device *bdev)
{
	truncate_inode_pages_range(bdev->bd_mapping, 0, MAX_LFS_FILESIZE);
}

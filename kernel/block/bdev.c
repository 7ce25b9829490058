/* SPDX-License-Identifier: MIT */
/*
 * A block device as a file: /dev/sda's bytes.
 *
 *   pos                                     a window of whole sectors around
 *    │◀──── count ────▶│                    what is asked for, 64 KB at most,
 *   │ sector │ … │ sector │                 in pages of its own
 *
 * Nothing is cached: a read or write is one with the disk, and what is written
 * in part of a sector is read first. So what a program has written is on the
 * disk, but for the disk's own cache, which fsync() flushes.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>

#define WINDOW_PAGES 16u

/* Whole sectors of a device, and memory for them. */
struct window {
	struct block_device *bdev;
	sector_t first;
	u32 bytes;
	unsigned int nr_pages;
	struct page *page[WINDOW_PAGES];
};

static loff_t bdev_bytes(const struct block_device *bdev)
{
	return (loff_t)(bdev->nr_sectors << SECTOR_SHIFT);
}

static void window_free(struct window *w)
{
	while (w->nr_pages)
		__free_page(w->page[--w->nr_pages]);
}

/* A window on [@pos, @pos + @count), or on its beginning; pages not read. */
static int window_make(struct window *w, struct block_device *bdev, loff_t pos,
		       size_t count)
{
	loff_t start = pos & -(loff_t)SECTOR_SIZE;
	loff_t end = (pos + (loff_t)count + SECTOR_SIZE - 1) &
		     -(loff_t)SECTOR_SIZE;
	u32 most = WINDOW_PAGES * PAGE_SIZE;

	*w = (struct window){ .bdev = bdev,
			      .first = (u64)start >> SECTOR_SHIFT };
	w->bytes = end - start > most ? most : (u32)(end - start);
	while (w->nr_pages * PAGE_SIZE < w->bytes) {
		struct page *page = alloc_page(GFP_HIGHUSER);

		if (!page) {
			window_free(w);
			return -ENOMEM;
		}
		w->page[w->nr_pages++] = page;
	}
	return 0;
}

static int window_io(struct window *w, enum req_op op)
{
	struct bio *bio = bio_alloc(w->bdev, w->nr_pages, op, GFP_KERNEL);
	u32 left = w->bytes;
	unsigned int i;
	int err;

	bio->sector = w->first;
	for (i = 0; left; i++) {
		u32 n = min(left, (u32)PAGE_SIZE);

		bio_add_page(bio, w->page[i], n, 0);
		left -= n;
	}
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

/* Bytes from @off on between the window and @iter: how many. */
static size_t window_copy(struct window *w, size_t off, size_t n,
			  struct iov_iter *iter, bool from_iter)
{
	size_t done = 0;

	while (done < n) {
		struct page *page = w->page[(off + done) / PAGE_SIZE];
		size_t at = (off + done) % PAGE_SIZE;
		size_t part = min(n - done, (size_t)(PAGE_SIZE - at)), copied;

		copied = from_iter ? copy_page_from_iter(page, at, part, iter) :
				     copy_page_to_iter(page, at, part, iter);
		done += copied;
		if (copied < part)
			break;
	}
	return done;
}

/* The next window's part of a read or write: bytes, or -errno. */
static ssize_t transfer(struct block_device *bdev, loff_t pos, size_t count,
			struct iov_iter *iter, bool write)
{
	size_t off = (size_t)pos % SECTOR_SIZE, n, copied;
	struct window w;
	int err = window_make(&w, bdev, pos, count);

	if (err)
		return err;
	n = min(count, w.bytes - off);
	if (!write || off || n < w.bytes)
		err = window_io(&w, REQ_OP_READ);
	if (!err) {
		copied = window_copy(&w, off, n, iter, write);
		/* The window's memory holds garbage where it was neither
		 * read nor copied to. */
		if (!copied || (write && copied < n && n == w.bytes))
			err = -EFAULT;
		else if (write)
			err = window_io(&w, REQ_OP_WRITE);
		n = copied;
	}
	window_free(&w);
	return err ? err : (ssize_t)n;
}

static ssize_t move(struct file *f, struct iov_iter *iter, loff_t *pos,
		    bool write)
{
	struct block_device *bdev = f->private_data;
	loff_t size = bdev_bytes(bdev);
	ssize_t done = 0, n = 0;

	if (*pos >= size)
		return write && iter->count ? -ENOSPC : 0;
	while (iter->count && *pos < size) {
		size_t count = iter->count;

		if ((loff_t)count > size - *pos)
			count = (size_t)(size - *pos);
		n = transfer(bdev, *pos, count, iter, write);
		if (n <= 0)
			break;
		*pos += n;
		done += n;
	}
	return done ? done : n;
}

static ssize_t blkdev_read_iter(struct file *f, struct iov_iter *to,
				loff_t *pos)
{
	return move(f, to, pos, false);
}

static ssize_t blkdev_write_iter(struct file *f, struct iov_iter *from,
				 loff_t *pos)
{
	return move(f, from, pos, true);
}

static loff_t blkdev_llseek(struct file *f, loff_t off, int whence)
{
	return fixed_size_llseek(f, off, whence, bdev_bytes(f->private_data));
}

static int blkdev_open(struct inode *inode, struct file *f)
{
	struct block_device *bdev = blkdev_get(inode->i_rdev);

	if (!bdev)
		return -ENXIO;
	if (f->f_mode & FMODE_WRITE && bdev->read_only)
		return -EROFS;
	f->private_data = bdev;
	return bdev->disk->ops->open ? bdev->disk->ops->open(bdev->disk) : 0;
}

static int blkdev_fsync(struct file *f)
{
	return blkdev_issue_flush(f->private_data);
}

/* ---- ioctl ---- */

#define BLKROSET 0x125du
#define BLKROGET 0x125eu
#define BLKRRPART 0x125fu
#define BLKGETSIZE 0x1260u
#define BLKFLSBUF 0x1261u
#define BLKRAGET 0x1263u
#define BLKSSZGET 0x1268u
#define BLKBSZGET 0x80041270u
#define BLKGETSIZE64 0x80041272u
#define BLKIOMIN 0x1278u
#define BLKIOOPT 0x1279u
#define BLKALIGNOFF 0x127au
#define BLKPBSZGET 0x127bu

static long put_int(unsigned long arg, u32 v)
{
	return put_user(v, (u32 __user *)arg);
}

static long set_read_only(struct block_device *bdev, unsigned long arg)
{
	int v;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	if (get_user(v, (int __user *)arg))
		return -EFAULT;
	bdev->read_only = v != 0;
	return 0;
}

static long blkdev_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct block_device *bdev = f->private_data;

	switch (cmd) {
	case BLKGETSIZE:
		if (bdev->nr_sectors > ~0u)
			return -EFBIG;
		return put_int(arg, (u32)bdev->nr_sectors);
	case BLKGETSIZE64:
		return put_user((u64)bdev_bytes(bdev), (u64 __user *)arg);
	case BLKSSZGET:
	case BLKIOMIN:
	case BLKPBSZGET:
		return put_int(arg, SECTOR_SIZE);
	case BLKBSZGET:
		return put_int(arg, PAGE_SIZE);
	case BLKIOOPT:
	case BLKALIGNOFF:
	case BLKRAGET:
		return put_int(arg, 0);
	case BLKROGET:
		return put_int(arg, bdev->read_only);
	case BLKROSET:
		return set_read_only(bdev, arg);
	case BLKFLSBUF:
		return capable(CAP_SYS_ADMIN) ? blkdev_issue_flush(bdev) :
						-EACCES;
	case BLKRRPART:
		if (bdev->partno)
			return -EINVAL;
		if (!capable(CAP_SYS_ADMIN))
			return -EACCES;
		return -EBUSY; /* those that were found are in use */
	default:
		return bdev->disk->ops->ioctl ?
			       bdev->disk->ops->ioctl(bdev->disk, cmd, arg) :
			       -ENOTTY;
	}
}

const struct file_operations blkdev_fops = {
	.open = blkdev_open,
	.llseek = blkdev_llseek,
	.read_iter = blkdev_read_iter,
	.write_iter = blkdev_write_iter,
	.ioctl = blkdev_ioctl,
	.fsync = blkdev_fsync,
};

/* SPDX-License-Identifier: MIT */
/*
 * A block device as a file: opened, asked, and closed.
 *
 *   open ─► openers + 1 … reads and writes (fops.c) … close ─► openers - 1
 *                                            the last: what is dirty is
 *                                            written, and the cache goes
 *
 * A filesystem that is mounted has its device open as a program has.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>

static loff_t bdev_bytes(const struct block_device *bdev)
{
	return (loff_t)(bdev->nr_sectors << SECTOR_SHIFT);
}

/**
 * blkdev_open_bdev() - one more user of a device
 * @bdev: the device
 * @write: it is to be written, too
 *
 * Context: may sleep. Return: 0, -EROFS, -ENXIO or what the driver says; after
 * 0 blkdev_put() is due.
 */
int blkdev_open_bdev(struct block_device *bdev, bool write)
{
	int err = 0;

	if (write && bdev->read_only)
		return -EROFS;
	if (bdev->disk->ops->open)
		err = bdev->disk->ops->open(bdev->disk);
	if (!err && !bdev->present) /* it went while we slept */
		err = -ENXIO;
	if (err)
		return err;
	if (!bdev->openers++)
		mapping_set_size(bdev->bd_mapping, bdev_bytes(bdev));
	if (bdev->partno)
		bdev_whole(bdev)->openers++;
	return 0;
}

/**
 * blkdev_claim() - have a device alone, among those who ask for that
 * @bdev: the device, which is open
 *
 * A filesystem that is mounted, swap, and open(2) with O_EXCL do. Return: false
 * if another has it, or its disk, or one of its partitions.
 */
bool blkdev_claim(struct block_device *bdev)
{
	struct block_device *disk = bdev_whole(bdev);

	if (bdev->claimed || disk->claimed ||
	    (!bdev->partno && disk->claimed_parts))
		return false;
	bdev->claimed = true;
	if (bdev->partno)
		disk->claimed_parts++;
	return true;
}

/** blkdev_unclaim() - others may have it again */
void blkdev_unclaim(struct block_device *bdev)
{
	bdev->claimed = false;
	if (bdev->partno)
		bdev_whole(bdev)->claimed_parts--;
}

static void put_one(struct block_device *bdev)
{
	while (bdev->openers == 1 && bdev_is_dirty(bdev))
		(void)sync_blockdev(bdev);
	if (!--bdev->openers)
		invalidate_bdev(bdev);
}

/**
 * blkdev_put() - a user of a device less
 * @bdev: the device
 *
 * The last one takes its cache along. Context: may sleep.
 */
void blkdev_put(struct block_device *bdev)
{
	const struct gendisk_ops *ops = bdev->disk->ops;

	put_one(bdev);
	if (bdev->partno)
		put_one(bdev_whole(bdev));
	if (ops->release && !bdev_whole(bdev)->openers)
		ops->release(bdev->disk);
}

/* How much of @count lies on the device; what is more is not looked at. */
static size_t on_device(const struct block_device *bdev, loff_t pos,
			size_t count)
{
	loff_t size = bdev_bytes(bdev);

	if (pos >= size)
		return 0;
	return (loff_t)count < size - pos ? count : (size_t)(size - pos);
}

static ssize_t blkdev_read_iter(struct file *f, struct iov_iter *to,
				loff_t *pos)
{
	struct block_device *bdev = f->private_data;
	size_t count = on_device(bdev, *pos, to->count);

	if (!count)
		return 0;
	if (f->f_flags & O_DIRECT)
		return blkdev_direct_IO(bdev, to, pos, count, false);
	return blkdev_cached_read(bdev, to, pos, count);
}

static ssize_t blkdev_write_iter(struct file *f, struct iov_iter *from,
				 loff_t *pos)
{
	struct block_device *bdev = f->private_data;
	size_t count = on_device(bdev, *pos, from->count);

	if (bdev->read_only)
		return -EPERM;
	if (IS_SWAPFILE(bdev->bd_mapping))
		return -ETXTBSY;
	if (!count)
		return from->count ? -ENOSPC : 0;
	if (f->f_flags & O_DIRECT)
		return blkdev_direct_IO(bdev, from, pos, count, true);
	return blkdev_cached_write(bdev, from, pos, count);
}

static loff_t blkdev_llseek(struct file *f, loff_t off, int whence)
{
	return fixed_size_llseek(f, off, whence, bdev_bytes(f->private_data));
}

static int blkdev_open(struct inode *inode, struct file *f)
{
	struct block_device *bdev = blkdev_get(inode->i_rdev);
	int err;

	if (!bdev)
		return -ENXIO;
	err = blkdev_open_bdev(bdev, f->f_mode & FMODE_WRITE);
	if (err)
		return err;
	if (f->f_flags & O_EXCL && !blkdev_claim(bdev)) {
		blkdev_put(bdev);
		return -EBUSY;
	}
	if (f->f_flags & O_EXCL)
		f->f_mode |= FMODE_EXCL;
	f->private_data = bdev;
	f->f_mapping = bdev->bd_mapping;
	f->f_wb_err = filemap_sample_wb_err(f->f_mapping);
	return 0;
}

static void blkdev_release(struct file *f)
{
	struct block_device *bdev = f->private_data;

	if (f->f_mode & FMODE_EXCL)
		blkdev_unclaim(bdev);
	blkdev_put(bdev);
}

static int blkdev_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	struct block_device *bdev = f->private_data;
	int err = file_write_and_wait_range(f, start, end);

	(void)datasync;
	return err ? err : blkdev_issue_flush(bdev);
}

/* ---- ioctl ---- */

#define BLKROSET 0x125du
#define BLKROGET 0x125eu
#define BLKRRPART 0x125fu
#define BLKGETSIZE 0x1260u
#define BLKFLSBUF 0x1261u
#define BLKRASET 0x1262u
#define BLKRAGET 0x1263u
#define BLKFRASET 0x1264u
#define BLKFRAGET 0x1265u
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

#define SECTORS_OF_PAGE (PAGE_SIZE / SECTOR_SIZE)

/* Files that are opened from now on have it. */
static long set_readahead(struct block_device *bdev, unsigned long sectors)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	bdev->disk->ra_pages = (unsigned int)(sectors / SECTORS_OF_PAGE);
	return 0;
}

/* All is written, and what is not in use is read anew. */
static long flush_buffers(struct block_device *bdev)
{
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	err = sync_blockdev(bdev);
	invalidate_mapping_pages(bdev->bd_mapping, 0, ~0ul);
	return err;
}

static u32 block_size(const struct block_device *bdev)
{
	u32 size = bdev->disk->block_size;

	return size ? size : SECTOR_SIZE;
}

static long reread_partitions(struct block_device *bdev)
{
	if (bdev->partno)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EACCES;
	return rescan_partitions(bdev->disk);
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
		return put_int(arg, block_size(bdev));
	case BLKBSZGET:
		return put_int(arg, PAGE_SIZE);
	case BLKIOOPT:
	case BLKALIGNOFF:
		return put_int(arg, 0);
	case BLKRAGET:
	case BLKFRAGET:
		return put_int(arg, bdev->disk->ra_pages * SECTORS_OF_PAGE);
	case BLKRASET:
	case BLKFRASET:
		return set_readahead(bdev, arg);
	case BLKROGET:
		return put_int(arg, bdev->read_only);
	case BLKROSET:
		return set_read_only(bdev, arg);
	case BLKFLSBUF:
		return flush_buffers(bdev);
	case BLKRRPART:
		return reread_partitions(bdev);
	default:
		return bdev->disk->ops->ioctl ?
			       bdev->disk->ops->ioctl(bdev->disk, cmd, arg,
						      f->f_mode & FMODE_WRITE) :
			       -ENOTTY;
	}
}

const struct file_operations blkdev_fops = {
	.open = blkdev_open,
	.release = blkdev_release,
	.llseek = blkdev_llseek,
	.read_iter = blkdev_read_iter,
	.write_iter = blkdev_write_iter,
	.mmap = generic_file_mmap,
	.ioctl = blkdev_ioctl,
	.fsync = blkdev_fsync,
};

/* SPDX-License-Identifier: MIT */
/*
 * Files as disks: /dev/loop0 …
 *
 *   /dev/loop0 ─ queue ─ thread ─► read_iter, write_iter of a file
 *
 *   file   │ offset │ the disk's sectors … │      sizelimit, or to the end
 *
 * A device is there before it has a file, and is empty then. Its thread begins
 * with the first file that it gets. A device that is removed stays in memory
 * without a name, so nothing that still has it open is surprised.
 *
 * A file may be a block device, another loop device too, but no chain may lead
 * back.
 *
 * Locks: lo->lock around what is bound, above vfs_lock and the file's own. The
 * thread takes none of it: it reads lo->file once, and holds a reference to
 * what it found while it works.
 */
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/loop.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/proc/proc_fs.h>

#define LOOP_CTL_ADD 0x4c80u
#define LOOP_CTL_REMOVE 0x4c81u
#define LOOP_CTL_GET_FREE 0x4c82u
#define LOOP_CTL_MINOR 237
#define MAX_SECTORS 256u
#define MAX_VECS 256u
#define DEFAULT_DEVICES 8u

static struct loop_device *loops[LOOP_MOST];

/* ---- the thread: bytes of the file ---- */

/* One piece of memory, at @pos of the file. */
static int move_piece(struct file *file, const struct bio_vec *v, loff_t pos,
		      bool write)
{
	char *addr = kmap_local_page(v->page);
	struct iov_iter iter;
	ssize_t n = 1;

	iov_iter_kernel(&iter, addr + v->offset, v->len);
	while (iter.count && n > 0)
		n = write ? file->f_op->write_iter(file, &iter, &pos) :
			    file->f_op->read_iter(file, &iter, &pos);
	if (!write && !n) { /* past the end of the file: zeroes */
		memset(addr + v->offset + v->len - iter.count, 0, iter.count);
		iter.count = 0;
	}
	kunmap_local(addr);
	return iter.count ? -EIO : 0;
}

static int move_request(struct loop_device *lo, struct file *file,
			const struct request *rq)
{
	bool write = rq->op == REQ_OP_WRITE;
	loff_t pos = (loff_t)(lo->offset + (rq->sector << SECTOR_SHIFT));
	const struct bio *bio;
	unsigned int i;
	int err = 0;

	for (bio = rq->head; bio && !err; bio = bio->next)
		for (i = 0; i < bio->nr_vecs && !err; i++) {
			err = move_piece(file, &bio->vec[i], pos, write);
			pos += bio->vec[i].len;
		}
	if (write)
		file_update_times(file);
	return err;
}

static int loop_do_request(struct gendisk *disk, const struct request *rq)
{
	struct loop_device *lo = loop_of(disk);
	struct file *file = lo->file;
	int err = 0;

	if (!file)
		return -EIO;
	get_file(file);
	if (rq->op != REQ_OP_FLUSH)
		err = move_request(lo, file, rq);
	else if (file->f_op->fsync)
		err = file->f_op->fsync(file, 0, MAX_LFS_FILESIZE, false);
	fput(file);
	return err ? -EIO : 0;
}

/* ---- what is bound ---- */

/**
 * loop_mark_file() - a file's bytes are a device's, or are no more
 * @file: the file
 * @below: they are
 */
void loop_mark_file(struct file *file, bool below)
{
	struct address_space *m = file->f_mapping;

	xa_lock(&m->i_pages);
	if (below)
		m->flags |= AS_BELOW_DEVICE;
	else
		m->flags &= ~AS_BELOW_DEVICE;
	xa_unlock(&m->i_pages);
}

/* Sectors that the file has for the device. */
static sector_t file_sectors(const struct loop_device *lo)
{
	u64 bytes = (u64)mapping_size(lo->file->f_mapping);

	bytes = bytes > lo->offset ? bytes - lo->offset : 0;
	if (lo->sizelimit && lo->sizelimit < bytes)
		bytes = lo->sizelimit;
	return bytes >> SECTOR_SHIFT;
}

/** loop_update_size() - the file, or the part of it, changed its length */
void loop_update_size(struct loop_device *lo)
{
	set_capacity(&lo->disk, lo->file ? file_sectors(lo) : 0);
}

/**
 * loop_set_range() - which part of the file the device is
 * @lo: bound, with its lock
 * @offset: first byte
 * @sizelimit: bytes; 0: to the end
 *
 * Context: may sleep. Return: 0 or -EOVERFLOW.
 */
int loop_set_range(struct loop_device *lo, u64 offset, u64 sizelimit)
{
	struct block_device *bdev = lo->disk.part[0];

	if ((s64)offset < 0 || (s64)sizelimit < 0)
		return -EOVERFLOW;
	if (lo->offset != offset || lo->sizelimit != sizelimit) {
		(void)sync_blockdev(bdev);
		invalidate_mapping_pages(bdev->bd_mapping, 0, ~0ul);
	}
	lo->offset = offset;
	lo->sizelimit = sizelimit;
	return 0;
}

/* True if @lo's bytes are @file's by way of other devices. */
static bool leads_to(const struct loop_device *lo, const struct file *file)
{
	const struct block_device *bdev;
	unsigned int steps = 0;

	while (file && S_ISBLK(file->f_inode->i_mode) && steps++ <= LOOP_MOST) {
		bdev = blkdev_get(file->f_inode->i_rdev);
		if (!bdev || bdev->disk->major != LOOP_MAJOR)
			return false;
		if (bdev->disk == &lo->disk)
			return true;
		file = loop_of(bdev->disk)->file;
		if (!file) /* a device without bytes */
			return true;
	}
	return steps > LOOP_MOST;
}

/**
 * loop_bind() - a device gets its bytes
 * @lo: the device, with its lock
 * @file: the file; a reference is taken
 * @flags: LO_FLAGS_*
 * @read_only: the caller may not write the device
 *
 * Context: may sleep. Return: 0, -EBUSY, -EINVAL, -EBADF for a circle,
 * -ENOMEM.
 */
int loop_bind(struct loop_device *lo, struct file *file, u32 flags,
	      bool read_only)
{
	umode_t mode = file->f_inode->i_mode;
	int err;

	if (lo->file)
		return -EBUSY;
	if (leads_to(lo, file))
		return -EBADF;
	if ((!S_ISREG(mode) && !S_ISBLK(mode)) || !file->f_mapping ||
	    !file->f_op->read_iter)
		return -EINVAL;
	err = disk_start(&lo->disk);
	if (err)
		return err;
	if (read_only || !(file->f_mode & FMODE_WRITE) ||
	    !file->f_op->write_iter)
		flags |= LO_FLAGS_READ_ONLY;
	lo->flags = flags;
	lo->disk.part[0]->read_only = flags & LO_FLAGS_READ_ONLY;
	lo->file = get_file(file);
	loop_mark_file(file, true);
	lo->bound = true;
	loop_update_size(lo);
	return 0;
}

/**
 * loop_unbind() - a device is empty again
 * @lo: bound, with its lock
 *
 * What was written goes to the file. Context: may sleep. Return: 0.
 */
int loop_unbind(struct loop_device *lo)
{
	struct block_device *bdev = lo->disk.part[0];
	struct file *file = lo->file;

	(void)sync_blockdev(bdev);
	(void)blkdev_issue_flush(bdev); /* and all before it is done */
	delete_partitions(&lo->disk);
	invalidate_bdev(bdev);
	loop_mark_file(file, false);
	lo->file = NULL;
	lo->bound = false;
	lo->offset = 0;
	lo->sizelimit = 0;
	lo->flags = 0;
	lo->disk.block_size = 0;
	memset(lo->file_name, 0, sizeof(lo->file_name));
	memset(lo->crypt_name, 0, sizeof(lo->crypt_name));
	bdev->read_only = false;
	set_capacity(&lo->disk, 0);
	fput(file);
	return 0;
}

static int loop_open(struct gendisk *disk)
{
	return loop_of(disk)->present ? 0 : -ENXIO;
}

/* The last one closed it. */
static void loop_release(struct gendisk *disk)
{
	struct loop_device *lo = loop_of(disk);

	if (!(lo->flags & LO_FLAGS_AUTOCLEAR))
		return;
	down_write(&lo->lock);
	if (lo->file && lo->flags & LO_FLAGS_AUTOCLEAR &&
	    !disk->part[0]->openers)
		loop_unbind(lo);
	up_write(&lo->lock);
}

static const struct gendisk_ops loop_ops = {
	.do_request = loop_do_request,
	.open = loop_open,
	.release = loop_release,
	.ioctl = loop_ioctl,
};

/* ---- /sys/block/loop0/loop/ ---- */

static int show_backing_file(struct seq_file *m, void *data)
{
	struct loop_device *lo = data;

	down_read(&lo->lock);
	if (lo->file) {
		seq_path(m,
			 &(struct path){ lo->file->f_mnt, lo->file->f_dentry });
		seq_puts(m, "\n");
	}
	up_read(&lo->lock);
	return 0;
}

static int show_offset(struct seq_file *m, void *data)
{
	seq_printf(m, "%llu\n", ((struct loop_device *)data)->offset);
	return 0;
}

static int show_sizelimit(struct seq_file *m, void *data)
{
	seq_printf(m, "%llu\n", ((struct loop_device *)data)->sizelimit);
	return 0;
}

static int show_flag(struct seq_file *m, const struct loop_device *lo, u32 flag)
{
	seq_printf(m, "%d\n", lo->flags & flag ? 1 : 0);
	return 0;
}

static int show_autoclear(struct seq_file *m, void *data)
{
	return show_flag(m, data, LO_FLAGS_AUTOCLEAR);
}

static int show_partscan(struct seq_file *m, void *data)
{
	return show_flag(m, data, LO_FLAGS_PARTSCAN);
}

static int show_dio(struct seq_file *m, void *data)
{
	return show_flag(m, data, LO_FLAGS_DIRECT_IO);
}

static const struct proc_entry loop_attrs[] = {
	{ .name = "backing_file", .mode = 0444, .show = show_backing_file },
	{ .name = "offset", .mode = 0444, .show = show_offset },
	{ .name = "sizelimit", .mode = 0444, .show = show_sizelimit },
	{ .name = "autoclear", .mode = 0444, .show = show_autoclear },
	{ .name = "partscan", .mode = 0444, .show = show_partscan },
	{ .name = "dio", .mode = 0444, .show = show_dio },
};

/* ---- /dev/loop-control ---- */

static int loop_make(unsigned int i)
{
	struct loop_device *lo = kzalloc(sizeof(*lo), GFP_KERNEL);
	int err;

	if (!lo)
		return -ENOMEM;
	init_rwsem(&lo->lock);
	lo->disk.driver = "loop";
	ashlar_snprintf(lo->disk.name, sizeof(lo->disk.name), "loop%u", i);
	lo->disk.major = LOOP_MAJOR;
	lo->disk.first_minor = i;
	lo->disk.minors = 1;
	lo->disk.ops = &loop_ops;
	lo->disk.private_data = lo;
	lo->disk.quiet = true;
	lo->disk.attrs = loop_attrs;
	lo->disk.nr_attrs = ARRAY_SIZE(loop_attrs);
	lo->disk.attrs_shown = &lo->bound;
	elevator_init(&lo->disk.queue, MAX_SECTORS, MAX_VECS);
	lo->present = true;
	loops[i] = lo;
	err = add_disk(&lo->disk);
	if (err) {
		loops[i] = NULL;
		kfree(lo);
	}
	return err;
}

/* The device with number @i, made or brought back: it, -EEXIST or -errno. */
static int loop_add(unsigned int i)
{
	int err;

	if (loops[i] && loops[i]->present)
		return -EEXIST;
	if (loops[i]) {
		loops[i]->present = true;
		show_disk_again(&loops[i]->disk);
		return (int)i;
	}
	err = loop_make(i);
	return err ? err : (int)i;
}

static long control_add(s32 i)
{
	if (i >= (s32)LOOP_MOST)
		return -EINVAL;
	if (i >= 0)
		return loop_add((unsigned int)i);
	for (i = 0; i < (s32)LOOP_MOST; i++)
		if (!loops[i] || !loops[i]->present)
			return loop_add((unsigned int)i);
	return -ENOSPC;
}

static long control_remove(s32 i)
{
	struct loop_device *lo;
	int err = 0;

	if (i < 0)
		return -EINVAL;
	lo = i < (s32)LOOP_MOST ? loops[i] : NULL;
	if (!lo || !lo->present)
		return -ENODEV;
	down_write(&lo->lock);
	if (lo->file || lo->disk.part[0]->openers) {
		err = -EBUSY;
	} else {
		lo->present = false;
		hide_disk(&lo->disk);
	}
	up_write(&lo->lock);
	return err;
}

static long control_get_free(void)
{
	unsigned int i;

	for (i = 0; i < LOOP_MOST; i++)
		if (loops[i] && loops[i]->present && !loops[i]->file)
			return (long)i;
	return control_add(-1);
}

static long control_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	(void)f;
	switch (cmd) {
	case LOOP_CTL_ADD:
		return control_add((s32)arg);
	case LOOP_CTL_REMOVE:
		return control_remove((s32)arg);
	case LOOP_CTL_GET_FREE:
		return control_get_free();
	default:
		return -ENOSYS;
	}
}

static const struct file_operations control_fops = { .ioctl = control_ioctl };

/** loop_init() - the devices that are there from the start; process 1 */
void loop_init(void)
{
	unsigned int i, n = boot_options.max_loop;

	n = n ? min(n, LOOP_MOST) : DEFAULT_DEVICES;
	register_chrdev(MISC_MAJOR, LOOP_CTL_MINOR, 1, "misc", &control_fops);
	devtmpfs_create("loop-control", S_IFCHR | 0660,
			MKDEV(MISC_MAJOR, LOOP_CTL_MINOR));
	for (i = 0; i < n; i++)
		if (loop_make(i))
			printk(KERN_ERR "loop: no memory\n");
}

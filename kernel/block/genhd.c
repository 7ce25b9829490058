/* SPDX-License-Identifier: MIT */
/*
 * Disks, and the thread that each has.
 *
 *   gendisk sda ─ part[0] sda   all of it
 *               ├ part[1] sda1  sectors 2048 … 20479
 *               └ part[5] sda5  …
 *               ├ queue ◀── submit_bio
 *               └ thread: the next request, the driver's do_request, end_io
 *
 * A request that fails is tried again transfer by transfer, so that one bad
 * sector is the error of those alone who asked for it.
 *
 * Disks do not go away, nor do partitions: those that are not present have no
 * name, and are not found. Locks: none; nothing sleeps while a list is looked
 * at, but in the driver and in end_io.
 */
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/readahead.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/buffer_head.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/devtmpfs.h>
#include <kernel/fs/stat.h>
#include <kernel/printk.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/task/kthread.h>
#include <kernel/time/clock.h>

#define BLOCK_EXT_MAJOR 259u
#define MAJOR_SLOTS 255u /* of the table that Linux keeps majors in */

static LIST_HEAD(disks);

/* ---- counts ---- */

static void stats_advance(struct disk_stats *s, u64 now)
{
	u64 passed = now - s->stamp;

	if (s->in_flight) {
		s->busy += passed;
		s->weighted += passed * s->in_flight;
	}
	s->stamp = now;
}

/** stats_begin() - a transfer of @bdev's waits or is under way from now on */
void stats_begin(struct block_device *bdev)
{
	u64 now = ktime_get();

	stats_advance(&bdev->stats, now);
	bdev->stats.in_flight++;
	if (bdev->partno) {
		stats_advance(&bdev_whole(bdev)->stats, now);
		bdev_whole(bdev)->stats.in_flight++;
	}
}

static void count_end(struct disk_stats *s, const struct bio *bio, u64 now,
		      u64 took)
{
	stats_advance(s, now);
	s->in_flight--;
	s->sectors[bio->op] += bio->size >> SECTOR_SHIFT;
	s->time[bio->op] += took;
}

/* ---- the thread ---- */

/* One transfer's end; @took: ns since its request was queued. */
static void end_bio(struct bio *bio, int status, u64 took)
{
	u64 now = ktime_get();

	count_end(&bio->bdev->stats, bio, now, took);
	if (bio->bdev->partno)
		count_end(&bdev_whole(bio->bdev)->stats, bio, now, took);
	elevator_done(&bio->bdev->disk->queue, bio);
	bio->status = status;
	bio->end_io(bio);
}

/* @bio alone, as a request. */
static int do_one(struct gendisk *disk, struct bio *bio)
{
	struct request rq = { .op = bio->op,
			      .sector = bio->sector,
			      .nr_sectors = bio->size >> SECTOR_SHIFT,
			      .nr_vecs = bio->nr_vecs,
			      .head = bio,
			      .tail = bio };

	bio->next = NULL;
	return disk->ops->do_request(disk, &rq);
}

static void do_request(struct gendisk *disk, const struct request *queued)
{
	struct request rq = *queued; /* it goes with its transfers */
	int err = disk->ops->do_request(disk, &rq);
	u64 took = ktime_get() - rq.start;
	struct bio *bio = rq.head, *next;
	bool alone = err && bio->next;

	bio->bdev->stats.ios[rq.op]++;
	if (bio->bdev->partno)
		disk->part[0]->stats.ios[rq.op]++;
	for (; bio; bio = next) {
		next = bio->next;
		if (alone)
			err = do_one(disk, bio);
		if (err)
			printk(KERN_ERR
			       "I/O error, dev %s, sector %llu op 0x%x:(%s)\n",
			       disk->name, bio->sector, rq.op,
			       rq.op == REQ_OP_READ  ? "READ" :
			       rq.op == REQ_OP_WRITE ? "WRITE" :
						       "FLUSH");
		end_bio(bio, err, took);
	}
}

static int disk_thread(void *arg)
{
	struct gendisk *disk = arg;
	struct request *rq;

	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&disk->queue.wait, disk->queue.nr);
		while ((rq = elevator_next(&disk->queue, ktime_get())))
			do_request(disk, rq);
	}
	return 0;
}

/* ---- coming ---- */

/* Numbers of partitions of disks that have one number each. */
static u32 next_ext_minor;

static u32 choose_number(const struct gendisk *disk, unsigned int partno)
{
	if (partno < disk->minors)
		return MKDEV(disk->major, disk->first_minor + partno);
	return MKDEV(BLOCK_EXT_MAJOR, next_ext_minor++);
}

/* loop0's first partition is loop0p1. */
static void choose_name(struct block_device *bdev)
{
	const char *disk = bdev->disk->name;
	char last = disk[strlen(disk) - 1];

	if (!bdev->partno)
		ashlar_strscpy(bdev->name, disk, sizeof(bdev->name));
	else
		ashlar_snprintf(bdev->name, sizeof(bdev->name), "%s%s%u", disk,
				last >= '0' && last <= '9' ? "p" : "",
				bdev->partno);
}

static struct block_device *new_bdev(struct gendisk *disk, unsigned int partno)
{
	struct block_device *bdev = kzalloc(sizeof(*bdev), GFP_KERNEL);

	if (!bdev)
		return NULL;
	bdev->disk = disk;
	bdev->partno = partno;
	bdev->bd_dev = choose_number(disk, partno);
	choose_name(bdev);
	bdev_mapping_init(bdev);
	disk->part[partno] = bdev;
	sysfs_add_bdev(bdev);
	return bdev;
}

static void bdev_appears(struct block_device *bdev)
{
	int err = devtmpfs_add(bdev->name, S_IFBLK | 0660, bdev->bd_dev);

	if (err && err != -EEXIST)
		printk(KERN_ERR "%s: no name in /dev: error %d\n", bdev->name,
		       -err);
	bdev->present = true;
}

static void bdev_disappears(struct block_device *bdev)
{
	bdev->present = false;
	devtmpfs_remove(bdev->name, bdev->bd_dev);
}

/**
 * add_partition() - a part of a disk becomes a device
 * @disk: the disk
 * @partno: its number, 1 … 15; 0 is all of the disk
 * @start: first sector
 * @nr_sectors: how many
 *
 * Context: may sleep. Return: 0; -ENOMEM, -EBUSY if it is there.
 */
int add_partition(struct gendisk *disk, unsigned int partno, sector_t start,
		  sector_t nr_sectors)
{
	struct block_device *bdev = disk->part[partno];

	if (bdev && bdev->present)
		return -EBUSY;
	if (!bdev)
		bdev = new_bdev(disk, partno);
	if (!bdev)
		return -ENOMEM;
	bdev->start = start;
	bdev->nr_sectors = nr_sectors;
	bdev_appears(bdev);
	return 0;
}

/**
 * delete_partitions() - a disk's partitions are devices no more
 * @disk: the disk
 *
 * What they are is kept, for programs that have them open, and for the next of
 * that number. Context: may sleep. Return: 0; -EBUSY if one is in use, and all
 * stay.
 */
int delete_partitions(struct gendisk *disk)
{
	unsigned int i;

	for (i = 1; i < DISK_MINORS; i++)
		if (disk->part[i] && disk->part[i]->openers)
			return -EBUSY;
	for (i = 1; i < DISK_MINORS; i++)
		if (disk->part[i] && disk->part[i]->present)
			bdev_disappears(disk->part[i]);
	return 0;
}

/**
 * rescan_partitions() - look again for a disk's partitions
 * @disk: the disk
 *
 * Context: may sleep. Return: 0; -EBUSY if one is in use.
 */
int rescan_partitions(struct gendisk *disk)
{
	int err = delete_partitions(disk);

	if (err)
		return err;
	(void)sync_blockdev(disk->part[0]);
	scan_partitions(disk);
	return 0;
}

/**
 * set_capacity() - a disk has another size
 * @disk: the disk
 * @sectors: how many it has now
 *
 * Context: whoever has it open is not reading or writing past that.
 */
void set_capacity(struct gendisk *disk, sector_t sectors)
{
	struct block_device *bdev = disk->part[0];

	disk->capacity = sectors;
	bdev->nr_sectors = sectors;
	mapping_set_size(bdev->bd_mapping, (loff_t)(sectors << SECTOR_SHIFT));
}

/** hide_disk() - a disk that is not in use has no name any more; may sleep */
void hide_disk(struct gendisk *disk)
{
	(void)delete_partitions(disk);
	bdev_disappears(disk->part[0]);
}

/** show_disk_again() - a disk that was hidden is back; may sleep */
void show_disk_again(struct gendisk *disk)
{
	bdev_appears(disk->part[0]);
}

/**
 * disk_start() - a disk's thread begins, if it has not
 * @disk: the disk
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int disk_start(struct gendisk *disk)
{
	pid_t pid;

	if (disk->started)
		return 0;
	disk->started = true;
	pid = kthread_run(disk_thread, disk, disk->name);
	if (pid < 0)
		disk->started = false;
	return pid < 0 ? pid : 0;
}

/**
 * add_disk() - a disk can be used from now on
 * @disk: name, numbers, capacity, ops and queue are set; must stay
 *
 * Its partitions are looked for; one that is quiet is empty, and is started by
 * its driver. Context: may sleep. Return: 0, -ENOMEM.
 */
int add_disk(struct gendisk *disk)
{
	int err;

	wb_init(disk);
	disk->ra_pages = VM_READAHEAD_PAGES;
	err = add_partition(disk, 0, 0, disk->capacity);
	if (err)
		return err;
	list_add_tail(&disk->list, &disks);
	if (disk->quiet)
		return 0;
	err = disk_start(disk);
	if (err)
		return err;
	printk("%s: %llu 512-byte sectors (%llu MB)\n", disk->name,
	       disk->capacity, disk->capacity >> 11);
	if (disk->minors > 1)
		scan_partitions(disk);
	return 0;
}

/** bdev_number() - major and minor of a device */
u32 bdev_number(const struct block_device *bdev)
{
	return bdev->bd_dev;
}

/**
 * blkdev_get() - the device with a number
 * @dev: major and minor
 *
 * Context: any. Return: the device or NULL.
 */
struct block_device *blkdev_get(u32 dev)
{
	struct gendisk *disk;
	unsigned int i;

	list_for_each_entry(disk, &disks, list)
		for (i = 0; i < DISK_MINORS; i++)
			if (disk->part[i] && disk->part[i]->present &&
			    disk->part[i]->bd_dev == dev)
				return disk->part[i];
	return NULL;
}

/** for_each_disk() - call @fn, which does not sleep, for each disk */
void for_each_disk(void (*fn)(struct gendisk *disk))
{
	struct gendisk *disk;

	list_for_each_entry(disk, &disks, list)
		fn(disk);
}

/** sync_bdevs() - what was written to all devices is on their disks */
void sync_bdevs(void)
{
	struct gendisk *disk;
	unsigned int i;

	list_for_each_entry(disk, &disks, list)
		for (i = 0; i < DISK_MINORS; i++)
			if (disk->part[i] && bdev_is_dirty(disk->part[i]))
				(void)sync_blockdev(disk->part[i]);
}

/**
 * blkdev_by_name() - the device of a name
 * @name: "sda1"
 *
 * Context: any. Return: the device or NULL.
 */
struct block_device *blkdev_by_name(const char *name)
{
	struct gendisk *disk;
	unsigned int i;

	list_for_each_entry(disk, &disks, list)
		for (i = 0; i < DISK_MINORS; i++)
			if (disk->part[i] && disk->part[i]->present &&
			    !ashlar_strcmp(disk->part[i]->name, name))
				return disk->part[i];
	return NULL;
}

/* ---- reports ---- */

/* Calls @show for each disk and each of its partitions, in their order. */
static void for_each_bdev(struct seq_file *m,
			  void (*show)(struct seq_file *m,
				       struct block_device *bdev))
{
	struct gendisk *disk;
	unsigned int i;

	list_for_each_entry(disk, &disks, list)
		for (i = 0; i < DISK_MINORS; i++)
			if (disk->part[i] && disk->part[i]->present)
				show(m, disk->part[i]);
}

static void show_partition(struct seq_file *m, struct block_device *bdev)
{
	u32 dev = bdev_number(bdev);

	if (!bdev->nr_sectors)
		return;
	seq_printf(m, "%4u  %7u %10llu %s\n", MAJOR(dev), MINOR(dev),
		   bdev->nr_sectors >> 1, bdev->name);
}

/** show_partitions() - /proc/partitions; blocks of 1 KB */
void show_partitions(struct seq_file *m)
{
	seq_puts(m, "major minor  #blocks  name\n\n");
	for_each_bdev(m, show_partition);
}

static unsigned int ms(u64 ns)
{
	return (unsigned int)(ns / (NSEC_PER_SEC / 1000));
}

static void show_disk(struct seq_file *m, struct block_device *bdev)
{
	struct disk_stats *s = &bdev->stats;
	u32 dev = bdev_number(bdev);
	unsigned int op;

	stats_advance(s, ktime_get());
	seq_printf(m, "%4u %7u %s", MAJOR(dev), MINOR(dev), bdev->name);
	for (op = REQ_OP_READ; op <= REQ_OP_WRITE; op++)
		seq_printf(m, " %lu %lu %llu %u", s->ios[op], s->merges[op],
			   s->sectors[op], ms(s->time[op]));
	seq_printf(m, " %u %u %u 0 0 0 0 %lu %u\n", s->in_flight, ms(s->busy),
		   ms(s->weighted), s->ios[REQ_OP_FLUSH],
		   ms(s->time[REQ_OP_FLUSH]));
}

/** show_bdev_stat() - /sys/block/NAME/stat: the same numbers */
void show_bdev_stat(struct seq_file *m, struct block_device *bdev)
{
	struct disk_stats *s = &bdev->stats;
	unsigned int op;

	stats_advance(s, ktime_get());
	for (op = REQ_OP_READ; op <= REQ_OP_WRITE; op++)
		seq_printf(m, "%8lu %8lu %8llu %8u ", s->ios[op], s->merges[op],
			   s->sectors[op], ms(s->time[op]));
	seq_printf(m, "%8u %8u %8u %8u %8u %8u %8u %8lu %8u\n", s->in_flight,
		   ms(s->busy), ms(s->weighted), 0u, 0u, 0u, 0u,
		   s->ios[REQ_OP_FLUSH], ms(s->time[REQ_OP_FLUSH]));
}

/** show_diskstats() - /proc/diskstats; nothing is ever discarded */
void show_diskstats(struct seq_file *m)
{
	for_each_bdev(m, show_disk);
}

/* A disk whose major number Linux lists in the @slot-th place; or NULL. */
static const struct gendisk *driver_at(u32 slot)
{
	const struct gendisk *disk;

	list_for_each_entry(disk, &disks, list)
		if (disk->major % MAJOR_SLOTS == slot)
			return disk;
	return NULL;
}

/** show_block_majors() - the second half of /proc/devices */
void show_block_majors(struct seq_file *m)
{
	const struct gendisk *disk;
	u32 slot;

	for (slot = 0; slot < MAJOR_SLOTS; slot++) {
		disk = driver_at(slot);
		if (disk)
			seq_printf(m, "%3u %s\n", disk->major, disk->driver);
		if (slot == BLOCK_EXT_MAJOR % MAJOR_SLOTS)
			seq_printf(m, "%3u blkext\n", BLOCK_EXT_MAJOR);
	}
}

/* SPDX-License-Identifier: MIT */
/*
 * Block devices in /sys, as lsblk and losetup look for them.
 *
 *   devices/…/block/sda/         size, ro, stat, queue/ …
 *                     └ sda1/    start, partition …
 *   block/sda, class/block/sda, class/block/sda1, dev/block/8:0, 8:1
 *                                links to them
 *
 * What a device has is made once, and shown while the device is present: disks
 * and partitions come back under the same names. Without memory a part of it
 * is missing, and nothing else.
 */
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/slab.h>
#include <ashlar/readahead.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/chrdev.h>
#include "proc.h"

#define LINK_ROOM 128

static const char *sys_parent(const struct gendisk *disk)
{
	return disk->sys_parent ? disk->sys_parent : "devices/virtual/block";
}

/* ---- what every device says ---- */

static int show_dev(struct seq_file *m, void *data)
{
	const struct block_device *bdev = data;

	seq_printf(m, "%u:%u\n", MAJOR(bdev->bd_dev), MINOR(bdev->bd_dev));
	return 0;
}

static int show_size(struct seq_file *m, void *data)
{
	seq_printf(m, "%llu\n", ((struct block_device *)data)->nr_sectors);
	return 0;
}

static int show_ro(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", ((struct block_device *)data)->read_only);
	return 0;
}

static int show_zero(struct seq_file *m, void *data)
{
	(void)data;
	seq_puts(m, "0\n");
	return 0;
}

static int show_none(struct seq_file *m, void *data)
{
	(void)data;
	seq_puts(m, "none\n");
	return 0;
}

static int show_stat(struct seq_file *m, void *data)
{
	show_bdev_stat(m, data);
	return 0;
}

static int show_inflight(struct seq_file *m, void *data)
{
	seq_printf(m, "%8u %8u\n", 0u,
		   ((struct block_device *)data)->stats.in_flight);
	return 0;
}

static int show_make_it_fail(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", ((struct block_device *)data)->make_it_fail);
	return 0;
}

static ssize_t write_make_it_fail(const char *text, size_t len, void *data)
{
	long v;

	if (!proc_parse_long(text, &v))
		return -EINVAL;
	((struct block_device *)data)->make_it_fail = v != 0;
	return (ssize_t)len;
}

static int show_uevent(struct seq_file *m, void *data)
{
	const struct block_device *bdev = data;

	seq_printf(m, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVTYPE=%s\n",
		   MAJOR(bdev->bd_dev), MINOR(bdev->bd_dev), bdev->name,
		   bdev->partno ? "partition" : "disk");
	if (bdev->partno)
		seq_printf(m, "PARTN=%u\n", bdev->partno);
	return 0;
}

/* ---- of partitions ---- */

static int show_partno(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", ((struct block_device *)data)->partno);
	return 0;
}

static int show_start(struct seq_file *m, void *data)
{
	seq_printf(m, "%llu\n", ((struct block_device *)data)->start);
	return 0;
}

/* ---- of disks ---- */

static struct gendisk *disk_of(void *data)
{
	return ((struct block_device *)data)->disk;
}

static int show_range(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", disk_of(data)->minors);
	return 0;
}

static int show_ext_range(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%u\n", DISK_MINORS);
	return 0;
}

static int show_removable(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", disk_of(data)->removable);
	return 0;
}

static int show_ra_kb(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%lu\n", VM_READAHEAD_PAGES * (PAGE_SIZE >> 10));
	return 0;
}

static int show_block_size(struct seq_file *m, void *data)
{
	u32 size = disk_of(data)->block_size;

	seq_printf(m, "%u\n", size ? size : SECTOR_SIZE);
	return 0;
}

static int show_max_kb(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", disk_of(data)->queue.max_sectors >> 1);
	return 0;
}

static int show_max_vecs(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", disk_of(data)->queue.max_vecs);
	return 0;
}

static int show_rotational(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", !disk_of(data)->quiet);
	return 0;
}

static int show_scheduler(struct seq_file *m, void *data)
{
	seq_puts(m, disk_of(data)->queue.by_age ? "[none] mq-deadline \n" :
						  "[mq-deadline] none\n");
	return 0;
}

/* True if @text is @word, perhaps with a newline. */
static bool is_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	return !ashlar_strncmp(text, word, len) &&
	       (!text[len] || (text[len] == '\n' && !text[len + 1]));
}

static ssize_t write_scheduler(const char *text, size_t len, void *data)
{
	bool none = is_word(text, "none");

	if (!none && !is_word(text, "mq-deadline"))
		return -EINVAL;
	disk_of(data)->queue.by_age = none;
	return (ssize_t)len;
}

static int show_readahead(struct seq_file *m, void *data)
{
	seq_printf(m, "%lu\n",
		   (unsigned long)disk_of(data)->ra_pages * PAGE_SIZE / 1024);
	return 0;
}

static ssize_t write_readahead(const char *text, size_t len, void *data)
{
	long kb;

	if (!proc_parse_long(text, &kb) || kb < 0)
		return -EINVAL;
	disk_of(data)->ra_pages = (unsigned int)kb / (PAGE_SIZE / 1024);
	return (ssize_t)len;
}

static int show_write_cache(struct seq_file *m, void *data)
{
	(void)data;
	seq_puts(m, "write back\n");
	return 0;
}

static int show_model(struct seq_file *m, void *data)
{
	seq_printf(m, "%-16s\n", disk_of(data)->model);
	return 0;
}

static int show_vendor(struct seq_file *m, void *data)
{
	(void)data;
	seq_puts(m, "ATA     \n");
	return 0;
}

#define FILE(n, fn)                                 \
	{                                           \
		.name = n, .mode = 0444, .show = fn \
	}

static const struct proc_entry both_files[] = {
	FILE("dev", show_dev),
	FILE("size", show_size),
	FILE("ro", show_ro),
	FILE("stat", show_stat),
	FILE("uevent", show_uevent),
	FILE("inflight", show_inflight),
	FILE("alignment_offset", show_zero),
	FILE("discard_alignment", show_zero),
	{ .name = "make-it-fail",
	  .mode = 0644,
	  .show = show_make_it_fail,
	  .write = write_make_it_fail },
};

static const struct proc_entry partition_files[] = {
	FILE("partition", show_partno),
	FILE("start", show_start),
};

static const struct proc_entry disk_files[] = {
	FILE("range", show_range),	   FILE("ext_range", show_ext_range),
	FILE("removable", show_removable), FILE("hidden", show_zero),
	FILE("capability", show_zero),
};

static const struct proc_entry queue_files[] = {
	FILE("logical_block_size", show_block_size),
	FILE("physical_block_size", show_block_size),
	FILE("hw_sector_size", show_block_size),
	FILE("minimum_io_size", show_block_size),
	FILE("optimal_io_size", show_zero),
	FILE("read_ahead_kb", show_ra_kb),
	FILE("write_same_max_bytes", show_zero),
	FILE("max_sectors_kb", show_max_kb),
	FILE("max_hw_sectors_kb", show_max_kb),
	FILE("max_segments", show_max_vecs),
	FILE("discard_granularity", show_zero),
	FILE("discard_max_bytes", show_zero),
	FILE("discard_zeroes_data", show_zero),
	FILE("rotational", show_rotational),
	{ .name = "scheduler",
	  .mode = 0644,
	  .show = show_scheduler,
	  .write = write_scheduler },
	{ .name = "read_ahead_kb",
	  .mode = 0644,
	  .show = show_readahead,
	  .write = write_readahead },
	FILE("write_cache", show_write_cache),
	FILE("zoned", show_none),
};

static const struct proc_entry device_files[] = {
	FILE("model", show_model),
	FILE("vendor", show_vendor),
	FILE("type", show_zero),
};

/* ---- made ---- */

static void add_files(struct proc_dir_entry *dir,
		      const struct proc_entry *files, unsigned int nr,
		      void *data)
{
	struct proc_dir_entry *e;
	unsigned int i;

	for (i = 0; dir && i < nr; i++) {
		e = proc_add_child(dir, files[i].name);
		if (!e)
			return;
		e->file = &files[i];
		e->data = data;
	}
}

static struct proc_dir_entry *add_dir(struct proc_dir_entry *dir,
				      const char *name)
{
	return dir ? proc_add_child(dir, name) : NULL;
}

/* @path, which is made; "devices/virtual/block". */
static struct proc_dir_entry *find_dir(const char *path)
{
	return proc_mkdir_below(&sysfs_root, path);
}

/* A link in the directory @path, @up steps below the root, to the device. */
static void add_link(const char *path, unsigned int up,
		     const struct block_device *bdev, const char *name)
{
	struct proc_dir_entry *e = proc_add_child(find_dir(path), name);
	char *to = e ? kmalloc(LINK_ROOM, GFP_KERNEL) : NULL;

	if (!to)
		return;
	ashlar_snprintf(to, LINK_ROOM, "%s%s/%s%s%s",
			up == 1 ? "../" : "../../", sys_parent(bdev->disk),
			bdev->disk->name, bdev->partno ? "/" : "",
			bdev->partno ? bdev->name : "");
	e->text = to;
	e->shown = &bdev->present;
}

static void add_links(struct block_device *bdev)
{
	char *number = kmalloc(16, GFP_KERNEL);

	if (!bdev->partno)
		add_link("block", 1, bdev, bdev->name);
	add_link("class/block", 2, bdev, bdev->name);
	if (!number)
		return;
	ashlar_snprintf(number, 16, "%u:%u", MAJOR(bdev->bd_dev),
			MINOR(bdev->bd_dev));
	add_link("dev/block", 2, bdev, number);
}

static void add_disk_files(struct proc_dir_entry *dir,
			   struct block_device *bdev)
{
	const struct gendisk *disk = bdev->disk;
	struct proc_dir_entry *own;

	add_files(dir, disk_files, ARRAY_SIZE(disk_files), bdev);
	add_files(add_dir(dir, "queue"), queue_files, ARRAY_SIZE(queue_files),
		  bdev);
	if (disk->model)
		add_files(add_dir(dir, "device"), device_files,
			  ARRAY_SIZE(device_files), bdev);
	if (!disk->nr_attrs)
		return;
	own = add_dir(dir, disk->driver);
	if (own)
		own->shown = disk->attrs_shown;
	add_files(own, disk->attrs, disk->nr_attrs, disk->private_data);
}

/**
 * sysfs_add_bdev() - a disk or a partition has a place in /sys
 * @bdev: the device, whose disk has its place already; must stay
 *
 * Context: may sleep.
 */
void sysfs_add_bdev(struct block_device *bdev)
{
	struct proc_dir_entry *dir = find_dir(sys_parent(bdev->disk));

	dir = add_dir(dir, bdev->disk->name);
	if (bdev->partno)
		dir = add_dir(dir, bdev->name);
	if (!dir)
		return;
	dir->shown = &bdev->present;
	add_files(dir, both_files, ARRAY_SIZE(both_files), bdev);
	add_dir(dir, "holders");
	if (bdev->partno) {
		add_files(dir, partition_files, ARRAY_SIZE(partition_files),
			  bdev);
	} else {
		add_dir(dir, "slaves");
		add_disk_files(dir, bdev);
	}
	add_links(bdev);
}

/* SPDX-License-Identifier: MIT */
/*
 * Character devices: who serves which numbers, and their names in /dev.
 *
 * /dev's filesystem exists from the start, whether or not it is mounted; each
 * driver makes its names there. There are a dozen drivers, and they are
 * looked up only when a device is opened, so a list will do.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <dma8237.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/loop.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/edu.h>
#include <kernel/drivers/floppy.h>
#include <kernel/drivers/ide.h>
#include <kernel/drivers/mem.h>
#include <kernel/drivers/pci.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/userfaultfd.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/task/task.h>

struct chrdev {
	struct list_head list;
	u32 major, minor, count;
	const char *name; /* in /proc/devices */
	const struct file_operations *fop;
};

static LIST_HEAD(chrdevs);

/**
 * register_chrdev() - serve device numbers
 * @major: and
 * @minor: the first number
 * @count: of minor numbers
 * @name: in /proc/devices; must stay
 * @fop: what the devices do; open() tells them apart by inode->i_rdev
 *
 * Context: boot; may sleep.
 */
void register_chrdev(u32 major, u32 minor, u32 count, const char *name,
		     const struct file_operations *fop)
{
	struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL), *pos;

	if (!c)
		panic("no memory for device %s at boot", name);
	*c = (struct chrdev){ .major = major,
			      .minor = minor,
			      .count = count,
			      .name = name,
			      .fop = fop };
	list_for_each_entry(pos, &chrdevs, list)
		if (pos->major > major)
			break;
	list_add_tail(&c->list, &pos->list);
}

/** chrdev_fops() - who serves a device number, or NULL */
const struct file_operations *chrdev_fops(u32 dev)
{
	struct chrdev *c;

	list_for_each_entry(c, &chrdevs, list)
		if (c->major == MAJOR(dev) && MINOR(dev) - c->minor < c->count)
			return c->fop;
	return NULL;
}

/** show_devices() - /proc/devices */
void show_devices(struct seq_file *m)
{
	struct chrdev *c;
	u32 major = ~0u;
	const char *name = "";

	seq_puts(m, "Character devices:\n");
	list_for_each_entry(c, &chrdevs, list) {
		if (c->major == major && ashlar_strcmp(c->name, name) == 0)
			continue;
		seq_printf(m, "%3u %s\n", c->major, c->name);
		major = c->major;
		name = c->name;
	}
	seq_puts(m, "\nBlock devices:\n");
	show_block_majors(m);
}

/**
 * devtmpfs_create() - make a name in /dev
 * @name: below /dev, with directories that are made as needed
 * @mode: S_IFCHR and permissions
 * @dev: device number
 *
 * Context: boot; may sleep.
 */
void devtmpfs_create(const char *name, umode_t mode, u32 dev)
{
	int umask = current->fs->umask, err;

	current->fs->umask = 0;
	err = fs_mknod_below("devtmpfs", name, mode, dev);
	current->fs->umask = umask;
	if (err)
		printk("devtmpfs: cannot make %s: error %d\n", name, -err);
}

/**
 * devices_init() - drivers whose devices are found and may take their time
 *
 * Context: process 1, before the root is filled.
 */
void devices_init(void)
{
	bio_init_pools();
	ide_init();
	floppy_init();
	edu_init();
	loop_init();
}

/** drivers_init() - every other driver; boot */
void drivers_init(void)
{
	random_init();
	dma8237_init();
	pci_init();
	mem_init_devices();
	userfaultfd_init();
	tty_init();
}

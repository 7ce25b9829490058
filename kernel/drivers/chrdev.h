/* SPDX-License-Identifier: MIT */
/* Character devices by number. Code: kernel/drivers/chrdev.c. */
#ifndef KERNEL_DRIVERS_CHRDEV_H
#define KERNEL_DRIVERS_CHRDEV_H

#include <ashlar/fs.h>

struct seq_file;

#define MKDEV(major, minor) (((u32)(major) << 8) | (minor))
#define MAJOR(dev) ((dev) >> 8)
#define MINOR(dev) ((dev)&0xff)
#define MISC_MAJOR 10 /* of devices of which there is one */

void register_chrdev(u32 major, u32 minor, u32 count, const char *name,
		     const struct file_operations *fop);
const struct file_operations *chrdev_fops(u32 dev);
void show_devices(struct seq_file *m);
/* Make /dev/@name ("tty", "input/mice"), with S_IFCHR and permissions. */
void devtmpfs_create(const char *name, umode_t mode, u32 dev);

#endif

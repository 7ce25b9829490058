/* SPDX-License-Identifier: MIT */
/* Reports as files, to those who have some. Code: kernel/proc/generic.c. */
#ifndef KERNEL_PROC_PROC_FS_H
#define KERNEL_PROC_PROC_FS_H

#include <ashlar/fs.h>

struct seq_file;

struct proc_entry {
	const char *name; /* "meminfo", "sys/vm/overcommit_memory" */
	umode_t mode;
	/* Whole text into @m; comes again with more room if it overflows. */
	int (*show)(struct seq_file *m, void *data);
	/* A write, as kernel text; length or -errno. NULL: not writable. */
	ssize_t (*write)(const char *text, size_t len, void *data);
	void *data;
	const struct file_operations *fop; /* of what is no text, else NULL */
};
struct block_device;
void sysfs_add_bdev(struct block_device *bdev); /* sysfs_block.c */
/* One decimal number, with blanks around it. */
bool proc_parse_long(const char *text, long *value);
void proc_create(const struct proc_entry *e);
void debugfs_create(const struct proc_entry *e); /* see proc_create() */

#endif

/* SPDX-License-Identifier: MIT */
/* Reading and writing an open file. Code: kernel/fs/read_write.c. */
#ifndef KERNEL_FS_READ_WRITE_H
#define KERNEL_FS_READ_WRITE_H

#include <ashlar/fs.h>

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* Longest transfer of one call: what fits a positive ssize_t, in pages. */
#define MAX_RW_COUNT 0x7ffff000u

ssize_t vfs_read(struct file *f, struct iov_iter *to, loff_t *pos);
ssize_t vfs_write(struct file *f, struct iov_iter *from, loff_t *pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos);
void touch_atime(struct file *f);

#endif

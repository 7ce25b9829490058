/* SPDX-License-Identifier: MIT */
/* What the rest of kernel/ needs of kernel/fs/tmpfs.c. */
#ifndef KERNEL_FS_TMPFS_H
#define KERNEL_FS_TMPFS_H

#include <ashlar/fs.h>

struct super_block;

extern const struct file_operations tmpfs_file_operations;
/* fcntl(F_ADD_SEALS, F_GET_SEALS), kernel/fs/memfd.c */
#define F_ADD_SEALS 1033u
#define F_GET_SEALS 1034u
long memfd_fcntl(struct file *f, u32 cmd, u32 arg);

void tmpfs_limit(struct super_block *sb);

void tmpfs_init(void); /* registers tmpfs, rootfs, devtmpfs (single) */

#endif

/* SPDX-License-Identifier: MIT */
/* Names in /dev that come and go. Code: kernel/fs/devtmpfs.c. */
#ifndef KERNEL_FS_DEVTMPFS_H
#define KERNEL_FS_DEVTMPFS_H

#include <ashlar/fs.h>

int devtmpfs_add(const char *name, umode_t mode, u32 dev);
void devtmpfs_remove(const char *name, u32 dev);

#endif

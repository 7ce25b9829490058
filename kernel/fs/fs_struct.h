/* SPDX-License-Identifier: MIT */
/* Where a process stands in the tree of names: root, directory, umask. */
#ifndef KERNEL_FS_FS_STRUCT_H
#define KERNEL_FS_FS_STRUCT_H

#include <ashlar/atomic.h>

struct dentry;
struct mount;
struct path;

struct fs_struct { /* kernel/fs */
	atomic_t count;
	int umask;
	struct dentry *root, *pwd;
	struct mount *root_mnt, *pwd_mnt;
};

struct fs_struct *copy_fs(struct fs_struct *old); /* NULL: no memory */
void get_fs(struct fs_struct *fs);
void put_fs(struct fs_struct *fs);

void fs_struct_move(const struct path *to); /* the running task's */

#endif

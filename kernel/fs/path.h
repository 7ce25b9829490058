/* SPDX-License-Identifier: MIT */
/* A place in the tree of names: a mount, and a dentry in it. */
#ifndef KERNEL_FS_PATH_H
#define KERNEL_FS_PATH_H

#include <ashlar/atomic.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/mount.h>

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

static inline void path_get(const struct path *path)
{
	dget(path->dentry);
	atomic_inc(&path->mnt->count);
}
void path_put(struct path *path);

/* The path as a program sees it, into the end of @buf; ERR_PTR if too long. */
char *d_path(const struct path *path, char *buf, size_t size);

struct seq_file;
void seq_path(struct seq_file *m, const struct path *path);

#endif

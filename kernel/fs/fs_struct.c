/* SPDX-License-Identifier: MIT */
/*
 * Where a process stands in the tree of names: its root, its directory and
 * its umask. Threads share one, and so do processes with CLONE_FS.
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/mount.h>
#include <kernel/task/process.h>
#include "internal.h"

static struct kmem_cache *fs_cache;
static struct fs_struct init_fs;

/** copy_fs() - a copy for fork, or NULL without memory */
struct fs_struct *copy_fs(struct fs_struct *old)
{
	struct fs_struct *fs = kmem_cache_alloc(fs_cache, GFP_KERNEL);

	if (!fs)
		return NULL;
	*fs = *old;
	atomic_set(&fs->count, 1);
	dget(fs->root);
	dget(fs->pwd);
	mntget(fs->root_mnt);
	mntget(fs->pwd_mnt);
	return fs;
}

/** get_fs() - one task more uses it */
void get_fs(struct fs_struct *fs)
{
	atomic_inc(&fs->count);
}

/** put_fs() - one task less */
void put_fs(struct fs_struct *fs)
{
	if (!atomic_dec_and_test(&fs->count))
		return;
	dput(fs->root);
	dput(fs->pwd);
	mntput(fs->root_mnt);
	mntput(fs->pwd_mnt);
	kmem_cache_free(fs_cache, fs);
}

/**
 * fs_struct_move() - the running task goes elsewhere, and so does its root
 * @to: a directory; is given references
 *
 * Context: may sleep.
 */
void fs_struct_move(const struct path *to)
{
	struct fs_struct *fs = current->fs;
	struct path root = { fs->root_mnt, fs->root };
	struct path pwd = { fs->pwd_mnt, fs->pwd };

	path_get(to);
	path_get(to);
	fs->root_mnt = fs->pwd_mnt = to->mnt;
	fs->root = fs->pwd = to->dentry;
	path_put(&root);
	path_put(&pwd);
}

/**
 * fs_struct_init() - the cache, and process 0's place; boot
 * @root: the root of all; is given references
 */
void fs_struct_init(const struct path *root)
{
	fs_cache = kmem_cache_create("fs_cache", sizeof(struct fs_struct), 0,
				     SLAB_PANIC, NULL);
	atomic_set(&init_fs.count, 1);
	init_fs.umask = 0022;
	init_fs.root = dget(root->dentry);
	init_fs.pwd = dget(root->dentry);
	init_fs.root_mnt = mntget(root->mnt);
	init_fs.pwd_mnt = mntget(root->mnt);
	init_task.fs = &init_fs;
}

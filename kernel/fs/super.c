/* SPDX-License-Identifier: MIT */
/*
 * Filesystems: the types that there are, and what is mounted of them.
 *
 *   filesystems ⇄ file_system_type ⇄ …
 *                   │ fill_super         single: proc, sysfs, devtmpfs
 *                   └──► super_block: s_root, s_op, s_dev
 *
 * A superblock goes with the last mount of it; proc, sysfs and devtmpfs have
 * one for ever.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/super.h>
#include "internal.h"

static LIST_HEAD(filesystems);
static u32 next_dev = 2; /* 0:1 is anon_sb's */

/** register_filesystem() - make a type known to mount(2); boot */
void register_filesystem(struct file_system_type *fs)
{
	list_add_tail(&fs->list, &filesystems);
}

/** get_fs_type() - the type of this name, or NULL */
struct file_system_type *get_fs_type(const char *name)
{
	struct file_system_type *fs;

	list_for_each_entry(fs, &filesystems, list)
		if (ashlar_strcmp(fs->name, name) == 0)
			return fs;
	return NULL;
}

static struct super_block *new_super(struct file_system_type *type,
				     const char *data)
{
	struct super_block *sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	int err;

	if (!sb)
		return ERR_PTR(-ENOMEM);
	sb->s_type = type;
	sb->s_dev = next_dev++;
	atomic_set(&sb->s_count, 1);
	err = type->fill_super(sb, data);
	if (!err)
		return sb;
	kfree(sb);
	return ERR_PTR(err);
}

/**
 * get_super() - a type's superblock, a new one unless it has but one
 * @type: the type
 * @data: mount options, or NULL
 *
 * Context: may sleep. Return: it with a reference, or ERR_PTR.
 */
struct super_block *get_super(struct file_system_type *type, const char *data)
{
	struct super_block *sb = type->single;

	if (!sb) {
		sb = new_super(type, data);
		if (IS_ERR(sb) || !type->is_single)
			return sb;
		type->single = sb;
	}
	atomic_inc(&sb->s_count);
	return sb;
}

/** put_super() - one reference less; the last ends the filesystem */
void put_super(struct super_block *sb)
{
	if (!atomic_dec_and_test(&sb->s_count))
		return;
	if (sb->s_flags & SB_DCACHE)
		shrink_dcache_tree(sb->s_root);
	dput(sb->s_root);
	if (sb->s_op && sb->s_op->put_super)
		sb->s_op->put_super(sb);
	kfree(sb);
}

/** show_filesystems() - /proc/filesystems */
void show_filesystems(struct seq_file *m)
{
	struct file_system_type *fs;

	list_for_each_entry(fs, &filesystems, list)
		seq_printf(m, "%s\t%s\n", fs->nodev ? "nodev" : "", fs->name);
}

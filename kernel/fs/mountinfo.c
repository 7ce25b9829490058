/* SPDX-License-Identifier: MIT */
/*
 * Mounts as text: /proc/mounts, a line for each, and /proc/PID/mountinfo,
 * which also tells what lies on what.
 *
 * A reader sees what is below its own root, by the names it would use. Blanks
 * in a name are written as \040, so that a line can be split at them.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/super.h>
#include <kernel/task/process.h>
#include "internal.h"

static void show_escaped(struct seq_file *m, const char *s)
{
	for (; *s; s++)
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\\')
			seq_printf(m, "\\%03o", (unsigned int)(u8)*s);
		else
			seq_putc(m, *s);
}

static void show_mnt_flags(struct seq_file *m, u32 flags, bool readonly)
{
	static const struct {
		u32 flag;
		const char *name;
	} names[] = {
		{ MS_NOSUID, ",nosuid" },
		{ MS_NODEV, ",nodev" },
		{ MS_NOEXEC, ",noexec" },
		{ MS_NOATIME, ",noatime" },
		{ MS_NODIRATIME, ",nodiratime" },
		{ MS_RELATIME, ",relatime" },
		{ MS_NOSYMFOLLOW, ",nosymfollow" },
	};
	unsigned int i;

	seq_puts(m, readonly ? "ro" : "rw");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_puts(m, names[i].name);
}

static void show_sb_options(struct seq_file *m, struct super_block *sb)
{
	if (sb->s_op && sb->s_op->show_options)
		sb->s_op->show_options(sb, m);
}

static const char *where_mounted(struct mount *mnt, char *buf)
{
	struct path path = { mnt, mnt->root };
	struct path root = { current->fs->root_mnt, current->fs->root };

	return mount_path(&path, &root, buf, PATH_MAX);
}

/** show_mounts() - /proc/mounts; 0 or -ENOMEM */
int show_mounts(struct seq_file *m)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	struct mount *mnt;
	const char *dir;

	if (!buf)
		return -ENOMEM;
	list_for_each_entry(mnt, &all_mounts, list) {
		dir = where_mounted(mnt, buf);
		if (!dir)
			continue;
		show_escaped(m, mnt->devname);
		seq_putc(m, ' ');
		show_escaped(m, dir);
		seq_printf(m, " %s ", mnt->sb->s_type->name);
		show_mnt_flags(m, mnt->flags, mnt_readonly(mnt));
		show_sb_options(m, mnt->sb);
		seq_puts(m, " 0 0\n");
	}
	kfree(buf);
	return 0;
}

static void show_root(struct seq_file *m, struct mount *mnt, char *buf)
{
	struct mount whole = { .parent = &whole, .root = mnt->sb->s_root };
	struct path top = { &whole, whole.root };
	struct path path = { &whole, mnt->root };
	const char *root = mount_path(&path, &top, buf, PATH_MAX);

	show_escaped(m, root ? root : "/");
}

/** show_mountinfo() - /proc/PID/mountinfo; 0 or -ENOMEM */
int show_mountinfo(struct seq_file *m)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	struct mount *mnt;
	const char *dir;

	if (!buf)
		return -ENOMEM;
	list_for_each_entry(mnt, &all_mounts, list) {
		if (!where_mounted(mnt, buf))
			continue;
		seq_printf(m, "%d %d %u:%u ", mnt->id, mnt->parent->id,
			   MAJOR(mnt->sb->s_dev), MINOR(mnt->sb->s_dev));
		show_root(m, mnt, buf);
		dir = where_mounted(mnt, buf);
		seq_putc(m, ' ');
		show_escaped(m, dir);
		seq_putc(m, ' ');
		show_mnt_flags(m, mnt->flags, mnt->flags & MS_RDONLY);
		seq_printf(m, " - %s ", mnt->sb->s_type->name);
		show_escaped(m, mnt->devname);
		seq_puts(m, mnt_readonly(mnt) ? " ro" : " rw");
		show_sb_options(m, mnt->sb);
		seq_putc(m, '\n');
	}
	kfree(buf);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Mounts: where one tree of names hangs in another. Code: kernel/fs/mount.c. */
#ifndef KERNEL_FS_MOUNT_H
#define KERNEL_FS_MOUNT_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/types.h>
#include <kernel/fs/super.h>

struct dentry;
struct path;
struct seq_file;
struct wait_queue_head;

/* mount(2)'s flags that a mount remembers, and what the call is to do. */
#define MS_RDONLY 0x1u
#define MS_NOSUID 0x2u
#define MS_NODEV 0x4u
#define MS_NOEXEC 0x8u
#define MS_REMOUNT 0x20u
#define MS_NOSYMFOLLOW 0x100u
#define MS_NOATIME 0x400u
#define MS_NODIRATIME 0x800u
#define MS_BIND 0x1000u
#define MS_MOVE 0x2000u
#define MS_REC 0x4000u
#define MS_SILENT 0x8000u
#define MS_UNBINDABLE 0x20000u
#define MS_PRIVATE 0x40000u
#define MS_SLAVE 0x80000u
#define MS_SHARED 0x100000u
#define MS_RELATIME 0x200000u
#define MS_STRICTATIME 0x1000000u

struct mount {
	struct list_head list; /* all mounts, oldest first */
	struct mount *parent; /* itself: the root of all, or detached */
	struct list_head children, sibling; /* what lies on it; its parent's */
	struct dentry *mountpoint; /* in parent */
	struct mount *next_here; /* mountpoint->d_mounted */
	struct dentry *root;
	struct super_block *sb;
	atomic_t count; /* paths that lead here + being mounted + children */
	u32 flags; /* MS_RDONLY … */
	int id;
	bool mounted;
	char *devname;
};

struct mount *mntget(struct mount *mnt);
void mntput(struct mount *mnt);
/* The mount on top of @path, or NULL; no reference. */
struct mount *lookup_mnt(const struct path *path);
static inline bool mnt_readonly(const struct mount *mnt)
{
	return mnt->flags & MS_RDONLY || mnt->sb->s_flags & SB_RDONLY;
}
extern u32 mount_event; /* counts changes; whoever waits is woken */
extern struct wait_queue_head mount_wait;
int kern_mount(const char *dev, const char *dir, const char *type, u32 flags,
	       const char *data);

/* ---- mountinfo.c ---- */
int show_mounts(struct seq_file *m);
int show_mountinfo(struct seq_file *m);

#endif

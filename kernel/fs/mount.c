/* SPDX-License-Identifier: MIT */
/*
 * Mounts: which filesystem's root lies on which directory.
 *
 *   mount (parent)              mount
 *     root ─ … ─ mountpoint  ⇐    parent, mountpoint
 *                  │ d_mounted    root ─ … (of sb, or below: a bind mount)
 *                  └──────────→
 *
 * A dentry that is reached through several mounts has in d_mounted what is
 * mounted on it in any of them; mount.parent says in which. A mount over a
 * mount lies on the lower one's root.
 *
 * References of a mount: one for being mounted, one from each mount on it,
 * one from each path and open file.
 *
 * All changes are made with vfs_lock for writing. Simpler than Linux: one
 * namespace, no propagation, options of a superblock only where it has them.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/fs/writeback.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include "internal.h"

#define MNT_FORCE 1u
#define MNT_DETACH 2u
#define UMOUNT_NOFOLLOW 8u

#define MS_MGC_MASK 0xffff0000u
#define MS_MGC_VAL 0xc0ed0000u
/* The flags that a mount remembers. */
#define MNT_FLAGS                                                    \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | \
	 MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME | MS_NOSYMFOLLOW)

LIST_HEAD(all_mounts);
static struct kmem_cache *mnt_cache;
static int next_mnt_id = 1;

u32 mount_event;
DECLARE_WAIT_QUEUE_HEAD(mount_wait);

/** mntget() - another reference to a mount */
struct mount *mntget(struct mount *mnt)
{
	atomic_inc(&mnt->count);
	return mnt;
}

/** mntput() - one less; the last frees it, and perhaps its filesystem */
void mntput(struct mount *mnt)
{
	if (likely(!atomic_dec_and_test(&mnt->count)))
		return;
	dput(mnt->root);
	put_super(mnt->sb);
	kfree(mnt->devname);
	kmem_cache_free(mnt_cache, mnt);
}

/* Takes over the reference to @sb, not the one to @root. */
static struct mount *new_mount(struct super_block *sb, struct dentry *root,
			       const char *devname, u32 flags)
{
	struct mount *mnt = kmem_cache_zalloc(mnt_cache, GFP_KERNEL);

	if (!mnt)
		return NULL;
	mnt->devname = kstrdup(devname, GFP_KERNEL);
	if (!mnt->devname) {
		kmem_cache_free(mnt_cache, mnt);
		return NULL;
	}
	if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
		flags |= MS_RELATIME;
	atomic_set(&mnt->count, 1);
	mnt->parent = mnt;
	INIT_LIST_HEAD(&mnt->children);
	mnt->sb = sb;
	mnt->root = dget(root);
	mnt->flags = flags & MNT_FLAGS;
	mnt->id = next_mnt_id++;
	return mnt;
}

/** lookup_mnt() - the mount on a directory, or NULL; no reference */
struct mount *lookup_mnt(const struct path *path)
{
	struct mount *mnt;

	for (mnt = path->dentry->d_mounted; mnt; mnt = mnt->next_here)
		if (mnt->parent == path->mnt)
			return mnt;
	return NULL;
}

static void mounts_changed(void)
{
	mount_event++;
	wake_up(&mount_wait);
}

static void attach_mount(struct mount *mnt, const struct path *at)
{
	mnt->parent = mntget(at->mnt);
	list_add_tail(&mnt->sibling, &mnt->parent->children);
	mnt->mountpoint = dget(at->dentry);
	mnt->next_here = at->dentry->d_mounted;
	at->dentry->d_mounted = mnt;
	mnt->mounted = true;
	mounts_changed();
}

/* The mount leaves its place, and keeps its reference and its children. */
static void detach_mount(struct mount *mnt)
{
	struct mount **p = &mnt->mountpoint->d_mounted;
	struct path at = { mnt->parent, mnt->mountpoint };

	while (*p != mnt)
		p = &(*p)->next_here;
	*p = mnt->next_here;
	list_del(&mnt->sibling);
	mnt->parent = mnt;
	mnt->mountpoint = NULL;
	mnt->mounted = false;
	mounts_changed();
	path_put(&at);
}

static void umount_one(struct mount *mnt)
{
	detach_mount(mnt);
	list_del(&mnt->list);
	mntput(mnt);
}

/*
 * The one after @m of those at and below @top: what lies on @m first, if
 * @down, then its siblings, then its parent's. NULL at the end.
 */
static struct mount *next_mount(struct mount *m, const struct mount *top,
				bool down)
{
	if (down && !list_empty(&m->children))
		return list_first_entry(&m->children, struct mount, sibling);
	for (; m != top; m = m->parent)
		if (m->sibling.next != &m->parent->children)
			return list_first_entry(&m->sibling, struct mount,
						sibling);
	return NULL;
}

/* Unmount @mnt with all that is mounted below it, deepest first. */
static void umount_tree(struct mount *mnt)
{
	struct mount *deep = mnt, *parent;

	for (;;) {
		while (!list_empty(&deep->children))
			deep = list_first_entry(&deep->children, struct mount,
						sibling);
		if (deep == mnt)
			break;
		parent = deep->parent;
		umount_one(deep);
		deep = parent;
	}
	umount_one(mnt);
}

/* ---- what mount(2) can be asked for ---- */

static int may_mount_on(const struct path *at, const struct dentry *root)
{
	if (S_ISDIR(at->dentry->d_inode->i_mode) !=
	    S_ISDIR(root->d_inode->i_mode))
		return -ENOTDIR;
	return 0;
}

/* 0 if @at is in the tree, and not in what was unmounted while in use. */
static int check_mountpoint(const struct path *at)
{
	if (at->dentry->d_unlinked)
		return -ENOENT;
	return at->mnt->mounted ? 0 : -EINVAL;
}

static int do_new_mount(const struct path *at, struct super_block *sb,
			const char *dev, u32 flags)
{
	struct mount *mnt;
	int err = check_mountpoint(at);

	if (!err && at->mnt->sb == sb && at->dentry == at->mnt->root)
		err = -EBUSY; /* it is there already */
	if (!err)
		err = may_mount_on(at, sb->s_root);
	if (err)
		return err;
	mnt = new_mount(sb, sb->s_root, dev ? dev : "none", flags);
	if (!mnt)
		return -ENOMEM;
	atomic_inc(&sb->s_count);
	attach_mount(mnt, at);
	list_add_tail(&mnt->list, &all_mounts);
	return 0;
}

static struct mount *clone_mount(const struct mount *old, struct dentry *root)
{
	struct mount *mnt = new_mount(old->sb, root, old->devname, old->flags);

	if (mnt) {
		atomic_inc(&mnt->sb->s_count);
		list_add_tail(&mnt->list, &all_mounts);
	}
	return mnt;
}

static bool below(const struct dentry *d, const struct dentry *root)
{
	while (d != root) {
		if (d->d_parent == d)
			return false;
		d = d->d_parent;
	}
	return true;
}

/*
 * Mount again on @mnt what is mounted on @old at or below @root, and what is
 * mounted on that. @from is the mount that was copied last, @to its copy.
 */
static int clone_children(struct mount *old, const struct dentry *root,
			  struct mount *mnt, int last_id)
{
	struct mount *m, *child, *from = old, *to = mnt;
	bool wanted = true;

	for (m = next_mount(old, old, true); m;
	     m = next_mount(m, old, wanted)) {
		wanted = m->id <= last_id &&
			 (m->parent != old || below(m->mountpoint, root));
		if (!wanted)
			continue;
		for (; from != m->parent; from = from->parent)
			to = to->parent;
		child = clone_mount(m, m->root);
		if (!child)
			return -ENOMEM;
		attach_mount(child, &(struct path){ to, m->mountpoint });
		from = m;
		to = child;
	}
	return 0;
}

static int do_bind(const struct path *at, const struct path *old,
		   bool recursive)
{
	int err, last_id = next_mnt_id - 1;
	struct mount *mnt;

	err = check_mountpoint(at);
	if (!err && !(old->mnt && old->mnt->mounted))
		err = -EINVAL;
	if (!err)
		err = may_mount_on(at, old->dentry);
	if (err)
		return err;
	mnt = clone_mount(old->mnt, old->dentry);
	if (!mnt)
		return -ENOMEM;
	attach_mount(mnt, at);
	err = recursive ? clone_children(old->mnt, old->dentry, mnt, last_id) :
			  0;
	if (err)
		umount_tree(mnt);
	return err;
}

static int do_move_mount(const struct path *at, const struct path *old)
{
	struct mount *mnt = old->mnt, *m;
	int err;

	if (!mnt || old->dentry != mnt->root || mnt->parent == mnt)
		return -EINVAL;
	err = check_mountpoint(at);
	if (!err)
		err = may_mount_on(at, mnt->root);
	if (err)
		return err;
	for (m = at->mnt; m->parent != m; m = m->parent)
		if (m == mnt)
			return -ELOOP;
	detach_mount(mnt);
	attach_mount(mnt, at);
	return 0;
}

/* What is changed of a filesystem itself, when it is mounted anew. */
static int remount_super(struct super_block *sb, u32 flags, const char *data)
{
	bool ro = flags & MS_RDONLY;
	int err;

	if (!sb->s_op || !sb->s_op->remount)
		return 0;
	if (sb->s_bdev) {
		if (ro && !(sb->s_flags & SB_RDONLY) && sb_has_writers(sb))
			return -EBUSY;
		if (!ro && sb->s_bdev->read_only)
			return -EACCES;
	} else if (!data || !*data) {
		return 0;
	}
	err = sb->s_op->remount(sb, flags, data);
	if (err || !sb->s_bdev)
		return err;
	sb->s_flags &= ~SB_RDONLY;
	if (ro)
		sb->s_flags |= SB_RDONLY;
	return 0;
}

static int do_remount(const struct path *at, u32 flags, const char *data)
{
	int err = 0;

	if (at->dentry != at->mnt->root)
		return -EINVAL;
	if (!(flags & MS_BIND))
		err = remount_super(at->mnt->sb, flags, data);
	if (err)
		return err;
	if (!(flags & (MS_NOATIME | MS_STRICTATIME)))
		flags |= MS_RELATIME;
	at->mnt->flags = flags & MNT_FLAGS;
	return 0;
}

/* What is to be mounted: found, or read from its disk, before the lock. */
struct mount_source {
	struct super_block *sb; /* new; NULL: it is a path */
	struct path path; /* bind, move */
};

#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static int get_source(struct mount_source *src, const char *dev,
		      const char *type, u32 flags, const char *data)
{
	struct file_system_type *fs;

	if (flags & MS_REMOUNT ||
	    (flags & MS_PROPAGATION && !(flags & MS_BIND)))
		return 0;
	if (flags & (MS_BIND | MS_MOVE))
		return dev && *dev ? kern_path_at(AT_FDCWD, dev, LOOKUP_FOLLOW,
						  &src->path) :
				     -EINVAL;
	if (!type)
		return -EINVAL;
	fs = get_fs_type(type);
	if (!fs)
		return -ENODEV;
	src->sb = get_super(fs, dev, flags, data);
	return IS_ERR(src->sb) ? (int)PTR_ERR(src->sb) : 0;
}

static void put_source(struct mount_source *src)
{
	if (src->sb)
		put_super(src->sb);
	else if (src->path.mnt)
		path_put(&src->path);
}

static int mount_on(const struct path *at, const struct mount_source *src,
		    const char *dev, u32 flags, const char *data)
{
	if (flags & MS_REMOUNT)
		return do_remount(at, flags, data);
	if (flags & MS_BIND)
		return do_bind(at, &src->path, flags & MS_REC);
	if (flags & MS_PROPAGATION)
		return at->dentry == at->mnt->root ? 0 : -EINVAL;
	if (flags & MS_MOVE)
		return do_move_mount(at, &src->path);
	return do_new_mount(at, src->sb, dev, flags);
}

/**
 * kern_mount() - mount(2) with kernel text
 * @dev: what it is called in /proc/mounts, or what is bound or moved
 * @dir: where to
 * @type: "tmpfs" …; of no meaning to bind, move and remount
 * @flags: MS_*
 * @data: the filesystem's options, or NULL
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int kern_mount(const char *dev, const char *dir, const char *type, u32 flags,
	       const char *data)
{
	struct mount_source src = { .sb = NULL };
	struct path at;
	int err;

	if ((flags & MS_MGC_MASK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MASK;
	err = kern_path_at(AT_FDCWD, dir, LOOKUP_FOLLOW, &at);
	if (err)
		return err;
	err = get_source(&src, dev, type, flags, data);
	if (!err) {
		down_write(&vfs_lock);
		err = mount_on(&at, &src, dev, flags, data);
		up_write(&vfs_lock);
		put_source(&src);
	}
	path_put(&at);
	return err;
}

/* Make a device below @mnt, with the directories that lead there. */
static int mknod_on(struct mount *mnt, char *name, umode_t mode, u32 dev)
{
	struct fs_struct *fs = current->fs;
	struct path old = { fs->root_mnt, fs->root };
	char *slash;
	int err;

	fs->root_mnt = mnt;
	fs->root = mnt->root;
	for (slash = name + 1; *slash; slash++) {
		if (*slash != '/')
			continue;
		*slash = '\0';
		kern_mkdir(name, 0755);
		*slash = '/';
	}
	err = kern_mknod(name, mode, dev);
	fs->root_mnt = old.mnt;
	fs->root = old.dentry;
	return err;
}

/**
 * fs_mknod_below() - make a device in a filesystem of which there is one
 * @type: the filesystem
 * @name: path from its root
 * @mode: type and permissions
 * @dev: device number
 *
 * Context: boot; may sleep. Return: 0 or -errno.
 */
int fs_mknod_below(const char *type, const char *name, umode_t mode, u32 dev)
{
	struct super_block *sb = get_super(get_fs_type(type), NULL, 0, NULL);
	struct mount *mnt;
	char *path;
	int err = -ENOMEM;

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	mnt = new_mount(sb, sb->s_root, type, 0);
	if (!mnt) {
		put_super(sb);
		return -ENOMEM;
	}
	path = kmalloc(strlen(name) + 2, GFP_KERNEL);
	if (path) {
		path[0] = '/';
		memcpy(path + 1, name, strlen(name) + 1);
		err = mknod_on(mnt, path, mode, dev);
		kfree(path);
	}
	mntput(mnt);
	return err;
}

static char *get_text(const char __user *text)
{
	return text ? getname(text) : NULL;
}

SYSCALL_DEFINE(mount, const char __user *dev, const char __user *dir,
	       const char __user *type, u32 flags, const char __user *data)
{
	char *texts[4] = { NULL, NULL, NULL, NULL };
	const char __user *from[4] = { dev, dir, type, data };
	long err = 0;
	int i;

	for (i = 0; i < 4 && !err; i++) {
		texts[i] = get_text(from[i]);
		if (IS_ERR(texts[i])) {
			err = PTR_ERR(texts[i]);
			texts[i] = NULL;
		}
	}
	if (!err && !capable(CAP_SYS_ADMIN))
		err = -EPERM;
	if (!err && !texts[1])
		err = -EFAULT;
	if (!err)
		err = kern_mount(texts[0], texts[1], texts[2], flags, texts[3]);
	for (i = 0; i < 4; i++)
		kfree(texts[i]);
	return err;
}

static int do_umount(struct path *path, u32 flags)
{
	struct mount *mnt = path->mnt;

	if (path->dentry != mnt->root || !mnt->mounted || mnt->parent == mnt)
		return -EINVAL;
	if (flags & MNT_DETACH) {
		umount_tree(mnt);
		return 0;
	}
	/* Two references: it is mounted, and our path leads here. */
	if (atomic_read(&mnt->count) > 2)
		return -EBUSY;
	umount_one(mnt);
	return 0;
}

SYSCALL_DEFINE(umount, const char __user *name, u32 flags)
{
	struct path path;
	long err;

	if (flags & ~(MNT_FORCE | MNT_DETACH | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = user_path_at(AT_FDCWD, name,
			   flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	down_write(&vfs_lock);
	err = do_umount(&path, flags);
	up_write(&vfs_lock);
	path_put(&path);
	return err;
}

SYSCALL_DEFINE(oldumount, const char __user *name)
{
	return sys_umount(name, 0);
}

/* ---- boot ---- */

static void mount_rootfs(void)
{
	struct file_system_type *type = get_fs_type("rootfs");
	struct super_block *sb = type ? get_super(type, NULL, 0, NULL) : NULL;
	struct mount *mnt;

	if (!sb || IS_ERR(sb))
		panic("no root filesystem");
	mnt = new_mount(sb, sb->s_root, "rootfs", 0);
	if (!mnt)
		panic("no memory for the root filesystem");
	mnt->flags = 0;
	mnt->mounted = true;
	list_add_tail(&mnt->list, &all_mounts);
	fs_struct_init(&(struct path){ mnt, mnt->root });
}

/** vfs_init() - caches, filesystems in memory, the root; boot */
void vfs_init(void)
{
	init_rwsem(&vfs_lock);
	inode_init();
	dentry_init();
	file_init();
	fdtable_init();
	mnt_cache = kmem_cache_create("mnt_cache", sizeof(struct mount), 0,
				      SLAB_PANIC, NULL);
	tmpfs_init();
	hugetlbfs_init();
	ext2_init();
	writeback_init();
	mount_rootfs();
}

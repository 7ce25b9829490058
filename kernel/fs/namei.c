/* SPDX-License-Identifier: MIT */
/*
 * From a path's text to the file it means.
 *
 * A walk goes component by component and stops before the last, because
 * whoever makes, removes or opens a name treats that one specially:
 *
 *   path_parent   "/usr/lib/x"  →  nd.path = /usr/lib, nd.last = "x"
 *   walk_last                   →  nd.path = the file
 *
 * A symlink on the way replaces what is left of the text by its own text and
 * the rest behind it, in a new buffer, and the walk goes on; so links in links
 * cost no stack. 40 links in one walk are too many.
 *
 * nd.path and nd.root hold references: other threads may change the process's
 * directories meanwhile. A step takes one to where it goes before it gives
 * back the one to where it was, which may sleep.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>
#include "internal.h"

#define MAXSYMLINKS 40

struct rw_semaphore vfs_lock;

/**
 * getname() - a program's path as kernel text
 * @name: in user memory
 *
 * Context: may sleep. Return: text for kfree(), or ERR_PTR(-EFAULT,
 * -ENAMETOOLONG, -ENOMEM).
 */
char *getname(const char __user *name)
{
	char *text = kmalloc(PATH_MAX, GFP_KERNEL);
	long len;

	if (!text)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(text, name, PATH_MAX);
	if (likely(len >= 0 && len < PATH_MAX))
		return text;
	kfree(text);
	return ERR_PTR(len < 0 ? len : -ENAMETOOLONG);
}

/** path_put() - give back the references of a path */
void path_put(struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

static inline void move_to(struct nameidata *nd, struct mount *mnt,
			   struct dentry *dentry)
{
	struct path old = nd->path;

	nd->path.dentry = dentry;
	if (mnt != old.mnt)
		nd->path.mnt = mntget(mnt);
	dput(old.dentry);
	if (mnt != old.mnt)
		mntput(old.mnt);
}

/* Down into whatever is mounted on where we are. */
static int cross_mounts(struct nameidata *nd)
{
	struct mount *mnt;

	while (nd->path.dentry->d_mounted && (mnt = lookup_mnt(&nd->path))) {
		if (nd->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		move_to(nd, mnt, dget(mnt->root));
	}
	return 0;
}

static bool at_root(const struct nameidata *nd)
{
	return nd->path.dentry == nd->root.dentry &&
	       nd->path.mnt == nd->root.mnt;
}

static int walk_dotdot(struct nameidata *nd)
{
	struct mount *mnt;

	if (at_root(nd))
		return nd->flags & LOOKUP_BENEATH ? -EXDEV : 0;
	while (nd->path.dentry == nd->path.mnt->root) {
		mnt = nd->path.mnt;
		if (mnt->parent == mnt)
			return 0;
		if (nd->flags & LOOKUP_NO_XDEV)
			return -EXDEV;
		move_to(nd, mnt->parent, dget(mnt->mountpoint));
		if (at_root(nd))
			break;
	}
	if (!at_root(nd) && nd->path.dentry->d_parent != nd->path.dentry)
		move_to(nd, nd->path.mnt, dget(nd->path.dentry->d_parent));
	return cross_mounts(nd);
}

static void go_to_root(struct nameidata *nd)
{
	move_to(nd, nd->root.mnt, dget(nd->root.dentry));
}

/* ---- symlinks ---- */

/* @text of @len bytes and then what is left become what is to be walked. */
static int replace_name(struct nameidata *nd, const char *text, size_t len)
{
	size_t rest = strlen(nd->name);
	char *buf = kmalloc(len + rest + 2, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	memcpy(buf, text, len);
	if (rest || nd->slashes)
		buf[len++] = '/';
	memcpy(buf + len, nd->name, rest + 1);
	kfree(nd->text);
	nd->text = buf;
	nd->name = buf;
	return 0;
}

/* Walk on with a link's text. */
static int follow_text(struct nameidata *nd, const char *text, size_t len)
{
	int err;

	if (!len)
		return -ENOENT;
	err = replace_name(nd, text, len);
	if (err || *nd->name != '/')
		return err;
	if (nd->flags & LOOKUP_BENEATH)
		return -EXDEV;
	go_to_root(nd);
	return 0;
}

static int follow_read(struct nameidata *nd, struct inode *inode)
{
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);
	int len;

	if (!buf)
		return -ENOMEM;
	len = inode->i_op->readlink(inode, buf, PATH_MAX);
	if (len >= 0)
		len = follow_text(nd, buf, (size_t)len);
	kfree(buf);
	return len;
}

/* A link of /proc that leads straight to a file. */
static int follow_magic(struct nameidata *nd, struct inode *inode)
{
	struct path path;
	int err;

	if (nd->flags &
	    (LOOKUP_NO_MAGICLINKS | LOOKUP_BENEATH | LOOKUP_IN_ROOT))
		return nd->flags & LOOKUP_NO_MAGICLINKS ? -ELOOP : -EXDEV;
	err = inode->i_op->get_path(inode, &path);
	if (err)
		return err;
	err = replace_name(nd, "", 0);
	if (err) {
		path_put(&path);
		return err;
	}
	path_put(&nd->path);
	nd->path = path;
	return 0;
}

/*
 * In a directory that all may write to and where only owners remove, somebody
 * else's link may be a trap: it is followed only if it is the directory's
 * owner's. (Linux: fs.protected_symlinks.)
 */
static bool may_follow_link(const struct nameidata *nd,
			    const struct inode *link)
{
	const struct inode *dir = nd->path.dentry->d_inode;
	const umode_t shared = S_ISVTX | 0002;

	return *nd->name || (dir->i_mode & shared) != shared ||
	       link->i_uid == current->cred->fsuid || link->i_uid == dir->i_uid;
}

/* 1: nd->name has what to walk on with. */
static int follow_link(struct nameidata *nd, struct dentry *link)
{
	struct inode *inode = link->d_inode;
	int err;

	if (nd->flags & LOOKUP_NO_SYMLINKS || ++nd->links > MAXSYMLINKS)
		return -ELOOP;
	if (!may_follow_link(nd, inode))
		return -EACCES;
	if (nd->path.mnt->flags & MS_NOSYMFOLLOW)
		return -ELOOP;
	if (inode->i_op->get_path)
		err = follow_magic(nd, inode);
	else if (inode->i_link)
		err = follow_text(nd, inode->i_link, strlen(inode->i_link));
	else if (inode->i_op->readlink)
		err = follow_read(nd, inode);
	else
		err = -EINVAL;
	return err ? err : 1;
}

/* ---- steps ---- */

static inline int may_search(struct inode *dir)
{
	if (likely((dir->i_mode & 0111) == 0111 && !dir->i_op->permission))
		return 0;
	return inode_permission(dir, MAY_EXEC);
}

/* A name in a directory, with a reference; negative ones are made. */
static struct dentry *lookup_make(struct dentry *parent, const char *name,
				  u32 len, u32 hash)
{
	struct inode *dir = parent->d_inode;
	struct dentry *d;

	if (dir->i_sb->s_flags & (SB_DCACHE | SB_CACHED)) {
		d = __d_lookup(parent, name, len, hash);
		if (d)
			return dget(d);
	}
	if (dir->i_op->lookup) {
		d = dir->i_op->lookup(dir, parent, name, len);
		if (IS_ERR(d) || d->d_inode || dir->i_op->create)
			return d;
		dput(d); /* nothing can be made here */
		return ERR_PTR(-ENOENT);
	}
	d = d_alloc(parent, name, len);
	return d ? d : ERR_PTR(-ENOMEM);
}

/* The filesystem looks for nd's last component, on a disk with the lock. */
static struct dentry *lookup_slow(const struct nameidata *nd,
				  struct dentry *parent)
{
	struct inode *dir = parent->d_inode;
	bool lock = dir->i_sb->s_flags & SB_CACHED;
	struct dentry *d;

	if (lock)
		down_read(&vfs_lock);
	d = lock ? __d_lookup(parent, nd->last, nd->last_len, nd->last_hash) :
		   NULL;
	d = d ? dget(d) :
		dir->i_op->lookup(dir, parent, nd->last, nd->last_len);
	if (lock)
		up_read(&vfs_lock);
	return d;
}

/* The same; one without a file is -ENOENT. */
static inline struct dentry *lookup_file(struct nameidata *nd)
{
	struct dentry *parent = nd->path.dentry, *d;
	struct inode *dir = parent->d_inode;

	if (likely(dir->i_sb->s_flags & (SB_DCACHE | SB_CACHED))) {
		d = __d_lookup(parent, nd->last, nd->last_len, nd->last_hash);
		if (likely(d && d->d_inode))
			return dget(d);
		if (d || dir->i_sb->s_flags & SB_DCACHE)
			return ERR_PTR(-ENOENT);
	}
	if (!dir->i_op->lookup)
		return ERR_PTR(-ENOENT);
	d = lookup_slow(nd, parent);
	if (!IS_ERR(d) && !d->d_inode) {
		dput(d);
		return ERR_PTR(-ENOENT);
	}
	return d;
}

/** lookup_last() - the last component's dentry, with or without a file */
struct dentry *lookup_last(struct nameidata *nd)
{
	if (nd->path.dentry->d_unlinked)
		return ERR_PTR(-ENOENT);
	return lookup_make(nd->path.dentry, nd->last, nd->last_len,
			   nd->last_hash);
}

/**
 * walk_last() - go where the last component leads
 * @nd: as walk_parent() left it
 * @follow: follow it if it is a symlink
 *
 * Return: 0; 1: it was a symlink, call walk_parent() again; -errno.
 */
int walk_last(struct nameidata *nd, bool follow)
{
	struct dentry *d;
	int err;

	if (unlikely(nd->last_type != LAST_NORM))
		return nd->last_type == LAST_DOTDOT ? walk_dotdot(nd) : 0;
	d = lookup_file(nd);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	if (unlikely(S_ISLNK(d->d_inode->i_mode) && follow)) {
		err = follow_link(nd, d);
		dput(d);
		return err;
	}
	move_to(nd, nd->path.mnt, d);
	return d->d_mounted ? cross_mounts(nd) : 0;
}

/* Take one component off nd->name; false: nothing but slashes is left. */
static inline bool next_component(struct nameidata *nd)
{
	const u8 *p = (const u8 *)nd->name;
	u32 hash = NAME_HASH_INIT;

	while (*p == '/')
		p++;
	nd->last = (const char *)p;
	while (*p && *p != '/')
		hash = name_hash_step(hash, *p++);
	nd->last_len = (u32)(p - (const u8 *)nd->last);
	nd->last_hash = hash;
	nd->slashes = *p == '/';
	while (*p == '/')
		p++;
	nd->name = (const char *)p;
	nd->last_type = LAST_NORM;
	if (unlikely(nd->last[0] == '.')) {
		if (nd->last_len == 1)
			nd->last_type = LAST_DOT;
		else if (nd->last_len == 2 && nd->last[1] == '.')
			nd->last_type = LAST_DOTDOT;
	}
	return nd->last_len != 0;
}

/**
 * walk_parent() - go up to the last component
 * @nd: where we are, and in nd->name what is left
 *
 * Context: may sleep. Return: 0 and nd->path is a directory, or -errno.
 */
int walk_parent(struct nameidata *nd)
{
	int err;

	for (;;) {
		if (unlikely(!S_ISDIR(nd->path.dentry->d_inode->i_mode) &&
			     *nd->name))
			return -ENOTDIR;
		if (unlikely(!next_component(nd))) {
			nd->last_type = LAST_ROOT;
			return 0;
		}
		err = may_search(nd->path.dentry->d_inode);
		if (unlikely(err))
			return err;
		if (unlikely(nd->last_len > NAME_MAX))
			return -ENAMETOOLONG;
		if (!*nd->name)
			return 0;
		err = walk_last(nd, true);
		if (unlikely(err < 0))
			return err;
	}
}

/* ---- whole walks ---- */

static void set_path(struct nameidata *nd, struct mount *mnt,
		     struct dentry *dentry)
{
	nd->path.mnt = mntget(mnt);
	nd->path.dentry = dget(dentry);
}

static int start_at_fd(struct nameidata *nd, int dfd, const char *name)
{
	struct fd f = fdget_raw((unsigned int)dfd);
	int err = 0;

	if (!f.file)
		return -EBADF;
	if (*name && !S_ISDIR(f.file->f_inode->i_mode))
		err = -ENOTDIR;
	else
		set_path(nd, f.file->f_mnt, f.file->f_dentry);
	fdput(f);
	return err;
}

/**
 * path_init() - begin a walk
 * @dfd: where a name without "/" begins: AT_FDCWD or a directory
 * @flags: LOOKUP_*
 *
 * Return: 0 with references in @nd, for path_end(); or -errno.
 */
int path_init(struct nameidata *nd, int dfd, const char *name, u32 flags)
{
	struct fs_struct *fs = current->fs;
	int err = 0;

	nd->name = name;
	nd->text = NULL;
	nd->links = 0;
	nd->slashes = false;
	nd->flags = flags;
	nd->root.mnt = fs->root_mnt;
	nd->root.dentry = fs->root;
	if (unlikely(!*name && !(flags & LOOKUP_EMPTY)))
		return -ENOENT;
	path_get(&nd->root);
	if (*name == '/' && !(flags & LOOKUP_IN_ROOT)) {
		if (flags & LOOKUP_BENEATH)
			err = -EXDEV;
		else
			set_path(nd, nd->root.mnt, nd->root.dentry);
	} else if (dfd == AT_FDCWD) {
		set_path(nd, fs->pwd_mnt, fs->pwd);
	} else {
		err = start_at_fd(nd, dfd, name);
	}
	if (unlikely(err || flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)))
		path_put(&nd->root);
	if (!err && flags & (LOOKUP_BENEATH | LOOKUP_IN_ROOT)) {
		nd->root = nd->path;
		path_get(&nd->root);
	}
	return err;
}

/** path_end() - give back what a walk holds */
void path_end(struct nameidata *nd)
{
	path_put(&nd->path);
	path_put(&nd->root);
	if (nd->text)
		kfree(nd->text);
}

/**
 * path_parent() - start a walk and go up to the last component
 * @nd: is filled; path_end() ends it
 * @dfd: descriptor of the directory where relative paths begin, or AT_FDCWD
 * @name: kernel text; must live as long as @nd
 * @flags: LOOKUP_*
 *
 * Context: may sleep. Return: 0, or -errno and nothing to end.
 */
int path_parent(struct nameidata *nd, int dfd, const char *name, u32 flags)
{
	int err = path_init(nd, dfd, name, flags);

	if (err)
		return err;
	err = walk_parent(nd);
	if (err)
		path_end(nd);
	return err;
}

/**
 * kern_path_at() - the file that a path means
 * @dfd: where relative paths begin, or AT_FDCWD
 * @name: kernel text
 * @flags: LOOKUP_*
 * @path: is set, with references
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int kern_path_at(int dfd, const char *name, u32 flags, struct path *path)
{
	struct nameidata nd;
	int err = path_init(&nd, dfd, name, flags);

	if (unlikely(err))
		return err;
	do {
		err = walk_parent(&nd);
		if (unlikely(err))
			break;
		err = walk_last(&nd, flags & LOOKUP_FOLLOW || nd.slashes);
	} while (err == 1);
	if (unlikely(!err && (nd.slashes || flags & LOOKUP_DIRECTORY) &&
		     !S_ISDIR(nd.path.dentry->d_inode->i_mode)))
		err = -ENOTDIR;
	if (!err) {
		*path = nd.path;
		path_get(path);
	}
	path_end(&nd);
	return err;
}

/** user_path_at() - kern_path_at() with a program's text */
int user_path_at(int dfd, const char __user *name, u32 flags, struct path *path)
{
	char *text = getname(name);
	int err;

	if (IS_ERR(text))
		return (int)PTR_ERR(text);
	err = kern_path_at(dfd, text, flags, path);
	kfree(text);
	return err;
}

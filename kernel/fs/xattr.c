/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: names with values, beside a file's bytes.
 *
 *   inode ─ i_xattrs ─► simple_xattr ─► simple_xattr ─► NULL    newest first
 *                       "trusted.a\0" value
 *
 * Filesystems with SB_XATTR (tmpfs) keep two kinds, as on Linux:
 *
 *   trusted.*    who has not CAP_SYS_ADMIN does not see them
 *   security.*   everybody reads, CAP_SYS_ADMIN writes; security.capability
 *                is checked and stored, and execve does not look at it
 *
 * One with a disk (load_xattrs, ext2) has user.* of files and directories as
 * well. Its list is read when it is asked for first, and written after each
 * change, with vfs_lock; a change that cannot be written is undone.
 *
 * Elsewhere, and with other names, requests are refused (-EOPNOTSUPP), and
 * there is none to list.
 *
 * A list is read without a sleep in between: what a program passes or gets is
 * copied before or after.
 */
#include <ashlar/err.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/fs/xattr.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>
#include "internal.h"

#define XATTR_SIZE_MAX 65536u
#define XATTR_LIST_MAX 65536u
#define XATTR_CREATE 1
#define XATTR_REPLACE 2

#define TRUSTED "trusted."
#define SECURITY "security."
#define CAPABILITY "security.capability"

/* What a call wants. */
struct request {
	char name[XATTR_NAME_MAX + 1];
	void __user *buf;
	u32 size;
	int flags;
};

typedef long (*xattr_fn)(struct inode *inode, struct request *r);

/* ---- what may be done ---- */

static bool begins(const char *name, const char *prefix)
{
	return ashlar_strncmp(name, prefix, strlen(prefix)) == 0;
}

/* @mask: MAY_READ or MAY_WRITE. Return: 0 or -errno. */
static int xattr_permission(struct inode *inode, const char *name, int mask)
{
	int hidden = mask == MAY_WRITE ? -EPERM : -ENODATA;

	if (begins(name, SECURITY) || begins(name, "system."))
		return 0;
	if (begins(name, TRUSTED))
		return capable(CAP_SYS_ADMIN) ? 0 : hidden;
	if (begins(name, "user.")) {
		if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
			return hidden;
		if (S_ISDIR(inode->i_mode) && (inode->i_mode & S_ISVTX) &&
		    mask == MAY_WRITE && !inode_owner_or_capable(inode))
			return -EPERM;
	}
	return inode_permission(inode, mask);
}

/* 0 if the task may change an attribute that the system trusts, else -errno. */
static int may_change_security(const char *name)
{
	if (!begins(name, SECURITY))
		return 0;
	return capable(ashlar_strcmp(name, CAPABILITY) ? CAP_SYS_ADMIN :
							 CAP_SETFCAP) ?
		       0 :
		       -EPERM;
}

/* True if @value is of a form that file capabilities have had. */
static bool is_vfs_cap(const void *value, u32 size)
{
	u32 revision;

	if (size != 20 && size != 24)
		return false;
	memcpy(&revision, value, sizeof(revision));
	return revision >> 24 == (size == 20 ? 2u : 3u);
}

static bool on_disk(const struct inode *inode)
{
	return inode->i_sb->s_op && inode->i_sb->s_op->load_xattrs;
}

/* 0 if @inode's filesystem has attributes of this name. */
static int xattr_supported(const struct inode *inode, const char *name)
{
	const char *prefix = begins(name, TRUSTED) ? TRUSTED : SECURITY;

	if (begins(name, "user.") && on_disk(inode))
		prefix = "user.";
	if (!(inode->i_sb->s_flags & SB_XATTR) || !begins(name, prefix))
		return -EOPNOTSUPP;
	return name[strlen(prefix)] ? 0 : -EINVAL;
}

/* ---- the list ---- */

/* Where the attribute hangs, or the end of the list. */
static struct simple_xattr **find_xattr(struct inode *inode, const char *name)
{
	struct simple_xattr **p = &inode->i_xattrs;

	while (*p && ashlar_strcmp((*p)->name, name) != 0)
		p = &(*p)->next;
	return p;
}

/* With room for a value of @size bytes; or NULL. */
static struct simple_xattr *new_xattr(const char *name, u32 size)
{
	u32 name_len = (u32)strlen(name);
	struct simple_xattr *new =
		kvmalloc(sizeof(*new) + name_len + 1 + size, GFP_KERNEL);

	if (!new)
		return NULL;
	new->name_len = name_len;
	new->size = size;
	memcpy(new->name, name, name_len + 1);
	return new;
}

static struct simple_xattr *alloc_xattr(const struct request *r)
{
	struct simple_xattr *new = new_xattr(r->name, r->size);

	if (!new)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(simple_xattr_value(new), r->buf, r->size)) {
		kvfree(new);
		return ERR_PTR(-EFAULT);
	}
	return new;
}

/** simple_xattr_add() - an attribute that a disk has; 0 or -ENOMEM */
int simple_xattr_add(struct inode *inode, const char *name, const void *value,
		     u32 size)
{
	struct simple_xattr *new = new_xattr(name, size);

	if (!new)
		return -ENOMEM;
	memcpy(simple_xattr_value(new), value, size);
	new->next = inode->i_xattrs;
	inode->i_xattrs = new;
	return 0;
}

/* What the disk has of @inode is in its list: 0 or -errno. */
static int load_xattrs(struct inode *inode)
{
	int err = 0;

	if (!on_disk(inode) || inode->i_state & I_XATTRS)
		return 0;
	down_write(&vfs_lock);
	if (!(inode->i_state & I_XATTRS)) {
		err = inode->i_sb->s_op->load_xattrs(inode);
		if (err)
			simple_xattrs_free(inode);
		else
			inode->i_state |= I_XATTRS;
	}
	up_write(&vfs_lock);
	return err;
}

/* As replace_xattr(). Context: with vfs_lock, of a disk's. */
static int try_replace(struct inode *inode, const char *name,
		       struct simple_xattr *new, int flags)
{
	struct simple_xattr **p = find_xattr(inode, name), *old = *p;
	int err;

	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (!old)
		p = &inode->i_xattrs;
	if (new) {
		new->next = old ? old->next : *p;
		*p = new;
	} else {
		*p = old->next;
	}
	err = on_disk(inode) ? inode->i_sb->s_op->store_xattrs(inode) : 0;
	if (err) {
		*p = old ? old : new->next;
		return err;
	}
	kvfree(old);
	inode->i_ctime = current_time();
	mark_inode_dirty(inode);
	return 0;
}

/* @new, or nothing, in place of what has the name; 0 or -errno. */
static int replace_xattr(struct inode *inode, const char *name,
			 struct simple_xattr *new, int flags)
{
	int err = load_xattrs(inode);

	if (err)
		return err;
	if (!on_disk(inode))
		return try_replace(inode, name, new, flags);
	down_write(&vfs_lock);
	err = try_replace(inode, name, new, flags);
	up_write(&vfs_lock);
	return err;
}

/**
 * simple_xattrs_free() - an inode goes, and its attributes
 */
void simple_xattrs_free(struct inode *inode)
{
	struct simple_xattr *x;

	while ((x = inode->i_xattrs)) {
		inode->i_xattrs = x->next;
		kvfree(x);
	}
}

/* ---- the calls, for an inode ---- */

static long set_xattr(struct inode *inode, struct request *r)
{
	struct simple_xattr *new;
	long err;

	if (r->size > XATTR_SIZE_MAX)
		return -E2BIG;
	new = alloc_xattr(r);
	if (IS_ERR(new))
		return PTR_ERR(new);
	err = ashlar_strcmp(r->name, CAPABILITY) == 0 && r->size &&
			      !is_vfs_cap(simple_xattr_value(new), r->size) ?
		      -EINVAL :
		      0;
	err = err ?: xattr_permission(inode, r->name, MAY_WRITE);
	err = err ?: may_change_security(r->name);
	err = err ?: xattr_supported(inode, r->name);
	err = err ?: replace_xattr(inode, r->name, new, r->flags);
	if (err)
		kvfree(new);
	return err;
}

static long remove_xattr(struct inode *inode, struct request *r)
{
	long err = xattr_permission(inode, r->name, MAY_WRITE);

	err = err ?: may_change_security(r->name);
	err = err ?: xattr_supported(inode, r->name);
	return err ?: replace_xattr(inode, r->name, NULL, XATTR_REPLACE);
}

/* Up to @size bytes of a copy go to the program, which is freed. */
static long hand_out(const struct request *r, void *copy, u32 size)
{
	bool bad = copy_to_user(r->buf, copy, size);

	kvfree(copy);
	return bad ? -EFAULT : (long)size;
}

static long get_xattr(struct inode *inode, struct request *r)
{
	long err = xattr_permission(inode, r->name, MAY_READ);
	struct simple_xattr *x;
	void *copy = NULL;
	u32 size = 0;

	err = err ?: xattr_supported(inode, r->name);
	err = err ?: load_xattrs(inode);
	if (!err && r->size) {
		copy = kvmalloc(min(r->size, XATTR_SIZE_MAX), GFP_KERNEL);
		if (!copy)
			err = -ENOMEM;
	}
	if (!err) {
		x = *find_xattr(inode, r->name);
		size = x ? x->size : 0;
		err = !x ? -ENODATA : copy && size > r->size ? -ERANGE : 0;
		if (!err && copy)
			memcpy(copy, simple_xattr_value(x), size);
	}
	if (err || !copy) {
		kvfree(copy);
		return err ?: (long)size;
	}
	return hand_out(r, copy, size);
}

/* The names with their zeroes into @to, if it is not NULL; their length, or
 * -ERANGE if that is more than @size. */
static long collect_names(const struct inode *inode, char *to, u32 size)
{
	bool trusted = capable(CAP_SYS_ADMIN);
	const struct simple_xattr *x;
	u32 done = 0;

	for (x = inode->i_xattrs; x; x = x->next) {
		if (!trusted && begins(x->name, TRUSTED))
			continue;
		if (to) {
			if (x->name_len + 1 > size - done)
				return -ERANGE;
			memcpy(to + done, x->name, x->name_len + 1);
		}
		done += x->name_len + 1;
	}
	return (long)done;
}

static long list_xattr(struct inode *inode, struct request *r)
{
	u32 size = min(r->size, XATTR_LIST_MAX);
	char *copy;
	long n = load_xattrs(inode);

	if (n)
		return n;
	if (!size)
		return collect_names(inode, NULL, 0);
	copy = kvmalloc(size, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	n = collect_names(inode, copy, size);
	if (n >= 0)
		return hand_out(r, copy, (u32)n);
	kvfree(copy);
	return n;
}

/* ---- the calls, for a file ---- */

static long do_request(struct inode *inode, const char __user *name,
		       struct request *r, xattr_fn fn)
{
	long len;

	if (r->flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (fn != list_xattr) {
		len = strncpy_from_user(r->name, name, sizeof(r->name));
		if (len < 0)
			return len;
		if (len == 0 || len == sizeof(r->name))
			return -ERANGE;
	}
	return fn(inode, r);
}

static bool changes(xattr_fn fn)
{
	return fn == set_xattr || fn == remove_xattr;
}

static long for_path(const char __user *file, u32 lookup,
		     const char __user *name, struct request *r, xattr_fn fn)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, file, lookup, &path);

	if (err)
		return err;
	err = changes(fn) ? mnt_want_write(path.mnt) : 0;
	if (!err)
		err = do_request(path.dentry->d_inode, name, r, fn);
	path_put(&path);
	return err;
}

static long for_fd(unsigned int fd, const char __user *name, struct request *r,
		   xattr_fn fn)
{
	struct fd f = fdget(fd);
	long err = -EBADF;

	if (!f.file)
		return err;
	err = changes(fn) && f.file->f_mnt ? mnt_want_write(f.file->f_mnt) : 0;
	if (!err)
		err = do_request(f.file->f_inode, name, r, fn);
	fdput(f);
	return err;
}

#define REQUEST(value, bytes, how) \
	(&(struct request){ .buf = (value), .size = (bytes), .flags = (how) })

SYSCALL_DEFINE(setxattr, const char __user *file, const char __user *name,
	       void __user *value, u32 size, int flags)
{
	return for_path(file, LOOKUP_FOLLOW, name, REQUEST(value, size, flags),
			set_xattr);
}

SYSCALL_DEFINE(lsetxattr, const char __user *file, const char __user *name,
	       void __user *value, u32 size, int flags)
{
	return for_path(file, 0, name, REQUEST(value, size, flags), set_xattr);
}

SYSCALL_DEFINE(fsetxattr, unsigned int fd, const char __user *name,
	       void __user *value, u32 size, int flags)
{
	return for_fd(fd, name, REQUEST(value, size, flags), set_xattr);
}

SYSCALL_DEFINE(getxattr, const char __user *file, const char __user *name,
	       void __user *value, u32 size)
{
	return for_path(file, LOOKUP_FOLLOW, name, REQUEST(value, size, 0),
			get_xattr);
}

SYSCALL_DEFINE(lgetxattr, const char __user *file, const char __user *name,
	       void __user *value, u32 size)
{
	return for_path(file, 0, name, REQUEST(value, size, 0), get_xattr);
}

SYSCALL_DEFINE(fgetxattr, unsigned int fd, const char __user *name,
	       void __user *value, u32 size)
{
	return for_fd(fd, name, REQUEST(value, size, 0), get_xattr);
}

SYSCALL_DEFINE(listxattr, const char __user *file, void __user *list, u32 size)
{
	return for_path(file, LOOKUP_FOLLOW, NULL, REQUEST(list, size, 0),
			list_xattr);
}

SYSCALL_DEFINE(llistxattr, const char __user *file, void __user *list, u32 size)
{
	return for_path(file, 0, NULL, REQUEST(list, size, 0), list_xattr);
}

SYSCALL_DEFINE(flistxattr, unsigned int fd, void __user *list, u32 size)
{
	return for_fd(fd, NULL, REQUEST(list, size, 0), list_xattr);
}

SYSCALL_DEFINE(removexattr, const char __user *file, const char __user *name)
{
	return for_path(file, LOOKUP_FOLLOW, name, REQUEST(NULL, 0, 0),
			remove_xattr);
}

SYSCALL_DEFINE(lremovexattr, const char __user *file, const char __user *name)
{
	return for_path(file, 0, name, REQUEST(NULL, 0, 0), remove_xattr);
}

SYSCALL_DEFINE(fremovexattr, unsigned int fd, const char __user *name)
{
	return for_fd(fd, name, REQUEST(NULL, 0, 0), remove_xattr);
}

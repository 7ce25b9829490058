/* SPDX-License-Identifier: MIT */
/*
 * Names for files: directories, mounts, descriptors.
 *
 *   descriptor → file → dentry ─ parent ─ … ─ root of a mount
 *                   └── inode ── super_block ── file_system_type
 *
 * Simpler than Linux: dentries exist only while they are in use or their
 * filesystem keeps them. A filesystem with SB_DCACHE (tmpfs) keeps all of its
 * names: each has a reference more (d_pin), is found by the global hash, and
 * ->lookup is never called. Others (procfs) make a dentry at each lookup, and
 * it goes with its last reference.
 *
 * A reader of names takes references and no lock. A changer of them holds
 * vfs_lock for writing; nothing sleeps under it but memory allocation, and
 * nothing looks at a program's memory. Code: kernel/fs/dentry.c.
 */
#ifndef KERNEL_FS_DENTRY_H
#define KERNEL_FS_DENTRY_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/types.h>

struct inode;
struct mount;
struct path;

#define NAME_MAX 255

struct dentry {
	atomic_t d_count;
	struct dentry *d_parent; /* itself at a filesystem's root */
	struct inode *d_inode; /* NULL: a name without a file */
	struct list_head d_children, d_sibling; /* SB_DCACHE: all names in it,
						 * newest first */
	struct dentry *d_hash, **d_pprev; /* d_pprev NULL: not hashed */
	struct mount *d_mounted; /* mounts on it, youngest first, or NULL */
	u32 d_key; /* hash of parent and name */
	u32 d_cookie; /* position in the directory's listing */
	u32 d_next_cookie; /* a directory's next child gets it; goes down */
	bool d_unlinked;
	bool d_linkable; /* from O_TMPFILE: may get a name */
	u8 d_len;
	char *d_name; /* ends with 0; d_iname, or from kmalloc */
	char d_iname[];
};

extern unsigned long nr_dentries;

struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len);
void d_add(struct dentry *dentry, struct inode *inode); /* takes the inode */
void d_tmpfile(struct dentry *dentry, struct inode *inode); /* the same */
struct dentry *d_make_root(struct inode *inode); /* iput if no memory */
void d_keep(struct dentry *dentry); /* d_lookup() finds it while it is used */
/* With a reference, or NULL: of an SB_DCACHE filesystem, or kept. */
struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len);
void d_delete(struct dentry *dentry); /* the name is gone */
void d_move(struct dentry *old, struct dentry *new); /* takes new's place */
void d_exchange(struct dentry *a, struct dentry *b); /* both have files */

static inline struct dentry *dget(struct dentry *d)
{
	atomic_inc(&d->d_count);
	return d;
}
void __dput(struct dentry *d);
static inline void dput(struct dentry *d)
{
	if (atomic_dec_and_test(&d->d_count))
		__dput(d);
}
#define d_pin(d) ((void)dget(d))
#define d_unpin(d) dput(d)

#endif

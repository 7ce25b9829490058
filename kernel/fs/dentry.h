/* SPDX-License-Identifier: MIT */
/*
 * Names for files: directories, mounts, descriptors.
 *
 *   descriptor → file → dentry ─ parent ─ … ─ root of a mount
 *                   └── inode ── super_block ── file_system_type
 *
 * A filesystem with SB_DCACHE (tmpfs) keeps all of its names: each has a
 * reference more (d_pin), is found by the global hash, and ->lookup is never
 * called. One with SB_CACHED (ext2) has its names on a disk; what ->lookup
 * found, or did not find, stays when it is unused until memory is wanted.
 * Others (procfs) make a dentry at each lookup, and it goes with its last
 * reference.
 *
 * A reader of names takes references and no lock, but for ->lookup of
 * SB_CACHED, under vfs_lock for reading. A changer of them holds vfs_lock for
 * writing; what sleeps under it waits for memory or a disk, and nothing looks
 * at a program's memory. Code: kernel/fs/dentry.c, kernel/fs/dcache.c.
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
	union {
		struct { /* SB_DCACHE */
			u32 d_cookie; /* position in the directory's listing */
			u32 d_next_cookie; /* a directory's next child gets it;
					    * goes down */
		};
		struct list_head d_lru; /* d_cached: unused ones, the oldest
					 * first */
	};
	bool d_unlinked;
	bool d_cached : 1; /* in the hash, and stays there when unused */
	bool d_referenced : 1; /* used since it was looked at last */
	bool d_linkable : 1; /* from O_TMPFILE: may get a name */
	u8 d_len;
	char *d_name; /* ends with 0; d_iname, or from kmalloc */
	char d_iname[];
};

extern unsigned long nr_dentries;
extern int vfs_cache_pressure; /* percent; vm.vfs_cache_pressure */

struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len);
void d_add(struct dentry *dentry, struct inode *inode); /* takes the inode */
void d_tmpfile(struct dentry *dentry, struct inode *inode); /* the same */
struct dentry *d_make_root(struct inode *inode); /* iput if no memory */
void d_keep(struct dentry *dentry); /* d_lookup() finds it while it is used */
/* With a reference, or NULL: of an SB_DCACHE filesystem, or kept. */
struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len);
/* SB_CACHED, at the end of a ->lookup: @inode (its reference is taken over;
 * NULL: there is none) gets the name. The dentry, or the one that is there by
 * now; ERR_PTR. */
struct dentry *d_splice(struct dentry *parent, const char *name, u32 len,
			struct inode *inode);
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

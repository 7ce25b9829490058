/* SPDX-License-Identifier: MIT */
/*
 * Inodes: a file without its names. Code: kernel/fs/inode.c; what a
 * filesystem does with one is in its inode_operations.
 */
#ifndef KERNEL_FS_INODE_H
#define KERNEL_FS_INODE_H

#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/rbtree.h>
#include <ashlar/rwsem.h>

struct dentry;
struct kstat;
struct path;
struct super_block;

#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4

struct inode {
	atomic_t i_count;
	umode_t i_mode;
	u32 i_uid, i_gid;
	u32 i_nlink;
	u32 i_rdev;
	u64 i_ino;
	s64 i_atime, i_mtime, i_ctime; /* ns since 1970 */
	struct super_block *i_sb;
	const struct inode_operations *i_op; /* never NULL */
	const struct file_operations *i_fop; /* an open file's; of devices
					      * and fifos it is not used */
	struct address_space *i_mapping; /* regular files with a page cache */
	struct address_space i_data;
	char *i_link; /* symlink's text, when it is constant */
	struct simple_xattr *i_xattrs; /* newest first, kernel/fs/xattr.c */
	int i_writecount; /* open for writing; < 0: being executed */
	struct rb_root i_flock; /* fcntl's and flock's, kernel/fs/locks.c */
	int i_readcount; /* open for reading alone */
	struct list_head i_leases; /* kernel/fs/leases.c */
	struct inode *i_hash, **i_hash_pprev; /* found by number, icache.c */
	struct list_head i_lru; /* unused, in the order of their last use */
	struct list_head i_sb_list; /* all that its filesystem has cached */
	u32 i_state; /* I_* */
	void *i_pipe; /* a fifo's pipe while it is open, kernel/fs/fifo.c */
	void *i_private; /* the filesystem's */
};

/* inode::i_state, of filesystems that find inodes by number. */
#define I_NEW 0x1u /* being read; others wait */
#define I_FREEING 0x2u /* going; others wait, and read it anew */
#define I_DIRTY 0x4u /* the disk has another one; the filesystem's to say */
#define I_REFERENCED 0x8u /* used since it was looked at last */
#define I_XATTRS 0x10u /* i_xattrs has what the disk has */

/* i_size lives in i_data; of inodes without page cache, too. */
static inline loff_t i_size_read(const struct inode *inode)
{
	return mapping_size(&inode->i_data);
}

/*
 * All but lookup, readlink, get_path, getattr and permission are called with
 * vfs_lock for writing and after every check Linux's VFS makes. What is NULL
 * is -EPERM. The VFS keeps names and times of directories; a filesystem keeps
 * link counts: create/mkdir/mknod/symlink: d_add + d_pin; link: d_add + d_pin
 * with iget, i_nlink++; unlink, rmdir: i_nlink--, d_unpin (the VFS then takes
 * the name away); rename: counts, and d_unpin of @new if it is replaced.
 * kernel/fs/libfs.c has simple_* for filesystems with SB_DCACHE.
 */
struct inode_operations {
	/* Find @name: a new reference, a dentry without inode, or ERR_PTR.
	 * Not for SB_DCACHE. SB_CACHED: with vfs_lock, for a name that has no
	 * dentry; ends with d_splice(). */
	struct dentry *(*lookup)(struct inode *dir, struct dentry *parent,
				 const char *name, u32 len);
	/* @dentry has no inode yet; on success it has. */
	int (*create)(struct inode *dir, struct dentry *dentry, umode_t mode);
	int (*mkdir)(struct inode *dir, struct dentry *dentry, umode_t mode);
	int (*mknod)(struct inode *dir, struct dentry *dentry, umode_t mode,
		     u32 dev);
	int (*symlink)(struct inode *dir, struct dentry *dentry,
		       const char *target);
	int (*link)(struct inode *inode, struct inode *dir,
		    struct dentry *dentry);
	int (*unlink)(struct inode *dir, struct dentry *dentry);
	int (*rmdir)(struct inode *dir, struct dentry *dentry);
	int (*rename)(struct inode *old_dir, struct dentry *old,
		      struct inode *new_dir, struct dentry *new, u32 flags);
	/* Text of a symlink into @buf (PATH_MAX); its length or -errno. */
	int (*readlink)(struct inode *inode, char *buf, size_t size);
	/* Magic links of /proc: where they lead, with references. */
	int (*get_path)(struct inode *inode, struct path *path);
	/* A file without name in @dir's filesystem (O_TMPFILE): d_tmpfile. */
	int (*tmpfile)(struct inode *dir, struct dentry *dentry, umode_t mode);
	/* May refuse, and does what ATTR_SIZE asks (without it: -EINVAL);
	 * the other fields the VFS then copies into the inode. */
	int (*setattr)(struct inode *inode, struct kstat *attr, u32 valid);
	/* @stat is filled from the inode; correct what differs. */
	void (*getattr)(struct inode *inode, struct kstat *stat);
	int (*permission)(struct inode *inode, int mask);
};

#define ATTR_MODE 0x1u
#define ATTR_UID 0x2u
#define ATTR_GID 0x4u
#define ATTR_SIZE 0x8u
#define ATTR_ATIME 0x10u
#define ATTR_MTIME 0x20u

extern struct rw_semaphore vfs_lock;
extern unsigned long nr_inodes;

/* One reference, i_nlink 1, owner root, times now, a number; @sb NULL: of a
 * file without name (pipe, memfd). NULL without memory. */
struct inode *new_inode(struct super_block *sb, umode_t mode);
/* Owner and group for a new name in @dir; S_ISGID handed down. */
void inode_init_owner(struct inode *inode, const struct inode *dir);
static inline void iget(struct inode *inode)
{
	atomic_inc(&inode->i_count);
}
void __iput(struct inode *inode); /* the last reference went */
static inline void iput(struct inode *inode)
{
	if (atomic_dec_and_test(&inode->i_count))
		__iput(inode);
}

/* ---- inodes by number: icache.c ---- */
/* The inode @ino with a reference; I_NEW: the caller fills it. ERR_PTR. */
struct inode *iget_locked(struct super_block *sb, u64 ino);
void unlock_new_inode(struct inode *inode); /* it is filled */
void iget_failed(struct inode *inode); /* it cannot be; gives it back */
void insert_inode_hash(struct inode *inode); /* new_inode()'s, numbered */
bool inode_is_cached(const struct super_block *sb, u64 ino);
bool inode_keep(struct inode *inode);
void inode_unhash(struct inode *inode);
void evict_inodes(struct super_block *sb);
bool sb_has_writers(struct super_block *sb);
void inode_free(struct inode *inode);

/* What the disk has to hear of was changed; may sleep. */
void __mark_inode_dirty(struct inode *inode);
static inline void mark_inode_dirty(struct inode *inode)
{
	if (unlikely(inode->i_hash_pprev) && !(inode->i_state & I_DIRTY))
		__mark_inode_dirty(inode);
}

s64 current_time(void); /* of files: ns since 1970, in ticks */
void file_update_time(struct file *f); /* written: mtime, ctime, set-id */
void file_update_times(struct file *f); /* without set-id */
int inode_permission(struct inode *inode, int mask);
int generic_permission(const struct inode *inode, int mask);
bool inode_owner_or_capable(const struct inode *inode);

/* chmod, chown, truncate, utimes without permission checks. */
int notify_change(struct inode *inode, struct kstat *attr, u32 valid);
int do_truncate(struct inode *inode, loff_t size); /* clears set-id */

/* Open for writing, and being executed, exclude each other: -ETXTBSY. */
static inline int get_write_access(struct inode *inode)
{
	if (inode->i_writecount < 0)
		return -ETXTBSY;
	inode->i_writecount++;
	return 0;
}
static inline void put_write_access(struct inode *inode)
{
	inode->i_writecount--;
}
static inline int deny_write_access(struct inode *inode)
{
	if (inode->i_writecount > 0)
		return -ETXTBSY;
	inode->i_writecount--;
	return 0;
}
static inline void allow_write_access(struct inode *inode)
{
	inode->i_writecount++;
}

static inline u8 dt_type(const struct inode *inode)
{
	return (u8)(inode->i_mode >> 12);
}

#endif

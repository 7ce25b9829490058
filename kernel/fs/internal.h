/* SPDX-License-Identifier: MIT */
/* What the files of kernel/fs share with each other alone. */
#ifndef KERNEL_FS_INTERNAL_H
#define KERNEL_FS_INTERNAL_H

#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/uio.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/path.h>
#include <kernel/signal/signal.h>

struct files_struct;
struct file_system_type;
struct super_block;

/* ---- names' hash; namei.c computes it while it looks for the slash ---- */

#define NAME_HASH_INIT 0u

static inline u32 name_hash_step(u32 hash, u8 c)
{
	return (hash + c) * 0x01000193u;
}

static inline u32 name_hash(const char *name, u32 len)
{
	u32 hash = NAME_HASH_INIT;

	while (len--)
		hash = name_hash_step(hash, (u8)*name++);
	return hash;
}

static inline u32 d_key(const struct dentry *parent, u32 hash)
{
	return hash ^ (u32)(uintptr_t)parent;
}

/* No reference is taken. */
struct dentry *__d_lookup(const struct dentry *parent, const char *name,
			  u32 len, u32 hash);
void shrink_dcache_tree(struct dentry *root);
/* dcache.c: a cached name is unused; goes; its unused children go. */
void dcache_keep(struct dentry *d);
void dcache_forget(struct dentry *d);
void dcache_prune(struct dentry *dir);
void dcache_init(void);
char *mount_path(const struct path *path, const struct path *root, char *buf,
		 size_t size);

/* ---- a name that is to be made, removed or opened: namei.c ---- */

enum { LAST_NORM, LAST_ROOT, LAST_DOT, LAST_DOTDOT };

struct nameidata {
	struct path path; /* how far we are; with references */
	const char *name; /* what is left */
	char *text; /* of a symlink and what was left then; or NULL */
	const char *last; /* the component name ends with; not terminated */
	u32 last_len, last_hash;
	u8 last_type; /* LAST_* */
	bool slashes; /* behind the last component */
	u8 links; /* symlinks followed */
	u32 flags; /* LOOKUP_* */
	struct path root; /* "/" and where ".." stops; with references:
			   * current's, or the directory of openat2's dfd */
};

int path_init(struct nameidata *nd, int dfd, const char *name, u32 flags);
int path_parent(struct nameidata *nd, int dfd, const char *name, u32 flags);
int walk_parent(struct nameidata *nd);
/* One step by nd->last: 0 done; 1: a symlink, walk on with nd->name. */
int walk_last(struct nameidata *nd, bool follow);
void path_end(struct nameidata *nd); /* gives back everything */
/* The last component of nd in nd->path: a reference, or ERR_PTR. Positive or
 * not; with vfs_lock if it is to be made. */
struct dentry *lookup_last(struct nameidata *nd);
void dir_changed(struct inode *dir);
int may_create(struct inode *dir);
int may_delete(struct inode *dir, const struct dentry *victim, bool isdir);
umode_t new_file_mode(const struct inode *dir, umode_t mode);
int vfs_create(struct inode *dir, struct dentry *dentry, umode_t mode);
struct file *do_filp_open(int dfd, const char *name, int flags, umode_t mode,
			  u32 lookup);
int mnt_want_write(const struct mount *mnt);

/* ---- memory that a program names in pieces: read_write.c ---- */
#define UIO_FASTIOV 8

struct user_iov {
	struct iovec fast[UIO_FASTIOV];
	struct iovec *vec;
	struct iov_iter iter;
};

int import_iov(struct user_iov *u, const struct iovec *vec, u32 n);
void free_iov(struct user_iov *u);

/* ---- the rest ---- */
/* What a program that did not ask for O_LARGEFILE can count with. */
#define MAX_NON_LFS 0x7fffffffll
int check_file_size(loff_t size); /* 0, or -EFBIG and perhaps SIGXFSZ */
int alloc_fd(unsigned int start, u32 flags);
int dup_fd_from(unsigned int fd, unsigned int start, u32 flags);
void locks_remove_posix(struct file *f, struct files_struct *files);
void locks_remove_file(struct file *f); /* flock's and OFD's */
void set_close_on_exec(unsigned int fd, bool on);
int expand_files(struct files_struct *files, unsigned int fd);

/* ---- waiting with a timeout and a mask of signals: select.c ---- */
#define NEVER (~0ull)
enum time_kind { TIMEVAL32, TIMESPEC32, TIMESPEC64 };
/* When to wake up (ns); 0: do not sleep; NEVER: @t is NULL. 0 or -errno. */
int get_expiry(const void *t, enum time_kind kind, u64 *expires);
int use_sigmask(const sigset_t *mask, u32 size);
void restore_sigmask(const sigset_t *mask, bool interrupted);
void eventpoll_release(struct file *file);

/* ---- filesystems and mounts: super.c, mount.c ---- */
struct file_system_type *get_fs_type(const char *name);
struct super_block *get_super(struct file_system_type *type, const char *dev,
			      u32 flags, const char *data);
void put_super(struct super_block *sb);
extern struct list_head all_mounts; /* mount::list, oldest first */

void inode_init(void);
void icache_init(void);
/* Of @n unused names or inodes, how many reclaim should think there are. */
static inline unsigned long vfs_pressure(unsigned long n)
{
	return n / 100 * (u32)vfs_cache_pressure +
	       n % 100 * (u32)vfs_cache_pressure / 100;
}

void dentry_init(void);
void file_init(void);
void fdtable_init(void);
void fs_struct_init(const struct path *root);

#endif

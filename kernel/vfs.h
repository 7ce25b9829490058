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
 * Who reads names takes references and no lock. Who changes them holds
 * vfs_lock for writing; nothing sleeps under it but memory allocation, and
 * nothing looks at a program's memory.
 */
#ifndef KERNEL_VFS_H
#define KERNEL_VFS_H

#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <kernel/sched.h>
#include <mach/uaccess.h>

#define O_ACCMODE 3
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_EXCL 0200
#define O_NOCTTY 0400
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_NONBLOCK 04000
#define O_DSYNC 010000
#define O_DIRECT 040000
#define O_LARGEFILE 0100000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000
#define O_NOATIME 01000000
#define O_CLOEXEC 02000000
#define O_PATH 010000000
#define O_TMPFILE 020200000
#define O_SYNC 04010000
#define FASYNC 020000

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
#define AT_EACCESS 0x200
#define AT_SYMLINK_FOLLOW 0x400
#define AT_NO_AUTOMOUNT 0x800
#define AT_EMPTY_PATH 0x1000

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISUID 04000
#define S_ISGID 02000
#define S_ISVTX 01000
#define S_IXGRP 00010
#define S_IRWXUGO 00777
#define S_IALLUGO 07777
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

enum {
	DT_UNKNOWN = 0,
	DT_FIFO = 1,
	DT_CHR = 2,
	DT_DIR = 4,
	DT_BLK = 6,
	DT_REG = 8,
	DT_LNK = 10,
	DT_SOCK = 12
};

#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

/* mount(2)'s flags that a mount remembers, and what the call is to do. */
#define MS_RDONLY 0x1u
#define MS_NOSUID 0x2u
#define MS_NODEV 0x4u
#define MS_NOEXEC 0x8u
#define MS_REMOUNT 0x20u
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

/* Longest transfer of one call: what fits a positive ssize_t, in pages. */
#define MAX_RW_COUNT 0x7ffff000u

/* struct file::f_mode, beside <ashlar/fs.h>'s: counted in i_writecount. */
#define FMODE_WRITER 0x10000u

#define PATH_MAX 4096
#define NAME_MAX 255

#define MKDEV(major, minor) (((u32)(major) << 8) | (minor))
#define MAJOR(dev) ((dev) >> 8)
#define MINOR(dev) ((dev)&0xff)

struct file_system_type;
struct super_block;
struct kstat;

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
	int i_writecount; /* open for writing; < 0: being executed */
	struct file_lock *i_flock; /* fcntl's and flock's, kernel/fs/locks.c */
	void *i_pipe; /* a fifo's pipe while it is open, kernel/fs/pipe.c */
	void *i_private; /* the filesystem's */
};

/* i_size lives in i_data; of inodes without page cache, too. */
static inline loff_t i_size_read(const struct inode *inode)
{
	return mapping_size(&inode->i_data);
}

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

struct mount {
	struct list_head list; /* all mounts, oldest first */
	struct mount *parent; /* itself: the root of all, or detached */
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

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

/*
 * All but lookup, readlink, get_path, getattr and permission are called with
 * vfs_lock for writing and after every check Linux's VFS makes. What is NULL
 * is -EPERM. The VFS keeps names and times of directories; a filesystem keeps
 * link counts: create/mkdir/mknod/symlink: d_add + d_pin; link: d_add + d_pin
 * with iget, i_nlink++; unlink, rmdir: i_nlink--, d_unpin (the VFS then takes
 * the name away); rename: counts, and d_unpin of @new if it is positive.
 * kernel/fs/libfs.c has simple_* for filesystems with SB_DCACHE.
 */
struct inode_operations {
	/* Find @name: a new reference, a dentry without inode, or ERR_PTR.
	 * Not for SB_DCACHE. */
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
		      struct inode *new_dir, struct dentry *new);
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

struct kstat {
	u64 ino;
	umode_t mode;
	u32 nlink, uid, gid, dev, rdev;
	loff_t size;
	u32 blksize;
	u64 blocks; /* of 512 bytes */
	s64 atime, mtime, ctime; /* ns since 1970 */
};

#define ATTR_MODE 0x1u
#define ATTR_UID 0x2u
#define ATTR_GID 0x4u
#define ATTR_SIZE 0x8u
#define ATTR_ATIME 0x10u
#define ATTR_MTIME 0x20u

struct kstatfs {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	u32 namelen;
};

struct super_operations {
	void (*evict_inode)(struct inode *inode); /* last reference: free all */
	void (*statfs)(struct super_block *sb, struct kstatfs *buf);
	void (*show_options)(struct super_block *sb, struct seq_file *m);
	int (*remount)(struct super_block *sb, const char *data);
	void (*put_super)(struct super_block *sb);
};

struct super_block {
	const struct file_system_type *s_type;
	const struct super_operations *s_op;
	struct dentry *s_root;
	u32 s_flags; /* SB_* */
	u32 s_dev;
	u64 s_next_ino;
	atomic_t s_count;
	void *s_fs_info;
};

#define SB_DCACHE 0x1u /* all names are dentries, and pinned */
#define SB_NOMOUNT 0x2u /* of files without names */

struct file_system_type {
	const char *name;
	bool nodev; /* as /proc/filesystems says it */
	/* Fill @sb and its s_root. @data: mount options or NULL. */
	int (*fill_super)(struct super_block *sb, const char *data);
	struct super_block *single; /* proc, sysfs, devtmpfs: one for all */
	bool is_single;
	struct list_head list;
};

void register_filesystem(struct file_system_type *fs);

/* ---- inodes: kernel/fs/inode.c ---- */
extern struct rw_semaphore vfs_lock;
extern struct super_block *anon_sb; /* of files without names */

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
s64 current_time(void); /* of files: ns since 1970, in ticks */
void file_update_time(struct file *f); /* written: mtime, ctime, set-id */
int inode_permission(struct inode *inode, int mask);
int generic_permission(const struct inode *inode, int mask);
bool inode_owner_or_capable(const struct inode *inode);
void vfs_getattr(const struct path *path, struct kstat *stat);
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

/* ---- dentries: kernel/fs/dentry.c ---- */
struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len);
void d_add(struct dentry *dentry, struct inode *inode); /* takes the inode */
void d_tmpfile(struct dentry *dentry, struct inode *inode); /* the same */
struct dentry *d_make_root(struct inode *inode); /* iput if no memory */
/* With a reference, or NULL; SB_DCACHE only. */
struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len);
void d_delete(struct dentry *dentry); /* the name is gone */
void d_move(struct dentry *old, struct dentry *new); /* takes new's place */
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
/* The path as a program sees it, into the end of @buf; ERR_PTR if too long. */
char *d_path(const struct path *path, char *buf, size_t size);
static inline u8 dt_type(const struct inode *inode)
{
	return (u8)(inode->i_mode >> 12);
}

/* ---- for filesystems that live in the dcache: kernel/fs/libfs.c ---- */
int simple_link(struct inode *inode, struct inode *dir, struct dentry *dentry);
int simple_unlink(struct inode *dir, struct dentry *dentry);
int simple_rmdir(struct inode *dir, struct dentry *dentry);
int simple_rename(struct inode *old_dir, struct dentry *old,
		  struct inode *new_dir, struct dentry *new);
/* A symlink whose text is in i_link. */
extern const struct inode_operations simple_symlink_inode_operations;
extern const struct file_operations simple_dir_operations;
loff_t generic_file_llseek(struct file *f, loff_t off, int whence);
loff_t noop_llseek(struct file *f, loff_t off, int whence); /* null, zero */
/* What write(2) does to @buf of a file whose text is made whole. */
ssize_t simple_read_from_buffer(struct iov_iter *to, loff_t *pos,
				const void *from, size_t available);

/* ---- names: kernel/fs/namei.c ---- */
#define LOOKUP_FOLLOW 1u
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_EMPTY 4u /* "" is @dfd itself */
#define LOOKUP_NO_SYMLINKS 8u /* openat2 */
#define LOOKUP_NO_MAGICLINKS 16u
#define LOOKUP_BENEATH 32u
#define LOOKUP_IN_ROOT 64u
#define LOOKUP_NO_XDEV 128u
/* Look up kernel text, from @dfd's directory; references in *@path. */
int kern_path_at(int dfd, const char *name, u32 flags, struct path *path);
/* The same with a program's pointer. */
int user_path_at(int dfd, const char __user *name, u32 flags,
		 struct path *path);
static inline void path_get(const struct path *path)
{
	dget(path->dentry);
	atomic_inc(&path->mnt->count);
}
void path_put(struct path *path);
/* A program's path as kernel text (free with kfree), or ERR_PTR. */
char *getname(const char __user *name);
struct file *filp_open(const char *name, int flags, umode_t mode);
/* What @path means, all permission checks being made; own references. */
struct file *dentry_open(const struct path *path, u32 flags);
int kern_mkdir(const char *name, umode_t mode);
int kern_mknod(const char *name, umode_t mode, u32 dev);
int kern_symlink(const char *target, const char *name);
int kern_link(const char *old, const char *name);
int kern_unlink(const char *name); /* or an empty directory */
int kern_mount(const char *dev, const char *dir, const char *type, u32 flags,
	       const char *data);
/* A device in a filesystem of which there is one, mounted or not. */
int fs_mknod_below(const char *type, const char *name, umode_t mode, u32 dev);

/* ---- mounts: kernel/fs/mount.c ---- */
struct mount *mntget(struct mount *mnt);
void mntput(struct mount *mnt);
/* The mount on top of @path, or NULL; no reference. */
struct mount *lookup_mnt(const struct path *path);
static inline bool mnt_readonly(const struct mount *mnt)
{
	return mnt->flags & MS_RDONLY;
}
extern u32 mount_event; /* counts changes; whoever waits is woken */
extern struct wait_queue_head mount_wait;
void show_mounts(struct seq_file *m);
void show_mountinfo(struct seq_file *m);
void show_filesystems(struct seq_file *m);

/* ---- open files and descriptors: kernel/fs/file.c ---- */

#define FD_INLINE 32 /* descriptors a new table has room for */

/* Bitmaps are of max_fds bits. A reserved fd has its bit and no file. */
struct files_struct {
	atomic_t count;
	unsigned int max_fds;
	unsigned int next_fd; /* none below is free */
	struct file **fd;
	u32 *open_fds;
	u32 *close_on_exec;
	struct file *fd_inline[FD_INLINE];
	u32 open_inline[FD_INLINE / 32];
	u32 cloexec_inline[FD_INLINE / 32];
};

/* A file for the length of a system call: if nobody shares our table, nobody
 * can close it meanwhile, and a reference is not needed. */
struct fd {
	struct file *file; /* NULL: no such descriptor */
	bool put;
};

static inline struct fd fdget_raw(unsigned int n) /* O_PATH, too */
{
	struct files_struct *files = current->files;
	struct fd fd = { NULL, false };

	if (likely(n < files->max_fds))
		fd.file = files->fd[n];
	if (unlikely(atomic_read(&files->count) != 1) && fd.file) {
		get_file(fd.file);
		fd.put = true;
	}
	return fd;
}

static inline void fdput(struct fd fd)
{
	if (unlikely(fd.put))
		fput(fd.file);
}

static inline struct fd fdget(unsigned int n)
{
	struct fd fd = fdget_raw(n);

	if (unlikely(fd.file && (fd.file->f_mode & FMODE_PATH))) {
		fdput(fd);
		fd = (struct fd){ NULL, false };
	}
	return fd;
}

/* Takes references of its own to @path. ERR_PTR. */
struct file *alloc_file(const struct path *path, u32 flags,
			const struct file_operations *fop);
/* A file with an inode of its own and no name anywhere: pipes, memfd. Takes
 * the reference to @inode, also if it fails. @name as d_path() shows it:
 * "pipe:" and "socket:" with the inode's number, "anon_inode:[x]" as it is,
 * others with a slash before and " (deleted)" behind. ERR_PTR. */
struct file *alloc_anon_file(const char *name, struct inode *inode, u32 flags,
			     const struct file_operations *fop);
/* The same with an inode that all such files share, and a new descriptor. */
int anon_inode_getfd(const char *name, const struct file_operations *fop,
		     void *private_data, u32 flags);
struct file *anon_inode_getfile(const char *name,
				const struct file_operations *fop,
				void *private_data, u32 flags);
struct file *fget(unsigned int fd); /* with a reference, or NULL */
struct file *fget_raw(unsigned int fd); /* O_PATH, too */
int get_unused_fd_flags(u32 flags); /* reserve; O_CLOEXEC */
void fd_install(unsigned int fd, struct file *f); /* takes the reference */
void put_unused_fd(unsigned int fd);
int filp_close(struct file *f, struct files_struct *files);
int close_fd(unsigned int fd);
/* A copy, every file with a reference; NULL without memory. */
struct files_struct *dup_files(struct files_struct *old);
void get_files(struct files_struct *files);
void put_files(struct files_struct *files); /* the last one closes all */
void close_on_exec(struct files_struct *files);
int unshare_files(void); /* execve: a table of current's own */
/* For /proc/PID/fd: the file with a reference, and the next fd >= @fd or -1. */
struct file *files_lookup(struct files_struct *files, unsigned int fd);
int files_next(struct files_struct *files, unsigned int fd);
bool files_cloexec(struct files_struct *files, unsigned int fd);
unsigned int files_capacity(struct files_struct *files);
extern unsigned long nr_files, max_files; /* open, and how many may be */
extern unsigned long nr_inodes, nr_dentries;
struct fs_struct *copy_fs(struct fs_struct *old); /* NULL: no memory */
void get_fs(struct fs_struct *fs);
void put_fs(struct fs_struct *fs);

/* readdir: @emit returns false when the program's buffer is full. */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, u32 len,
		     u64 ino, u8 type);
	loff_t pos; /* of the entry given to emit; then of the next one */
};

/* ---- reading and writing: kernel/fs/read_write.c ---- */
ssize_t vfs_read(struct file *f, struct iov_iter *to, loff_t *pos);
ssize_t vfs_write(struct file *f, struct iov_iter *from, loff_t *pos);
ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos);
void touch_atime(struct file *f);

/* ---- poll, kernel/fs/select.c ---- */
#define POLLIN 0x1u
#define POLLPRI 0x2u
#define POLLOUT 0x4u
#define POLLERR 0x8u
#define POLLHUP 0x10u
#define POLLNVAL 0x20u
#define POLLRDNORM 0x40u
#define POLLRDBAND 0x80u
#define POLLWRNORM 0x100u
#define POLLWRBAND 0x200u
#define POLLRDHUP 0x2000u
#define DEFAULT_POLLMASK (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

static inline u32 vfs_poll(struct file *f, struct poll_table *pt)
{
	return f->f_op->poll ? f->f_op->poll(f, pt) : DEFAULT_POLLMASK;
}

/* ---- pipes: kernel/fs/pipe.c; open() meets at inode->i_pipe ---- */
extern const struct file_operations fifo_fops;

/* ---- character devices: kernel/drivers/chrdev.c ---- */
void register_chrdev(u32 major, u32 minor, u32 count, const char *name,
		     const struct file_operations *fop);
const struct file_operations *chrdev_fops(u32 dev);
void show_devices(struct seq_file *m);
/* Make /dev/@name ("tty", "input/mice"), with S_IFCHR and permissions. */
void devtmpfs_create(const char *name, umode_t mode, u32 dev);

/* ---- random numbers: kernel/drivers/random.c ---- */
void get_random_bytes(void *buf, size_t n);
void add_interrupt_randomness(unsigned int irq); /* any context, cheap */

/* ---- memory files: kernel/fs/tmpfs.c, filled from the image at boot ---- */
void tmpfs_init(void); /* registers tmpfs, rootfs, devtmpfs (single) */
void populate_rootfs(const void *cpio, size_t size);

/* ---- reports as files: kernel/proc/generic.c ---- */
struct proc_entry {
	const char *name; /* "meminfo", "sys/vm/overcommit_memory" */
	umode_t mode;
	/* Whole text into @m; comes again with more room if it overflows. */
	int (*show)(struct seq_file *m, void *data);
	/* A write, as kernel text; length or -errno. NULL: not writable. */
	ssize_t (*write)(const char *text, size_t len, void *data);
	void *data;
};
void proc_create(const struct proc_entry *e);

#endif

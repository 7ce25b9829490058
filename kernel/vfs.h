/* SPDX-License-Identifier: MIT */
/*
 * Names for files: directories, mounts, descriptors.
 *
 *   descriptor → file → dentry ─ parent ─ … ─ root of a mount
 *                   └── inode ── super_block ── file_system_type
 *
 * Simpler than Linux: dentries exist only while they are in use or their
 * filesystem keeps them (a tmpfs name IS its dentry; procfs makes them at
 * lookup and drops them with the last reference). One lock, vfs_lock, covers
 * all names; nothing sleeps under it but memory allocation.
 */
#ifndef KERNEL_VFS_H
#define KERNEL_VFS_H

#include <ashlar/fs.h>
#include <kernel/sched.h>

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

#define AT_FDCWD (-100)
#define AT_SYMLINK_NOFOLLOW 0x100
#define AT_REMOVEDIR 0x200
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
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)

enum { DT_UNKNOWN = 0, DT_FIFO = 1, DT_CHR = 2, DT_DIR = 4, DT_BLK = 6,
       DT_REG = 8, DT_LNK = 10, DT_SOCK = 12 };

#define MAY_EXEC 1
#define MAY_WRITE 2
#define MAY_READ 4

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
	const struct inode_operations *i_op;
	const struct file_operations *i_fop; /* an open file's */
	struct address_space *i_mapping; /* regular files with a page cache */
	struct address_space i_data;
	char *i_link; /* symlink's text, when it is constant */
	int i_writecount; /* open for writing; < 0: being executed */
	void *i_private;
};

/* i_size lives in i_data; of inodes without page cache, too. */
static inline loff_t i_size_read(const struct inode *inode)
{
	return inode->i_data.i_size;
}

struct dentry {
	atomic_t d_count;
	struct dentry *d_parent; /* itself at a filesystem's root */
	struct inode *d_inode; /* NULL: a name without a file */
	struct list_head d_children, d_sibling; /* what the filesystem keeps */
	struct list_head d_hash;
	struct mount *d_mounted; /* topmost mount on it, or NULL */
	bool d_unlinked;
	u32 d_len;
	char d_name[]; /* ends with 0 */
};

struct mount {
	struct list_head list; /* all mounts, oldest first */
	struct mount *parent;
	struct dentry *mountpoint; /* in parent */
	struct dentry *root;
	struct super_block *sb;
	atomic_t count;
	u32 flags; /* MS_RDONLY … */
	int id;
	char *devname;
};

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct inode_operations {
	/* Find @name: a new reference, a dentry without inode, or ERR_PTR. */
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
	int (*setattr)(struct inode *inode, struct kstat *attr, u32 valid);
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
	void (*evict_inode)(struct inode *inode); /* last reference, no links */
	void (*statfs)(struct super_block *sb, struct kstatfs *buf);
	void (*show_options)(struct super_block *sb, struct seq_file *m);
	void (*put_super)(struct super_block *sb);
};

struct super_block {
	const struct file_system_type *s_type;
	const struct super_operations *s_op;
	struct dentry *s_root;
	u32 s_dev;
	u64 s_next_ino;
	atomic_t s_count;
	void *s_fs_info;
};

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

/* ---- inodes and dentries: kernel/fs/inode.c, dentry.c ---- */
struct inode *new_inode(struct super_block *sb, umode_t mode);
void iget(struct inode *inode);
void iput(struct inode *inode);
struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len);
void d_add(struct dentry *dentry, struct inode *inode); /* takes the inode */
struct dentry *d_make_root(struct inode *inode);
struct dentry *dget(struct dentry *d);
void dput(struct dentry *d);
/* The path as a program sees it, into the end of @buf; ERR_PTR if too long. */
char *d_path(const struct path *path, char *buf, size_t size);

/* ---- names: kernel/fs/namei.c ---- */
#define LOOKUP_FOLLOW 1u
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_PARENT 4u
/* Look up kernel text, from @dfd's directory; references in *@path. */
int kern_path_at(int dfd, const char *name, u32 flags, struct path *path);
/* The same with a program's pointer. */
int user_path_at(int dfd, const char __user *name, u32 flags,
		 struct path *path);
void path_put(struct path *path);
int inode_permission(struct inode *inode, int mask);
/* A program's path as kernel text (free with kfree), or ERR_PTR. */
char *getname(const char __user *name);
struct file *filp_open(const char *name, int flags, umode_t mode);
int kern_mkdir(const char *name, umode_t mode);
int kern_mknod(const char *name, umode_t mode, u32 dev);
int kern_symlink(const char *target, const char *name);
int kern_mount(const char *dev, const char *dir, const char *type, u32 flags,
	       const char *data);

/* ---- open files and descriptors: kernel/fs/file.c ---- */
struct file *alloc_file(const struct path *path, u32 flags,
			const struct file_operations *fop);
/* A file with an inode of its own and no name anywhere: pipes, memfd. */
struct file *alloc_anon_file(const char *name, struct inode *inode, u32 flags,
			     const struct file_operations *fop);
struct file *fget(unsigned int fd); /* with a reference, or NULL */
int get_unused_fd_flags(u32 flags); /* reserve; O_CLOEXEC */
void fd_install(unsigned int fd, struct file *f); /* takes the reference */
void put_unused_fd(unsigned int fd);
struct files_struct *dup_files(struct files_struct *old);
void get_files(struct files_struct *files);
void put_files(struct files_struct *files);
void close_on_exec(struct files_struct *files);
/* For /proc/PID/fd: the file with a reference, and the next fd >= @fd or -1. */
struct file *files_lookup(struct files_struct *files, unsigned int fd);
int files_next(struct files_struct *files, unsigned int fd);
bool files_cloexec(struct files_struct *files, unsigned int fd);
struct fs_struct *copy_fs(struct fs_struct *old);
void put_fs(struct fs_struct *fs);

/* readdir: @emit returns false when the program's buffer is full. */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, u32 len,
		     u64 ino, u8 type);
	loff_t pos;
};

/* ---- character devices: kernel/drivers/chrdev.c ---- */
void register_chrdev(u32 major, u32 minor, u32 count, const char *name,
		     const struct file_operations *fop);
const struct file_operations *chrdev_fops(u32 dev);
/* Make /dev/@name when devtmpfs is filled. */
void devtmpfs_create(const char *name, umode_t mode, u32 dev);

/* ---- memory files: kernel/fs/tmpfs.c, filled from the image at boot ---- */
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

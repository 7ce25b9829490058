/* SPDX-License-Identifier: MIT */
/* Descriptors: a process's numbers for open files. Code: fdtable.c. */
#ifndef KERNEL_FS_FDTABLE_H
#define KERNEL_FS_FDTABLE_H

#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <kernel/task/task.h>

#define NR_OPEN_MAX 0x1fffffe0 /* a table for so many: less than 4 GB */
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
	struct list_head lock_waits; /* for fcntl's locks, kernel/fs/locks.c */
};

extern int sysctl_nr_open; /* RLIMIT_NOFILE may not be higher */

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

struct file *fget(unsigned int fd); /* with a reference, or NULL */
struct file *fget_raw(unsigned int fd); /* O_PATH, too */
int get_unused_fd_flags(u32 flags); /* reserve; O_CLOEXEC */
void fd_install(unsigned int fd, struct file *f); /* takes the reference */
void put_unused_fd(unsigned int fd);
int close_fd(unsigned int fd);
/* A copy, every file with a reference; NULL without memory. */
struct files_struct *dup_files(struct files_struct *old);
int install_files(struct file *f[2], s32 __user *ufds, u32 flags);
void get_files(struct files_struct *files);
void put_files(struct files_struct *files); /* the last one closes all */
void close_on_exec(struct files_struct *files);
int unshare_files(void); /* execve: a table of current's own */
/* For /proc/PID/fd: the file with a reference, and the next fd >= @fd or -1. */
struct file *files_lookup(struct files_struct *files, unsigned int fd);
int files_next(struct files_struct *files, unsigned int fd);
bool files_cloexec(struct files_struct *files, unsigned int fd);
unsigned int files_capacity(struct files_struct *files);

#endif

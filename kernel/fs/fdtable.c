/* SPDX-License-Identifier: MIT */
/*
 * Tables of descriptors, and the calls that give out, copy and close them.
 *
 *   files_struct ┌ fd[]            0 1 2 …  → struct file, or NULL
 *                ├ open_fds        a bit for each descriptor given out
 *                └ close_on_exec   a bit for each that execve closes
 *
 * The first FD_INLINE descriptors lie in the table itself. A table that needs
 * more moves all three arrays into one piece of memory, twice as large each
 * time. The old arrays are freed at once: a task that looks at a table does
 * not sleep between the look and the reference it takes, and is not preempted.
 *
 * A descriptor is reserved first and gets its file when nothing can fail any
 * more, so that no thread sees it before.
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>
#include "internal.h"

#define CLOSE_RANGE_UNSHARE 2u
#define CLOSE_RANGE_CLOEXEC 4u

static struct kmem_cache *files_cache;
static struct files_struct init_files;
int sysctl_nr_open = 1024 * 1024;

/* ---- one descriptor ---- */

static inline bool test_fd(const u32 *map, unsigned int fd)
{
	return map[fd / 32] & (1u << fd % 32);
}

static inline void set_fd(u32 *map, unsigned int fd)
{
	map[fd / 32] |= 1u << fd % 32;
}

static inline void clear_fd(u32 *map, unsigned int fd)
{
	map[fd / 32] &= ~(1u << fd % 32);
}

static void use_inline(struct files_struct *files)
{
	files->max_fds = FD_INLINE;
	files->fd = files->fd_inline;
	files->open_fds = files->open_inline;
	files->close_on_exec = files->cloexec_inline;
}

/* Bytes of three arrays for @n descriptors, and where they lie in @p. */
static size_t arrays_size(unsigned int n)
{
	return n * sizeof(struct file *) + n / 8 * 2;
}

static void use_arrays(struct files_struct *files, void *p, unsigned int n)
{
	files->max_fds = n;
	files->fd = p;
	files->open_fds = (u32 *)(files->fd + n);
	files->close_on_exec = files->open_fds + n / 32;
}

static void free_arrays(struct file **fd, const struct files_struct *files)
{
	if (fd != files->fd_inline)
		kvfree(fd);
}

/** expand_files() - make room for descriptor @fd; 0 or -errno */
int expand_files(struct files_struct *files, unsigned int fd)
{
	unsigned int n = files->max_fds, old = n;
	struct files_struct was;
	void *p;

	if (fd < n)
		return 0;
	if (fd >= (unsigned int)sysctl_nr_open)
		return -EMFILE;
	while (n <= fd)
		n *= 2;
	p = kvmalloc(arrays_size(n), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	if (files->max_fds != old) { /* another thread did while we slept */
		kvfree(p);
		return expand_files(files, fd);
	}
	memset(p, 0, arrays_size(n));
	was = *files;
	use_arrays(files, p, n);
	memcpy(files->fd, was.fd, old * sizeof(*was.fd));
	memcpy(files->open_fds, was.open_fds, old / 8);
	memcpy(files->close_on_exec, was.close_on_exec, old / 8);
	free_arrays(was.fd, files);
	return 0;
}

static unsigned int find_free_fd(const struct files_struct *files,
				 unsigned int from)
{
	unsigned int word = from / 32;
	u32 bits;

	if (from >= files->max_fds)
		return from;
	bits = files->open_fds[word] | ((1u << from % 32) - 1);
	while (bits == ~0u) {
		if (++word == files->max_fds / 32)
			return files->max_fds;
		bits = files->open_fds[word];
	}
	return word * 32 + (unsigned int)__builtin_ctz(~bits);
}

/* The lowest free descriptor from @start on; it is reserved. */
int alloc_fd(unsigned int start, u32 flags)
{
	struct files_struct *files = current->files;
	unsigned int fd;
	int err;

	for (;;) {
		fd = find_free_fd(files, max(start, files->next_fd));
		if (fd >= rlimit(RLIMIT_NOFILE))
			return -EMFILE;
		if (likely(fd < files->max_fds))
			break;
		err = expand_files(files, fd);
		if (err)
			return err;
	}
	if (start <= files->next_fd)
		files->next_fd = fd + 1;
	set_fd(files->open_fds, fd);
	if (flags & O_CLOEXEC)
		set_fd(files->close_on_exec, fd);
	else
		clear_fd(files->close_on_exec, fd);
	return (int)fd;
}

/** get_unused_fd_flags() - reserve a descriptor: it, -EMFILE, -ENOMEM */
int get_unused_fd_flags(u32 flags)
{
	return alloc_fd(0, flags);
}

/** put_unused_fd() - a reserved descriptor is not needed */
void put_unused_fd(unsigned int fd)
{
	struct files_struct *files = current->files;

	clear_fd(files->open_fds, fd);
	if (fd < files->next_fd)
		files->next_fd = fd;
}

/** fd_install() - a reserved descriptor gets its file, and the reference */
void fd_install(unsigned int fd, struct file *f)
{
	current->files->fd[fd] = f;
}

/** fget_raw() - the file of a descriptor with a reference, or NULL */
struct file *fget_raw(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *f = fd < files->max_fds ? files->fd[fd] : NULL;

	return f ? get_file(f) : NULL;
}

/** fget() - the same, but not of one opened with O_PATH */
struct file *fget(unsigned int fd)
{
	struct file *f = fget_raw(fd);

	if (f && f->f_mode & FMODE_PATH) {
		fput(f);
		return NULL;
	}
	return f;
}

/**
 * install_files() - two new files, as pipe and socketpair make them
 * @f: the files; their references are taken over, also on failure
 * @ufds: where the program wants to read the two descriptors
 * @flags: O_CLOEXEC
 *
 * No thread can see a descriptor before all that may fail is done.
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int install_files(struct file *f[2], s32 __user *ufds, u32 flags)
{
	int fds[2], err;

	err = fds[0] = get_unused_fd_flags(flags);
	if (err < 0)
		goto put_files;
	err = fds[1] = get_unused_fd_flags(flags);
	if (err < 0)
		goto put_fd;
	err = -EFAULT;
	if (copy_to_user(ufds, fds, sizeof(fds)))
		goto put_fds;
	fd_install((unsigned int)fds[0], f[0]);
	fd_install((unsigned int)fds[1], f[1]);
	return 0;
put_fds:
	put_unused_fd((unsigned int)fds[1]);
put_fd:
	put_unused_fd((unsigned int)fds[0]);
put_files:
	fput(f[0]);
	fput(f[1]);
	return err;
}

/** filp_close() - a descriptor of @files is gone; 0 or what flushing said */
int filp_close(struct file *f, struct files_struct *files)
{
	if (unlikely(f->f_inode->i_flock.rb_node) && !(f->f_mode & FMODE_PATH))
		locks_remove_posix(f, files);
	fput(f);
	return 0;
}

static struct file *take_fd(struct files_struct *files, unsigned int fd)
{
	struct file *f = fd < files->max_fds ? files->fd[fd] : NULL;

	if (!f)
		return NULL;
	files->fd[fd] = NULL;
	clear_fd(files->open_fds, fd);
	if (fd < files->next_fd)
		files->next_fd = fd;
	return f;
}

static void __set_cloexec(struct files_struct *files, unsigned int fd, bool on)
{
	if (on)
		set_fd(files->close_on_exec, fd);
	else
		clear_fd(files->close_on_exec, fd);
}

/** set_close_on_exec() - FD_CLOEXEC of an open descriptor */
void set_close_on_exec(unsigned int fd, bool on)
{
	__set_cloexec(current->files, fd, on);
}

/* ---- tables ---- */

static struct files_struct *alloc_files(unsigned int fds)
{
	struct files_struct *files = kmem_cache_zalloc(files_cache, GFP_KERNEL);
	void *p;

	if (!files)
		return NULL;
	atomic_set(&files->count, 1);
	INIT_LIST_HEAD(&files->lock_waits);
	use_inline(files);
	if (fds <= FD_INLINE)
		return files;
	fds = ALIGN(fds, 32u);
	p = kvmalloc(arrays_size(fds), GFP_KERNEL);
	if (!p) {
		kmem_cache_free(files_cache, files);
		return NULL;
	}
	memset(p, 0, arrays_size(fds));
	use_arrays(files, p, fds);
	return files;
}

static unsigned int fds_used(const struct files_struct *files)
{
	unsigned int word = files->max_fds / 32;

	while (word && !files->open_fds[word - 1])
		word--;
	return word * 32;
}

/*
 * The files of 32 descriptors, every one with a reference. Return: their bits,
 * without those that another thread has reserved.
 */
static u32 copy_files(struct file **to, struct file *const *from, u32 bits)
{
	u32 left, open = bits;
	unsigned int i;

	for (left = bits; left; left &= left - 1) {
		i = (unsigned int)__builtin_ctz(left);
		if (likely(from[i]))
			to[i] = get_file(from[i]);
		else
			open &= ~(1u << i);
	}
	return open;
}

/**
 * dup_files() - a copy of a table, for fork
 * @old: the table
 *
 * Context: may sleep. Return: the copy, or NULL without memory.
 */
struct files_struct *dup_files(struct files_struct *old)
{
	struct files_struct *files;
	unsigned int word;

	for (;;) {
		files = alloc_files(fds_used(old));
		if (!files)
			return NULL;
		if (likely(fds_used(old) <= files->max_fds))
			break;
		put_files(files); /* another thread opened more meanwhile */
	}
	for (word = 0; word < min(files->max_fds, old->max_fds) / 32; word++) {
		files->close_on_exec[word] = old->close_on_exec[word];
		files->open_fds[word] = copy_files(files->fd + word * 32ul,
						   old->fd + word * 32ul,
						   old->open_fds[word]);
	}
	files->next_fd = old->next_fd;
	return files;
}

/** get_files() - one task more uses a table */
void get_files(struct files_struct *files)
{
	atomic_inc(&files->count);
}

/** put_files() - one task less; the last closes everything. May sleep. */
void put_files(struct files_struct *files)
{
	unsigned int word, fd;
	struct file *f;

	if (!atomic_dec_and_test(&files->count))
		return;
	for (word = 0; word < files->max_fds / 32; word++)
		while (files->open_fds[word]) {
			fd = word * 32 +
			     (unsigned int)__builtin_ctz(files->open_fds[word]);
			clear_fd(files->open_fds, fd);
			f = files->fd[fd];
			if (f)
				filp_close(f, files);
		}
	free_arrays(files->fd, files);
	kmem_cache_free(files_cache, files);
}

/** close_on_exec() - execve closes what it was told to. May sleep. */
void close_on_exec(struct files_struct *files)
{
	unsigned int word, fd;
	struct file *f;
	u32 bits;

	for (word = 0; word < files->max_fds / 32; word++) {
		bits = files->close_on_exec[word] & files->open_fds[word];
		files->close_on_exec[word] = 0;
		for (; bits; bits &= bits - 1) {
			fd = word * 32 + (unsigned int)__builtin_ctz(bits);
			f = take_fd(files, fd);
			if (f)
				filp_close(f, files);
		}
	}
}

/** unshare_files() - give the running task a table of its own; 0, -ENOMEM */
int unshare_files(void)
{
	struct files_struct *old = current->files, *files;

	if (atomic_read(&old->count) == 1)
		return 0;
	files = dup_files(old);
	if (!files)
		return -ENOMEM;
	current->files = files;
	put_files(old);
	return 0;
}

/** files_lookup() - a file of any task's table with a reference, or NULL */
struct file *files_lookup(struct files_struct *files, unsigned int fd)
{
	struct file *f = fd < files->max_fds ? files->fd[fd] : NULL;

	return f ? get_file(f) : NULL;
}

/** files_next() - the lowest open descriptor from @fd on, or -1 */
int files_next(struct files_struct *files, unsigned int fd)
{
	for (; fd < files->max_fds; fd++)
		if (files->fd[fd])
			return (int)fd;
	return -1;
}

/** files_cloexec() - does execve close @fd? */
bool files_cloexec(struct files_struct *files, unsigned int fd)
{
	return fd < files->max_fds && test_fd(files->close_on_exec, fd);
}

/** files_capacity() - descriptors a table has room for */
unsigned int files_capacity(struct files_struct *files)
{
	return files->max_fds;
}

/* ---- system calls ---- */

/** close_fd() - close a descriptor of the running task: 0 or -EBADF */
int close_fd(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file *f = take_fd(files, fd);

	return f ? filp_close(f, files) : -EBADF;
}

SYSCALL_DEFINE(close, unsigned int fd)
{
	return close_fd(fd);
}

static void close_fds(struct files_struct *files, unsigned int fd,
		      unsigned int last)
{
	struct file *f;

	for (; fd <= last; fd++) {
		f = take_fd(files, fd);
		if (f)
			filp_close(f, files);
		cond_resched();
	}
}

SYSCALL_DEFINE(close_range, unsigned int first, unsigned int last, u32 flags)
{
	struct files_struct *files;
	int err;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) ||
	    first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		err = unshare_files();
		if (err)
			return err;
	}
	files = current->files;
	if (last >= files->max_fds)
		last = files->max_fds - 1;
	if (first >= files->max_fds)
		return 0;
	if (!(flags & CLOSE_RANGE_CLOEXEC)) {
		close_fds(files, first, last);
		return 0;
	}
	for (; first <= last; first++)
		if (files->fd[first])
			set_fd(files->close_on_exec, first);
	return 0;
}

/* Another descriptor from @start on for an open file. */
int dup_fd_from(unsigned int fd, unsigned int start, u32 flags)
{
	struct file *f;
	int new;

	if (start >= rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	f = fget_raw(fd);
	if (!f)
		return -EBADF;
	new = alloc_fd(start, flags);
	if (new < 0)
		fput(f);
	else
		fd_install((unsigned int)new, f);
	return new;
}

SYSCALL_DEFINE(dup, unsigned int fd)
{
	struct file *f = fget_raw(fd);
	int new;

	if (!f)
		return -EBADF;
	new = alloc_fd(0, 0);
	if (new < 0)
		fput(f);
	else
		fd_install((unsigned int)new, f);
	return new;
}

/* @f with its reference becomes descriptor @fd, whatever that was. */
static int replace_fd(unsigned int fd, struct file *f, u32 flags)
{
	struct files_struct *files = current->files;
	struct file *old;
	int err;

	err = expand_files(files, fd);
	if (err == -EMFILE)
		err = -EBADF; /* no such number */
	if (!err && test_fd(files->open_fds, fd) && !files->fd[fd])
		err = -EBUSY; /* reserved by another thread */
	if (err) {
		fput(f);
		return err;
	}
	old = files->fd[fd];
	files->fd[fd] = f;
	set_fd(files->open_fds, fd);
	__set_cloexec(files, fd, flags & O_CLOEXEC);
	if (old)
		filp_close(old, files);
	return (int)fd;
}

SYSCALL_DEFINE(dup3, unsigned int oldfd, unsigned int newfd, u32 flags)
{
	struct file *f;

	if (flags & ~O_CLOEXEC || oldfd == newfd)
		return -EINVAL;
	if (newfd >= rlimit(RLIMIT_NOFILE))
		return -EBADF;
	f = fget_raw(oldfd);
	return f ? replace_fd(newfd, f, flags) : -EBADF;
}

SYSCALL_DEFINE(dup2, unsigned int oldfd, unsigned int newfd)
{
	struct fd f;

	if (oldfd != newfd)
		return sys_dup3(oldfd, newfd, 0);
	f = fdget_raw(oldfd);
	fdput(f);
	return f.file ? (long)newfd : -EBADF;
}

/** fdtable_init() - the cache, and process 0's empty table; boot */
void fdtable_init(void)
{
	files_cache = kmem_cache_create("files_cache",
					sizeof(struct files_struct), 0,
					SLAB_PANIC, NULL);
	atomic_set(&init_files.count, 1);
	INIT_LIST_HEAD(&init_files.lock_waits);
	use_inline(&init_files);
	init_task.files = &init_files;
}

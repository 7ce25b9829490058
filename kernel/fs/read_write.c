/* SPDX-License-Identifier: MIT */
/*
 * read, write and their relatives. One description of the memory (iov_iter)
 * serves all of them, so a file has one function for each direction.
 *
 * Of files with a page cache this layer also keeps what the cache does not
 * know: O_APPEND, the limits of size, times and set-id bits.
 */
#include <ashlar/fs.h>
#include <ashlar/readahead.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/direct-io.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>
#include "internal.h"

#define RWF_HIPRI 1u
#define RWF_DSYNC 2u
#define RWF_SYNC 4u
#define RWF_NOWAIT 8u
#define RWF_APPEND 16u

/* ---- one file ---- */

/**
 * vfs_read() - read from an open file
 * @f: the file
 * @to: where the bytes go
 * @pos: where they come from; moves on
 *
 * Context: may sleep. Return: bytes read, or -errno.
 */
ssize_t vfs_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	ssize_t ret;

	if (unlikely(!(f->f_mode & FMODE_READ)))
		return -EBADF;
	if (unlikely(!f->f_op->read_iter))
		return S_ISDIR(f->f_inode->i_mode) ? -EISDIR : -EINVAL;
	ret = is_direct(f) ? file_direct_read(f, to, pos) :
			     f->f_op->read_iter(f, to, pos);
	if (f->f_mapping)
		touch_atime(f);
	current->ru.syscr++;
	if (ret > 0)
		current->ru.rchar += (u32)ret;
	return ret;
}

/** check_file_size() - may a file become so long? -EFBIG, and SIGXFSZ */
int check_file_size(loff_t size)
{
	unsigned long limit = rlimit(RLIMIT_FSIZE);

	if (limit != RLIM_INFINITY && size > (loff_t)limit) {
		send_sig_self(SIGXFSZ);
		return -EFBIG;
	}
	return size > MAX_LFS_FILESIZE ? -EFBIG : 0;
}

/* A write that would go beyond a limit is cut there. */
static int limit_write(const struct file *f, struct iov_iter *from, loff_t pos)
{
	unsigned long limit = rlimit(RLIMIT_FSIZE);
	loff_t end = f->f_flags & O_LARGEFILE ? MAX_LFS_FILESIZE : MAX_NON_LFS;

	if (unlikely(limit != RLIM_INFINITY)) {
		if (pos >= (loff_t)limit) {
			send_sig_self(SIGXFSZ);
			return -EFBIG;
		}
		end = min(end, (loff_t)limit);
	}
	if (unlikely(pos >= end))
		return -EFBIG;
	if (unlikely((loff_t)from->count > end - pos))
		from->count = (size_t)(end - pos);
	return 0;
}

/* O_SYNC and O_DSYNC: the @n bytes before @pos go to where they are kept. */
static ssize_t sync_written(struct file *f, loff_t pos, ssize_t n, u32 flags)
{
	bool datasync = (flags & O_SYNC) != O_SYNC;
	int err = 0;

	if (f->f_op->fsync)
		err = f->f_op->fsync(f, pos - n, pos - 1, datasync);
	return err ? err : n;
}

/* As vfs_write(), with flags of the call beside the file's. */
static ssize_t write_flags(struct file *f, struct iov_iter *from, loff_t *pos,
			   u32 flags)
{
	ssize_t ret;
	int err;

	if (unlikely(!(f->f_mode & FMODE_WRITE)))
		return -EBADF;
	if (unlikely(!f->f_op->write_iter))
		return -EINVAL;
	if (f->f_mapping && from->count && !S_ISBLK(f->f_inode->i_mode)) {
		if (flags & O_APPEND)
			*pos = i_size_read(f->f_inode);
		err = limit_write(f, from, *pos);
		if (unlikely(err))
			return err;
	}
	ret = is_direct(f) ? file_direct_write(f, from, pos) :
			     f->f_op->write_iter(f, from, pos);
	if (unlikely(flags & O_DSYNC && ret > 0))
		ret = sync_written(f, *pos, ret, flags);
	current->ru.syscw++;
	if (ret > 0) {
		current->ru.wchar += (u32)ret;
		if (f->f_mapping)
			file_update_time(f);
	}
	return ret;
}

/**
 * vfs_write() - write to an open file
 * @f: the file
 * @from: where the bytes come from
 * @pos: where they go to; moves on
 *
 * Context: may sleep. Return: bytes written, or -errno.
 */
ssize_t vfs_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	return write_flags(f, from, pos, f->f_flags);
}

/** kernel_write() - write kernel memory to a file: bytes, or -errno */
ssize_t kernel_write(struct file *f, const void *buf, size_t n, loff_t *pos)
{
	struct iov_iter i;

	iov_iter_kernel(&i, (void *)(uintptr_t)buf, n);
	return vfs_write(f, &i, pos);
}

/* ---- one piece of memory ---- */

SYSCALL_DEFINE(read, unsigned int fd, char __user *buf, u32 count)
{
	struct fd f = fdget(fd);
	struct iov_iter i;
	ssize_t ret;

	if (unlikely(!f.file))
		return -EBADF;
	if (unlikely(!access_ok(buf, count))) {
		ret = f.file->f_mode & FMODE_READ ? -EFAULT : -EBADF;
	} else {
		iov_iter_user(&i, buf, min(count, MAX_RW_COUNT));
		ret = vfs_read(f.file, &i, &f.file->f_pos);
	}
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(write, unsigned int fd, const char __user *buf, u32 count)
{
	struct fd f = fdget(fd);
	struct iov_iter i;
	ssize_t ret;

	if (unlikely(!f.file))
		return -EBADF;
	if (unlikely(!access_ok(buf, count))) {
		ret = f.file->f_mode & FMODE_WRITE ? -EFAULT : -EBADF;
	} else {
		iov_iter_user(&i, (char __user *)buf, min(count, MAX_RW_COUNT));
		ret = vfs_write(f.file, &i, &f.file->f_pos);
	}
	fdput(f);
	return ret;
}

/* A file that can be read and written at a position. */
static int fdget_pos(unsigned int fd, loff_t pos, struct fd *f)
{
	if (pos < 0)
		return -EINVAL;
	*f = fdget(fd);
	if (!f->file)
		return -EBADF;
	if (f->file->f_mode & FMODE_LSEEK)
		return 0;
	fdput(*f);
	return -ESPIPE;
}

SYSCALL_DEFINE(pread64, unsigned int fd, char __user *buf, u32 count, u32 lo,
	       u32 hi)
{
	loff_t pos = (loff_t)((u64)hi << 32 | lo);
	struct iov_iter i;
	struct fd f;
	ssize_t ret;

	ret = fdget_pos(fd, pos, &f);
	if (ret)
		return ret;
	ret = -EFAULT;
	if (access_ok(buf, count)) {
		iov_iter_user(&i, buf, min(count, MAX_RW_COUNT));
		ret = vfs_read(f.file, &i, &pos);
	}
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(pwrite64, unsigned int fd, const char __user *buf, u32 count,
	       u32 lo, u32 hi)
{
	loff_t pos = (loff_t)((u64)hi << 32 | lo);
	struct iov_iter i;
	struct fd f;
	ssize_t ret;

	ret = fdget_pos(fd, pos, &f);
	if (ret)
		return ret;
	ret = -EFAULT;
	if (access_ok(buf, count)) {
		iov_iter_user(&i, (char __user *)buf, min(count, MAX_RW_COUNT));
		ret = vfs_write(f.file, &i, &pos);
	}
	fdput(f);
	return ret;
}

/* ---- several pieces ---- */

static int check_iov(struct user_iov *u, u32 n)
{
	u32 i, total = 0, len;

	for (i = 0; i < n; i++) {
		len = u->vec[i].iov_len;
		if ((s32)len < 0)
			return -EINVAL;
		if (!access_ok((void *)(uintptr_t)u->vec[i].iov_base, len))
			return -EFAULT;
		len = min(len, MAX_RW_COUNT - total);
		u->vec[i].iov_len = len;
		total += len;
	}
	u->iter = (struct iov_iter){ .count = total,
				     .iov = u->vec,
				     .nr_segs = n };
	return 0;
}

void free_iov(struct user_iov *u)
{
	if (u->vec != u->fast)
		kfree(u->vec);
}

/* The pieces that a program names; free_iov() afterwards. */
int import_iov(struct user_iov *u, const struct iovec __user *vec, u32 n)
{
	u32 size = n * (u32)sizeof(*vec);
	int err;

	if (n > UIO_MAXIOV)
		return -EINVAL;
	u->vec = u->fast;
	u->iter = (struct iov_iter){ .iov = u->vec };
	if (!size)
		return 0;
	if (n > UIO_FASTIOV) {
		u->vec = kmalloc(size, GFP_KERNEL);
		if (!u->vec)
			return -ENOMEM;
	}
	err = -EFAULT;
	if (!copy_from_user(u->vec, vec, size))
		err = check_iov(u, n);
	if (err)
		free_iov(u);
	return err;
}

/* What does not have to wait for a disk, of a file that has one. */
static ssize_t read_nowait(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct address_space *m = f->f_mapping;
	loff_t left;
	size_t n;

	if (!m || !mapping_can_writeback(m) || is_direct(f))
		return -EOPNOTSUPP;
	left = mapping_size(m) - *pos;
	if (left <= 0 || !to->count)
		return vfs_read(f, to, pos);
	n = left < (loff_t)to->count ? (size_t)left : to->count;
	to->count = filemap_ready_bytes(m, *pos, n);
	if (to->count)
		return vfs_read(f, to, pos);
	page_cache_sync_readahead(f, (unsigned long)(*pos >> PAGE_SHIFT),
				  DIV_ROUND_UP(n, PAGE_SIZE));
	return -EAGAIN;
}

/* The file's flags, and what RWF_* mean beside them. */
static u32 write_mode(const struct file *f, u32 rwf)
{
	u32 flags = f->f_flags;

	if (rwf & RWF_DSYNC)
		flags |= O_DSYNC;
	if (rwf & RWF_SYNC)
		flags |= O_SYNC;
	if (rwf & RWF_APPEND)
		flags |= O_APPEND;
	return flags;
}

/* @mode: FMODE_READ or FMODE_WRITE. @rwf: RWF_*. */
static ssize_t do_iov(struct file *f, const struct iovec __user *vec, u32 n,
		      loff_t *pos, unsigned int mode, u32 rwf)
{
	struct user_iov u;
	ssize_t ret;

	if (!(f->f_mode & mode))
		return -EBADF;
	ret = import_iov(&u, vec, n);
	if (ret)
		return ret;
	if (mode == FMODE_WRITE)
		ret = write_flags(f, &u.iter, pos, write_mode(f, rwf));
	else
		ret = rwf & RWF_NOWAIT ? read_nowait(f, &u.iter, pos) :
					 vfs_read(f, &u.iter, pos);
	free_iov(&u);
	return ret;
}

static ssize_t do_iov_fd(unsigned int fd, const struct iovec __user *vec, u32 n,
			 unsigned int mode, u32 rwf)
{
	struct fd f = fdget(fd);
	ssize_t ret;

	if (!f.file)
		return -EBADF;
	ret = do_iov(f.file, vec, n, &f.file->f_pos, mode, rwf);
	fdput(f);
	return ret;
}

static ssize_t do_iov_pos(unsigned int fd, const struct iovec __user *vec,
			  u32 n, u32 lo, u32 hi, unsigned int mode, u32 rwf)
{
	loff_t pos = (loff_t)((u64)hi << 32 | lo);
	struct fd f;
	ssize_t ret;

	ret = fdget_pos(fd, pos, &f);
	if (ret)
		return ret;
	ret = do_iov(f.file, vec, n, &pos, mode, rwf);
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(readv, unsigned int fd, const struct iovec __user *vec, u32 n)
{
	return do_iov_fd(fd, vec, n, FMODE_READ, 0);
}

SYSCALL_DEFINE(writev, unsigned int fd, const struct iovec __user *vec, u32 n)
{
	return do_iov_fd(fd, vec, n, FMODE_WRITE, 0);
}

SYSCALL_DEFINE(preadv, unsigned int fd, const struct iovec __user *vec, u32 n,
	       u32 lo, u32 hi)
{
	return do_iov_pos(fd, vec, n, lo, hi, FMODE_READ, 0);
}

SYSCALL_DEFINE(pwritev, unsigned int fd, const struct iovec __user *vec, u32 n,
	       u32 lo, u32 hi)
{
	return do_iov_pos(fd, vec, n, lo, hi, FMODE_WRITE, 0);
}

/* Position -1 is the file's own. */
static ssize_t do_iov2(unsigned int fd, const struct iovec __user *vec, u32 n,
		       u32 lo, u32 hi, unsigned int mode, u32 rwf)
{
	if ((lo & hi) == ~0u)
		return do_iov_fd(fd, vec, n, mode, rwf);
	return do_iov_pos(fd, vec, n, lo, hi, mode, rwf);
}

SYSCALL_DEFINE(preadv2, unsigned int fd, const struct iovec __user *vec, u32 n,
	       u32 lo, u32 hi, u32 flags)
{
	if (flags &
	    ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	return do_iov2(fd, vec, n, lo, hi, FMODE_READ, flags);
}

SYSCALL_DEFINE(pwritev2, unsigned int fd, const struct iovec __user *vec, u32 n,
	       u32 lo, u32 hi, u32 flags)
{
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_APPEND))
		return -EOPNOTSUPP;
	return do_iov2(fd, vec, n, lo, hi, FMODE_WRITE, flags);
}

/* ---- positions ---- */

static loff_t vfs_llseek(struct file *f, loff_t off, u32 whence)
{
	if (whence > SEEK_HOLE)
		return -EINVAL;
	if (!f->f_op->llseek || !(f->f_mode & FMODE_LSEEK))
		return -ESPIPE;
	return f->f_op->llseek(f, off, (int)whence);
}

SYSCALL_DEFINE(lseek, unsigned int fd, s32 off, u32 whence)
{
	struct fd f = fdget(fd);
	loff_t pos;

	if (!f.file)
		return -EBADF;
	pos = vfs_llseek(f.file, off, whence);
	fdput(f);
	return pos > 0x7fffffff ? -EOVERFLOW : (long)pos;
}

SYSCALL_DEFINE(llseek, unsigned int fd, u32 hi, u32 lo, s64 __user *result,
	       u32 whence)
{
	struct fd f = fdget(fd);
	loff_t pos;

	if (!f.file)
		return -EBADF;
	pos = vfs_llseek(f.file, (loff_t)((u64)hi << 32 | lo), whence);
	fdput(f);
	if (pos < 0)
		return (long)pos;
	return copy_to_user(result, &pos, sizeof(pos)) ? -EFAULT : 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * sync(2) and its like. Files in memory are where they stay; of others what is
 * dirty is written, by fs-writeback.c or the file's own fsync, and waited for.
 */
#include <ashlar/fs.h>
#include <ashlar/writeback.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/writeback.h>
#include <kernel/syscall.h>

#define SYNC_FILE_RANGE_WAIT_BEFORE 1u
#define SYNC_FILE_RANGE_WRITE 2u
#define SYNC_FILE_RANGE_WAIT_AFTER 4u
#define SYNC_FILE_RANGE_ALL 7u

SYSCALL_DEFINE(sync, void)
{
	sync_all();
	return 0;
}

static long do_fsync(unsigned int fd, bool datasync)
{
	struct fd f = fdget(fd);
	long ret = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (f.file->f_op->fsync)
		ret = f.file->f_op->fsync(f.file, 0, MAX_LFS_FILESIZE,
					  datasync);
	else if (S_ISREG(f.file->f_inode->i_mode) ||
		 S_ISDIR(f.file->f_inode->i_mode))
		ret = 0;
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(fsync, unsigned int fd)
{
	return do_fsync(fd, false);
}

SYSCALL_DEFINE(fdatasync, unsigned int fd)
{
	return do_fsync(fd, true);
}

SYSCALL_DEFINE(syncfs, unsigned int fd)
{
	struct fd f = fdget(fd);
	int err;

	if (!f.file)
		return -EBADF;
	err = sync_filesystem(f.file->f_inode->i_sb);
	fdput(f);
	return err;
}

/* A regular file's or a directory's: what can lie on a disk. */
static int can_sync_range(umode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISBLK(mode);
}

/* @n 0: to the end. Waits before, begins to write, waits after, as told. */
static int sync_range(struct file *f, loff_t off, loff_t n, u32 flags)
{
	loff_t end = n ? off + n - 1 : MAX_LFS_FILESIZE;
	u32 waits = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WAIT_AFTER;
	struct address_space *m = f->f_mapping;
	int err = 0;

	if (!m || !mapping_can_writeback(m))
		return 0;
	if (flags & SYNC_FILE_RANGE_WAIT_BEFORE) {
		filemap_fdatawait_range(m, off, end);
		err = file_check_and_advance_wb_err(f);
	}
	if (!err && flags & SYNC_FILE_RANGE_WRITE)
		err = filemap_fdatawrite_range(
			m, off, end,
			(flags & waits) == waits ? WB_SYNC_ALL : WB_SYNC_NONE);
	if (!err && flags & SYNC_FILE_RANGE_WAIT_AFTER) {
		filemap_fdatawait_range(m, off, end);
		err = file_check_and_advance_wb_err(f);
	}
	return err;
}

SYSCALL_DEFINE(sync_file_range, unsigned int fd, u32 off_lo, u32 off_hi,
	       u32 n_lo, u32 n_hi, u32 flags)
{
	loff_t off = (loff_t)((u64)off_hi << 32 | off_lo);
	loff_t n = (loff_t)((u64)n_hi << 32 | n_lo);
	struct fd f;
	long ret = 0;

	if (flags & ~SYNC_FILE_RANGE_ALL || off < 0 || n < 0 || off + n < off)
		return -EINVAL;
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	if (!can_sync_range(f.file->f_inode->i_mode))
		ret = -ESPIPE;
	else
		ret = sync_range(f.file, off, n, flags);
	fdput(f);
	return ret;
}

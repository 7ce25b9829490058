/* SPDX-License-Identifier: MIT */
/* Advice on what of a file will be read. What becomes of it: mm/readahead.c. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/readahead.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>

static bool has_page_cache(const struct file *f)
{
	return f->f_mapping &&
	       (S_ISREG(f->f_inode->i_mode) || S_ISBLK(f->f_inode->i_mode));
}

/* @len bytes from @off on; 0: to the end. */
static long advise(struct file *f, loff_t off, loff_t len, u32 advice)
{
	loff_t end = MAX_LFS_FILESIZE;

	if (S_ISFIFO(f->f_inode->i_mode))
		return -ESPIPE;
	if (len < 0 || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (!has_page_cache(f))
		return 0;
	if (off < 0)
		off = 0;
	if (len && len < end - off)
		end = off + len - 1;
	return off > end ? 0 : generic_fadvise(f, off, end, advice);
}

static long do_fadvise(unsigned int fd, loff_t off, loff_t len, u32 advice)
{
	struct fd f = fdget(fd);
	long ret;

	if (!f.file)
		return -EBADF;
	ret = advise(f.file, off, len, advice);
	fdput(f);
	return ret;
}

static loff_t make_loff(u32 low, u32 high)
{
	return (loff_t)((u64)high << 32 | low);
}

SYSCALL_DEFINE(fadvise64, unsigned int fd, u32 off_lo, u32 off_hi, s32 len,
	       u32 advice)
{
	return do_fadvise(fd, make_loff(off_lo, off_hi), len, advice);
}

SYSCALL_DEFINE(fadvise64_64, unsigned int fd, u32 off_lo, u32 off_hi,
	       u32 len_lo, u32 len_hi, u32 advice)
{
	return do_fadvise(fd, make_loff(off_lo, off_hi),
			  make_loff(len_lo, len_hi), advice);
}

SYSCALL_DEFINE(readahead, unsigned int fd, u32 off_lo, u32 off_hi, u32 count)
{
	loff_t off = make_loff(off_lo, off_hi);
	struct fd f = fdget(fd);
	long ret = -EINVAL;

	if (!f.file)
		return -EBADF;
	if (!(f.file->f_mode & FMODE_READ))
		ret = -EBADF;
	else if (has_page_cache(f.file))
		ret = count ? advise(f.file, off, count, POSIX_FADV_WILLNEED) :
			      0;
	fdput(f);
	return ret;
}

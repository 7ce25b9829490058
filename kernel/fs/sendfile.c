/* SPDX-License-Identifier: MIT */
/*
 * sendfile and copy_file_range: bytes from file to file inside the kernel.
 *
 * From a file with a page cache each page is written as it lies there, so
 * bytes are copied once; from others by way of a page of our own.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>

#define MAX_NON_LFS 0x7fffffffll
#define LOFF_MAX 0x7fffffffffffffffll

/* A hole is written from here. */
static const char zeroes[PAGE_SIZE] __attribute__((__aligned__(16)));

/* Up to one page from the page cache. */
static ssize_t send_cached(struct file *out, loff_t *out_pos, struct file *in,
			   loff_t pos, size_t n)
{
	struct address_space *m = in->f_mapping;
	unsigned long index = (unsigned long)(pos >> PAGE_SHIFT);
	size_t off = (size_t)pos & ~PAGE_MASK;
	struct page *page;
	ssize_t ret;
	char *addr;

	if (pos >= m->i_size)
		return 0;
	n = min(n, PAGE_SIZE - off);
	if (m->i_size - pos < (loff_t)n)
		n = (size_t)(m->i_size - pos);
	if (m->a_ops->read_folio)
		page = read_mapping_page(m, index);
	else
		page = find_get_page(m, index);
	if (IS_ERR(page))
		return PTR_ERR(page);
	if (!page)
		return kernel_write(out, zeroes, n, out_pos);
	addr = kmap(page);
	ret = kernel_write(out, addr + off, n, out_pos);
	kunmap(page);
	put_page(page);
	return ret;
}

static ssize_t send_through(struct file *out, loff_t *out_pos, struct file *in,
			    loff_t pos, size_t n, char *buf)
{
	struct iov_iter to;
	ssize_t got;

	iov_iter_kernel(&to, buf, min(n, (size_t)PAGE_SIZE));
	got = vfs_read(in, &to, &pos);
	return got > 0 ? kernel_write(out, buf, (size_t)got, out_pos) : got;
}

/* Both positions move on. Bytes, or -errno if there were none. */
static ssize_t copy_between(struct file *out, loff_t *out_pos, struct file *in,
			    loff_t *in_pos, size_t count)
{
	bool cached = in->f_mapping && in->f_mapping->a_ops &&
		      !in->f_mapping->a_ops->read_folio;
	char *buf = NULL;
	ssize_t done = 0, n = 0;

	if (!cached) {
		buf = (char *)__get_free_page(GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
	}
	while ((size_t)done < count) {
		size_t left = count - (size_t)done;

		n = cached ? send_cached(out, out_pos, in, *in_pos, left) :
			     send_through(out, out_pos, in, *in_pos, left, buf);
		if (n <= 0)
			break;
		done += n;
		*in_pos += n;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	if (buf)
		free_page((unsigned long)buf);
	return done ? done : n;
}

static ssize_t do_sendfile(unsigned int out_fd, unsigned int in_fd,
			   loff_t *in_pos, size_t count)
{
	struct fd in = fdget(in_fd), out = fdget(out_fd);
	ssize_t ret = -EBADF;
	loff_t pos;

	if (!in.file || !(in.file->f_mode & FMODE_READ) || !out.file ||
	    !(out.file->f_mode & FMODE_WRITE))
		goto put;
	ret = -EINVAL;
	if (!S_ISREG(in.file->f_inode->i_mode) || !out.file->f_op->write_iter ||
	    (out.file->f_flags & O_APPEND))
		goto put;
	pos = in_pos ? *in_pos : in.file->f_pos;
	if (pos < 0)
		goto put;
	ret = copy_between(out.file, &out.file->f_pos, in.file, &pos,
			   min(count, (size_t)MAX_RW_COUNT));
	if (ret > 0)
		touch_atime(in.file);
	if (in_pos)
		*in_pos = pos;
	else
		in.file->f_pos = pos;
put:
	fdput(in);
	fdput(out);
	return ret;
}

SYSCALL_DEFINE(sendfile, unsigned int out_fd, unsigned int in_fd,
	       s32 __user *offset, size_t count)
{
	loff_t pos;
	ssize_t ret;
	s32 at;

	if (!offset)
		return do_sendfile(out_fd, in_fd, NULL, count);
	if (get_user(at, offset))
		return -EFAULT;
	pos = at;
	if (pos >= 0)
		count = (size_t)min((loff_t)count, MAX_NON_LFS - pos);
	ret = do_sendfile(out_fd, in_fd, &pos, count);
	if (ret >= 0 && put_user((s32)pos, offset))
		return -EFAULT;
	return ret;
}

SYSCALL_DEFINE(sendfile64, unsigned int out_fd, unsigned int in_fd,
	       loff_t __user *offset, size_t count)
{
	loff_t pos;
	ssize_t ret;

	if (!offset)
		return do_sendfile(out_fd, in_fd, NULL, count);
	if (copy_from_user(&pos, offset, sizeof(pos)))
		return -EFAULT;
	ret = do_sendfile(out_fd, in_fd, &pos, count);
	if (ret >= 0 && copy_to_user(offset, &pos, sizeof(pos)))
		return -EFAULT;
	return ret;
}

static int range_allowed(struct file *in, loff_t in_pos, struct file *out,
			 loff_t out_pos, size_t count)
{
	umode_t a = in->f_inode->i_mode, b = out->f_inode->i_mode;

	if (S_ISDIR(a) || S_ISDIR(b))
		return -EISDIR;
	if (!S_ISREG(a) || !S_ISREG(b))
		return -EINVAL;
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE) ||
	    (out->f_flags & O_APPEND))
		return -EBADF;
	if (in_pos < 0 || out_pos < 0)
		return -EINVAL;
	if (IS_SWAPFILE(in->f_mapping) || IS_SWAPFILE(out->f_mapping))
		return -ETXTBSY;
	if (in_pos > LOFF_MAX - (loff_t)count ||
	    out_pos > LOFF_MAX - (loff_t)count)
		return -EOVERFLOW;
	if (out_pos >= MAX_LFS_FILESIZE)
		return -EFBIG;
	if (in->f_inode == out->f_inode && out_pos < in_pos + (loff_t)count &&
	    in_pos < out_pos + (loff_t)count)
		return -EINVAL;
	return 0;
}

/* Where a program says that the copy begins; or the file's position. */
static int get_pos(loff_t *pos, const loff_t __user *upos, const struct file *f)
{
	*pos = f->f_pos;
	return upos && copy_from_user(pos, upos, sizeof(*pos)) ? -EFAULT : 0;
}

static int put_pos(loff_t pos, loff_t __user *upos, struct file *f)
{
	if (upos)
		return copy_to_user(upos, &pos, sizeof(pos)) ? -EFAULT : 0;
	f->f_pos = pos;
	return 0;
}

static ssize_t copy_range(struct file *in, loff_t __user *uin, struct file *out,
			  loff_t __user *uout, size_t count)
{
	loff_t in_pos, out_pos;
	ssize_t ret;

	if (get_pos(&in_pos, uin, in) || get_pos(&out_pos, uout, out))
		return -EFAULT;
	ret = range_allowed(in, in_pos, out, out_pos, count);
	if (ret)
		return ret;
	ret = copy_between(out, &out_pos, in, &in_pos, count);
	if (ret > 0 &&
	    (put_pos(in_pos, uin, in) || put_pos(out_pos, uout, out)))
		return -EFAULT;
	return ret;
}

SYSCALL_DEFINE(copy_file_range, unsigned int in_fd, loff_t __user *in_pos,
	       unsigned int out_fd, loff_t __user *out_pos, size_t count,
	       u32 flags)
{
	struct fd in = fdget(in_fd), out = fdget(out_fd);
	ssize_t ret = -EBADF;

	if (in.file && out.file)
		ret = flags ? -EINVAL :
			      copy_range(in.file, in_pos, out.file, out_pos,
					 min(count, (size_t)MAX_RW_COUNT));
	fdput(in);
	fdput(out);
	return ret;
}

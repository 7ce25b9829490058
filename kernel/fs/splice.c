/* SPDX-License-Identifier: MIT */
/*
 * splice, tee and vmsplice: bytes into a pipe, out of it, or from one to
 * another, without a buffer of the program's.
 *
 *   splice    file -> pipe    pipe -> file    pipe -> pipe
 *   tee       pipe -> pipe, and the bytes stay
 *   vmsplice  memory -> pipe  pipe -> memory
 */
#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include "internal.h"

#define SPLICE_F_NONBLOCK 2u
#define SPLICE_F_ALL 15u

/* A file that is not a pipe, and where in it. */
struct place {
	struct file *file;
	loff_t *pos;
};

static ssize_t write_place(void *arg, char *addr, size_t n)
{
	struct place *to = arg;

	return kernel_write(to->file, addr, n, to->pos);
}

static ssize_t read_place(void *arg, char *addr, size_t n)
{
	struct place *from = arg;
	struct iov_iter i;

	iov_iter_kernel(&i, addr, n);
	return vfs_read(from->file, &i, from->pos);
}

static bool waits(const struct file *pipe, u32 flags)
{
	return !(flags & SPLICE_F_NONBLOCK) && !(pipe->f_flags & O_NONBLOCK);
}

/* Where a program says, or the file's own position. */
static int get_place(struct place *p, struct file *f, loff_t __user *upos,
		     loff_t *pos)
{
	p->file = f;
	p->pos = &f->f_pos;
	if (!upos)
		return 0;
	if (!(f->f_mode & FMODE_LSEEK))
		return -EINVAL;
	if (copy_from_user(pos, upos, sizeof(*pos)))
		return -EFAULT;
	p->pos = pos;
	return *pos < 0 ? -EINVAL : 0;
}

/* Between a pipe and @f, which is none. */
static ssize_t splice_file(struct file *pipe, struct file *f,
			   loff_t __user *upos, size_t n, u32 flags, bool out)
{
	struct place place;
	loff_t pos;
	ssize_t ret = get_place(&place, f, upos, &pos);

	if (ret)
		return ret;
	if (S_ISDIR(f->f_inode->i_mode) || (out && f->f_flags & O_APPEND))
		return -EINVAL;
	if (out)
		ret = pipe_drain(pipe, n, !waits(pipe, flags), write_place,
				 &place);
	else
		ret = pipe_feed(pipe, n, !waits(pipe, flags), read_place,
				&place);
	if (ret > 0 && upos && copy_to_user(upos, &pos, sizeof(pos)))
		return -EFAULT;
	return ret;
}

static ssize_t splice_pipes(struct file *in, struct file *out, size_t n,
			    u32 flags, bool keep)
{
	if (in->f_inode == out->f_inode)
		return -EINVAL;
	return pipe_to_pipe(in, out, n, !waits(in, flags) || !waits(out, flags),
			    keep);
}

static ssize_t do_splice(struct file *in, loff_t __user *in_pos,
			 struct file *out, loff_t __user *out_pos, size_t n,
			 u32 flags)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if ((is_pipe(in) && in_pos) || (is_pipe(out) && out_pos))
		return -ESPIPE;
	if (is_pipe(in) && is_pipe(out))
		return splice_pipes(in, out, n, flags, false);
	if (is_pipe(in))
		return splice_file(in, out, out_pos, n, flags, true);
	if (is_pipe(out))
		return splice_file(out, in, in_pos, n, flags, false);
	return -EINVAL;
}

SYSCALL_DEFINE(splice, unsigned int in_fd, loff_t __user *in_pos,
	       unsigned int out_fd, loff_t __user *out_pos, size_t n, u32 flags)
{
	struct fd in, out;
	ssize_t ret = -EBADF;

	if (!n)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	in = fdget(in_fd);
	out = fdget(out_fd);
	if (in.file && out.file)
		ret = do_splice(in.file, in_pos, out.file, out_pos,
				min(n, (size_t)MAX_RW_COUNT), flags);
	fdput(in);
	fdput(out);
	return ret;
}

static ssize_t do_tee(struct file *in, struct file *out, size_t n, u32 flags)
{
	if (!(in->f_mode & FMODE_READ) || !(out->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!is_pipe(in) || !is_pipe(out))
		return -EINVAL;
	return splice_pipes(in, out, n, flags, true);
}

SYSCALL_DEFINE(tee, unsigned int in_fd, unsigned int out_fd, size_t n,
	       u32 flags)
{
	struct fd in, out;
	ssize_t ret = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!n)
		return 0;
	in = fdget(in_fd);
	out = fdget(out_fd);
	if (in.file && out.file)
		ret = do_tee(in.file, out.file, n, flags);
	fdput(in);
	fdput(out);
	return ret;
}

SYSCALL_DEFINE(vmsplice, unsigned int fd, const struct iovec __user *iov,
	       u32 nr, u32 flags)
{
	struct user_iov u;
	ssize_t ret = -EBADF;
	struct fd f;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	f = fdget(fd);
	if (f.file && is_pipe(f.file)) {
		ret = import_iov(&u, iov, nr);
		if (!ret) {
			bool wait = waits(f.file, flags);

			ret = f.file->f_mode & FMODE_WRITE ?
				      pipe_write_iter(f.file, &u.iter, !wait) :
				      pipe_read_iter(f.file, &u.iter, !wait);
			free_iov(&u);
		}
	}
	fdput(f);
	return ret;
}

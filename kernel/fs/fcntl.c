/* SPDX-License-Identifier: MIT */
/* fcntl(2): what can be asked of a descriptor and of an open file. */
#include <ashlar/fs.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/direct-io.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/task.h>
#include "internal.h"
#include "locks.h"

#define F_DUPFD 0u
#define F_GETFD 1u
#define F_SETFD 2u
#define F_GETFL 3u
#define F_SETFL 4u
#define F_DUPFD_CLOEXEC 1030u
#define FD_CLOEXEC 1u

#define SETFL_MASK (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* O_ASYNC is kept by files that can do something about it, and O_DIRECT is; to
 * pipes that means that each write is a packet. */
static long set_flags(unsigned int fd, struct file *f, u32 flags)
{
	int err = 0;

	if (flags & O_NOATIME && !(f->f_flags & O_NOATIME) &&
	    !inode_owner_or_capable(f->f_inode))
		return -EPERM;
	if (flags & O_DIRECT && !S_ISFIFO(f->f_inode->i_mode) &&
	    !S_ISBLK(f->f_inode->i_mode) && !can_direct_IO(f->f_mapping))
		return -EINVAL;
	if ((flags ^ f->f_flags) & FASYNC && f->f_op->fasync)
		err = f->f_op->fasync((int)fd, f, flags & FASYNC);
	if (err)
		return err;
	f->f_flags = (f->f_flags & ~SETFL_MASK) | (flags & SETFL_MASK);
	return 0;
}

static long get_flags(const struct file *f)
{
	u32 flags = f->f_flags;

	return (long)(f->f_mode & FMODE_PATH ? (flags | O_PATH) : flags);
}

/* Of the descriptor; allowed with O_PATH, too. */
static bool fd_command(u32 cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC || cmd == F_GETFD ||
	       cmd == F_SETFD || cmd == F_GETFL;
}

static long do_fcntl(unsigned int fd, struct file *f, u32 cmd, u32 arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_fd_from(fd, arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_fd_from(fd, arg, O_CLOEXEC);
	case F_GETFD:
		return files_cloexec(current->files, fd) ? FD_CLOEXEC : 0;
	case F_SETFD:
		set_close_on_exec(fd, arg & FD_CLOEXEC);
		return 0;
	case F_GETFL:
		return get_flags(f);
	case F_SETFL:
		return set_flags(fd, f, arg);
	case F_SETOWN:
	case F_GETOWN:
	case F_SETSIG:
	case F_GETSIG:
	case F_SETOWN_EX:
	case F_GETOWN_EX:
	case F_GETOWNER_UIDS:
		return fcntl_owner(f, cmd, arg);
	case F_SETLEASE:
		return fcntl_setlease(fd, f, arg);
	case F_GETLEASE:
		return fcntl_getlease(f);
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_fcntl(f, cmd, arg);
	case F_ADD_SEALS:
	case F_GET_SEALS:
		return memfd_fcntl(f, cmd, arg);
	default:
		return -EINVAL;
	}
}

static long fcntl(unsigned int fd, u32 cmd, u32 arg, bool locks64)
{
	void __user *user = (void __user *)(uintptr_t)arg;
	struct fd f = fdget_raw(fd);
	long ret = -EBADF;

	if (!f.file)
		return -EBADF;
	if (f.file->f_mode & FMODE_PATH && !fd_command(cmd))
		goto out;
	if (is_lock_command(cmd, locks64))
		ret = fcntl_lock(fd, f.file, cmd, user);
	else
		ret = do_fcntl(fd, f.file, cmd, arg);
out:
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(fcntl, unsigned int fd, u32 cmd, u32 arg)
{
	return fcntl(fd, cmd, arg, false);
}

SYSCALL_DEFINE(fcntl64, unsigned int fd, u32 cmd, u32 arg)
{
	return fcntl(fd, cmd, arg, true);
}

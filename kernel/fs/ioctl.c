/* SPDX-License-Identifier: MIT */
/* ioctl(2): what every file can be asked; the rest is its driver's. */
#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/syscall.h>
#include "internal.h"

#define FIOCLEX 0x5451u
#define FIONCLEX 0x5450u
#define FIONBIO 0x5421u
#define FIOASYNC 0x5452u
#define FIOQSIZE 0x5460u
#define FIBMAP 1u
#define FIGETBSZ 2u
#define FICLONE 0x40049409u
#define FICLONERANGE 0x4020940du
#define FIDEDUPERANGE 0xc0189436u
#define FS_IOC_FIEMAP 0xc020660bu

static long set_flag(struct file *f, u32 flag, const s32 __user *arg)
{
	s32 on;

	if (get_user(on, arg))
		return -EFAULT;
	if (on)
		f->f_flags |= flag;
	else
		f->f_flags &= ~flag;
	return 0;
}

static long set_async(unsigned int fd, struct file *f, const s32 __user *arg)
{
	s32 on;

	if (get_user(on, arg))
		return -EFAULT;
	if (!on == !(f->f_flags & FASYNC))
		return 0;
	return f->f_op->fasync ? f->f_op->fasync((int)fd, f, on) : -ENOTTY;
}

static long bytes_left(const struct file *f, s32 __user *arg)
{
	loff_t left = i_size_read(f->f_inode) - f->f_pos;

	return put_user((s32)left, arg);
}

static long driver_ioctl(struct file *f, u32 cmd, u32 arg)
{
	const struct inode *inode = f->f_inode;

	if (cmd == FIONREAD && S_ISREG(inode->i_mode))
		return bytes_left(f, (s32 __user *)(uintptr_t)arg);
	return f->f_op->ioctl ? f->f_op->ioctl(f, cmd, arg) : -ENOTTY;
}

/* What has no disk is made of pages. */
static s32 block_size(const struct file *f)
{
	u32 size = f->f_inode->i_sb->s_blocksize;

	return size ? (s32)size : (s32)PAGE_SIZE;
}

SYSCALL_DEFINE(ioctl, unsigned int fd, u32 cmd, u32 arg)
{
	void __user *user = (void __user *)(uintptr_t)arg;
	struct fd f = fdget(fd);
	long ret = 0;

	if (!f.file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
		set_close_on_exec(fd, true);
		break;
	case FIONCLEX:
		set_close_on_exec(fd, false);
		break;
	case FIONBIO:
		ret = set_flag(f.file, O_NONBLOCK, user);
		break;
	case FIOASYNC:
		ret = set_async(fd, f.file, user);
		break;
	case FIOQSIZE:
		ret = -ENOTTY;
		if (S_ISREG(f.file->f_inode->i_mode) ||
		    S_ISDIR(f.file->f_inode->i_mode))
			ret = copy_to_user(user,
					   &f.file->f_inode->i_data.i_size, 8) ?
				      -EFAULT :
				      0;
		break;
	case FIGETBSZ:
		ret = put_user(block_size(f.file), (s32 __user *)user);
		break;
	case FIBMAP:
		ret = ioctl_fibmap(f.file, user);
		break;
	case FICLONE:
	case FICLONERANGE:
	case FIDEDUPERANGE:
		ret = -EOPNOTSUPP; /* no filesystem shares blocks */
		break;
	case FS_IOC_FIEMAP:
		ret = ioctl_fiemap(f.file, user);
		break;
	default:
		ret = driver_ioctl(f.file, cmd, arg);
	}
	fdput(f);
	return ret;
}

/* SPDX-License-Identifier: MIT */
/* What lsattr and chattr ask for, and what these flags forbid. */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/stat.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>
#include <mach/uaccess.h>
#include "ext2.h"

#define FS_IOC_GETFLAGS 0x80046601u
#define FS_IOC_SETFLAGS 0x40046602u
#define FS_IOC_GETVERSION 0x80047601u

/* What programs see, and what they may change. */
#define USER_VISIBLE 0x0003dfffu
#define USER_MODIFIABLE 0x000380ffu

static long set_flags(struct file *f, const u32 __user *arg)
{
	struct inode *inode = f->f_inode;
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 flags, guarded = EXT2_IMMUTABLE_FL | EXT2_APPEND_FL;

	if (get_user(flags, arg))
		return -EFAULT;
	if (mnt_readonly(f->f_mnt))
		return -EROFS;
	if (!inode_owner_or_capable(inode))
		return -EACCES;
	if (!S_ISREG(inode->i_mode) && !S_ISDIR(inode->i_mode))
		return -EOPNOTSUPP;
	if (!S_ISDIR(inode->i_mode))
		flags &= ~(EXT2_DIRSYNC_FL | EXT2_TOPDIR_FL);
	if ((flags ^ ei->i_flags) & guarded && !capable(CAP_LINUX_IMMUTABLE))
		return -EPERM;
	ei->i_flags = (flags & USER_MODIFIABLE) |
		      (ei->i_flags & ~USER_MODIFIABLE);
	inode->i_ctime = current_time();
	mark_inode_dirty(inode);
	return 0;
}

/** ext2_ioctl() - file_operations.ioctl */
long ext2_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	const struct ext2_inode_info *ei = EXT2_I(f->f_inode);
	u32 __user *user = (u32 __user *)arg;

	switch (cmd) {
	case FS_IOC_GETFLAGS:
		return put_user(ei->i_flags & USER_VISIBLE, user);
	case FS_IOC_SETFLAGS:
		return set_flags(f, user);
	case FS_IOC_GETVERSION:
		return put_user(ei->i_generation, user);
	default:
		return -ENOTTY;
	}
}

/** ext2_permission() - inode_operations.permission */
int ext2_permission(struct inode *inode, int mask)
{
	if (mask & MAY_WRITE && EXT2_I(inode)->i_flags & EXT2_IMMUTABLE_FL)
		return -EPERM;
	return generic_permission(inode, mask);
}

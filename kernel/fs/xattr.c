/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no filesystem here has any, so a file that exists has
 * none to list (0), and every other request is refused
 * (-EOPNOTSUPP), as on a Linux whose filesystems were built without them.
 */
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/syscall.h>

/* @answer if the file exists. */
static long for_path(const char __user *name, u32 lookup, long answer)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, lookup, &path);

	if (err)
		return err;
	path_put(&path);
	return answer;
}

static long for_fd(unsigned int fd, long answer)
{
	struct fd f = fdget(fd);

	fdput(f);
	return f.file ? answer : -EBADF;
}

SYSCALL_DEFINE(setxattr, const char __user *name)
{
	return for_path(name, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

SYSCALL_DEFINE(lsetxattr, const char __user *name)
{
	return for_path(name, 0, -EOPNOTSUPP);
}

SYSCALL_DEFINE(fsetxattr, unsigned int fd)
{
	return for_fd(fd, -EOPNOTSUPP);
}

SYSCALL_DEFINE(getxattr, const char __user *name)
{
	return for_path(name, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

SYSCALL_DEFINE(lgetxattr, const char __user *name)
{
	return for_path(name, 0, -EOPNOTSUPP);
}

SYSCALL_DEFINE(fgetxattr, unsigned int fd)
{
	return for_fd(fd, -EOPNOTSUPP);
}

SYSCALL_DEFINE(listxattr, const char __user *name)
{
	return for_path(name, LOOKUP_FOLLOW, 0);
}

SYSCALL_DEFINE(llistxattr, const char __user *name)
{
	return for_path(name, 0, 0);
}

SYSCALL_DEFINE(flistxattr, unsigned int fd)
{
	return for_fd(fd, 0);
}

SYSCALL_DEFINE(removexattr, const char __user *name)
{
	return for_path(name, LOOKUP_FOLLOW, -EOPNOTSUPP);
}

SYSCALL_DEFINE(lremovexattr, const char __user *name)
{
	return for_path(name, 0, -EOPNOTSUPP);
}

SYSCALL_DEFINE(fremovexattr, unsigned int fd)
{
	return for_fd(fd, -EOPNOTSUPP);
}

/* SPDX-License-Identifier: MIT */
/* Locks on files, to fcntl.c. */
#ifndef KERNEL_FS_LOCKS_H
#define KERNEL_FS_LOCKS_H

#include <ashlar/fs.h>
#include <mach/uaccess.h>

/* Types, also of leases. */
#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

#define F_GETLK 5u
#define F_SETLK 6u
#define F_SETLKW 7u
#define F_GETLK64 12u
#define F_SETLK64 13u
#define F_SETLKW64 14u
#define F_OFD_GETLK 36u
#define F_OFD_SETLK 37u
#define F_OFD_SETLKW 38u

static inline bool is_lock_command(u32 cmd, bool locks64)
{
	if (cmd >= F_GETLK && cmd <= F_SETLKW)
		return true;
	return locks64 && ((cmd >= F_GETLK64 && cmd <= F_SETLKW64) ||
			   (cmd >= F_OFD_GETLK && cmd <= F_OFD_SETLKW));
}

struct seq_file;
void show_locks(struct seq_file *m);
long fcntl_lock(unsigned int fd, struct file *f, u32 cmd, void __user *arg);

#endif

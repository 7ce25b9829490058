/* SPDX-License-Identifier: MIT */
/* Leases of files. Code: kernel/fs/leases.c. */
#ifndef KERNEL_FS_LEASES_H
#define KERNEL_FS_LEASES_H

#include <kernel/fs/inode.h>

#define F_SETLEASE 1024u
#define F_GETLEASE 1025u

struct file_lease;
struct seq_file;

extern int leases_enable;
extern int lease_break_time; /* s; 0 or less: as long as it takes */

long fcntl_setlease(unsigned int fd, struct file *f, u32 type);
long fcntl_getlease(struct file *f);
int __break_lease(struct inode *inode, u32 flags);
void lease_release(struct file_lease *l);
void show_leases(struct seq_file *m, unsigned int nr);

/**
 * break_lease() - a file is about to be opened, or cut
 * @inode: the file, counted as open already
 * @flags: O_*, how
 *
 * Context: may sleep until those that hold leases have given way. Return: 0,
 * -EAGAIN with O_NONBLOCK, or -ERESTARTSYS.
 */
static inline int break_lease(struct inode *inode, u32 flags)
{
	return unlikely(!list_empty(&inode->i_leases)) ?
		       __break_lease(inode, flags) :
		       0;
}

#endif

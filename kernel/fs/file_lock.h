/* SPDX-License-Identifier: MIT */
/* A lock on a file, private to locks.c and fcntl_lock.c, which is above it. */
#ifndef KERNEL_FS_FILE_LOCK_H
#define KERNEL_FS_FILE_LOCK_H

#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include "locks.h"

#define OFFSET_MAX 0x7fffffffffffffffll

enum lock_kind { LOCK_POSIX, LOCK_OFD, LOCK_FLOCK };

struct file_lock {
	struct rb_node node; /* inode->i_flock, by start */
	loff_t last_end; /* of all at or below the node */
	struct list_head all; /* of every file, for /proc/locks */
	struct list_head waiters; /* struct lock_waiter, first come first */
	struct inode *inode;
	void *owner; /* files_struct or file */
	loff_t start, end; /* both included */
	pid_t pid;
	u8 kind, type; /* LOCK_*; F_RDLCK, F_WRLCK */
};

/* The first in the file that is in @want's way, or NULL. */
struct file_lock *find_lock_conflict(const struct inode *inode,
				     const struct file_lock *want);
/* Set @want, or remove its range with F_UNLCK; 0 or -errno. May sleep. */
int set_file_lock(struct inode *inode, const struct file_lock *want, bool wait);

#endif

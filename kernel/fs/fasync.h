/* SPDX-License-Identifier: MIT */
/* Signals about open files: who gets which. Code: kernel/fs/fasync.c. */
#ifndef KERNEL_FS_FASYNC_H
#define KERNEL_FS_FASYNC_H

#include <ashlar/fs.h>
#include <ashlar/list.h>

struct file_lease;
struct pid;

#define F_SETOWN 8u
#define F_GETOWN 9u
#define F_SETSIG 10u
#define F_GETSIG 11u
#define F_SETOWN_EX 15u
#define F_GETOWN_EX 16u
#define F_GETOWNER_UIDS 17u

/* What pid means, as F_SETOWN_EX says it. */
enum owner_type { F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP };

/* Of one open file. */
struct fown_struct {
	struct list_head queue; /* in its object's, while it has O_ASYNC */
	struct file *file;
	int fd; /* the descriptor that is told */
	struct pid *pid; /* with a reference; NULL: no task is told */
	enum owner_type type;
	int signum; /* 0: SIGIO, and no siginfo */
	u32 uid, euid; /* who chose the owner */
	struct file_lease *lease; /* leases.c */
};

/* si_code of SIGIO, and what send_sigio() is told */
enum { POLL_IN = 1, POLL_OUT, POLL_MSG, POLL_ERR, POLL_PRI, POLL_HUP };

long fcntl_owner(struct file *f, u32 cmd, u32 arg);
int f_setown(struct file *f, int who, bool force);
int f_getown(const struct file *f);
void f_delown(struct file *f);
struct fown_struct *file_owner(struct file *f);
void send_sigio(const struct fown_struct *o, int band);
void send_sigurg(const struct fown_struct *o);
int fasync_helper(int fd, struct file *f, bool on, struct list_head *queue);
void fasync_release(struct file *f);
void __kill_fasync(const struct list_head *queue, u32 mode, int band);

/* Tell those of an object's files that can read, or write (FMODE_*). */
static inline void kill_fasync(const struct list_head *queue, u32 mode,
			       int band)
{
	if (unlikely(!list_empty(queue)))
		__kill_fasync(queue, mode, band);
}

#endif

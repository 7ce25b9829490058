/* SPDX-License-Identifier: MIT */
/* Which of its events a file can tell at once, and who is woken by others. */
#ifndef KERNEL_FS_POLL_H
#define KERNEL_FS_POLL_H

#include <ashlar/fs.h>
#include <kernel/sched/wait.h>

#define POLLIN 0x1u
#define POLLPRI 0x2u
#define POLLOUT 0x4u
#define POLLERR 0x8u
#define POLLHUP 0x10u
#define POLLNVAL 0x20u
#define POLLRDNORM 0x40u
#define POLLRDBAND 0x80u
#define POLLWRNORM 0x100u
#define POLLWRBAND 0x200u
#define POLLRDHUP 0x2000u
#define DEFAULT_POLLMASK (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

/* poll(2): a file's poll() tells which queues will be woken. */
struct poll_table {
	/* NULL: only the present state is asked for. */
	void (*queue)(struct poll_table *pt, struct wait_queue_head *q);
};

static inline void poll_wait(struct wait_queue_head *q, struct poll_table *pt)
{
	if (pt && pt->queue)
		pt->queue(pt, q);
}

static inline u32 vfs_poll(struct file *f, struct poll_table *pt)
{
	return f->f_op->poll ? f->f_op->poll(f, pt) : DEFAULT_POLLMASK;
}

#endif

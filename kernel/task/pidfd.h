/* SPDX-License-Identifier: MIT */
/* A process as a descriptor. Code: kernel/task/pidfd.c. */
#ifndef KERNEL_PIDFD_H
#define KERNEL_PIDFD_H

#include <ashlar/types.h>

struct file;
struct pid;
struct task_struct;

/* What a pidfd is about, with a reference; ERR_PTR(-EBADF) if it is none.
 * @flags: NULL, or its O_*. */
struct pid *pidfd_get_pid(unsigned int fd, u32 *flags);
struct task_struct *tgid_pidfd_to_task(const struct file *f);

/* A pidfd for @pid: the descriptor, not yet installed, and its file. */
int pidfd_prepare(struct pid *pid, u32 flags, struct file **file);

#endif

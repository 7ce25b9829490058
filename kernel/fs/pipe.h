/* SPDX-License-Identifier: MIT */
/* Pipes and named FIFOs, to the rest of kernel/. */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

#include <kernel/vfs.h>

#define F_SETPIPE_SZ 1031u
#define F_GETPIPE_SZ 1032u

void pipe_init(void);
/* fcntl(F_SETPIPE_SZ, F_GETPIPE_SZ): bytes, or -errno. */
long pipe_fcntl(struct file *f, u32 cmd, u32 arg);

extern int pipe_max_size; /* bytes: what F_SETPIPE_SZ may ask for */

#endif

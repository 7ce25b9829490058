/* SPDX-License-Identifier: MIT */
/* Pipes and named FIFOs, to the rest of kernel/. */
#ifndef KERNEL_FS_PIPE_H
#define KERNEL_FS_PIPE_H

#include <ashlar/fs.h>

#define F_SETPIPE_SZ 1031u
#define F_GETPIPE_SZ 1032u

void pipe_init(void);
/* fcntl(F_SETPIPE_SZ, F_GETPIPE_SZ): bytes, or -errno. */
long pipe_fcntl(struct file *f, u32 cmd, u32 arg);

/* splice: what is done with @n bytes at @addr in a pipe. */
typedef ssize_t (*pipe_actor)(void *arg, char *addr, size_t n);
bool is_pipe(const struct file *f);
ssize_t pipe_read_iter(struct file *f, struct iov_iter *to, bool nonblock);
ssize_t pipe_write_iter(struct file *f, struct iov_iter *from, bool nonblock);
ssize_t pipe_drain(struct file *f, size_t n, bool nonblock, pipe_actor take,
		   void *arg);
ssize_t pipe_feed(struct file *f, size_t n, bool nonblock, pipe_actor give,
		  void *arg);
ssize_t pipe_to_pipe(struct file *from, struct file *to, size_t n,
		     bool nonblock, bool keep);

extern int pipe_max_size; /* bytes: what F_SETPIPE_SZ may ask for */
/* Pages of all pipes of a user: from there on they are small; there are no
 * more. 0: no limit. */
extern int pipe_user_pages_soft, pipe_user_pages_hard;

extern const struct file_operations fifo_fops;

#endif

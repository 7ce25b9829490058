/* SPDX-License-Identifier: MIT */
/* Files with O_DIRECT. Code: kernel/fs/direct-io.c. */
#ifndef KERNEL_FS_DIRECT_IO_H
#define KERNEL_FS_DIRECT_IO_H

#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>

/* True if a file's filesystem can pass the page cache by. */
static inline bool can_direct_IO(const struct address_space *m)
{
	return m && m->a_ops && m->a_ops->direct_IO;
}

/* True if reads and writes of @f are to pass it by, and can. */
static inline bool is_direct(const struct file *f)
{
	return unlikely(f->f_flags & O_DIRECT) && can_direct_IO(f->f_mapping);
}

ssize_t file_direct_read(struct file *f, struct iov_iter *to, loff_t *pos);
ssize_t file_direct_write(struct file *f, struct iov_iter *from, loff_t *pos);

#endif

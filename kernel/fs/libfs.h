/* SPDX-License-Identifier: MIT */
/* For filesystems that live in the dcache, and simple files. Code: libfs.c. */
#ifndef KERNEL_FS_LIBFS_H
#define KERNEL_FS_LIBFS_H

#include <ashlar/fs.h>

struct inode_operations;

int simple_link(struct inode *inode, struct inode *dir, struct dentry *dentry);
int simple_unlink(struct inode *dir, struct dentry *dentry);
int simple_rmdir(struct inode *dir, struct dentry *dentry);
/* renameat2's flags; a filesystem refuses those that it cannot do. */
#define RENAME_NOREPLACE 0x1u
#define RENAME_EXCHANGE 0x2u
#define RENAME_WHITEOUT 0x4u
int simple_rename(struct inode *old_dir, struct dentry *old,
		  struct inode *new_dir, struct dentry *new, u32 flags);
/* A symlink whose text is in i_link. */
extern const struct inode_operations simple_symlink_inode_operations;
extern const struct file_operations simple_dir_operations;
loff_t generic_file_llseek(struct file *f, loff_t off, int whence);
loff_t fixed_size_llseek(struct file *f, loff_t off, int whence, loff_t size);
loff_t noop_llseek(struct file *f, loff_t off, int whence); /* null, zero */
/* What write(2) does to @buf of a file whose text is made whole. */
ssize_t simple_read_from_buffer(struct iov_iter *to, loff_t *pos,
				const void *from, size_t available);

#endif

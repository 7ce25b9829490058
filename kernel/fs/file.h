/* SPDX-License-Identifier: MIT */
/* Open files: made, and given back. Code: kernel/fs/file.c, open.c. */
#ifndef KERNEL_FS_FILE_H
#define KERNEL_FS_FILE_H

#include <ashlar/fs.h>

struct files_struct;
struct path;

/* struct file::f_mode, beside <ashlar/fs.h>'s: counted in i_writecount. */
#define FMODE_WRITER 0x10000u

/* Takes references of its own to @path. ERR_PTR. */
struct file *alloc_file(const struct path *path, u32 flags,
			const struct file_operations *fop);
/* A file with an inode of its own and no name anywhere: pipes, memfd. Takes
 * the reference to @inode, also if it fails. @name as d_path() shows it:
 * "pipe:" and "socket:" with the inode's number, "anon_inode:[x]" as it is,
 * others with a slash before and " (deleted)" behind. ERR_PTR. */
struct file *alloc_anon_file(const char *name, struct inode *inode, u32 flags,
			     const struct file_operations *fop);
/* The same with an inode that all such files share, and a new descriptor. */
int anon_inode_getfd(const char *name, const struct file_operations *fop,
		     void *private_data, u32 flags);
struct file *anon_inode_getfile(const char *name,
				const struct file_operations *fop,
				void *private_data, u32 flags);

struct file *filp_open(const char *name, int flags, umode_t mode);
/* What @path means, all permission checks being made; own references. */
struct file *dentry_open(const struct path *path, u32 flags);
int filp_close(struct file *f, struct files_struct *files);
extern unsigned long nr_files, max_files; /* open, and how many may be */

#endif

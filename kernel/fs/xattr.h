/* SPDX-License-Identifier: MIT */
/* Extended attributes, for filesystems. Code: kernel/fs/xattr.c. */
#ifndef KERNEL_FS_XATTR_H
#define KERNEL_FS_XATTR_H

struct inode;

void simple_xattrs_free(struct inode *inode);

#endif

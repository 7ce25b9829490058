/* SPDX-License-Identifier: MIT */
/* Extended attributes, for filesystems. Code: kernel/fs/xattr.c. */
#ifndef KERNEL_FS_XATTR_H
#define KERNEL_FS_XATTR_H

#include <ashlar/types.h>

struct inode;

#define XATTR_NAME_MAX 255

struct simple_xattr {
	struct simple_xattr *next;
	u32 name_len, size;
	char name[]; /* with its 0; then the value */
};

static inline char *simple_xattr_value(const struct simple_xattr *x)
{
	return (char *)x->name + x->name_len + 1;
}

/* One more, read from a disk; 0 or -ENOMEM. */
int simple_xattr_add(struct inode *inode, const char *name, const void *value,
		     u32 size);
void simple_xattrs_free(struct inode *inode);

#endif

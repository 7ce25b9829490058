/* SPDX-License-Identifier: MIT */
/*
 * Symbolic links: a text of less than 60 bytes is where a file has its block
 * numbers, and known with the inode (i_link); a longer one has a block.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include "ext2.h"

static int ext2_readlink(struct inode *inode, char *buf, size_t size)
{
	struct buffer b;
	u32 len = (u32)i_size_read(inode);
	int err;

	b = ext2_bread(inode, 0, &err);
	if (!b.data)
		return err ? err : -EFSCORRUPTED;
	len = min(len, (u32)size - 1);
	memcpy(buf, b.data, len);
	brelse(&b);
	buf[len] = '\0';
	return (int)strlen(buf);
}

const struct inode_operations ext2_symlink_inode_operations = {
	.readlink = ext2_readlink,
	.setattr = ext2_setattr,
	.getattr = ext2_getattr,
};

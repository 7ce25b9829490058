/* SPDX-License-Identifier: MIT */
/* Names in directories: looked up; kernel/fs keeps what was found. */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <kernel/fs/dentry.h>
#include "ext2.h"

static struct dentry *ext2_lookup(struct inode *dir, struct dentry *parent,
				  const char *name, u32 len)
{
	struct inode *inode = NULL;
	u32 ino = 0;
	int err;

	if (len > EXT2_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	err = ext2_find_entry(dir, name, len, &ino);
	if (err)
		return ERR_PTR(err);
	if (ino) {
		inode = ext2_iget(dir->i_sb, ino);
		if (IS_ERR(inode) && PTR_ERR(inode) == -ESTALE) {
			ext2_error(dir->i_sb, __func__,
				   "deleted inode referenced: %u", ino);
			return ERR_PTR(-EIO);
		}
		if (IS_ERR(inode))
			return (struct dentry *)inode;
	}
	return d_splice(parent, name, len, inode);
}

const struct inode_operations ext2_dir_inode_operations = {
	.lookup = ext2_lookup,
	.getattr = ext2_getattr,
};

const struct inode_operations ext2_special_inode_operations = {
	.getattr = ext2_getattr,
};

/* SPDX-License-Identifier: MIT */
/*
 * What filesystems whose names live in the dcache have in common, and small
 * functions for files of every kind.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>

/** simple_link() - inode_operations.link of an SB_DCACHE filesystem */
int simple_link(struct inode *inode, struct inode *dir, struct dentry *dentry)
{
	(void)dir;
	inode->i_nlink++;
	iget(inode);
	d_add(dentry, inode);
	d_pin(dentry);
	return 0;
}

/** simple_unlink() - inode_operations.unlink */
int simple_unlink(struct inode *dir, struct dentry *dentry)
{
	(void)dir;
	dentry->d_inode->i_nlink--;
	d_unpin(dentry);
	return 0;
}

/** simple_rmdir() - inode_operations.rmdir */
int simple_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!list_empty(&dentry->d_children))
		return -ENOTEMPTY;
	dentry->d_inode->i_nlink = 0;
	dir->i_nlink--;
	d_unpin(dentry);
	return 0;
}

/* Each directory's ".." is a link to its parent. */
static void count_exchange(struct inode *old_dir, const struct inode *old,
			   struct inode *new_dir, const struct inode *new)
{
	if (old_dir == new_dir || S_ISDIR(old->i_mode) == S_ISDIR(new->i_mode))
		return;
	if (S_ISDIR(old->i_mode)) {
		old_dir->i_nlink--;
		new_dir->i_nlink++;
	} else {
		old_dir->i_nlink++;
		new_dir->i_nlink--;
	}
}

/** simple_rename() - inode_operations.rename, without RENAME_WHITEOUT */
int simple_rename(struct inode *old_dir, struct dentry *old,
		  struct inode *new_dir, struct dentry *new, u32 flags)
{
	bool isdir = S_ISDIR(old->d_inode->i_mode);
	int err;

	if (flags & RENAME_EXCHANGE) {
		count_exchange(old_dir, old->d_inode, new_dir, new->d_inode);
		return 0;
	}
	if (new->d_inode) {
		err = isdir ? simple_rmdir(new_dir, new) :
			      simple_unlink(new_dir, new);
		if (err)
			return err;
	}
	if (isdir) {
		old_dir->i_nlink--;
		new_dir->i_nlink++;
	}
	return 0;
}

const struct inode_operations simple_symlink_inode_operations;

/* ---- listing a directory ---- */

/* Positions: 0 ".", 1 "..", then 2 + d_cookie. */
static bool emit_dots(struct file *f, struct dir_context *ctx)
{
	struct dentry *d = f->f_dentry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, d->d_inode->i_ino, DT_DIR))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, d->d_parent->d_inode->i_ino,
			       DT_DIR))
			return false;
		ctx->pos = 2;
	}
	return true;
}

static int dcache_readdir(struct file *f, struct dir_context *ctx)
{
	struct dentry *d;

	if (!emit_dots(f, ctx))
		return 0;
	list_for_each_entry(d, &f->f_dentry->d_children, d_sibling) {
		if (d->d_cookie + 2ll < ctx->pos)
			continue;
		ctx->pos = d->d_cookie + 2ll;
		if (!ctx->emit(ctx, d->d_name, d->d_len, d->d_inode->i_ino,
			       dt_type(d->d_inode)))
			return 0;
		ctx->pos++;
	}
	return 0;
}

static loff_t dcache_dir_llseek(struct file *f, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EINVAL;
	f->f_pos = off;
	return off;
}

const struct file_operations simple_dir_operations = {
	.llseek = dcache_dir_llseek,
	.iterate = dcache_readdir,
};

/* ---- positions ---- */

/* No holes are known: all is data, and a hole follows at the end. */
static loff_t seek_data(const struct file *f, loff_t off, int whence)
{
	loff_t size = i_size_read(f->f_inode);

	if (off < 0 || off >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : size;
}

/**
 * generic_file_llseek() - llseek of a file with a size
 *
 * Return: the new position, -EINVAL, or -ENXIO.
 */
loff_t generic_file_llseek(struct file *f, loff_t off, int whence)
{
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		off += f->f_pos;
		break;
	case SEEK_END:
		off += i_size_read(f->f_inode);
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		off = seek_data(f, off, whence);
		break;
	default:
		return -EINVAL;
	}
	if (off == -ENXIO)
		return off;
	if (off < 0)
		return -EINVAL;
	f->f_pos = off;
	return off;
}

/**
 * fixed_size_llseek() - llseek of a device of a certain size
 * @f: the file
 * @off: how far
 * @whence: from where
 * @size: bytes; there is no position past them
 *
 * Return: the new position, or -EINVAL.
 */
loff_t fixed_size_llseek(struct file *f, loff_t off, int whence, loff_t size)
{
	if (whence == SEEK_CUR)
		off += f->f_pos;
	else if (whence == SEEK_END)
		off += size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0 || off > size)
		return -EINVAL;
	f->f_pos = off;
	return off;
}

/** noop_llseek() - llseek of a file that has no position */
loff_t noop_llseek(struct file *f, loff_t off, int whence)
{
	(void)f;
	(void)off;
	(void)whence;
	return 0;
}

/**
 * simple_read_from_buffer() - read from text that is whole in memory
 * @to: where the bytes go
 * @pos: position in @from; moves on
 * @from: @available bytes
 *
 * Return: bytes read, or -EFAULT.
 */
ssize_t simple_read_from_buffer(struct iov_iter *to, loff_t *pos,
				const void *from, size_t available)
{
	size_t n, done;

	if (*pos < 0)
		return -EINVAL;
	if (*pos >= (loff_t)available)
		return 0;
	n = min(to->count, available - (size_t)*pos);
	done = copy_to_iter((const char *)from + *pos, n, to);
	if (n && !done)
		return -EFAULT;
	*pos += done;
	return (ssize_t)done;
}

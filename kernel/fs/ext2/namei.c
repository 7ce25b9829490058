/* SPDX-License-Identifier: MIT */
/*
 * Names: looked up, made, removed, moved. kernel/fs has checked what may be
 * done, and keeps what was found; counts of links are kept here.
 *
 *   ext2_begin ─ the inode, the record, the counts ─ ext2_end
 *        ▲ -EAGAIN, -ENOSPC: once more after a commit     │
 *        └────────────────────────────────────────────────┘
 *
 * An inode that was made and got no name goes after ext2_end(), for that is a
 * change of its own.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

#define EXT2_LINK_MAX 32000u

static struct dentry *ext2_lookup(struct inode *dir, struct dentry *parent,
				  const char *name, u32 len)
{
	struct inode *inode = NULL;
	struct ext2_place at;
	int err;

	if (len > EXT2_NAME_LEN)
		return ERR_PTR(-ENAMETOOLONG);
	err = ext2_find_entry(dir, name, len, &at);
	if (err)
		return ERR_PTR(err);
	if (at.b.data) {
		u32 ino = at.e->inode;

		brelse(&at.b);
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

/* ---- new files ---- */

/* What is made. */
struct maker {
	umode_t mode;
	u32 dev;
	const char *target; /* a symlink's text */
	struct inode *inode; /* made; to be given up if there was an error */
};

/* A symlink's text into the inode, or into a block. */
static int set_target(struct inode *inode, const char *target)
{
	u32 len = (u32)strlen(target), block;
	struct buffer b;
	int err;

	if (len >= inode->i_sb->s_blocksize)
		return -ENAMETOOLONG;
	if (len < EXT2_FAST_LINK) {
		memcpy(EXT2_I(inode)->i_data, target, len);
	} else {
		b = ext2_append(inode, 0, &block, &err);
		if (err)
			return err;
		memcpy(b.data, target, len);
		brelse(&b);
	}
	inode->i_link = NULL;
	mapping_set_size(&inode->i_data, len);
	return ext2_set_ops(inode);
}

/* The inode, with what it has before it has a name. 0 or -errno. */
static int make_inode(struct inode *dir, struct maker *m)
{
	struct inode *inode = ext2_new_inode(dir, m->mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	m->inode = inode;
	inode->i_rdev = m->dev;
	if (m->target)
		return set_target(inode, m->target);
	return S_ISDIR(m->mode) ? ext2_make_empty(inode, dir) : 0;
}

static int try_make(struct inode *dir, const struct dentry *dentry,
		    struct maker *m)
{
	int err = ext2_begin(dir->i_sb);

	if (err)
		return err;
	m->inode = NULL;
	err = make_inode(dir, m);
	if (!err)
		err = ext2_add_link(dir, dentry->d_name, dentry->d_len,
				    m->inode);
	if (!err && S_ISDIR(m->mode)) {
		m->inode->i_nlink = 2;
		dir->i_nlink++;
		mark_inode_dirty(dir);
	}
	ext2_end(dir->i_sb);
	if (err && m->inode) {
		m->inode->i_nlink = 0;
		iput(m->inode);
	}
	return err;
}

static int make(struct inode *dir, struct dentry *dentry, struct maker *m)
{
	bool tried = false;
	int err;

	if (S_ISDIR(m->mode) && dir->i_nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	do {
		err = try_make(dir, dentry, m);
	} while (err && ext2_should_retry(dir->i_sb, err, &tried));
	if (!err)
		d_add(dentry, m->inode);
	return err;
}

static int ext2_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return make(dir, dentry, &(struct maker){ .mode = mode });
}

static int ext2_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return make(dir, dentry, &(struct maker){ .mode = S_IFDIR | mode });
}

static int ext2_mknod(struct inode *dir, struct dentry *dentry, umode_t mode,
		      u32 dev)
{
	return make(dir, dentry, &(struct maker){ .mode = mode, .dev = dev });
}

static int ext2_symlink(struct inode *dir, struct dentry *dentry,
			const char *target)
{
	return make(dir, dentry,
		    &(struct maker){ .mode = S_IFLNK | 0777,
				     .target = target });
}

static int try_tmpfile(struct inode *dir, struct inode **inode, umode_t mode)
{
	int err = ext2_begin(dir->i_sb);

	if (err)
		return err;
	*inode = ext2_new_inode(dir, mode);
	ext2_end(dir->i_sb);
	return IS_ERR(*inode) ? (int)PTR_ERR(*inode) : 0;
}

static int ext2_tmpfile(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode;
	bool tried = false;
	int err;

	do {
		err = try_tmpfile(dir, &inode, mode);
	} while (err && ext2_should_retry(dir->i_sb, err, &tried));
	if (!err)
		d_tmpfile(dentry, inode);
	return err;
}

static int try_link(struct inode *inode, struct inode *dir,
		    const struct dentry *dentry)
{
	int err = ext2_begin(dir->i_sb);

	if (err)
		return err;
	err = ext2_add_link(dir, dentry->d_name, dentry->d_len, inode);
	if (!err) {
		inode->i_nlink++;
		mark_inode_dirty(inode);
	}
	ext2_end(dir->i_sb);
	return err;
}

static int ext2_link(struct inode *inode, struct inode *dir,
		     struct dentry *dentry)
{
	bool tried = false;
	int err;

	if (inode->i_nlink >= EXT2_LINK_MAX)
		return -EMLINK;
	if (EXT2_I(inode)->i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL))
		return -EPERM;
	do {
		err = try_link(inode, dir, dentry);
	} while (err && ext2_should_retry(dir->i_sb, err, &tried));
	if (err)
		return err;
	iget(inode);
	d_add(dentry, inode);
	return 0;
}

/* ---- names that go ---- */

/* 0 if @inode may lose a name in @dir. */
static int may_lose(const struct inode *dir, const struct inode *inode)
{
	if (EXT2_I(inode)->i_flags & (EXT2_IMMUTABLE_FL | EXT2_APPEND_FL) ||
	    EXT2_I(dir)->i_flags & EXT2_APPEND_FL)
		return -EPERM;
	return 0;
}

/* A link less; a directory without names has none. */
static void drop_name(struct inode *dir, struct inode *inode)
{
	if (S_ISDIR(inode->i_mode)) {
		inode->i_nlink = 0;
		if (dir->i_nlink > 2)
			dir->i_nlink--;
		mark_inode_dirty(dir);
	} else if (inode->i_nlink) {
		inode->i_nlink--;
	}
	mark_inode_dirty(inode);
}

/* @inode if it will have a name when it has lost one; else NULL. */
static const struct inode *survivor(const struct inode *inode)
{
	return !S_ISDIR(inode->i_mode) && inode->i_nlink > 1 ? inode : NULL;
}

static int try_remove(struct inode *dir, const struct dentry *dentry)
{
	struct inode *inode = dentry->d_inode;
	int err = ext2_begin(dir->i_sb);

	if (err)
		return err;
	err = ext2_delete_entry(dir, dentry->d_name, dentry->d_len,
				survivor(inode));
	if (!err)
		drop_name(dir, inode);
	ext2_end(dir->i_sb);
	return err;
}

static int ext2_unlink(struct inode *dir, struct dentry *dentry)
{
	bool tried = false;
	int err = may_lose(dir, dentry->d_inode);

	if (err)
		return err;
	do {
		err = try_remove(dir, dentry);
	} while (err && ext2_should_retry(dir->i_sb, err, &tried));
	return err;
}

static int ext2_rmdir(struct inode *dir, struct dentry *dentry)
{
	int empty = ext2_is_empty(dentry->d_inode);

	if (empty < 0)
		return empty;
	return empty ? ext2_unlink(dir, dentry) : -ENOTEMPTY;
}

/* ---- names that move ---- */

struct mover {
	struct inode *old_dir, *new_dir;
	const struct dentry *old, *new;
};

/* The new name, in place of @new's inode or where there is none. */
static int add_new(const struct mover *m)
{
	struct inode *victim = m->new->d_inode;

	if (victim)
		return ext2_set_link(m->new_dir, m->new->d_name, m->new->d_len,
				     m->old->d_inode, victim);
	return ext2_add_link(m->new_dir, m->new->d_name, m->new->d_len,
			     m->old->d_inode);
}

/* add_new() is undone once; without memory, after a moment. */
static int try_take_back(const struct mover *m)
{
	struct inode *victim = m->new->d_inode;

	if (!victim)
		return ext2_delete_entry(m->new_dir, m->new->d_name,
					 m->new->d_len, NULL);
	EXT2_I(victim)->i_new_name = 0; /* a commit follows */
	return ext2_set_link(m->new_dir, m->new->d_name, m->new->d_len, victim,
			     NULL);
}

/* As if add_new() had not been: its block waits for the next commit. */
static void take_back(const struct mover *m)
{
	struct inode *victim = m->new->d_inode, *inode = m->old->d_inode;
	int patience = 100;

	EXT2_I(inode)->i_new_name = 0;
	while (try_take_back(m) && patience--)
		ext2_wait_for_memory();
	if (!victim)
		return;
	EXT2_I(victim)->i_new_name = 0;
	ext2_drop_victim(victim->i_sb, (u32)victim->i_ino);
}

/* @inode has its new name: it loses the old one. @up: ".." changes, too. */
static int drop_old(const struct mover *m, bool up)
{
	struct inode *inode = m->old->d_inode;
	struct ext2_place parent = { .e = NULL };
	int err = up ? ext2_find_parent(inode, &parent) : 0;

	if (err)
		return err;
	err = ext2_delete_entry(m->old_dir, m->old->d_name, m->old->d_len,
				inode);
	if (up && !err)
		ext2_set_parent(inode, &parent, m->new_dir);
	brelse(&parent.b);
	return err;
}

static int move_name(const struct mover *m)
{
	struct inode *inode = m->old->d_inode, *victim = m->new->d_inode;
	bool up = S_ISDIR(inode->i_mode) && m->old_dir != m->new_dir;
	int err;

	if (!victim && m->old_dir == m->new_dir) {
		err = ext2_rename_entry(m->old_dir, m->old->d_name,
					m->old->d_len, m->new->d_name,
					m->new->d_len);
		if (err != -ENOSPC)
			return err;
	}
	err = add_new(m);
	if (err)
		return err;
	err = drop_old(m, up);
	if (err) {
		take_back(m);
		return err;
	}
	if (victim)
		drop_name(m->new_dir, victim);
	if (up) {
		m->old_dir->i_nlink--;
		m->new_dir->i_nlink++;
		mark_inode_dirty(m->old_dir);
		mark_inode_dirty(m->new_dir);
	}
	return 0;
}

/* True if the disk knows the file that is to go, and not yet the one that is to
 * have its name: then it would have neither, for a moment. */
static bool comes_too_early(const struct mover *m)
{
	const struct inode *victim = m->new->d_inode;

	return victim && !EXT2_I(victim)->i_new &&
	       EXT2_I(m->old->d_inode)->i_new;
}

static int try_rename(const struct mover *m)
{
	int err = ext2_begin(m->old_dir->i_sb);

	if (err)
		return err;
	err = comes_too_early(m) ? -EAGAIN : move_name(m);
	ext2_end(m->old_dir->i_sb);
	return err;
}

static int may_move(const struct mover *m)
{
	const struct inode *victim = m->new->d_inode;
	int err = may_lose(m->old_dir, m->old->d_inode);

	if (!err && victim)
		err = may_lose(m->new_dir, victim);
	if (!err && victim && S_ISDIR(victim->i_mode)) {
		err = ext2_is_empty(m->new->d_inode);
		err = err < 0 ? err : err ? 0 : -ENOTEMPTY;
	}
	if (!err && !victim && S_ISDIR(m->old->d_inode->i_mode) &&
	    m->old_dir != m->new_dir && m->new_dir->i_nlink >= EXT2_LINK_MAX)
		err = -EMLINK;
	return err;
}

static int ext2_rename(struct inode *old_dir, struct dentry *old,
		       struct inode *new_dir, struct dentry *new, u32 flags)
{
	struct mover m = { old_dir, new_dir, old, new };
	bool tried = false;
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	err = may_move(&m);
	if (err)
		return err;
	do {
		err = try_rename(&m);
	} while (err && ext2_should_retry(old_dir->i_sb, err, &tried));
	return err == -EAGAIN ? -EIO : err; /* the commit failed */
}

const struct inode_operations ext2_dir_inode_operations = {
	.lookup = ext2_lookup,
	.create = ext2_create,
	.mkdir = ext2_mkdir,
	.mknod = ext2_mknod,
	.symlink = ext2_symlink,
	.tmpfile = ext2_tmpfile,
	.link = ext2_link,
	.unlink = ext2_unlink,
	.rmdir = ext2_rmdir,
	.rename = ext2_rename,
	.setattr = ext2_setattr,
	.getattr = ext2_getattr,
	.permission = ext2_permission,
};

const struct inode_operations ext2_special_inode_operations = {
	.setattr = ext2_setattr,
	.getattr = ext2_getattr,
	.permission = ext2_permission,
};

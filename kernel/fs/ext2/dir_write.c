/* SPDX-License-Identifier: MIT */
/*
 * Directories that change: records are split, filled, and joined again.
 *
 *   │ a │ room      │            b comes into the room behind a
 *   │ a │ b │ room  │
 *   │ a │ room      │            and goes: the record before it takes its room
 *
 * No record ever moves, so the position of a name in a listing, and in an index
 * (dindex.c), is good as long as the name is there.
 *
 * Locks: vfs_lock for writing, within ext2_begin() and ext2_end().
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/string.h>
#include <kernel/fs/stat.h>
#include "ext2.h"

/* The number of the disk's block that a buffer has. */
static u32 block_of(const struct super_block *sb, const struct buffer *b)
{
	u32 off = (u32)((char *)b->data - (char *)page_address(b->page));

	return (u32)((((u64)b->page->index << PAGE_SHIFT) + off) >>
		     sb->s_blocksize_bits);
}

static u8 type_of(const struct inode *dir, umode_t mode)
{
	static const u8 types[16] = {
		[1] = 5, [2] = 3, [4] = 2, [6] = 4, [8] = 1, [10] = 7, [12] = 6
	};

	return EXT2_SB(dir->i_sb)->s_es->s_feature_incompat &
			       EXT2_FEATURE_INCOMPAT_FILETYPE ?
		       types[mode >> 12] :
		       0;
}

static void fill_entry(struct ext2_dir_entry *e, const struct inode *dir,
		       const struct inode *inode, const char *name, u32 len)
{
	e->inode = (u32)inode->i_ino;
	e->name_len = (u8)len;
	e->file_type = type_of(dir, inode->i_mode);
	memcpy(e->name, name, len);
}

/* A directory is no indexed one for those who would believe its index. */
static void dir_written(struct inode *dir)
{
	EXT2_I(dir)->i_flags &= ~EXT2_INDEX_FL;
	mark_inode_dirty(dir);
}

/* The disk gets to know a name of @inode by way of @block. */
static void note_name(struct inode *inode, u32 block)
{
	struct ext2_inode_info *ei = EXT2_I(inode);

	if (!ei->i_new)
		ei->i_new_name = block;
	mark_inode_dirty(inode);
}

/* ---- a name comes ---- */

/* Room of @len bytes in a block: the record it is in, or behind; NULL. */
static struct ext2_dir_entry *find_room(struct inode *dir, struct buffer *b,
					u32 iblock, u32 len, int *err)
{
	struct ext2_dir_entry *e;
	u32 off;

	for (off = 0; off < b->size; off += e->rec_len) {
		u32 used;

		e = ext2_entry_at(dir, b, iblock, off);
		if (!e) {
			*err = -EIO;
			return NULL;
		}
		used = e->inode ? EXT2_DIR_REC_LEN(e->name_len) : 0;
		if (e->rec_len >= used + len)
			return e;
	}
	return NULL;
}

/* A block with room for @len bytes, from i_room on; *@e is that, or NULL for a
 * new block. */
static struct buffer find_block(struct inode *dir, u32 len,
				struct ext2_dir_entry **e, u32 *iblock,
				int *err)
{
	u32 nr = (u32)(i_size_read(dir) >> dir->i_sb->s_blocksize_bits), i;
	struct buffer b = { .data = NULL };

	*e = NULL;
	*err = 0;
	for (i = EXT2_I(dir)->i_room; i < nr; i++) {
		b = ext2_bread(dir, i, err);
		if (*err)
			return b;
		if (b.data)
			*e = find_room(dir, &b, i, len, err);
		if (*e || *err)
			break;
		brelse(&b);
		EXT2_I(dir)->i_room = i + 1;
	}
	*iblock = i;
	return b;
}

/* The record where a name of @len bytes goes, in a block that is noted. */
static struct ext2_dir_entry *make_room(struct inode *dir, u32 len,
					struct buffer *b, u32 *iblock, int *err)
{
	struct super_block *sb = dir->i_sb;
	struct ext2_dir_entry *e, *behind;
	u32 block, used;

	*b = find_block(dir, len, &e, iblock, err);
	if (*err)
		return NULL;
	if (!e) {
		*b = ext2_append(dir, *iblock, &block, err);
		if (*err)
			return NULL;
		e = b->data;
		e->rec_len = (u16)b->size;
		mapping_set_size(&dir->i_data, (loff_t)(*iblock + 1)
						       << sb->s_blocksize_bits);
		return e;
	}
	if (!ext2_dirty(sb, b, block_of(sb, b), EXT2_NAMES)) {
		*err = -ENOMEM;
		return NULL;
	}
	if (!e->inode)
		return e;
	used = EXT2_DIR_REC_LEN(e->name_len);
	behind = (struct ext2_dir_entry *)((char *)e + used);
	behind->rec_len = (u16)(e->rec_len - used);
	e->rec_len = (u16)used;
	return behind;
}

/**
 * ext2_add_link() - a name for an inode
 * @dir: the directory, which has no such name
 * @name: @len bytes
 * @inode: the inode
 *
 * Context: vfs_lock for writing, within ext2_begin() and ext2_end(). Return: 0,
 * -EAGAIN (see ext2_should_retry()), -ENOSPC, -ENOMEM, -EIO.
 */
int ext2_add_link(struct inode *dir, const char *name, u32 len,
		  struct inode *inode)
{
	struct ext2_dir_entry *e;
	struct buffer b;
	u32 iblock;
	int err;

	if (EXT2_I(inode)->i_new_name)
		return -EAGAIN;
	e = make_room(dir, EXT2_DIR_REC_LEN(len), &b, &iblock, &err);
	if (e) {
		fill_entry(e, dir, inode, name, len);
		ext2_dindex_add(dir, &b, iblock, e);
		note_name(inode, block_of(dir->i_sb, &b));
		dir_written(dir);
	}
	brelse(&b);
	return err;
}

/**
 * ext2_make_empty() - "." and ".." of a new directory
 * @inode: the directory
 * @parent: the one above
 *
 * Context: as ext2_add_link(). Return: 0 or -errno.
 */
int ext2_make_empty(struct inode *inode, struct inode *parent)
{
	struct ext2_dir_entry *e;
	struct buffer b;
	u32 block;
	int err;

	b = ext2_append(inode, 0, &block, &err);
	if (err)
		return err;
	e = b.data;
	e->rec_len = (u16)EXT2_DIR_REC_LEN(1);
	fill_entry(e, inode, inode, ".", 1);
	e = (struct ext2_dir_entry *)((char *)e + e->rec_len);
	e->rec_len = (u16)(b.size - EXT2_DIR_REC_LEN(1));
	fill_entry(e, inode, parent, "..", 2);
	brelse(&b);
	mapping_set_size(&inode->i_data, b.size);
	mark_inode_dirty(inode);
	return 0;
}

/* ---- a name goes, or is another inode's ---- */

/* @at is about to lose @inode's name, of which it has others: these must be
 * on the disk before. The block is noted. 0 or -errno. */
static int begin_loss(struct super_block *sb, struct ext2_place *at,
		      const struct inode *inode)
{
	const struct ext2_inode_info *ei = inode ? EXT2_I(inode) : NULL;
	u32 block = block_of(sb, &at->b);

	if (!ext2_dirty(sb, &at->b, block, EXT2_NAMES))
		return -ENOMEM;
	if (ei && !ei->i_new && ei->i_new_name &&
	    !ext2_order(sb, ei->i_new_name, block))
		return -EAGAIN;
	return 0;
}

/* The record before @at in its block takes the room of @at. */
static void join(struct inode *dir, const struct ext2_place *at)
{
	struct ext2_dir_entry *e, *before = NULL;
	u32 off;

	for (off = 0; off < at->b.size; off += e->rec_len) {
		e = ext2_entry_at(dir, &at->b, at->iblock, off);
		if (!e || e == at->e)
			break;
		before = e;
	}
	if (before && e)
		before->rec_len += e->rec_len;
}

static int find_existing(struct inode *dir, const char *name, u32 len,
			 struct ext2_place *at)
{
	int err = ext2_find_entry(dir, name, len, at);

	if (err)
		return err;
	return at->b.data ? 0 : -ENOENT;
}

/**
 * ext2_delete_entry() - a name is gone
 * @dir: the directory
 * @name: @len bytes
 * @stays: its inode if that has other names, else NULL
 *
 * Context and return: as ext2_add_link(); -ENOENT.
 */
int ext2_delete_entry(struct inode *dir, const char *name, u32 len,
		      const struct inode *stays)
{
	struct ext2_place at;
	int err = find_existing(dir, name, len, &at);

	if (err)
		return err;
	err = begin_loss(dir->i_sb, &at, stays);
	if (!err) {
		ext2_dindex_del(dir, &at.b, at.iblock, at.e);
		at.e->inode = 0;
		join(dir, &at);
		EXT2_I(dir)->i_room = min(EXT2_I(dir)->i_room, at.iblock);
		dir_written(dir);
	}
	brelse(&at.b);
	return err;
}

/* @victim loses its name in @block: it is noted if that is its last, and the
 * disk knows it. False: there are too many. */
static bool note_loss(struct super_block *sb, const struct inode *victim,
		      u32 block)
{
	const struct ext2_dirty *d = ext2_find_dirty(EXT2_SB(sb), block);

	if (S_ISDIR(victim->i_mode) || victim->i_nlink > 1 ||
	    EXT2_I(victim)->i_new || !d || d->phase != EXT2_NAMES)
		return true;
	return ext2_note_victim(sb, (u32)victim->i_ino, block);
}

/**
 * ext2_set_link() - a name is another inode's from now on
 * @dir: the directory
 * @name: @len bytes
 * @inode: the new one
 * @victim: the old one, which has its links still; or NULL: it is given back
 *
 * Context and return: as ext2_add_link(); -ENOENT.
 */
int ext2_set_link(struct inode *dir, const char *name, u32 len,
		  struct inode *inode, struct inode *victim)
{
	bool stays = victim && !S_ISDIR(victim->i_mode) && victim->i_nlink > 1;
	struct ext2_place at;
	int err;

	if (EXT2_I(inode)->i_new_name)
		return -EAGAIN;
	err = find_existing(dir, name, len, &at);
	if (err)
		return err;
	err = begin_loss(dir->i_sb, &at, stays ? victim : NULL);
	if (!err && victim &&
	    !note_loss(dir->i_sb, victim, block_of(dir->i_sb, &at.b)))
		err = -EAGAIN;
	if (!err) {
		fill_entry(at.e, dir, inode, name, len);
		note_name(inode, block_of(dir->i_sb, &at.b));
		dir_written(dir);
	}
	brelse(&at.b);
	return err;
}

/**
 * ext2_rename_entry() - another name for an inode, in the same record
 * @dir: the directory
 * @old: the name that it has, @old_len bytes
 * @name: the new one, @len bytes; there is none such
 *
 * On the disk, too, it has the one or the other at any moment. Context: as
 * ext2_add_link(). Return: 0; -ENOSPC if the record is too short for it, and
 * nothing is changed; -errno.
 */
int ext2_rename_entry(struct inode *dir, const char *old, u32 old_len,
		      const char *name, u32 len)
{
	struct ext2_place at;
	int err = find_existing(dir, old, old_len, &at);

	if (err)
		return err;
	if (at.e->rec_len < EXT2_DIR_REC_LEN(len))
		err = -ENOSPC;
	if (!err)
		err = begin_loss(dir->i_sb, &at, NULL);
	if (!err) {
		ext2_dindex_del(dir, &at.b, at.iblock, at.e);
		at.e->name_len = (u8)len;
		memcpy(at.e->name, name, len);
		ext2_dindex_add(dir, &at.b, at.iblock, at.e);
		dir_written(dir);
	}
	brelse(&at.b);
	return err;
}

/**
 * ext2_find_parent() - ".." of a directory that is about to move
 * @inode: the directory
 * @at: is set to where it is, for ext2_set_parent(), which cannot fail
 *
 * Context: as ext2_add_link(). Return: 0, and brelse(&at->b) follows; -errno.
 */
int ext2_find_parent(struct inode *inode, struct ext2_place *at)
{
	int err = find_existing(inode, "..", 2, at);

	if (!err)
		err = begin_loss(inode->i_sb, at, NULL);
	if (err)
		brelse(&at->b);
	return err;
}

/** ext2_set_parent() - ".." of a directory, which moved; as ext2_set_link() */
void ext2_set_parent(struct inode *inode, const struct ext2_place *at,
		     const struct inode *parent)
{
	at->e->inode = (u32)parent->i_ino;
	dir_written(inode);
}

static bool is_dots(const struct ext2_dir_entry *e, const struct inode *dir)
{
	if (e->name[0] != '.' || e->name_len > 2)
		return false;
	if (e->name_len == 1)
		return e->inode == (u32)dir->i_ino;
	return e->name[1] == '.';
}

/**
 * ext2_is_empty() - has a directory no name but its own two?
 *
 * Context: vfs_lock; may sleep. Return: 1, 0, or -errno.
 */
int ext2_is_empty(struct inode *dir)
{
	u32 nr = (u32)(i_size_read(dir) >> dir->i_sb->s_blocksize_bits), i;
	struct ext2_dir_entry *e;
	bool empty = true;
	int err;
	u32 off;

	for (i = 0; i < nr && empty; i++) {
		struct buffer b = ext2_bread(dir, i, &err);

		if (err)
			return err;
		if (!b.data)
			continue;
		for (off = 0; off < b.size && empty; off += e->rec_len) {
			e = ext2_entry_at(dir, &b, i, off);
			if (!e)
				break;
			empty = !e->inode || is_dots(e, dir);
		}
		brelse(&b);
		if (off < dir->i_sb->s_blocksize && empty)
			return -EIO;
	}
	return empty;
}

/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes on the disk: one block of an inode, i_file_acl, which
 * inodes with the same ones may share.
 *
 *   │ header │ entry │ entry │ … │ 0 │  room  │ … │ value │ value │
 *              └── value_offs ──────────────────────────────┘
 *
 * kernel/fs/xattr.c keeps them in memory: they are read from the block when
 * they are first asked for, and a change writes all of them anew, into a block
 * that is no other inode's. Entries lie in the order that Linux looks for
 * them: by kind, by the length of the name, by the name. Attributes within a
 * large inode are left as they are, and not seen.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/xattr.h>
#include "ext2.h"

#define EXT2_XATTR_MAGIC 0xea020000u

struct xattr_header {
	u32 h_magic, h_refcount, h_blocks, h_hash, h_reserved[4];
};

struct xattr_entry {
	u8 e_name_len, e_name_index;
	u16 e_value_offs;
	u32 e_value_block, e_value_size, e_hash;
	char e_name[];
};

#define ENTRY_LEN(name) \
	(((u32)(name) + (u32)sizeof(struct xattr_entry) + 3) & ~3u)
#define VALUE_LEN(size) (((size) + 3) & ~3u)

/* Kinds by their number on the disk. */
static const char *const prefixes[] = {
	[1] = "user.",
	[2] = "system.posix_acl_access",
	[3] = "system.posix_acl_default",
	[4] = "trusted.",
	[6] = "security.",
};

/* ---- reading ---- */

static bool entry_is_good(const struct buffer *b, const struct xattr_entry *e)
{
	u32 at = (u32)((const char *)e - (const char *)b->data);

	return at + sizeof(*e) <= b->size &&
	       at + ENTRY_LEN(e->e_name_len) <= b->size && !e->e_value_block &&
	       e->e_value_size <= b->size && e->e_value_offs <= b->size &&
	       e->e_value_size <= b->size - e->e_value_offs;
}

static int load_entry(struct inode *inode, const struct buffer *b,
		      const struct xattr_entry *e)
{
	char name[XATTR_NAME_MAX + 1];
	const char *prefix = e->e_name_index < ARRAY_SIZE(prefixes) ?
				     prefixes[e->e_name_index] :
				     NULL;
	size_t len;

	if (!prefix)
		return -EFSCORRUPTED;
	len = strlen(prefix);
	if (len + e->e_name_len > XATTR_NAME_MAX)
		return -EFSCORRUPTED;
	memcpy(name, prefix, len);
	memcpy(name + len, e->e_name, e->e_name_len);
	name[len + e->e_name_len] = '\0';
	return simple_xattr_add(inode, name, (char *)b->data + e->e_value_offs,
				e->e_value_size);
}

static int load_block(struct inode *inode, const struct buffer *b)
{
	const struct xattr_header *h = b->data;
	const struct xattr_entry *e = (const struct xattr_entry *)(h + 1);
	int err = 0;

	if (h->h_magic != EXT2_XATTR_MAGIC || h->h_blocks != 1)
		return -EFSCORRUPTED;
	while (!err) {
		if ((u32)((const char *)e - (const char *)b->data) + 4 >
		    b->size)
			return -EFSCORRUPTED;
		if (!*(const u32 *)e)
			return 0;
		if (!entry_is_good(b, e))
			return -EFSCORRUPTED;
		err = load_entry(inode, b, e);
		e = (const struct xattr_entry *)((const char *)e +
						 ENTRY_LEN(e->e_name_len));
	}
	return err;
}

/** ext2_load_xattrs() - super_operations.load_xattrs */
int ext2_load_xattrs(struct inode *inode)
{
	u32 block = EXT2_I(inode)->i_file_acl;
	struct buffer b;
	int err;

	if (!block)
		return 0;
	b = sb_bread(inode->i_sb, block);
	if (!b.data)
		return -EIO;
	err = load_block(inode, &b);
	brelse(&b);
	if (err == -EFSCORRUPTED)
		ext2_error(inode->i_sb, __func__, "inode %u: bad block %u",
			   (u32)inode->i_ino, block);
	return err;
}

/* ---- writing ---- */

static u32 entry_hash(const struct xattr_entry *e, const void *value)
{
	const u32 *words = value;
	u32 hash = 0, n;

	for (n = 0; n < e->e_name_len; n++)
		hash = (hash << 5 | hash >> 27) ^ (u8)e->e_name[n];
	for (n = VALUE_LEN(e->e_value_size) / 4; n; n--)
		hash = (hash << 16 | hash >> 16) ^ *words++;
	return hash;
}

/* The kind of a name, and where what is behind it begins; 0: none of ours. */
static u8 kind_of(const char *name, const char **rest)
{
	unsigned int i;

	for (i = 1; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = prefixes[i] ? strlen(prefixes[i]) : 0;

		if (len && !ashlar_strncmp(name, prefixes[i], len)) {
			*rest = name + len;
			return (u8)i;
		}
	}
	return 0;
}

/* An order of names as the disk has them: < 0, 0, > 0. */
static int compare(const char *a, const char *b)
{
	const char *x, *y;
	int kind = kind_of(a, &x) - kind_of(b, &y);
	size_t lx, ly;

	if (kind)
		return kind;
	lx = strlen(x);
	ly = strlen(y);
	return lx != ly ? (lx < ly ? -1 : 1) : memcmp(x, y, lx);
}

/* The attribute that follows @after in the disk's order, or NULL. */
static const struct simple_xattr *next_xattr(const struct inode *inode,
					     const char *after)
{
	const struct simple_xattr *x, *best = NULL;

	for (x = inode->i_xattrs; x; x = x->next)
		if ((!after || compare(x->name, after) > 0) &&
		    (!best || compare(x->name, best->name) < 0))
			best = x;
	return best;
}

static int fill_block(const struct inode *inode, char *data, u32 size)
{
	struct xattr_header *h = (struct xattr_header *)data;
	struct xattr_entry *e = (struct xattr_entry *)(h + 1);
	const struct simple_xattr *x = NULL;
	u32 end = size, hash = 0;

	memset(data, 0, size);
	h->h_magic = EXT2_XATTR_MAGIC;
	h->h_refcount = h->h_blocks = 1;
	while ((x = next_xattr(inode, x ? x->name : NULL))) {
		const char *rest;
		u8 kind = kind_of(x->name, &rest);
		u32 len = (u32)strlen(rest), at = (u32)((char *)e - data);

		if (at + ENTRY_LEN(len) + 4 + VALUE_LEN(x->size) > end)
			return -ENOSPC;
		e->e_name_index = kind;
		e->e_name_len = (u8)len;
		memcpy(e->e_name, rest, len);
		e->e_value_size = x->size;
		if (x->size) {
			end -= VALUE_LEN(x->size);
			e->e_value_offs = (u16)end;
			memcpy(data + end, simple_xattr_value(x), x->size);
		}
		e->e_hash = entry_hash(e, data + e->e_value_offs);
		hash = (hash << 16 | hash >> 16) ^ e->e_hash;
		e = (struct xattr_entry *)((char *)e + ENTRY_LEN(len));
	}
	h->h_hash = hash;
	return 0;
}

/* The inode has its old block no more, which others may have. */
static int drop_block(struct inode *inode)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	struct buffer b = sb_bread(sb, ei->i_file_acl);
	struct xattr_header *h = b.data;
	int err = 0;

	if (!h)
		return -EIO;
	if (h->h_magic == EXT2_XATTR_MAGIC && h->h_refcount > 1) {
		if (ext2_dirty(sb, &b, ei->i_file_acl, EXT2_NAMES))
			h->h_refcount--;
		else
			err = -ENOMEM;
	} else {
		ext2_free_blocks(sb, ei->i_file_acl, 1, true);
	}
	brelse(&b);
	if (err)
		return err;
	ei->i_blocks -= min(sb->s_blocksize >> 9, ei->i_blocks);
	ei->i_file_acl = 0;
	mark_inode_dirty(inode);
	return 0;
}

/** ext2_drop_xattrs() - an inode goes, and its attributes; within a change */
void ext2_drop_xattrs(struct inode *inode)
{
	if (EXT2_I(inode)->i_file_acl)
		drop_block(inode);
}

/* A new block with @data. Within a change. */
static int put_block(struct inode *inode, const char *data)
{
	struct super_block *sb = inode->i_sb;
	struct ext2_inode_info *ei = EXT2_I(inode);
	u32 nr = 1, block, goal;
	struct buffer b;
	int err;

	goal = ext2_group_first_block(EXT2_SB(sb), ei->i_block_group);
	block = ext2_new_blocks(inode, goal, &nr, &err);
	if (!block)
		return err;
	b = sb_getblk(sb, block);
	if (!b.data || !ext2_dirty(sb, &b, block, EXT2_NEW)) {
		brelse(&b);
		ext2_unalloc_blocks(sb, block, 1);
		return -ENOMEM;
	}
	memcpy(b.data, data, b.size);
	brelse(&b);
	err = ei->i_file_acl ? drop_block(inode) : 0;
	if (err) {
		ext2_forget(sb, block);
		ext2_unalloc_blocks(sb, block, 1);
		return err;
	}
	ei->i_file_acl = block;
	ei->i_blocks += sb->s_blocksize >> 9;
	EXT2_SB(sb)->s_es->s_feature_compat |= EXT2_FEATURE_COMPAT_EXT_ATTR;
	mark_inode_dirty(inode);
	return 0;
}

static int try_store(struct inode *inode, const char *data)
{
	int err = ext2_begin(inode->i_sb);

	if (err)
		return err;
	if (data)
		err = put_block(inode, data);
	else if (EXT2_I(inode)->i_file_acl)
		err = drop_block(inode);
	ext2_end(inode->i_sb);
	return err;
}

/** ext2_store_xattrs() - super_operations.store_xattrs */
int ext2_store_xattrs(struct inode *inode)
{
	u32 size = inode->i_sb->s_blocksize;
	char *data = NULL;
	bool tried = false;
	int err = 0;

	if (inode->i_xattrs) {
		data = kmalloc(size, GFP_KERNEL);
		if (!data)
			return -ENOMEM;
		err = fill_block(inode, data, size);
	}
	if (!err) {
		do {
			err = try_store(inode, data);
		} while (err && ext2_should_retry(inode->i_sb, err, &tried));
	}
	kfree(data);
	return err;
}

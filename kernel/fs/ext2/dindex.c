/* SPDX-License-Identifier: MIT */
/*
 * Where the names of a large directory are: in memory, by a hash of the name,
 * so that neither a name that is there nor one that is not costs a look at
 * each block.
 *
 *   slot │ hash │ place │     place: byte of the directory / 4 + 1
 *
 *   0      never used: a search ends here
 *   GONE   was used: a search goes on
 *
 * It is made when a name is looked for in a directory of INDEX_BLOCKS or more,
 * kept as names come and go, and given up with the inode, or when there is no
 * memory for it. A hit is compared with the record itself.
 *
 * Locks: vfs_lock; under it for reading several may make an index of one
 * directory, and the first to be done keeps it.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include "ext2.h"

#define INDEX_BLOCKS 4u
#define GONE (~0u)

struct slot {
	u32 hash, place;
};

struct ext2_dindex {
	u32 mask; /* slots - 1, which are a power of two */
	u32 used; /* slots that were used, gone ones included */
	u32 names;
	struct slot slot[];
};

static u32 hash_of(const char *name, u32 len)
{
	u32 h = len;

	while (len--)
		h = (h ^ (u8)*name++) * 0x01000193u;
	return h ^ h >> 15;
}

static struct ext2_dindex *alloc_index(u32 slots)
{
	size_t size = sizeof(struct ext2_dindex) + slots * sizeof(struct slot);
	struct ext2_dindex *x = kvmalloc(size, GFP_KERNEL);

	if (!x)
		return NULL;
	memset(x, 0, size);
	x->mask = slots - 1;
	return x;
}

static void put(struct ext2_dindex *x, u32 hash, u32 place)
{
	u32 i = hash & x->mask;

	while (x->slot[i].place && x->slot[i].place != GONE)
		i = (i + 1) & x->mask;
	x->used += !x->slot[i].place;
	x->names++;
	x->slot[i] = (struct slot){ hash, place };
}

/* Twice the slots that the names need; NULL without memory, and @x is gone. */
static struct ext2_dindex *grow(struct ext2_dindex *x)
{
	u32 slots = x->mask + 1, i;
	struct ext2_dindex *new;

	if (x->names * 2 > slots)
		slots *= 2;
	new = alloc_index(slots);
	for (i = 0; new &&i <= x->mask; i++)
		if (x->slot[i].place && x->slot[i].place != GONE)
			put(new, x->slot[i].hash, x->slot[i].place);
	kvfree(x);
	return new;
}

static struct ext2_dindex *add(struct ext2_dindex *x, const char *name, u32 len,
			       u32 place)
{
	if (x->used * 4 >= x->mask * 3)
		x = grow(x);
	if (x)
		put(x, hash_of(name, len), place);
	return x;
}

static u32 place_of(const struct inode *dir, const struct buffer *b, u32 iblock,
		    const struct ext2_dir_entry *e)
{
	u32 off = (u32)((const char *)e - (const char *)b->data);

	return ((iblock << dir->i_sb->s_blocksize_bits) + off) / 4 + 1;
}

/* The names of one block into the index. 0 or -errno. */
static int add_block(struct inode *dir, u32 iblock, struct ext2_dindex **x)
{
	struct ext2_dir_entry *e;
	struct buffer b;
	int err;
	u32 off;

	b = ext2_bread(dir, iblock, &err);
	if (!b.data)
		return err;
	for (off = 0; off < b.size && !err; off += e->rec_len) {
		e = ext2_entry_at(dir, &b, iblock, off);
		if (!e) {
			err = -EIO;
			break;
		}
		if (!e->inode)
			continue;
		*x = add(*x, e->name, e->name_len,
			 place_of(dir, &b, iblock, e));
		if (!*x)
			err = -ENOMEM;
	}
	brelse(&b);
	return err;
}

/* The index of @dir, made if it is large; NULL: there is none. */
static struct ext2_dindex *get_index(struct inode *dir)
{
	u32 nr = (u32)(i_size_read(dir) >> dir->i_sb->s_blocksize_bits), i;
	struct ext2_inode_info *ei = EXT2_I(dir);
	struct ext2_dindex *x;
	int err = 0;

	if (ei->i_index || nr < INDEX_BLOCKS)
		return ei->i_index;
	x = alloc_index(1024);
	for (i = 0; x && i < nr && !err; i++)
		err = add_block(dir, i, &x);
	if (err || ei->i_index)
		kvfree(x);
	else
		ei->i_index = x;
	return ei->i_index;
}

/* The slot of a name that is known to be at @place, or NULL. */
static struct slot *find_slot(struct ext2_dindex *x, u32 hash, u32 place)
{
	u32 i;

	for (i = hash & x->mask; x->slot[i].place; i = (i + 1) & x->mask)
		if (x->slot[i].place == place)
			return &x->slot[i];
	return NULL;
}

/* True if @name is at @place: then *@at is that. */
static bool look_at(struct inode *dir, u32 place, const char *name, u32 len,
		    struct ext2_place *at, int *err)
{
	u32 pos = (place - 1) * 4, size = dir->i_sb->s_blocksize;

	at->iblock = pos / size;
	at->b = ext2_bread(dir, at->iblock, err);
	if (!at->b.data)
		return false;
	at->e = ext2_entry_at(dir, &at->b, at->iblock, pos % size);
	if (at->e && ext2_is_name(at->e, name, len))
		return true;
	brelse(&at->b);
	return false;
}

/**
 * ext2_dindex_find() - look for a name in a large directory
 * @dir: the directory
 * @name: @len bytes
 * @at: is set to where it is; without data: nowhere
 *
 * Context: vfs_lock; may sleep. Return: 0, -errno, or -EAGAIN if there is no
 * index.
 */
int ext2_dindex_find(struct inode *dir, const char *name, u32 len,
		     struct ext2_place *at)
{
	struct ext2_dindex *x = get_index(dir);
	u32 hash = hash_of(name, len), i;
	int err = 0;

	if (!x)
		return -EAGAIN;
	for (i = hash & x->mask; x->slot[i].place; i = (i + 1) & x->mask) {
		if (x->slot[i].hash != hash || x->slot[i].place == GONE)
			continue;
		if (look_at(dir, x->slot[i].place, name, len, at, &err) || err)
			return err;
	}
	return 0;
}

/** ext2_dindex_add() - a name came, at @e of a block */
void ext2_dindex_add(struct inode *dir, const struct buffer *b, u32 iblock,
		     const struct ext2_dir_entry *e)
{
	struct ext2_inode_info *ei = EXT2_I(dir);

	if (ei->i_index)
		ei->i_index = add(ei->i_index, e->name, e->name_len,
				  place_of(dir, b, iblock, e));
}

/** ext2_dindex_del() - the name at @e of a block goes */
void ext2_dindex_del(struct inode *dir, const struct buffer *b, u32 iblock,
		     const struct ext2_dir_entry *e)
{
	struct ext2_dindex *x = EXT2_I(dir)->i_index;
	struct slot *s;

	if (!x)
		return;
	s = find_slot(x, hash_of(e->name, e->name_len),
		      place_of(dir, b, iblock, e));
	if (!s)
		return;
	s->place = GONE;
	x->names--;
}

/** ext2_dindex_free() - a directory's inode goes */
void ext2_dindex_free(struct inode *dir)
{
	kvfree(EXT2_I(dir)->i_index);
	EXT2_I(dir)->i_index = NULL;
}

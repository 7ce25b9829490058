/* SPDX-License-Identifier: MIT */
/*
 * The order in which a filesystem's tables reach the disk.
 *
 * Blocks that were changed are kept here, in memory, until a commit writes all
 * of them, one phase after the other; each is on the disk before the next is
 * begun:
 *
 *   EXT2_NEW     indirect blocks and directory blocks that nothing on the disk
 *                points at yet
 *   EXT2_ITABLE  inodes, but for those that were made since the last commit:
 *                on the disk they are still free. Removed ones become free
 *   EXT2_NAMES   directory and indirect blocks that were there before; of
 *                those, a name that was added before one that was taken away
 *   ...          then the inodes that were made, and names once more, without
 *                what victims.c added
 *   EXT2_MAPS    bitmaps, group descriptors, the superblock
 *
 * So wherever it is cut off, the disk may have names of free inodes, counts
 * that are too high, and blocks that are marked as used and are not: what
 * e2fsck mends without a question. It never has an inode without a name, a
 * pointer to what was not written, or a block that is two files': what was
 * freed stays marked as used, and is noted, until the commit after which the
 * disk knows no one who has it.
 *
 *   ext2_begin ─ changes ─ ext2_end     many at a time: s_commit for reading
 *   ext2_commit                         alone: s_commit for writing
 *
 * A rename that replaces a file is one step (victims.c). One that moves a
 * directory to another is not: both names may be there, and e2fsck asks.
 *
 * A commit that fails leaves what it did not write to the next one. It needs
 * no memory once it writes.
 *
 * Locks: vfs_lock, i_rwsem, a page's lock → s_commit → map_lock. A commit waits
 * for the disk alone, so one that waits for it with a page locked will go on.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/port.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/block/blkdev.h>
#include <kernel/sched/psi.h>
#include "ext2.h"

#define IN_FLIGHT 16u /* transfers under way at most */
#define TRIES 4 /* of a write that fails, in one commit */
#define PATIENCE 100 /* moments that are waited for memory */
#define TOO_MANY_DIRTY 4096u /* blocks, after which whoever changes writes */
#define MOST_FREED 32768u /* notes of what is freed */

static struct kmem_cache *dirty_cache;

/** ext2_commit_init() - the cache of changed blocks. Context: boot. */
void ext2_commit_init(void)
{
	dirty_cache = kmem_cache_create("ext2_dirty", sizeof(struct ext2_dirty),
					0, SLAB_PANIC, NULL);
}

/** ext2_wait_for_memory() - a moment; others may give some back meanwhile */
void ext2_wait_for_memory(void)
{
	might_sleep();
	port_wait(&dirty_cache);
}

/* ---- what was changed ---- */

static struct ext2_dirty *find_dirty(struct ext2_sb_info *sbi, u32 block,
				     struct rb_node ***link,
				     struct rb_node **parent)
{
	struct ext2_dirty *d;

	*link = &sbi->s_dirty.rb_node;
	*parent = NULL;
	while (**link) {
		*parent = **link;
		d = rb_entry(*parent, struct ext2_dirty, node);
		if (d->block == block)
			return d;
		*link = block < d->block ? &(*parent)->rb_left :
					   &(*parent)->rb_right;
	}
	return NULL;
}

/**
 * ext2_dirty() - a block is about to be changed, and then to be written
 * @sb: the filesystem
 * @b: the block; gets a reference
 * @block: its number
 * @phase: EXT2_*, in which phase; that of a block that waits already stays
 *
 * Context: within ext2_begin() and ext2_end(); may sleep. Return: the note, or
 * NULL without memory, and nothing may be changed.
 */
struct ext2_dirty *ext2_dirty(struct super_block *sb, struct buffer *b,
			      u32 block, u32 phase)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct rb_node **link, *parent;
	struct ext2_dirty *d = find_dirty(sbi, block, &link, &parent), *other;

	if (d)
		return d;
	d = kmem_cache_zalloc(dirty_cache, GFP_KERNEL);
	if (!d)
		return NULL;
	other = find_dirty(sbi, block, &link, &parent);
	if (other) { /* by now */
		kmem_cache_free(dirty_cache, d);
		return other;
	}
	d->b = *b;
	get_page(b->page);
	d->block = block;
	d->phase = (u8)phase;
	rb_link_node(&d->node, parent, link);
	rb_insert_color(&d->node, &sbi->s_dirty);
	sbi->s_nr_dirty++;
	return d;
}

/** ext2_find_dirty() - the note of a block that waits, or NULL */
struct ext2_dirty *ext2_find_dirty(struct ext2_sb_info *sbi, u32 block)
{
	struct rb_node **link, *parent;

	return find_dirty(sbi, block, &link, &parent);
}

/* What has been written of a block was not what is in memory. */
static void drop_copy(struct ext2_dirty *d)
{
	if (!d->copy)
		return;
	__free_page(d->copy);
	d->copy = NULL;
	d->again = true;
}

static void forget(struct ext2_sb_info *sbi, struct ext2_dirty *d)
{
	rb_erase(&d->node, &sbi->s_dirty);
	sbi->s_nr_dirty--;
	drop_copy(d);
	brelse(&d->b);
	kmem_cache_free(dirty_cache, d);
}

/** ext2_forget() - a table's block is free now: it is not to be written */
void ext2_forget(struct super_block *sb, u32 block)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct rb_node **link, *parent;
	struct ext2_dirty *d = find_dirty(sbi, block, &link, &parent);

	if (d)
		forget(sbi, d);
}

/**
 * ext2_order() - one directory block has to be on the disk before another
 * @sb: the filesystem
 * @first: where a name was added
 * @then: where another name of the same inode is about to be taken away
 *
 * Return: false if the two are bound to each other the other way round: the
 * caller commits first.
 */
bool ext2_order(struct super_block *sb, u32 first, u32 then)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	struct rb_node **link, *parent;
	struct ext2_dirty *a = find_dirty(sbi, first, &link, &parent), *b;

	if (!a || a->phase < EXT2_NAMES || first == then)
		return true;
	b = find_dirty(sbi, then, &link, &parent);
	if (!b || b->phase < EXT2_NAMES) /* the disk has not that name */
		return true;
	if (b->awaited && b->rank <= a->rank)
		return false;
	if (b->rank <= a->rank)
		b->rank = a->rank + 1;
	a->awaited = true;
	return true;
}

/* ---- changing ---- */

/* Room to note what one change frees at most. */
static u32 freed_by_one(const struct ext2_sb_info *sbi)
{
	return sbi->s_addr_per_block + 16;
}

/* Blocks that may wait: an eighth of memory, if there is little. */
static u32 max_dirty(void)
{
	return min(TOO_MANY_DIRTY, (u32)(totalram_pages() / 8));
}

static bool has_room(const struct ext2_sb_info *sbi)
{
	return sbi->s_nr_freed + freed_by_one(sbi) <= sbi->s_max_freed &&
	       sbi->s_nr_freed_inodes + 4 <= sbi->s_max_freed &&
	       sbi->s_nr_dirty < max_dirty();
}

/* More room to note what is freed, up to some tens of KB; false: there is none,
 * and a commit has to make it. */
static bool grow_freed(struct ext2_sb_info *sbi)
{
	u32 max = 2 * sbi->s_max_freed;
	struct ext2_extent *freed;
	u32 *inodes;

	if (max > MOST_FREED || sbi->s_nr_dirty >= max_dirty())
		return false;
	freed = kvmalloc(max * sizeof(*freed), GFP_KERNEL);
	inodes = kvmalloc(max * sizeof(*inodes), GFP_KERNEL);
	down_write(&sbi->s_commit);
	if (freed && inodes && sbi->s_max_freed < max) {
		memcpy(freed, sbi->s_freed, sbi->s_nr_freed * sizeof(*freed));
		memcpy(inodes, sbi->s_freed_inodes,
		       sbi->s_nr_freed_inodes * sizeof(*inodes));
		kvfree(sbi->s_freed);
		kvfree(sbi->s_freed_inodes);
		sbi->s_freed = freed;
		sbi->s_freed_inodes = inodes;
		sbi->s_max_freed = max;
		freed = NULL;
		inodes = NULL;
	}
	up_write(&sbi->s_commit);
	kvfree(freed);
	kvfree(inodes);
	return has_room(sbi);
}

/**
 * ext2_begin() - a change of a filesystem's tables begins
 * @sb: the filesystem
 *
 * Context: may sleep; not within another change. Return: 0, and ext2_end()
 * follows; -EROFS, or what a commit that had to be made first ended with.
 */
int ext2_begin(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err;

	for (;;) {
		if (sb->s_flags & SB_RDONLY)
			return -EROFS;
		down_read(&sbi->s_commit);
		if (likely(has_room(sbi)))
			return 0;
		up_read(&sbi->s_commit);
		if (grow_freed(sbi))
			continue;
		err = ext2_commit(sb);
		if (err && !has_room(sbi))
			return err;
	}
}

/** ext2_end() - the change that ext2_begin() began is complete */
void ext2_end(struct super_block *sb)
{
	up_read(&EXT2_SB(sb)->s_commit);
}

/**
 * ext2_note_freed() - blocks have no owner any more
 * @sbi: the filesystem
 * @first: the first of them
 * @nr: how many, all of one group
 * @start: the group's first block
 *
 * Context: within ext2_begin() and ext2_end().
 */
void ext2_note_freed(struct ext2_sb_info *sbi, u32 first, u32 nr, u32 start)
{
	struct ext2_extent *last = sbi->s_freed + sbi->s_nr_freed - 1;
	bool near = sbi->s_nr_freed && last->first >= start &&
		    last->first - start < sbi->s_blocks_per_group;

	sbi->s_freed_blocks += nr;
	if (near && last->first + last->nr == first) {
		last->nr += nr;
	} else if (near && first + nr == last->first) {
		last->first = first;
		last->nr += nr;
	} else {
		sbi->s_freed[sbi->s_nr_freed++] =
			(struct ext2_extent){ first, nr };
	}
}

/* ---- writing ---- */

/* A transfer under way, and its blocks; 0 of them: none. */
struct flight {
	struct batch *batch;
	u32 first, nr;
};

struct batch {
	struct ext2_sb_info *sbi;
	struct bio *bio; /* the next transfer, not submitted */
	u32 first; /* its first block */
	struct flight flights[IN_FLIGHT];
	unsigned int left; /* under way */
	struct wait_queue_head wait;
	bool wrote;
	int err;
};

/* What did not reach the disk is to be written once more. */
static void write_again(const struct flight *f)
{
	u32 i;

	for (i = 0; i < f->nr; i++)
		ext2_find_dirty(f->batch->sbi, f->first + i)->again = true;
}

static void batch_end(struct bio *bio)
{
	struct flight *f = bio->private;
	struct batch *w = f->batch;

	if (bio->status) {
		w->err = bio->status;
		write_again(f);
	}
	bio_put(bio);
	f->nr = 0;
	w->left--;
	wake_up(&w->wait);
}

static void batch_submit(struct batch *w)
{
	u32 shift = w->sbi->sb->s_blocksize_bits;
	struct flight *f = w->flights;
	struct bio *bio = w->bio;

	if (!bio)
		return;
	while (f->nr)
		f++;
	*f = (struct flight){ w, w->first, bio->size >> shift };
	w->bio = NULL;
	w->left++;
	bio->private = f;
	bio->urgent = true;
	bio->end_io = batch_end;
	submit_bio(bio);
	psi_iowait(true);
	wait_event(&w->wait, w->left < IN_FLIGHT);
	psi_iowait(false);
}

static void batch_add(struct batch *w, const struct buffer *b, u32 block)
{
	struct super_block *sb = w->sbi->sb;
	sector_t sector = (sector_t)block
			  << (sb->s_blocksize_bits - SECTOR_SHIFT);
	u32 off = (u32)((char *)b->data - (char *)page_address(b->page));

	w->wrote = true;
	if (w->bio && (bio_end(w->bio) != sector ||
		       !bio_add_page(w->bio, b->page, b->size, off)))
		batch_submit(w);
	if (w->bio)
		return;
	w->bio = bio_alloc(sb->s_bdev, BIO_MAX_VECS, REQ_OP_WRITE, GFP_KERNEL);
	w->bio->sector = sector;
	w->first = block;
	bio_add_page(w->bio, b->page, b->size, off);
}

static void batch_add_dirty(struct batch *w, const struct ext2_dirty *d)
{
	struct buffer b = d->b;

	if (d->copy) {
		b.page = d->copy;
		b.data = page_address(d->copy);
	}
	batch_add(w, &b, d->block);
}

/* What of a phase and rank has not been written: 0 or -errno. */
static int write_once(struct batch *w, u32 phase, u32 rank)
{
	struct rb_node *n;

	w->err = 0;
	for (n = rb_first(&w->sbi->s_dirty); n; n = rb_next(n)) {
		struct ext2_dirty *d = rb_entry(n, struct ext2_dirty, node);

		if (d->phase == phase && d->rank == rank &&
		    (!d->written || d->again)) {
			d->again = false;
			d->written = true;
			batch_add_dirty(w, d);
		}
	}
	batch_submit(w);
	psi_iowait(true);
	wait_event(&w->wait, !w->left);
	psi_iowait(false);
	return w->err;
}

/* What was written stays there: 0 or -errno. */
static int flush(const struct ext2_sb_info *sbi)
{
	int err, tries = TRIES;

	do {
		err = blkdev_issue_flush(sbi->sb->s_bdev);
	} while (err == -EIO && --tries);
	return err == -EOPNOTSUPP ? 0 : err;
}

/* All blocks of a phase and rank are on the disk: 0 or -errno. */
static int write_phase(struct ext2_sb_info *sbi, u32 phase, u32 rank)
{
	struct batch w = { .sbi = sbi };
	int err, tries = TRIES;

	init_waitqueue_head(&w.wait);
	do {
		err = write_once(&w, phase, rank);
	} while (err == -EIO && --tries);
	return !err && w.wrote ? flush(sbi) : err;
}

static u32 last_rank(struct ext2_sb_info *sbi)
{
	struct rb_node *n;
	u32 rank = 0;

	for (n = rb_first(&sbi->s_dirty); n; n = rb_next(n))
		rank = max(rank,
			   (u32)rb_entry(n, struct ext2_dirty, node)->rank);
	return rank;
}

/* A commit is over: what it wrote is as the disk has it. */
static void forget_written(struct ext2_sb_info *sbi, bool all)
{
	struct rb_node *n, *next;

	for (n = rb_first(&sbi->s_dirty); n; n = next) {
		struct ext2_dirty *d = rb_entry(n, struct ext2_dirty, node);

		next = rb_next(n);
		drop_copy(d);
		if (all)
			forget(sbi, d);
		else
			d->written = d->again = false;
	}
	if (all)
		sbi->s_nr_victims = 0;
}

/* Names are on the disk, some with extra ones, which go now. */
static int write_names(struct ext2_sb_info *sbi, bool extra)
{
	u32 rank, ranks = last_rank(sbi);
	struct rb_node *n;
	int err = 0;

	for (n = rb_first(&sbi->s_dirty); n && !extra; n = rb_next(n))
		drop_copy(rb_entry(n, struct ext2_dirty, node));
	for (rank = 0; !err && rank <= ranks; rank++)
		err = write_phase(sbi, EXT2_NAMES, rank);
	return err;
}

/** ext2_forget_all() - the filesystem goes, with what could not be written */
void ext2_forget_all(struct ext2_sb_info *sbi)
{
	forget_written(sbi, true);
}

static int write_all(struct ext2_sb_info *sbi)
{
	int err;

	ext2_hold_victims(sbi);
	ext2_copy_inodes(sbi, false);
	err = write_phase(sbi, EXT2_NEW, 0);
	if (!err)
		err = write_phase(sbi, EXT2_ITABLE, 0);
	if (!err)
		err = write_names(sbi, true);
	if (err)
		return err;
	ext2_copy_inodes(sbi, true);
	err = write_phase(sbi, EXT2_ITABLE, 0);
	if (!err)
		err = write_names(sbi, false);
	if (err)
		return err;
	ext2_release_freed(sbi);
	return write_phase(sbi, EXT2_MAPS, 0);
}

static int commit_locked(struct ext2_sb_info *sbi)
{
	int err;

	if (list_empty(&sbi->s_dirty_inodes) && !sbi->s_nr_dirty &&
	    !sbi->s_nr_freed && !sbi->s_nr_freed_inodes)
		return 0;
	err = ext2_prepare_inodes(sbi);
	if (!err)
		err = ext2_prepare_maps(sbi);
	if (err)
		return err;
	err = write_all(sbi);
	forget_written(sbi, !err);
	return err;
}

/**
 * ext2_commit() - what was changed until now is on the disk
 * @sb: the filesystem
 *
 * Of tables: a file's own bytes are its pages'. Context: may sleep; not within
 * a change. Return: 0 or -errno.
 */
int ext2_commit(struct super_block *sb)
{
	struct ext2_sb_info *sbi = EXT2_SB(sb);
	int err = 0, i;

	for (i = 0; i < PATIENCE; i++) {
		down_write(&sbi->s_commit);
		err = commit_locked(sbi);
		up_write(&sbi->s_commit);
		if (err != -ENOMEM && (err != -EIO || i >= TRIES))
			break;
		ext2_wait_for_memory();
	}
	if (err == -EIO)
		ext2_error(sb, __func__, "IO failure");
	return err;
}

/**
 * ext2_should_retry() - does a change that failed have a chance now?
 * @sb: the filesystem
 * @err: what it failed with
 * @tried: false before the first call; is set
 *
 * Blocks and inodes that were freed can be had after a commit, and names that
 * are bound to each other are free of that. Context: may sleep; not within a
 * change. Return: true once, if so.
 */
bool ext2_should_retry(struct super_block *sb, int err, bool *tried)
{
	const struct ext2_sb_info *sbi = EXT2_SB(sb);

	if (*tried || (err != -EAGAIN && err != -ENOSPC) ||
	    (err == -ENOSPC && !sbi->s_nr_freed && !sbi->s_nr_freed_inodes))
		return false;
	*tried = true;
	return !ext2_commit(sb);
}

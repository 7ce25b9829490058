/* SPDX-License-Identifier: MIT */
/*
 * Pages of files to and from the disk, in runs of blocks.
 *
 *   page    │ block │ block │ hole │ block │       4 blocks of 1 KB
 *              └─ one part ─┘ zeroes   └ another
 *   bio     │ part │ part │ part │                 as long as blocks follow
 *
 *   page->priv, while a page is locked to be read, or under writeback: parts
 *   under way, and PART_FAILED; 0 otherwise
 *
 * A transfer is submitted before the next number of a block is looked for,
 * for that may read, too, and ask for a transfer.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include "ext2.h"

#define PART_FAILED 0x100ul
#define PARTS 0xfful
#define MAP_AHEAD 64u /* blocks that are looked for at once */

/* Blocks that are moved: where a run of them is, and the transfer. */
struct mover {
	struct inode *inode;
	enum req_op op;
	bool urgent; /* an fsync waits for it */
	struct bio *bio; /* not submitted */
	u32 iblock, block, nr; /* a run that is known; block 0: a hole */
};

static void zero_part(struct page *page, u32 off, u32 len)
{
	char *p = kmap_local_page(page);

	memset(p + off, 0, len);
	kunmap_local(p);
}

/* ---- parts ---- */

static void part_done(struct page *page, bool failed, enum req_op op)
{
	unsigned long parts = page->priv - 1;

	if (failed)
		parts |= PART_FAILED;
	page->priv = parts;
	if (parts & PARTS)
		return;
	page->priv = 0;
	if (op == REQ_OP_READ) {
		end_page_read(page, parts ? -EIO : 0);
		return;
	}
	if (parts)
		mapping_set_error((struct address_space *)page->mapping, -EIO);
	end_page_writeback(page);
}

static void mover_end(struct bio *bio)
{
	unsigned int i;

	for (i = 0; i < bio->nr_vecs; i++)
		part_done(bio->vec[i].page, bio->status, bio->op);
	bio_put(bio);
}

static void submit(struct mover *v)
{
	struct bio *bio = v->bio;

	v->bio = NULL;
	if (bio)
		submit_bio(bio);
}

/* True if the bytes go on where the transfer ends, in the page it ends with:
 * then they are of the part that is counted. */
static bool joins_part(const struct bio *bio, const struct page *page, u32 off)
{
	const struct bio_vec *last = &bio->vec[bio->nr_vecs - 1];

	return last->page == page && last->offset + last->len == off;
}

/* @len bytes at @off of @page are those of the disk from @block on. */
static void add_part(struct mover *v, struct page *page, u32 off, u32 len,
		     u32 block)
{
	const struct super_block *sb = v->inode->i_sb;
	sector_t sector = (sector_t)block
			  << (sb->s_blocksize_bits - SECTOR_SHIFT);
	bool joins = false;

	if (v->bio && bio_end(v->bio) == sector) {
		joins = joins_part(v->bio, page, off);
		if (bio_add_page(v->bio, page, len, off))
			goto counted;
	}
	submit(v);
	joins = false;
	v->bio = bio_alloc(sb->s_bdev, BIO_MAX_VECS, v->op, GFP_KERNEL);
	v->bio->sector = sector;
	v->bio->end_io = mover_end;
	v->bio->urgent = v->urgent;
	bio_add_page(v->bio, page, len, off);
counted:
	page->priv += !joins;
}

/* Block @iblock of the file, and in *@nr how many of the run there are. */
static int map_run(struct mover *v, u32 iblock, u32 *block, u32 *nr)
{
	u32 skip = iblock - v->iblock;
	int err;

	if (!v->nr || skip >= v->nr) {
		submit(v);
		v->nr = MAP_AHEAD;
		v->iblock = iblock;
		skip = 0;
		err = ext2_get_block(v->inode, iblock, &v->block, &v->nr);
		if (err) {
			v->nr = 0;
			return err;
		}
	}
	*block = v->block ? v->block + skip : 0;
	*nr = min(*nr, v->nr - skip);
	return 0;
}

/* ---- reading ---- */

static int read_parts(struct mover *v, struct page *page)
{
	u32 bits = v->inode->i_sb->s_blocksize_bits, per = PAGE_SIZE >> bits;
	u64 first = (u64)page->index << (PAGE_SHIFT - bits);
	u32 i, nr, block;
	int err;

	if (first + per > ~0u)
		return -EFBIG;
	for (i = 0; i < per; i += nr) {
		nr = per - i;
		err = map_run(v, (u32)first + i, &block, &nr);
		if (err)
			return err;
		if (block)
			add_part(v, page, i << bits, nr << bits, block);
		else
			zero_part(page, i << bits, nr << bits);
	}
	return 0;
}

/* A page that is locked; it is unlocked when it is filled. */
static void read_page(struct mover *v, struct page *page)
{
	int err;

	page->priv = 1; /* ours, while parts are added */
	err = read_parts(v, page);
	part_done(page, err, REQ_OP_READ);
}

/** ext2_read_folio() - address_space_operations.read_folio */
int ext2_read_folio(struct address_space *m, struct page *page)
{
	struct mover v = { .inode = m->host, .op = REQ_OP_READ };

	read_page(&v, page);
	submit(&v);
	return 0;
}

/** ext2_readahead() - address_space_operations.readahead */
void ext2_readahead(struct address_space *m, struct readahead_control *rac)
{
	struct mover v = { .inode = m->host, .op = REQ_OP_READ };
	struct page *page;

	while ((page = readahead_page(rac)))
		read_page(&v, page);
	submit(&v);
}

/* ---- writing ---- */

/* True if a hole may stay one: there is nothing in it. */
static bool is_zero(struct page *page, u32 off, u32 len)
{
	char *p = kmap_local_page(page);
	const u32 *word = (const u32 *)(p + off), *end = word + len / 4;

	while (word < end && !*word)
		word++;
	kunmap_local(p);
	return word == end;
}

/* Blocks of a page that are to be written; *@block 0: a hole that stays. */
static int map_write(struct mover *v, struct page *page, u32 off, u32 iblock,
		     u32 *block, u32 *nr)
{
	u32 size = v->inode->i_sb->s_blocksize;
	int err = map_run(v, iblock, block, nr);
	bool fresh;

	if (err || *block)
		return err;
	*nr = 1;
	if (is_zero(page, off, size))
		return 0;
	submit(v);
	v->nr = 0;
	err = ext2_alloc_retry(v->inode, iblock, block, nr, &fresh);
	if (err)
		*nr = 1;
	return err;
}

/* A block for which there is no place does not keep others from theirs. */
static int write_parts(struct mover *v, struct page *page, u32 blocks)
{
	u32 bits = v->inode->i_sb->s_blocksize_bits, i, nr, block;
	u32 first = (u32)page->index << (PAGE_SHIFT - bits);
	int err = 0, one;

	for (i = 0; i < blocks; i += nr) {
		nr = blocks - i;
		one = map_write(v, page, i << bits, first + i, &block, &nr);
		if (!one && block)
			add_part(v, page, i << bits, nr << bits, block);
		if (one)
			err = one;
	}
	return err;
}

/* What writepages does, and to whom. */
struct writing {
	struct writeback_control wbc;
	struct mover v;
};

/* A page that is locked and counts as clean: as much of it as the file has. */
static int write_page(struct address_space *m, struct page *page,
		      struct writeback_control *wbc)
{
	struct writing *w = container_of(wbc, struct writing, wbc);
	u32 size = w->v.inode->i_sb->s_blocksize, bytes = PAGE_SIZE;
	loff_t left = mapping_size(m) - ((loff_t)page->index << PAGE_SHIFT);
	int err;

	if (left < (loff_t)bytes)
		bytes = left > 0 ? (u32)left : 0;
	set_page_writeback(page);
	page->priv = 1; /* ours, while parts are added */
	err = write_parts(&w->v, page, DIV_ROUND_UP(bytes, size));
	if (err)
		mapping_set_error(m, err);
	unlock_page(page);
	part_done(page, false, REQ_OP_WRITE);
	return 0;
}

/** ext2_writepages() - address_space_operations.writepages */
int ext2_writepages(struct address_space *m, struct writeback_control *wbc)
{
	struct writing w = { .wbc = *wbc,
			     .v = { .inode = m->host, .op = REQ_OP_WRITE } };
	int err;

	w.v.urgent = wbc->sync_mode == WB_SYNC_ALL;
	err = write_cache_pages(m, &w.wbc, write_page);

	submit(&w.v);
	wbc->nr_to_write = w.wbc.nr_to_write;
	return err;
}

/** ext2_writepage() - address_space_operations.writepage */
int ext2_writepage(struct address_space *m, struct page *page,
		   struct writeback_control *wbc)
{
	struct writing w = { .wbc = *wbc,
			     .v = { .inode = m->host, .op = REQ_OP_WRITE } };
	int err = write_page(m, page, &w.wbc);

	submit(&w.v);
	return err;
}

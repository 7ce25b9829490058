/* SPDX-License-Identifier: MIT */
/*
 * Files: their pages come from the disk's blocks, in runs.
 *
 *   page │ block │ block │ hole │ block │       4 blocks of 1 KB
 *          └── one bio ──┘  zeroes   └ another
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/libfs.h>
#include "ext2.h"

static void zero_part(struct page *page, u32 off, u32 len)
{
	char *p = kmap_local_page(page);

	memset(p + off, 0, len);
	kunmap_local(p);
}

/* A page that is being filled; whoever hears of the last run ends that. */
struct page_read {
	struct page *page;
	unsigned int left; /* runs under way, and the one who submits them */
	int err;
};

static void read_done(struct page_read *r, int err)
{
	if (err)
		r->err = err;
	if (--r->left)
		return;
	end_page_read(r->page, r->err);
	kfree(r);
}

static void read_end(struct bio *bio)
{
	struct page_read *r = bio->private;
	int err = bio->status;

	bio_put(bio);
	read_done(r, err);
}

/* @len bytes at @off of a page, from @block on. */
static void read_run(struct super_block *sb, struct page_read *r, u32 off,
		     u32 len, u32 block)
{
	struct bio *bio = bio_alloc(sb->s_bdev, 1, REQ_OP_READ, GFP_KERNEL);

	bio->sector = (sector_t)block << (sb->s_blocksize_bits - SECTOR_SHIFT);
	bio_add_page(bio, r->page, len, off);
	bio->private = r;
	bio->end_io = read_end;
	r->left++;
	submit_bio(bio);
}

static int read_runs(struct inode *inode, struct page_read *r)
{
	u32 bits = inode->i_sb->s_blocksize_bits, per = PAGE_SIZE >> bits;
	u64 first = (u64)r->page->index << (PAGE_SHIFT - bits);
	u32 i, nr, block;
	int err;

	if (first + per > ~0u)
		return -EFBIG;
	for (i = 0; i < per; i += nr) {
		nr = per - i;
		err = ext2_get_block(inode, (u32)first + i, &block, &nr);
		if (err)
			return err;
		if (block)
			read_run(inode->i_sb, r, i << bits, nr << bits, block);
		else
			zero_part(r->page, i << bits, nr << bits);
	}
	return 0;
}

static int ext2_read_folio(struct address_space *m, struct page *page)
{
	struct page_read *r = kmalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return -ENOMEM;
	*r = (struct page_read){ .page = page, .left = 1 };
	read_done(r, read_runs(m->host, r));
	return 0;
}

const struct address_space_operations ext2_aops = {
	.read_folio = ext2_read_folio,
};

const struct file_operations ext2_file_operations = {
	.llseek = generic_file_llseek,
	.read_iter = generic_file_read_iter,
	.mmap = generic_file_mmap,
};

const struct inode_operations ext2_file_inode_operations = {
	.getattr = ext2_getattr,
};

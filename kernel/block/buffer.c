/* SPDX-License-Identifier: MIT */
/*
 * The page cache of a block device: what filesystems keep of their own
 * tables, found by the number of a block.
 *
 *   block_device ─ bd_mapping ─► page 0, page 1 …      4,096 bytes each
 *                                 │
 *        buffer { data } ─────────┘ one block of 1, 2 or 4 KB inside a page
 *
 * Its pages are low memory, so that a block's bytes have an address for as
 * long as the buffer is held.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/page_ref.h>
#include <ashlar/string.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/buffer_head.h>
#include <kernel/fs/super.h>

/* Sectors of a page, which may hang over the end of the device. */
static int read_sectors(struct block_device *bdev, struct page *page)
{
	sector_t first = (sector_t)page->index << (PAGE_SHIFT - SECTOR_SHIFT);
	struct bio *bio;
	u32 bytes;
	int err;

	if (first >= bdev->nr_sectors)
		return -EIO;
	bytes = (u32)min((sector_t)(PAGE_SIZE >> SECTOR_SHIFT),
			 bdev->nr_sectors - first)
		<< SECTOR_SHIFT;
	memset(page_address(page), 0, PAGE_SIZE);
	bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);
	bio->sector = first;
	bio_add_page(bio, page, bytes, 0);
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

/* A page that is not cached, or was not a moment ago; with a reference. */
static struct page *read_page(struct block_device *bdev, unsigned long index)
{
	struct page *page = alloc_user_page(GFP_KERNEL);
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	page->index = index;
	err = read_sectors(bdev, page);
	if (!err) {
		get_page(page);
		err = add_to_page_cache(bdev->bd_mapping, page, index);
		if (!err)
			return page;
		put_page(page);
	}
	put_page(page);
	if (err != -EBUSY)
		return ERR_PTR(err);
	page = find_get_page(bdev->bd_mapping, index);
	return page ? page : ERR_PTR(-ENOMEM);
}

/**
 * sb_bread() - a block of a filesystem's device
 * @sb: the filesystem; its block size is set
 * @block: which one
 *
 * Context: may sleep. Return: the block, for brelse(); without data if it
 * lies beyond the device, cannot be read, or there is no memory.
 */
struct buffer sb_bread(struct super_block *sb, u64 block)
{
	struct block_device *bdev = sb->s_bdev;
	u64 pos = block << sb->s_blocksize_bits;
	struct buffer b = { .size = sb->s_blocksize };
	unsigned long index = (unsigned long)(pos >> PAGE_SHIFT);

	if (block >= bdev->nr_sectors >> (sb->s_blocksize_bits - SECTOR_SHIFT))
		return b;
	b.page = find_get_page(bdev->bd_mapping, index);
	if (!b.page)
		b.page = read_page(bdev, index);
	if (IS_ERR(b.page))
		b.page = NULL;
	else
		b.data = (char *)page_address(b.page) + (pos & (PAGE_SIZE - 1));
	return b;
}

/** brelse() - a block is not looked at any more; none is allowed, too */
void brelse(struct buffer *b)
{
	if (b->data)
		put_page(b->page);
	b->data = NULL;
}

/**
 * sb_set_blocksize() - what a filesystem counts its device in
 * @sb: the filesystem
 * @size: bytes
 *
 * Return: false if there are no blocks of that size.
 */
bool sb_set_blocksize(struct super_block *sb, u32 size)
{
	if (size < SECTOR_SIZE || size > PAGE_SIZE || size & (size - 1))
		return false;
	sb->s_blocksize = size;
	sb->s_blocksize_bits = (u8)__builtin_ctz(size);
	return true;
}

/** bdev_mapping_init() - a device that is new has nothing cached */
void bdev_mapping_init(struct block_device *bdev)
{
	bdev->bd_mapping = &bdev->bd_data;
	address_space_init(bdev->bd_mapping, NULL, bdev, 0);
	mapping_set_size(bdev->bd_mapping,
			 (loff_t)(bdev->nr_sectors << SECTOR_SHIFT));
}

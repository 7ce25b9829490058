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
 * long as the buffer is held. Who changes them says so: mark_buffer_dirty().
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <kernel/block/bdev_pages.h>
#include <kernel/block/blkdev.h>
#include <kernel/block/buffer_head.h>
#include <kernel/fs/super.h>

#define PATIENCE 100 /* moments that are waited for memory */

/* A page, locked; a table of a filesystem cannot do without: whoever reads one
 * waits for memory, if that helps. */
static struct page *get_table_page(struct block_device *bdev,
				   unsigned long index)
{
	struct page *page;
	int i;

	for (i = 0; i < PATIENCE; i++) {
		page = bdev_get_page(bdev, index);
		if (!IS_ERR(page) || PTR_ERR(page) != -ENOMEM)
			break;
		might_sleep();
		port_wait(bdev);
	}
	return page;
}

/* A block and its page, locked; without data if there is none. */
static struct buffer lock_block(struct super_block *sb, u64 block)
{
	struct block_device *bdev = sb->s_bdev;
	u64 pos = block << sb->s_blocksize_bits;
	struct buffer b = { .size = sb->s_blocksize };
	struct page *page;

	if (block >= bdev->nr_sectors >> (sb->s_blocksize_bits - SECTOR_SHIFT))
		return b;
	page = get_table_page(bdev, (unsigned long)(pos >> PAGE_SHIFT));
	if (IS_ERR(page))
		return b;
	b.page = page;
	b.data = (char *)page_address(page) + (pos & (PAGE_SIZE - 1));
	return b;
}

static u32 offset_of(const struct buffer *b)
{
	return (u32)((char *)b->data - (char *)page_address(b->page));
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
	struct buffer b = lock_block(sb, block);
	int err;

	if (!b.data)
		return b;
	err = bdev_read_sectors(b.page, offset_of(&b), offset_of(&b) + b.size);
	unlock_page(b.page);
	if (err)
		brelse(&b);
	return b;
}

/**
 * sb_getblk() - a block that the caller is about to fill
 * @sb: the filesystem
 * @block: which one
 *
 * It is not read: if it is not cached it is zeroes. Context: may sleep.
 * Return: the block, for mark_buffer_dirty() and brelse(); without data as
 * above.
 */
struct buffer sb_getblk(struct super_block *sb, u64 block)
{
	struct buffer b = lock_block(sb, block);
	u32 off;

	if (!b.data)
		return b;
	off = offset_of(&b);
	if (!bdev_has_sectors(b.page, off, off + b.size)) {
		memset(b.data, 0, b.size);
		bdev_set_uptodate(b.page, off, off + b.size);
	}
	unlock_page(b.page);
	return b;
}

/** mark_buffer_dirty() - a block was changed, and is to be written some day */
void mark_buffer_dirty(struct buffer *b)
{
	bdev_mark_dirty(b->page, offset_of(b), offset_of(b) + b->size);
}

/**
 * sync_dirty_buffer() - a block is on its disk, but for the disk's own cache
 * @b: the block
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int sync_dirty_buffer(struct buffer *b)
{
	return bdev_write_sectors(b->page, offset_of(b),
				  offset_of(b) + b->size);
}

/**
 * clean_bdev_aliases() - blocks that are no table's any more
 * @bdev: the device
 * @block: the first; of @size bytes each
 * @nr: how many
 * @size: bytes
 *
 * They are free, or a file's: what is cached of them here must not reach the
 * disk, nor be read. Context: may sleep.
 */
void clean_bdev_aliases(struct block_device *bdev, u64 block, u64 nr, u32 size)
{
	if (bdev->bd_mapping->nrpages)
		forget_blockdev_range(bdev, (loff_t)(block * size),
				      (loff_t)((block + nr) * size) - 1);
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
	address_space_init(bdev->bd_mapping, &bdev_aops, bdev, AS_BDEV);
	bdev->bd_mapping->gfp_mask = GFP_USER;
	mapping_set_size(bdev->bd_mapping,
			 (loff_t)(bdev->nr_sectors << SECTOR_SHIFT));
}

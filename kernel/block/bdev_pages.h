/* SPDX-License-Identifier: MIT */
/* Pages of a block device. Code: kernel/block/bdev_pages.c. */
#ifndef KERNEL_BLOCK_BDEV_PAGES_H
#define KERNEL_BLOCK_BDEV_PAGES_H

#include <ashlar/types.h>

struct address_space_operations;
struct block_device;
struct page;

extern const struct address_space_operations bdev_aops;
struct page *bdev_get_page(struct block_device *bdev, unsigned long index);
int bdev_read_sectors(struct page *page, u32 from, u32 to);
bool bdev_has_sectors(const struct page *page, u32 from, u32 to);
void bdev_set_uptodate(struct page *page, u32 from, u32 to);
void bdev_readahead(struct block_device *bdev, unsigned long index,
		    unsigned long nr);
void bdev_mark_dirty(struct page *page, u32 from, u32 to);
int bdev_write_sectors(struct page *page, u32 from, u32 to);
void bdev_forget_sectors(struct page *page, u32 from, u32 to);

#endif

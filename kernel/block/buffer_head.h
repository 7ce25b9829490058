/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a filesystem's device, in the page cache of that device. Code:
 * kernel/block/buffer.c.
 */
#ifndef KERNEL_BLOCK_BUFFER_HEAD_H
#define KERNEL_BLOCK_BUFFER_HEAD_H

#include <ashlar/types.h>

struct block_device;
struct page;
struct super_block;

/* A block in memory, held by its user: { } is none. */
struct buffer {
	void *data; /* the block's bytes; NULL: there is no block */
	struct page *page; /* with a reference */
	u32 size; /* bytes */
};

bool sb_set_blocksize(struct super_block *sb, u32 size);
struct buffer sb_bread(struct super_block *sb, u64 block);
struct buffer sb_getblk(struct super_block *sb, u64 block);
void mark_buffer_dirty(struct buffer *b);
int sync_dirty_buffer(struct buffer *b);
void clean_bdev_aliases(struct block_device *bdev, u64 block, u64 nr, u32 size);
void brelse(struct buffer *b);

void bdev_mapping_init(struct block_device *bdev);

#endif

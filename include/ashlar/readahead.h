/* SPDX-License-Identifier: MIT */
/* Pages are read before they are asked for. Code: mm/readahead.c. */
#ifndef ASHLAR_READAHEAD_H
#define ASHLAR_READAHEAD_H

#include <ashlar/fs.h>
#include <ashlar/types.h>

#define VM_READAHEAD_PAGES 32u /* the largest window: 128 KB */
#define MMAP_LOTSAMISS 100u

#define POSIX_FADV_NORMAL 0u
#define POSIX_FADV_RANDOM 1u
#define POSIX_FADV_SEQUENTIAL 2u
#define POSIX_FADV_WILLNEED 3u
#define POSIX_FADV_DONTNEED 4u
#define POSIX_FADV_NOREUSE 5u

/* For ->readahead: pages that have joined the cache, locked, to be read. */
struct readahead_control {
	struct address_space *mapping;
	unsigned long index; /* the next one that readahead_page() gives */
	unsigned long nr_pages; /* from there on */
};

struct page *readahead_page(struct readahead_control *rac);

void file_ra_state_init(struct file_ra_state *ra);
void force_page_cache_readahead(struct address_space *m, unsigned long index,
				unsigned long nr);
void page_cache_sync_readahead(struct file *f, unsigned long index,
			       unsigned long req);
void page_cache_async_readahead(struct file *f, struct page *page,
				unsigned long req);
void page_cache_around(struct file *f, unsigned long index);
int generic_fadvise(struct file *f, loff_t start, loff_t end, u32 advice);

#endif

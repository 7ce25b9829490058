/* SPDX-License-Identifier: MIT */
/*
 * How much of the allocator's memory the kernel has in memory, by mincore(),
 * which says it of each page:
 *
 *   port_slab_ids → | blocks → | port_mem_map → | frames →     ranges → …
 *
 * What is not mapped is not in memory: blocks of frames that were given back
 * with their addresses, and ranges that another thread unmaps meanwhile.
 *
 * Lock: ranges_lock, for moments; no system call is made under it.
 */
#include <ashlar/port.h>
#include <mach/page.h>
#include "ranges.h"
#include "sys.h"
#include "user.h"

#define PIECE_PAGES 1024ul
#define BATCH 32u

/* Host pages from @addr that are in memory, of at most PIECE_PAGES. */
static size_t count_piece(char *addr, size_t pages)
{
	unsigned char in[PIECE_PAGES];
	size_t i, nr = 0;
	long err;

	err = sys6(SYS_mincore, (long)addr, (long)(pages * host.page_size),
		   (long)in, 0, 0, 0);
	if (err && pages > 1) /* a part is not mapped */
		return count_piece(addr, pages / 2) +
		       count_piece(addr + pages / 2 * host.page_size,
				   pages - pages / 2);
	for (i = 0; !err && i < pages; i++)
		nr += in[i] & 1;
	return nr;
}

static size_t count_pages(void *start, size_t bytes)
{
	uintptr_t at = ALIGN_DOWN((uintptr_t)start, host.page_size);
	uintptr_t end = ALIGN((uintptr_t)start + bytes, host.page_size);
	size_t nr = 0, pages;

	for (; at < end; at += pages * host.page_size) {
		pages = min((end - at) / host.page_size, PIECE_PAGES);
		nr += count_piece((char *)at, pages);
	}
	return nr;
}

static size_t count_frames(void)
{
	unsigned long frames = READ_ONCE(port_ram_pages), from = 0, to;
	size_t nr = 0;

	for (; from < frames; from = to) {
		to = min(from + RAM_BLOCK_FRAMES, frames);
		if (!ram_is_retired(from))
			nr += count_pages(pfn_to_virt(from),
					  (to - from) << PAGE_SHIFT);
	}
	return nr;
}

static size_t count_ranges(void)
{
	struct large_range batch[BATCH];
	size_t next = 0, nr = 0;
	unsigned int i, n;

	do {
		spin_lock(&ranges_lock);
		n = ranges_copy(batch, BATCH, &next);
		spin_unlock(&ranges_lock);
		for (i = 0; i < n; i++)
			nr += count_pages(batch[i].addr, batch[i].size);
	} while (n == BATCH);
	return nr;
}

/* See <ashlar/port.h>. */
size_t port_resident(void)
{
	unsigned long frames = READ_ONCE(port_ram_pages);
	size_t nr;

	if (!port_ram_frame)
		return 0;
	nr = count_pages(port_slab_ids - CLASS_BYTES, CLASS_BYTES + frames);
	nr += count_pages(port_mem_map, frames * sizeof(struct page));
	nr += count_frames() + count_ranges();
	return nr * host.page_size;
}

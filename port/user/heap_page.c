/* SPDX-License-Identifier: MIT */
/*
 * Pages of a shared heap: runs of them for large blocks, single ones for
 * slabs. Free ones have a bit each, and the lowest are taken: they are in
 * memory already, while those that nobody had yet are not.
 *
 *   bits   0 0 0 1 0 0 1 1 1 1 …
 *                ^ cursor: none is free before it
 *
 * Lock: header->lock, taken after a shard's.
 */
#include <errno.h>
#include "heap_segment.h"

void heap_lock_pages(struct ashlar_heap *h)
{
	if (unlikely(heap_lock(h, &h->header->lock)))
		heap_repair_pages(h);
}

static bool page_is_free(const struct ashlar_heap *h, u32 page)
{
	return h->bits[page / 64] >> page % 64 & 1;
}

void heap_mark_pages(struct ashlar_heap *h, u32 page, u32 nr, bool is_free)
{
	if (is_free && page < h->header->cursor)
		h->header->cursor = page;
	for (; nr--; page++) {
		u64 bit = 1ull << page % 64, *word = &h->bits[page / 64];

		WRITE_ONCE(*word, is_free ? *word | bit : *word & ~bit);
	}
}

/* The first free page from @page on; the number of pages: there is none. */
static u32 next_free(const struct ashlar_heap *h, u32 page)
{
	u64 word;

	while (page < h->nr_pages) {
		word = h->bits[page / 64] >> page % 64;
		if (word)
			return page + (u32)__builtin_ctzll(word);
		page = (page / 64 + 1) * 64;
	}
	return h->nr_pages;
}

/* The first of @nr free pages from @page on, or 0. */
static u32 find_run(const struct ashlar_heap *h, u32 page, u32 nr)
{
	u32 n;

	for (;;) {
		page = next_free(h, page);
		if (page >= h->nr_pages || nr > h->nr_pages - page)
			return 0;
		for (n = 1; n < nr && page_is_free(h, page + n); n++)
			;
		if (n == nr)
			return page;
		page += n;
	}
}

/* The first of @nr free pages, which stay free in kind; or 0. */
u32 heap_take_pages(struct ashlar_heap *h, u32 nr)
{
	u32 from = max(h->header->cursor, h->first_page), page;

	from = next_free(h, from);
	h->header->cursor = from;
	page = find_run(h, from, nr);
	if (page)
		heap_mark_pages(h, page, nr, false);
	return page;
}

static void set_kinds(struct ashlar_heap *h, u32 page, u32 nr, bool run)
{
	u32 i;

	for (i = nr; i-- > 0;) {
		WRITE_ONCE(h->page[page + i].nr, nr);
		WRITE_ONCE(h->page[page + i].kind, !run ? HEAP_PAGE_FREE :
						   i	? HEAP_PAGE_TAIL :
							  HEAP_PAGE_RUN);
	}
}

/* Returns its offset; 0: there is no room. @where: 0, or where that goes. */
u64 heap_alloc_run(struct ashlar_heap *h, size_t size, u64 where)
{
	struct heap_log *log = &h->header->log;
	u64 block = 0;
	u32 page, nr;

	if (size > (size_t)h->nr_pages << HEAP_PAGE_SHIFT)
		return 0;
	nr = (u32)((size + HEAP_PAGE - 1) >> HEAP_PAGE_SHIFT);
	heap_lock_pages(h);
	page = heap_take_pages(h, nr);
	if (page) {
		block = heap_page_start(page);
		heap_begin(log, HEAP_ALLOC, block, nr, where);
		set_kinds(h, page, nr, true);
		heap_order();
		if (where)
			WRITE_ONCE(*heap_where(h, where), block);
		heap_end(log);
	}
	heap_unlock(&h->header->lock);
	return block;
}

/* Returns 0; -EINVAL: no run starts at @block. */
int heap_free_run(struct ashlar_heap *h, u64 block, u64 where)
{
	struct heap_log *log = &h->header->log;
	u32 page = (u32)(block >> HEAP_PAGE_SHIFT), nr;
	int err = -EINVAL;

	heap_lock_pages(h);
	nr = h->page[page].nr;
	if (h->page[page].kind == HEAP_PAGE_RUN &&
	    block == heap_page_start(page) && nr <= h->nr_pages - page &&
	    (!where || READ_ONCE(*heap_where(h, where)) == block)) {
		heap_begin(log, HEAP_FREE, block, nr, where);
		if (where)
			WRITE_ONCE(*heap_where(h, where), 0);
		heap_order();
		set_kinds(h, page, nr, false);
		heap_mark_pages(h, page, nr, true);
		heap_end(log);
		err = 0;
	}
	heap_unlock(&h->header->lock);
	return err;
}

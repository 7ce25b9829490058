/* SPDX-License-Identifier: MIT */
/*
 * Pages leave the page cache: a file is cut, or gets a hole.
 *
 *        start                                   end
 *   ┌──────│─────┬────────┬────────┬────────┬─────│────┐
 *   │ data │ 000 │  goes  │  goes  │  goes  │ 000 │data│
 *   └──────│─────┴────────┴────────┴────────┴─────│────┘
 *
 * The size is set first, so that no page past it joins; then pages leave the
 * cache (->mapping = 0), and then they are unmapped: see mm/fault.c. A page of
 * a file in RAM just goes, many at a time. One that has a disk below it is
 * locked for that: whoever fills it is waited for, and so is the disk that it
 * is on its way to, which would else write it where by then another file is.
 *
 * Locks: i_rwsem for write; page locks; i_pages.xa_lock for a run of pages.
 */
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/rmap.h>
#include <ashlar/string.h>
#include <ashlar/xarray.h>
#include <mach/spinlock.h>
#include "filemap.h"

/** zero_page_part() - zero bytes [@from, @to) of a page; there may be none */
void zero_page_part(struct page *page, size_t from, size_t to)
{
	char *addr;

	if (from >= to)
		return;
	addr = kmap_local_page(page);
	memset(addr + from, 0, to - from);
	kunmap_local(addr);
}

/* The pages of one run of slots leave the cache: how many there were. */
static unsigned long drop_slots(void **slots, unsigned int nr)
{
	unsigned long dropped = 0;
	struct page *page;

	for (; nr; nr--) {
		page = *slots++;
		if (!page || unlikely(xa_is_value(page)))
			continue;
		WRITE_ONCE(page->mapping, 0);
		put_page(page);
		dropped++;
	}
	return dropped;
}

static void remove_pages(struct address_space *m, unsigned long first,
			 unsigned long last)
{
	unsigned long index = first, run, dropped = 0;
	unsigned int nr;
	void **slots;

	xa_lock(&m->i_pages);
	while (__xa_find(&m->i_pages, &index, last)) {
		slots = xa_slots(&m->i_pages, index, &nr);
		if (nr - 1 > last - index)
			nr = (unsigned int)(last - index) + 1;
		run = drop_slots(slots, nr);
		xa_clear_slots(&m->i_pages, index, nr);
		filemap_count(m, -(long)run);
		dropped += run;
		index += nr - 1;
		if (index++ == last)
			break;
		xa_unlock(&m->i_pages); /* others have waited long enough */
		xa_lock(&m->i_pages);
	}
	xa_unlock(&m->i_pages);
	filemap_uncharge(m, dropped);
}

/* Values are all that is left of some pages. */
static void remove_values(struct address_space *m, unsigned long first,
			  unsigned long last)
{
	unsigned long index = first;
	void *entry;

	xa_lock(&m->i_pages);
	while ((entry = __xa_find(&m->i_pages, &index, last))) {
		if (xa_is_value(entry))
			__xa_erase(&m->i_pages, index);
		if (index++ == last)
			break;
	}
	xa_unlock(&m->i_pages);
}

/**
 * delete_from_page_cache() - one page leaves its file
 * @page: locked, and in a file; with a reference of the caller's
 *
 * Whoever maps it goes on to do so.
 */
void delete_from_page_cache(struct page *page)
{
	struct address_space *m = (struct address_space *)page->mapping;

	xa_lock(&m->i_pages);
	__xa_erase(&m->i_pages, page->index);
	WRITE_ONCE(page->mapping, 0);
	filemap_count(m, -1);
	xa_unlock(&m->i_pages);
	put_page(page);
	filemap_uncharge(m, 1);
}

/* The same where a page may be locked, be it to be filled or written. */
static void remove_locked_pages(struct address_space *m, unsigned long first,
				unsigned long last)
{
	unsigned long index = first;
	struct page *page;

	while ((page = find_get_next_page(m, &index, last))) {
		lock_page(page);
		if (page_is_in(page, m)) {
			wait_on_page_writeback(page);
			delete_from_page_cache(page);
		}
		unlock_page(page);
		put_page(page);
		if (index++ == last)
			break;
	}
	remove_values(m, first, last);
}

/*
 * Zero bytes of one page, if it is cached. One that is being filled is waited
 * for: the file's bytes would come over the zeroes.
 */
static void zero_cached(struct address_space *m, unsigned long index,
			size_t from, size_t to)
{
	struct page *page = find_get_page(m, index);

	if (!page)
		return;
	if (mapping_reads(m))
		lock_page(page);
	if (PageUptodate(page))
		zero_page_part(page, from, to);
	if (mapping_reads(m))
		unlock_page(page);
	put_page(page);
}

/* Zero [@start, @end), which lies within one page. */
static void zero_range(struct address_space *m, loff_t start, loff_t end)
{
	size_t from = offset_in_page(start);

	zero_cached(m, pos_to_index(start), from, from + (size_t)(end - start));
}

/** zero_past_end() - what a mapping left past the end is not data */
void zero_past_end(struct address_space *m)
{
	size_t off = offset_in_page(m->i_size);

	if (off)
		zero_cached(m, pos_to_index(m->i_size), off, PAGE_SIZE);
}

static void drop_range(struct address_space *m, loff_t start, loff_t end,
		       bool even_cows)
{
	unsigned long first = size_to_pages(start);
	/* The last page that goes whole, and one more. */
	unsigned long past = end >= MAX_LFS_FILESIZE ? ~0ul : pos_to_index(end);
	loff_t whole = (loff_t)first << PAGE_SHIFT;

	if (start >= end)
		return;
	if (first > past) {
		zero_range(m, start, end);
		return;
	}
	if (past > first) { /* the order: see mm/fault.c */
		if (mapping_reads(m))
			remove_locked_pages(m, first, past - 1);
		else if (m->i_pages.xa_head)
			remove_pages(m, first, past - 1);
		if (!list_empty(&m->i_mmap))
			unmap_mapping_range(m, first, past - first, even_cows);
	}
	if (start < whole)
		zero_range(m, start, whole);
	if (past != ~0ul && offset_in_page(end))
		zero_range(m, (loff_t)past << PAGE_SHIFT, end);
}

/**
 * truncate_inode_pages_range() - bytes leave a file for good
 * @m: the file
 * @start: first byte
 * @end: past the last byte; MAX_LFS_FILESIZE and above: everything
 *
 * Pages that lie within go, whoever maps them, private copies included; the
 * parts of others are zeroed. Context: may sleep.
 */
void truncate_inode_pages_range(struct address_space *m, loff_t start,
				loff_t end)
{
	drop_range(m, start, end, true);
}

/**
 * truncate_pagecache_range() - a hole in a file
 * @m: the file
 * @start: first byte
 * @end: past the last byte
 *
 * As truncate_inode_pages_range(), but private copies of pages stay with
 * those who have them. Context: may sleep.
 */
void truncate_pagecache_range(struct address_space *m, loff_t start, loff_t end)
{
	drop_range(m, start, end, false);
}

/**
 * truncate_setsize() - a file's new size
 * @m: the file
 * @size: bytes
 *
 * Context: i_rwsem for write; may sleep.
 */
void truncate_setsize(struct address_space *m, loff_t size)
{
	loff_t old = m->i_size;

	if (size > old)
		zero_past_end(m);
	mapping_set_size(m, size);
	if (size <= old)
		truncate_inode_pages_range(m, size, MAX_LFS_FILESIZE);
}

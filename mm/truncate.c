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
 * a file in RAM just goes, many at a time; but whoever has one locked, to move
 * it or take it out, is waited for. One that has a disk below it is locked for
 * that: whoever fills it is waited for, and so is the disk that it is on its
 * way to, which would else write it where by then another file is.
 *
 * Locks: i_rwsem for write; page locks; i_pages.xa_lock for a run of pages.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/rmap.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"
#include "shmem.h"
#include "swapfile.h"
#include "workingset.h"

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

/*
 * What is left of a page goes, too. Return: true if that was its slot in a swap
 * area. xa_lock.
 */
static bool drop_value(struct address_space *m, const void *value)
{
	if (!(m->flags & AS_SHMEM))
		return false;
	free_swap_and_cache(xa_value_to_swp(value));
	m->nrswapped--;
	return true;
}

/*
 * A page leaves its file for good, and then the cache's reference goes. False:
 * another has it locked, and counts on its file until then. xa_lock.
 */
static bool drop_page(struct page *page)
{
	if (likely(page_ref_freeze(page, 1))) { /* it is the cache's alone */
		WRITE_ONCE(page->mapping, 0);
		__put_page(page);
		return true;
	}
	if (!trylock_page(page))
		return false;
	WRITE_ONCE(page->mapping, 0);
	unlock_page(page);
	put_page(page);
	return true;
}

/*
 * The pages of one run of slots leave the cache: how many there were. *@swapped
 * counts those that a swap area had; *@nr is cut before a page that is locked.
 * xa_lock.
 */
static unsigned long drop_slots(struct address_space *m, void **slots,
				unsigned int *nr, unsigned long *swapped)
{
	unsigned long dropped = 0;
	struct page *page;
	unsigned int i;

	for (i = 0; i < *nr; i++) {
		page = slots[i];
		if (!page)
			continue;
		if (unlikely(xa_is_value(page))) {
			*swapped += drop_value(m, page);
			continue;
		}
		if (unlikely(!drop_page(page)))
			*nr = i;
		else
			dropped++;
	}
	return dropped;
}

static void wait_for_page(struct address_space *m, unsigned long index)
{
	struct page *page = find_get_page(m, index);

	if (!page)
		return;
	wait_on_page_locked(page);
	put_page(page);
}

static void remove_pages(struct address_space *m, unsigned long first,
			 unsigned long last)
{
	unsigned long index = first, run, dropped = 0, swapped = 0;
	unsigned int nr, here;
	void **slots;

	xa_lock(&m->i_pages);
	while (__xa_find(&m->i_pages, &index, last)) {
		slots = xa_slots(&m->i_pages, index, &nr);
		if (nr - 1 > last - index)
			nr = (unsigned int)(last - index) + 1;
		here = nr;
		run = drop_slots(m, slots, &nr, &swapped);
		xa_clear_slots(&m->i_pages, index, nr);
		filemap_count(m, -(long)run);
		dropped += run;
		index += nr;
		if (nr == here && index - 1 == last)
			break;
		xa_unlock(&m->i_pages); /* others have waited long enough */
		if (unlikely(nr < here))
			wait_for_page(m, index);
		xa_lock(&m->i_pages);
	}
	xa_unlock(&m->i_pages);
	filemap_uncharge(m, dropped + swapped);
}

/* Values are all that is left of some pages. */
static void remove_values(struct address_space *m, unsigned long first,
			  unsigned long last)
{
	unsigned long index = first, n = 0;
	void *entry;

	if (!READ_ONCE(m->nrshadows))
		return;
	xa_lock(&m->i_pages);
	while ((entry = __xa_find(&m->i_pages, &index, last))) {
		if (xa_is_value(entry)) {
			__xa_erase(&m->i_pages, index);
			n++;
		}
		if (index++ == last)
			break;
	}
	if (n)
		workingset_count(m, -(long)n);
	xa_unlock(&m->i_pages);
}

/**
 * __delete_from_page_cache() - delete_from_page_cache() without what follows
 * @m: the file
 * @page: locked, and of it; the cache's reference is the caller's then, who
 *	tells filemap_uncharge()
 *
 * Context: xa_lock.
 */
void __delete_from_page_cache(struct address_space *m, struct page *page)
{
	__xa_erase(&m->i_pages, page->index);
	cancel_page_dirty(m, page);
	WRITE_ONCE(page->mapping, 0);
	filemap_count(m, -1);
}

/* What a filesystem keeps of a page goes: false if it may not. */
static bool filemap_release_page(struct address_space *m, struct page *page)
{
	return !m->a_ops || !m->a_ops->release_page ||
	       m->a_ops->release_page(m, page);
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
	__delete_from_page_cache(m, page);
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
			if (page->pflags & PG_private)
				filemap_release_page(m, page);
			delete_from_page_cache(page);
		}
		unlock_page(page);
		put_page(page);
		if (index++ == last)
			break;
	}
	remove_values(m, first, last);
}

/* Zero bytes of a page of a file on a disk, and have that written. */
static void zero_disk_page(struct address_space *m, struct page *page,
			   size_t from, size_t to)
{
	lock_page(page); /* whoever fills it would bring the old bytes back */
	if (page_is_in(page, m) && PageUptodate(page)) {
		zero_page_part(page, from, to);
		set_page_dirty(page);
	}
	unlock_page(page);
}

/**
 * filemap_zero_range() - bytes of one page become zeroes
 * @m: the file
 * @start: first byte
 * @end: past the last byte, in the same page
 *
 * A page that is not cached is read, if the file has a disk below it, and else
 * is zeroes. Context: i_rwsem for write; may sleep. Return: 0 or -errno.
 */
int filemap_zero_range(struct address_space *m, loff_t start, loff_t end)
{
	unsigned long index = pos_to_index(start);
	size_t from = offset_in_page(start), to = from + (size_t)(end - start);
	struct page *page = find_get_page(m, index);

	if (!page)
		page = filemap_swapin(m, index);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	if (mapping_can_writeback(m)) {
		if (!page || !PageUptodate(page))
			page = filemap_fill(m, index, page, false);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		zero_disk_page(m, page, from, to);
	} else if (page) {
		zero_page_part(page, from, to);
	} else {
		return 0;
	}
	put_page(page);
	return 0;
}

/**
 * zero_past_end() - what a mapping left past the end is not data
 * @m: the file
 *
 * On a disk there are zeroes: mm/page-writeback.c. Context: i_rwsem for write,
 * before the file grows; may sleep.
 */
void zero_past_end(struct address_space *m)
{
	size_t off = offset_in_page(m->i_size);
	struct page *page;

	if (!off)
		return;
	page = find_get_page(m, pos_to_index(m->i_size));
	if (!page)
		return;
	if (mapping_can_writeback(m))
		lock_page(page);
	if (PageUptodate(page))
		zero_page_part(page, off, PAGE_SIZE);
	if (mapping_can_writeback(m))
		unlock_page(page);
	put_page(page);
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
		filemap_zero_range(m, start, end);
		return;
	}
	if (past > first) { /* the order: see mm/fault.c */
		if (mapping_can_writeback(m)) {
			remove_locked_pages(m, first, past - 1);
		} else if (m->i_pages.xa_head) {
			remove_values(m, first, past - 1);
			remove_pages(m, first, past - 1);
		}
		if (!list_empty(&m->i_mmap))
			unmap_mapping_range(m, first, past - first, even_cows);
	}
	if (start < whole)
		filemap_zero_range(m, start, whole);
	if (past != ~0ul && offset_in_page(end))
		filemap_zero_range(m, (loff_t)past << PAGE_SHIFT, end);
}

/**
 * truncate_inode_pages_range() - bytes leave a file for good
 * @m: the file
 * @start: first byte
 * @end: past the last byte; MAX_LFS_FILESIZE and above: everything
 *
 * Pages that lie within go, whoever maps them, private copies included; the
 * parts of others are zeroed. One that must be read for that, and cannot, stays
 * as it is on its disk: whoever cares calls filemap_zero_range() before.
 * Context: may sleep.
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

/* ---- pages go that can be read again ---- */

/*
 * Take a page out that nobody else holds or wants: false if it has to stay.
 * Context: the page's lock; the caller has one of its two references.
 */
static bool invalidate_page(struct address_space *m, struct page *page)
{
	bool gone = false;

	if (PageDirty(page) || PageWriteback(page) ||
	    ((page->pflags & PG_private) && !filemap_release_page(m, page)))
		return false;
	xa_lock(&m->i_pages);
	if (!PageDirty(page) && atomic_read(&page->_refcount) == 2) {
		__delete_from_page_cache(m, page);
		gone = true;
	}
	xa_unlock(&m->i_pages);
	if (gone) {
		put_page(page);
		filemap_uncharge(m, 1);
	}
	return gone;
}

/**
 * invalidate_mapping_pages() - forget clean pages that nobody uses
 * @m: the file; of one in RAM alone nothing goes
 * @first: number of the first page
 * @last: number of the last
 *
 * What is locked, dirty, on its way, mapped or held stays. Context: may not
 * sleep for a page. Return: pages that went.
 */
unsigned long invalidate_mapping_pages(struct address_space *m,
				       unsigned long first, unsigned long last)
{
	unsigned long index = first, gone = 0;
	struct page *page;

	if (!mapping_can_writeback(m))
		return 0;
	while ((page = find_get_next_page(m, &index, last))) {
		if (trylock_page(page)) {
			if (page_is_in(page, m))
				gone += invalidate_page(m, page);
			unlock_page(page);
		}
		put_page(page);
		if (index++ == last)
			break;
	}
	return gone;
}

/* One page goes whoever maps it: 0, or -EBUSY if it is dirty or held. */
static int invalidate_mapped(struct address_space *m, struct page *page)
{
	int err = 0;

	lock_page(page);
	if (page_is_in(page, m)) {
		wait_on_page_writeback(page);
		if (atomic_read(&page->_mapcount)) {
			if (page_mkclean(page))
				set_page_dirty(page);
			unmap_mapping_range(m, page->index, 1, false);
		}
		if (!invalidate_page(m, page))
			err = -EBUSY;
	}
	unlock_page(page);
	return err;
}

/**
 * invalidate_inode_pages2_range() - the disk's bytes are changed behind a file
 * @m: the file, written out before
 * @first: number of the first page
 * @last: number of the last
 *
 * Context: may sleep. Return: 0, or -EBUSY: a page was dirtied since, or is
 * held, and stays.
 */
int invalidate_inode_pages2_range(struct address_space *m, unsigned long first,
				  unsigned long last)
{
	unsigned long index = first;
	struct page *page;
	int err = 0, e;

	while ((page = find_get_next_page(m, &index, last))) {
		e = invalidate_mapped(m, page);
		if (e)
			err = e;
		put_page(page);
		if (index++ == last)
			break;
	}
	return err;
}

/* SPDX-License-Identifier: MIT */
/*
 * Pages whose contents are under way: locked, and being written. Code:
 * mm/page_lock.c.
 */
#ifndef ASHLAR_PAGEMAP_H
#define ASHLAR_PAGEMAP_H

#include <ashlar/compiler.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>

static inline bool PageLocked(const struct page *page)
{
	return READ_ONCE(page->pflags) & PG_locked;
}

static inline bool PageUptodate(const struct page *page)
{
	return __atomic_load_n(&page->pflags, __ATOMIC_ACQUIRE) & PG_uptodate;
}

static inline bool PageDirty(const struct page *page)
{
	return READ_ONCE(page->pflags) & PG_dirty;
}

static inline bool PageWriteback(const struct page *page)
{
	return READ_ONCE(page->pflags) & PG_writeback;
}

static inline bool PageSwapCache(const struct page *page)
{
	return READ_ONCE(page->pflags) & PG_swapcache;
}

/* The file whose page it is, or was a moment ago; NULL: none. */
static inline struct address_space *page_file_mapping(const struct page *page)
{
	unsigned long mapping = READ_ONCE(page->mapping);

	return mapping & PAGE_MAPPING_ANON ? NULL :
					     (struct address_space *)mapping;
}

/* Set the flags of @set, where none was; false if one was there already. */
static inline bool test_and_set_page_flag(struct page *page, u32 flag)
{
	return __atomic_fetch_or(&page->pflags, flag, __ATOMIC_ACQUIRE) & flag;
}

static inline bool test_and_clear_page_flag(struct page *page, u32 flag)
{
	return __atomic_fetch_and(&page->pflags, ~flag, __ATOMIC_RELEASE) &
	       flag;
}

/* True if the caller has the page's lock now. */
static inline bool trylock_page(struct page *page)
{
	return !test_and_set_page_flag(page, PG_locked);
}

void __lock_page(struct page *page);

/* Context: may sleep; with a reference to the page. */
static inline void lock_page(struct page *page)
{
	if (unlikely(!trylock_page(page)))
		__lock_page(page);
}

void unlock_page(struct page *page);
void wait_on_page_locked(struct page *page);

void set_page_writeback(struct page *page);
void end_page_writeback(struct page *page);
void wait_on_page_writeback(struct page *page);

#endif

/* SPDX-License-Identifier: MIT */
/* Pages of user memory: made, held, and given back by the last who holds. */
#ifndef ASHLAR_PAGE_REF_H
#define ASHLAR_PAGE_REF_H

#include <ashlar/atomic.h>
#include <ashlar/mm_types.h>

/* A page for user memory, with one reference; NULL without memory. */
struct page *alloc_user_page(gfp_t gfp);

static inline void get_page(struct page *page)
{
	atomic_inc(&page->_refcount);
}

void __put_page(struct page *page); /* the last reference went */

static inline void put_page(struct page *page)
{
	if (atomic_dec_and_test(&page->_refcount))
		__put_page(page);
}

/* True if it has @refs references, and none from now on: it is the caller's. */
static inline bool page_ref_freeze(struct page *page, int refs)
{
	return __atomic_compare_exchange_n(&page->_refcount.counter, &refs, 0,
					   false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

/* It stays after all, with as many as it had. */
static inline void page_ref_unfreeze(struct page *page, int refs)
{
	__atomic_store_n(&page->_refcount.counter, refs, __ATOMIC_RELEASE);
}

/* Other CPUs may change other flags at the same time. */
static inline void set_page_flags(struct page *page, u32 flags)
{
	__atomic_fetch_or(&page->pflags, flags, __ATOMIC_RELAXED);
}

static inline void clear_page_flags(struct page *page, u32 flags)
{
	__atomic_fetch_and(&page->pflags, ~flags, __ATOMIC_RELAXED);
}

#endif

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

/* SPDX-License-Identifier: MIT */
/*
 * A page's lock: who holds it decides what the page is, and may sleep.
 *
 *                 PG_locked                        PG_writeback
 *   read   ───────[ being filled ]── uptodate
 *   write  ── dirty ──[ cleaned ]──────────────────[ on its way ]── clean
 *   cut, move, swap   [ leaves its file ]
 *
 *   PG_uptodate is set, and a page joins or leaves a file, a swap entry or its
 *   place in memory, with PG_locked held
 *   PG_writeback is set with PG_locked held, and cleared by whoever hears that
 *   the disk has the page; what it says may not be freed or changed before
 *
 * It is one bit, and its waiters sleep on the page's address: who locks a page
 * has a reference to it. Locks: below i_rwsem and mmap_lock, above every
 * spinlock; two pages of one file in ascending order.
 */
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"

/** __lock_page() - the slow part of lock_page(): another has the lock */
void __lock_page(struct page *page)
{
	do {
		might_sleep();
		port_wait(page);
	} while (!trylock_page(page));
}

/**
 * unlock_page() - what the page is can be looked at again
 * @page: locked, not necessarily by the caller; with a reference
 *
 * Context: any but an interrupt's.
 */
void unlock_page(struct page *page)
{
	if (unlikely(!test_and_clear_page_flag(page, PG_locked)))
		mm_panic("unlock_page: frame %#lx is not locked",
			 page_to_pfn(page));
	port_wake(page);
}

/** wait_on_page_locked() - until the page was not locked once; may sleep */
void wait_on_page_locked(struct page *page)
{
	while (PageLocked(page)) {
		might_sleep();
		port_wait(page);
	}
}

/**
 * set_page_writeback() - the page is on its way to a disk
 * @page: locked, clean, and not on its way already
 */
void set_page_writeback(struct page *page)
{
	if (unlikely(test_and_set_page_flag(page, PG_writeback)))
		mm_panic("set_page_writeback: frame %#lx is being written",
			 page_to_pfn(page));
	inc_node_page_state(NR_WRITEBACK);
}

/**
 * end_page_writeback() - the page has arrived, or failed to
 * @page: of which set_page_writeback() was told; with a reference
 *
 * Context: any but an interrupt's.
 */
void end_page_writeback(struct page *page)
{
	if (unlikely(!test_and_clear_page_flag(page, PG_writeback)))
		mm_panic("end_page_writeback: frame %#lx is not being written",
			 page_to_pfn(page));
	dec_node_page_state(NR_WRITEBACK);
	if (page->pflags & PG_reclaim) {
		clear_page_flags(page, PG_reclaim);
		rotate_reclaimable_page(page);
		port_wake(&node_lruvec); /* who found nothing else */
	}
	port_wake(page);
}

/** wait_on_page_writeback() - until the page was not on its way; may sleep */
void wait_on_page_writeback(struct page *page)
{
	while (PageWriteback(page)) {
		might_sleep();
		port_wait(page);
	}
}

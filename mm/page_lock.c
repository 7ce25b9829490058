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
 *   a file's pages with PG_writeback have XA_MARK_WRITEBACK, under xa_lock
 *
 * It is one bit, and its waiters sleep on the page's address: who locks a page
 * has a reference to it. Locks: below i_rwsem and mmap_lock, above every
 * spinlock; two pages of one file in ascending order.
 */
#include <ashlar/fs.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"

/** __lock_page() - the slow part of lock_page(): another has the lock */
void __lock_page(struct page *page)
{
	for (;;) {
		might_sleep(); /* before the look that decides */
		if (trylock_page(page))
			return;
		port_wait(page);
	}
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
	might_sleep();
	while (PageLocked(page))
		port_wait(page);
}

/* The file whose marks follow the page's flags, or NULL. */
static struct address_space *marking_file(const struct page *page)
{
	struct address_space *m = page_file_mapping(page);

	return m && mapping_can_writeback(m) ? m : NULL;
}

static void mark_writeback(struct address_space *m, const struct page *page)
{
	__xa_set_mark(&m->i_pages, page->index, XA_MARK_WRITEBACK);
	__xa_clear_mark(&m->i_pages, page->index, XA_MARK_TOWRITE);
	if (!PageDirty(page))
		__xa_clear_mark(&m->i_pages, page->index, XA_MARK_DIRTY);
}

/**
 * set_page_writeback() - the page is on its way to a disk
 * @page: locked, clean, and not on its way already
 */
void set_page_writeback(struct page *page)
{
	struct address_space *m = marking_file(page);
	bool twice;

	if (m)
		xa_lock(&m->i_pages);
	twice = test_and_set_page_flag(page, PG_writeback);
	if (m) {
		mark_writeback(m, page);
		xa_unlock(&m->i_pages);
	}
	if (unlikely(twice))
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
	struct address_space *m = marking_file(page);
	bool was;

	if (m) {
		xa_lock(&m->i_pages);
		__xa_clear_mark(&m->i_pages, page->index, XA_MARK_WRITEBACK);
	}
	was = test_and_clear_page_flag(page, PG_writeback);
	if (m) /* the file may go from here on */
		xa_unlock(&m->i_pages);
	if (unlikely(!was))
		mm_panic("end_page_writeback: frame %#lx is not being written",
			 page_to_pfn(page));
	dec_node_page_state(NR_WRITEBACK);
	inc_node_page_state(NR_WRITTEN);
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
	might_sleep();
	while (PageWriteback(page))
		port_wait(page);
}

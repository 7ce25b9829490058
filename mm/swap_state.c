/* SPDX-License-Identifier: MIT */
/*
 * The swap cache: pages of which a swap area has a slot, and memory a frame.
 *
 *   page table ─ entry ─→ slot ─→ si->cache ─→ page     on its way out or in
 *   page table ─ page  ────────────────────────┘        … or back again
 *
 * All who have the slot's entry meet here, so a page that many share is read
 * once, and stays one page. A page that came in and was not written to goes out
 * again without a transfer, as long as it keeps its slot.
 *
 * A page in the cache has PG_swapcache, its entry in ->priv, and a reference of
 * the cache's. It joins and leaves locked. One that is dirty differs from what
 * its slot holds; PG_uptodate is clear until it has been read.
 *
 * Locks: a page's lock, then si->cache.xa_lock, which covers its slot as well.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "swapfile.h"

/**
 * lookup_swap_cache() - a slot's page, if memory has it
 *
 * Return: the page with a reference, locked or not, or NULL.
 */
struct page *lookup_swap_cache(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_info(entry);
	struct page *page = NULL;

	xa_lock(&si->cache);
	if (si->map)
		page = __xa_load(&si->cache, swp_offset(entry));
	if (page)
		get_page(page);
	xa_unlock(&si->cache);
	return page;
}

/** __join_swap_cache() - a page is in the array now. Context: xa_lock. */
void __join_swap_cache(struct page *page, swp_entry_t entry)
{
	get_page(page);
	page->priv = entry.val;
	set_page_flags(page, PG_swapcache);
	inc_node_page_state(NR_SWAPCACHE);
}

/* The opposite, but for the reference; the slot loses the page. xa_lock. */
static void leave_cache(struct swap_info_struct *si, struct page *page)
{
	unsigned long offset = swp_offset(page_swap_entry(page));

	__xa_erase(&si->cache, offset);
	__swap_put(si, offset, SWAP_HAS_CACHE);
	clear_page_flags(page, PG_swapcache);
	page->priv = 0;
	dec_node_page_state(NR_SWAPCACHE);
}

/**
 * add_to_swap_cache() - a page joins the cache
 * @page: locked
 * @entry: its slot, in use: marked SWAP_HAS_CACHE for this page
 * @gfp: how nodes of the array may be had
 *
 * Return: 0, and the cache has a reference; or -ENOMEM.
 */
int add_to_swap_cache(struct page *page, swp_entry_t entry, gfp_t gfp)
{
	struct swap_info_struct *si = swp_info(entry);
	int err;

	xa_lock(&si->cache);
	err = __xa_insert(&si->cache, swp_offset(entry), page, gfp);
	if (likely(!err))
		__join_swap_cache(page, entry);
	xa_unlock(&si->cache);
	return err;
}

/**
 * delete_from_swap_cache() - a page leaves the cache, and its slot the page
 * @page: locked, in the cache, not being written; with another reference
 */
void delete_from_swap_cache(struct page *page)
{
	struct swap_info_struct *si = swp_info(page_swap_entry(page));

	xa_lock(&si->cache);
	leave_cache(si, page);
	xa_unlock(&si->cache);
	put_page(page);
}

/**
 * try_to_free_swap() - let a page's slot go if no entry leads to it
 * @page: locked
 *
 * What the page holds is nowhere else then, so it is dirty. Return: true if it
 * is no longer in the cache, and was.
 */
bool try_to_free_swap(struct page *page)
{
	if (!PageSwapCache(page) || PageWriteback(page) ||
	    swp_swapcount(page_swap_entry(page)))
		return false;
	delete_from_swap_cache(page);
	set_page_flags(page, PG_dirty);
	return true;
}

/**
 * free_swap_cache() - a page that loses an owner may not need its slot
 * @page: with a reference
 *
 * Context: does not sleep.
 */
void free_swap_cache(struct page *page)
{
	if (!PageSwapCache(page) || atomic_read(&page->_mapcount) ||
	    !trylock_page(page))
		return;
	try_to_free_swap(page);
	unlock_page(page);
}

/**
 * free_swap_and_cache() - an entry goes; so does a page that only it had
 *
 * Context: does not sleep.
 */
void free_swap_and_cache(swp_entry_t entry)
{
	struct page *page;

	if (swap_free(entry) != SWAP_HAS_CACHE)
		return;
	page = lookup_swap_cache(entry);
	if (!page)
		return;
	free_swap_cache(page);
	put_page(page);
}

/**
 * add_to_swap() - a page gets a slot, and joins the cache
 * @page: locked, not in the cache; anonymous, or of a file in memory
 *
 * Return: true; false: all areas are full, or no memory. Context: does not
 * sleep.
 */
bool add_to_swap(struct page *page)
{
	swp_entry_t entry = get_swap_page();

	if (!entry.val)
		return false;
	if (add_to_swap_cache(page, entry, GFP_ATOMIC | __GFP_NOWARN)) {
		xa_lock(&swp_info(entry)->cache);
		__swap_put(swp_info(entry), swp_offset(entry), SWAP_HAS_CACHE);
		xa_unlock(&swp_info(entry)->cache);
		return false;
	}
	set_page_flags(page, PG_dirty);
	return true;
}

/**
 * remove_from_swap_cache() - a page leaves memory; its slot has what it holds
 * @page: locked, in the cache, not being written; isolated by the caller
 *
 * Return: true: the page has no reference and is the caller's to free; false:
 * another has it, too, or it is dirty.
 */
bool remove_from_swap_cache(struct page *page)
{
	swp_entry_t entry = page_swap_entry(page);
	struct swap_info_struct *si = swp_info(entry);
	int refs = 2;

	xa_lock(&si->cache);
	if (!__atomic_compare_exchange_n(&page->_refcount.counter, &refs, 0,
					 false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED)) {
		xa_unlock(&si->cache);
		return false;
	}
	if (unlikely(PageDirty(page))) {
		atomic_set(&page->_refcount, 2);
		xa_unlock(&si->cache);
		return false;
	}
	si->evicted[swp_offset(entry)] = swap_age(lru_age(1));
	leave_cache(si, page);
	xa_unlock(&si->cache);
	return true;
}

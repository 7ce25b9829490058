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
#include <mach/spinlock.h>
#include "internal.h"
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
	if (likely(!err)) {
		get_page(page);
		page->priv = entry.val;
		set_page_flags(page, PG_swapcache);
		inc_node_page_state(NR_SWAPCACHE);
	}
	xa_unlock(&si->cache);
	return err;
}

/**
 * delete_from_swap_cache() - a page leaves the cache, and its slot the page
 * @page: locked, in the cache, not being written; with another reference
 */
void delete_from_swap_cache(struct page *page)
{
	swp_entry_t entry = page_swap_entry(page);
	struct swap_info_struct *si = swp_info(entry);

	xa_lock(&si->cache);
	__xa_erase(&si->cache, swp_offset(entry));
	__swap_put(si, swp_offset(entry), SWAP_HAS_CACHE);
	clear_page_flags(page, PG_swapcache);
	page->priv = 0;
	xa_unlock(&si->cache);
	dec_node_page_state(NR_SWAPCACHE);
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

/* SPDX-License-Identifier: MIT */
/*
 * Pages of files in memory that go to a swap area, and come back.
 *
 *   i_pages   page ── shmem_swap_out ──▶ value: the slot's entry
 *                  ◀── shmem_swapin ───
 *
 * The value in the file is one owner of the slot, as an entry of a page table
 * is; the page is in the swap cache meanwhile (mm/swap_state.c), with ->mapping
 * 0. On its way back it leaves that cache, and is dirty: a slot and a file do
 * not have one page at once. What a file is charged for does not change.
 *
 * Invariants:
 *   nrswapped = values in i_pages
 *   a file with values is in shmem_swaplist; one that is in the list, and was
 *   found there, stays as long as swap_users is not 0
 *
 * Locks: the page's, then i_pages.xa_lock, then shmem_swaplist_lock.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"
#include "lru.h"
#include "shmem.h"
#include "swapfile.h"

static LIST_HEAD(shmem_swaplist);
static spinlock_t shmem_swaplist_lock = SPIN_LOCK_UNLOCKED;

/* The file has values from now on. xa_lock. */
static void list_mapping(struct address_space *m)
{
	spin_lock(&shmem_swaplist_lock);
	if (list_empty(&m->swaplist))
		list_add_tail(&m->swaplist, &shmem_swaplist);
	spin_unlock(&shmem_swaplist_lock);
}

/**
 * shmem_swap_forget() - the file ends; it has no values any more
 *
 * Context: may sleep, until a swapoff has gone on.
 */
void shmem_swap_forget(struct address_space *m)
{
	spin_lock(&shmem_swaplist_lock);
	while (m->swap_users) {
		spin_unlock(&shmem_swaplist_lock);
		port_wait(m);
		spin_lock(&shmem_swaplist_lock);
	}
	list_del_init(&m->swaplist);
	spin_unlock(&shmem_swaplist_lock);
}

/* ---- out ---- */

/*
 * The slot's entry takes the page's place in its file, if nobody has the page
 * but the file, the swap cache and the caller.
 */
static bool leave_file(struct address_space *m, struct page *page)
{
	bool moved = false;

	xa_lock(&m->i_pages);
	if (atomic_read(&page->_refcount) == 3 &&
	    !(page->pflags & PG_unevictable)) {
		__xa_replace(&m->i_pages, page->index, page,
			     swp_to_xa_value(page_swap_entry(page)));
		WRITE_ONCE(page->mapping, 0);
		filemap_count(m, -1);
		m->nrswapped++;
		list_mapping(m);
		moved = true;
	}
	xa_unlock(&m->i_pages);
	return moved;
}

/**
 * shmem_swap_out() - a page leaves its file for a slot
 * @page: locked, in a file in memory, mapped by none; isolated by the caller
 *
 * Return: true: it is in the swap cache alone, dirty; false: all areas are
 * full, or another has the page, too. Context: does not sleep.
 */
bool shmem_swap_out(struct page *page)
{
	struct address_space *m = (struct address_space *)page->mapping;

	if (!add_to_swap(page))
		return false;
	swap_duplicate(page_swap_entry(page)); /* the file's */
	if (leave_file(m, page)) {
		put_page(page);
		return true;
	}
	swap_free(page_swap_entry(page));
	try_to_free_swap(page);
	return false;
}

/* ---- in ---- */

/* The page, locked, takes the place of its slot's entry, if it still is there.
 * Return: true if it has. */
static bool join_file(struct address_space *m, unsigned long index,
		      struct page *page)
{
	void *value = swp_to_xa_value(page_swap_entry(page));
	bool stays = false, moved;

	xa_lock(&m->i_pages);
	moved = __xa_replace(&m->i_pages, index, value, page) == value;
	if (moved) {
		get_page(page);
		page->index = index;
		WRITE_ONCE(page->mapping, (unsigned long)m);
		filemap_count(m, 1);
		m->nrswapped--;
		stays = m->flags & AS_UNEVICTABLE;
	}
	xa_unlock(&m->i_pages);
	if (stays)
		lru_set_unevictable(page);
	return moved;
}

/*
 * The page of a slot, locked, becomes the file's again: 0; -EAGAIN: the file
 * has no need of it any more; -EIO: it could not be read.
 */
static int move_to_file(struct address_space *m, unsigned long index,
			struct page *page, swp_entry_t slot)
{
	if (!PageSwapCache(page) || page_swap_entry(page).val != slot.val)
		return -EAGAIN;
	if (!PageUptodate(page))
		return -EIO;
	wait_on_page_writeback(page);
	if (!join_file(m, index, page)) {
		try_to_free_swap(page);
		return -EAGAIN;
	}
	swap_free(slot);
	delete_from_swap_cache(page);
	set_page_flags(page, PG_dirty);
	return 0;
}

/* The same for a page that is found, or read, by its slot. */
static struct page *swapin_slot(struct address_space *m, unsigned long index,
				swp_entry_t slot)
{
	bool major = false;
	struct page *page = swapin_readahead(slot, &major);
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	lock_page(page);
	err = move_to_file(m, index, page, slot);
	unlock_page(page);
	if (!err)
		return page;
	put_page(page);
	return ERR_PTR(err);
}

/**
 * shmem_swapin() - a page of a file, if a swap area has it
 * @m: the file
 * @index: its number
 *
 * Context: may sleep. Return: the page with a reference; NULL: no area has it;
 * ERR_PTR(-ENOMEM, -EIO).
 */
struct page *shmem_swapin(struct address_space *m, unsigned long index)
{
	struct page *page;
	void *entry;

	for (;;) {
		entry = xa_load(&m->i_pages, index);
		if (!xa_is_value(entry))
			return find_get_page(m, index);
		page = swapin_slot(m, index, xa_value_to_swp(entry));
		if (!IS_ERR(page))
			return page;
		if (page != ERR_PTR(-EAGAIN) &&
		    xa_load(&m->i_pages, index) == entry)
			return page;
	}
}

/**
 * shmem_swapin_soon() - begin to read what swap areas have of a part of a file
 * @m: the file
 * @first: page
 * @nr: pages, not 0
 *
 * Context: may sleep.
 */
void shmem_swapin_soon(struct address_space *m, unsigned long first,
		       unsigned long nr)
{
	unsigned long index, last = first + nr - 1;
	void *entry;

	if (!READ_ONCE(m->nrswapped))
		return;
	xa_for_each_range(&m->i_pages, index, entry, first,
			  last) if (xa_is_value(entry))
		swapin_soon(xa_value_to_swp(entry));
}

/* ---- swapoff ---- */

/* All that the file has in an area comes back; 0 or -errno. */
static int unuse_mapping(struct address_space *m, unsigned int type,
			 bool (*cancelled)(void))
{
	struct page *page;
	unsigned long index;
	void *entry;

	xa_for_each(&m->i_pages, index, entry) {
		if (!xa_is_value(entry) ||
		    swp_type(xa_value_to_swp(entry)) != type)
			continue;
		if (cancelled())
			return -EINTR;
		page = shmem_swapin(m, index);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		if (page)
			put_page(page);
	}
	return 0;
}

/*
 * The file after @m in the list, or the first; it stays until it is passed on
 * here. Those without values leave the list.
 */
static struct address_space *next_mapping(struct address_space *m)
{
	struct list_head *at = m ? m->swaplist.next : shmem_swaplist.next;
	struct address_space *next = NULL;

	if (at != &shmem_swaplist) {
		next = list_entry(at, struct address_space, swaplist);
		next->swap_users++;
	}
	if (m) {
		if (!--m->swap_users && !READ_ONCE(m->nrswapped))
			list_del_init(&m->swaplist);
		port_wake(m);
	}
	return next;
}

/**
 * shmem_unuse() - what files in memory have in an area comes back
 * @type: the area
 * @cancelled: true if the caller is to end
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int shmem_unuse(unsigned int type, bool (*cancelled)(void))
{
	struct address_space *m = NULL;
	int err = 0;

	spin_lock(&shmem_swaplist_lock);
	while ((m = next_mapping(m))) {
		spin_unlock(&shmem_swaplist_lock);
		if (!err)
			err = unuse_mapping(m, type, cancelled);
		spin_lock(&shmem_swaplist_lock);
	}
	spin_unlock(&shmem_swaplist_lock);
	return err;
}

/**
 * shmem_swap_usage() - pages of a part of a file that swap areas have
 * @first: page
 * @nr: pages
 */
unsigned long shmem_swap_usage(struct address_space *m, unsigned long first,
			       unsigned long nr)
{
	unsigned long index = first, last = first + nr - 1, n = 0;
	void *entry;

	if (!nr || !READ_ONCE(m->nrswapped))
		return 0;
	xa_lock(&m->i_pages);
	for (; (entry = __xa_find(&m->i_pages, &index, last)); index++) {
		n += xa_is_value(entry);
		if (index == last)
			break;
	}
	xa_unlock(&m->i_pages);
	return n;
}

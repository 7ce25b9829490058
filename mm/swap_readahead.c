/* SPDX-License-Identifier: MIT */
/*
 * Pages that come back from a swap area, and those that lie beside them.
 *
 *   slots   … │ 8  9  10  11  12  13  14  15 │ 16 …     vm.page-cluster = 3
 *               └─ in use ─┘  ▲ fault
 *
 * What went out together lies together (swap_map.c) and is often wanted
 * together. How many slots around a fault are read is learnt from how many of
 * those that were read before turned out to be wanted: PG_readahead marks them
 * until a fault finds them. Nothing is read ahead if none was, unless faults
 * follow one another; a window is never less than half of the one before.
 */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "swapfile.h"

int sysctl_page_cluster = 3;

static unsigned long hits = 4; /* pages read ahead that were wanted */
static unsigned long last_window, last_offset;

/*
 * True if so few pages left memory since a slot's page did that it would have
 * stayed with the room that active ones may have: a quarter of anonymous pages,
 * or what files have. It is active then, and they grow old: so a program whose
 * memory comes back soon gets the room of one that rests, and one that walks
 * through more memory than there is pushes out only what it brought. xa_lock.
 */
static bool comes_back_soon(const struct swap_info_struct *si,
			    unsigned long offset)
{
	u16 gone = (u16)(swap_age(lru_age(0)) - si->evicted[offset]);

	inc_node_page_state(WORKINGSET_REFAULT_ANON);
	if ((unsigned long)gone << SWAP_AGE_SHIFT >
	    (global_node_page_state(NR_ACTIVE_ANON) +
	     global_node_page_state(NR_INACTIVE_ANON)) /
			    4 +
		    global_node_page_state(NR_ACTIVE_FILE) +
		    global_node_page_state(NR_INACTIVE_FILE))
		return false;
	inc_node_page_state(WORKINGSET_ACTIVATE_ANON);
	lru_age(1);
	return true;
}

/*
 * A new page for a slot joins the cache, if the slot is still in use and has
 * none. xa_lock. Return: 0, -EBUSY, -ENOENT or -ENOMEM.
 */
static int insert_for_read(struct page *page, swp_entry_t entry, gfp_t gfp)
{
	struct swap_info_struct *si = swp_info(entry);
	unsigned long offset = swp_offset(entry);
	int err;

	if (!si->map || offset >= si->max || si->map[offset] == SWAP_MAP_BAD ||
	    !si->map[offset])
		return -ENOENT;
	err = __xa_insert(&si->cache, offset, page, gfp);
	if (err)
		return err;
	/* The lock may have been let go. */
	if (!si->map || !si->map[offset] ||
	    (si->map[offset] & SWAP_HAS_CACHE)) {
		__xa_erase(&si->cache, offset);
		return -ENOENT;
	}
	si->map[offset] |= SWAP_HAS_CACHE;
	if (!(page->pflags & PG_readahead) && comes_back_soon(si, offset))
		page->pflags |= PG_active;
	__join_swap_cache(page, entry);
	return 0;
}

/*
 * read_swap_cache() - a slot's page; if memory has none, it begins to be read
 * @gfp: how a page may be had
 * @flags: PG_* that a new one gets
 * @fresh: set if it is a new one
 *
 * Context: may sleep. Return: the page with a reference, locked as long as it
 * is being read; NULL: no memory, or the slot is not in use.
 */
static struct page *read_swap_cache(swp_entry_t entry, gfp_t gfp, u32 flags,
				    bool *fresh)
{
	struct page *page = lookup_swap_cache(entry);
	int err;

	*fresh = false;
	if (page)
		return page;
	page = alloc_user_page(gfp);
	if (!page)
		return NULL;
	page->pflags = PG_locked | PG_swapbacked | flags;
	xa_lock(&swp_info(entry)->cache);
	err = insert_for_read(page, entry,
			      gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE));
	xa_unlock(&swp_info(entry)->cache);
	if (err) {
		page->pflags = 0;
		put_page(page);
		return err == -EBUSY ? lookup_swap_cache(entry) : NULL;
	}
	*fresh = true;
	lru_cache_add(page);
	swap_readpage(page);
	return page;
}

/* How many slots to read around @offset. */
static unsigned long window(unsigned long offset)
{
	unsigned long pages = 4, most = SWAPFILE_CLUSTER;
	unsigned long wanted = __atomic_exchange_n(&hits, 0, __ATOMIC_RELAXED);

	if (sysctl_page_cluster < 8)
		most = 1ul << sysctl_page_cluster;
	if (most == 1)
		return 1;
	if (wanted) {
		while (pages < wanted + 2)
			pages <<= 1;
	} else {
		pages = offset == last_offset + 1 || offset + 1 == last_offset ?
				2 :
				1;
		last_offset = offset;
	}
	pages = max(min(pages, most), last_window / 2);
	last_window = pages;
	return pages;
}

/* A page that a fault found in the cache: was it read ahead for it? */
static void count_hit(struct page *page)
{
	if (!(READ_ONCE(page->pflags) & PG_readahead))
		return;
	clear_page_flags(page, PG_readahead);
	count_vm_event(SWAP_RA_HIT);
	__atomic_fetch_add(&hits, 1, __ATOMIC_RELAXED);
}

/* Begin to read a slot beside the one that is wanted, if it is in use. */
static void read_ahead(swp_entry_t entry)
{
	struct page *page;
	bool fresh;

	page = read_swap_cache(
		entry, GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN,
		PG_readahead, &fresh);
	if (!page)
		return;
	if (fresh)
		count_vm_event(SWAP_RA);
	put_page(page);
}

/**
 * swapin_soon() - begin to read a slot's page, which is going to be wanted
 * @entry: the slot; it may be in use no more
 *
 * Context: may sleep.
 */
void swapin_soon(swp_entry_t entry)
{
	bool fresh;
	struct page *page = read_swap_cache(
		entry, GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN, 0,
		&fresh);

	if (page)
		put_page(page);
}

/**
 * swapin_readahead() - a slot's page, which a fault wants
 * @entry: the slot
 * @major: set if it has to be read
 *
 * Context: may sleep. Return: the page with a reference, maybe still locked for
 * being read; NULL: no memory, or nothing is in the slot any more.
 */
struct page *swapin_readahead(swp_entry_t entry, bool *major)
{
	struct page *page = lookup_swap_cache(entry);
	unsigned long offset = swp_offset(entry), first, last, pages;

	if (page) {
		count_hit(page);
		return page;
	}
	pages = window(offset);
	first = max(offset & ~(pages - 1), 1ul);
	last = min(offset | (pages - 1), SWP_OFFSET_MAX);
	page = read_swap_cache(entry, GFP_HIGHUSER_MOVABLE, 0, major);
	for (; page && *major && first <= last; first++)
		if (first != offset)
			read_ahead(swp_entry(swp_type(entry), first));
	return page;
}

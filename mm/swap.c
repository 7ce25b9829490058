/* SPDX-License-Identifier: MIT */
/*
 * Pages by age: which of them memory would be taken from first.
 *
 *              touched again                        head: newest
 *   inactive ───────────────► active     anonymous pages and shmem
 *            ◄───────────────            pages of files
 *     │  ▲     grew old                  (a pair of lists for each)
 *     ▼  new
 *   free                      unevictable: mlock, SHM_LOCK
 *
 *   on a list = PG_lru; which one = PG_unevictable, PG_swapbacked, PG_active,
 *   so these change with the list (here alone)
 *   NR_LRU_BASE + list = pages on it; inactive anonymous ones that would have
 *   to be written may be on ->laundry instead (shrink_list.c)
 *   a page with a ->mapping is on a list, or isolated: in the hands of one
 *   caller, who has a reference; NR_ISOLATED_* counts those
 *   PG_unevictable = _mlock_count or AS_UNEVICTABLE of its file, but for the
 *   moment in which one of them changes
 *
 * A page joins when it is first mapped or enters a file, and leaves with its
 * last reference. Between that reference's end and its removal it is still to
 * be found: so who takes a page from a list, or by its frame number, takes a
 * reference only if there is one (atomic_inc_not_zero), under lru_lock.
 *
 * Locks: node_lruvec.lru_lock around the lists and the flags above; no other
 * lock is taken with it held.
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/swap.h>
#include <ashlar/vmstat.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "lru.h"
#include "page_alloc.h"

struct lruvec node_lruvec;

void (*psi_memstall)(bool begins);
void (*lru_free_hugetlb)(struct page *head);

static void lru_validate(void);

/** lru_init() - at boot: empty lists. */
void lru_init(void)
{
	unsigned int i;

	spin_lock_init(&node_lruvec.lru_lock);
	for (i = 0; i < NR_LRU_LISTS; i++)
		INIT_LIST_HEAD(&node_lruvec.lists[i]);
	INIT_LIST_HEAD(&node_lruvec.laundry);
	INIT_LIST_HEAD(&node_lruvec.huge);
	mm_validate_pages = lru_validate;
}

/* ---- joining and changing lists ---- */

/* Set and clear flags that say which list the page is on. lru_lock. */
static void lru_change(struct page *page, u32 set, u32 clear)
{
	long nr = thp_nr_pages(page);
	bool listed = page->pflags & PG_lru;

	lockdep_assert_held(&node_lruvec.lru_lock);
	if (listed)
		lru_unlink(page, nr);
	set_page_flags(page, set);
	clear_page_flags(page, clear);
	if (listed)
		lru_link(page, lru_of_flags(page->pflags), nr);
}

/**
 * lru_cache_add() - a page is young
 * @page: on no list; PG_swapbacked, PG_active and PG_unevictable say which one
 *
 * Context: any lock but those of the allocator; the caller has a reference.
 */
void lru_cache_add(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	set_page_flags(page, PG_lru);
	lru_link(page, lru_of_flags(page->pflags), 1);
	spin_unlock(&node_lruvec.lru_lock);
}

/* True if pages of the page's file are to stay in memory. */
static bool file_is_unevictable(const struct page *page)
{
	unsigned long mapping = READ_ONCE(page->mapping);

	return mapping && !(mapping & PAGE_MAPPING_ANON) &&
	       (((struct address_space *)mapping)->flags & AS_UNEVICTABLE);
}

/**
 * lru_set_unevictable() - the page is to stay: an entry locks it, or its file
 * @page: that the caller has a reference to
 */
void lru_set_unevictable(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	if (!(page->pflags & PG_unevictable))
		lru_change(page, PG_unevictable, 0);
	spin_unlock(&node_lruvec.lru_lock);
}

/**
 * lru_set_evictable() - an entry, or the page's file, locks it no longer
 * @page: that the caller has a reference to, and a file's to that file
 *
 * It stays where it is as long as there is another reason to.
 */
void lru_set_evictable(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & PG_unevictable) &&
	    !atomic_read(&page->_mlock_count) && !file_is_unevictable(page))
		lru_change(page, 0, PG_unevictable | PG_active);
	spin_unlock(&node_lruvec.lru_lock);
}

/* ---- taken out for a while ---- */

static enum node_stat_item isolated_item(const struct page *page)
{
	return NR_ISOLATED_ANON + (page_is_file_lru(page) ? 1u : 0u);
}

/**
 * isolate_lru_page() - take a page from its list
 * @page: any frame's descriptor
 *
 * A huge page is not taken: it is split before. Return: true if it was on a
 * list and is the caller's now, with a reference;
 * putback_lru_page() ends it. page->lru is the caller's meanwhile.
 */
bool isolate_lru_page(struct page *page)
{
	bool got = false;

	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & (PG_lru | PG_huge)) == PG_lru &&
	    atomic_inc_not_zero(&page->_refcount)) {
		lru_unlink(page, 1);
		clear_page_flags(page, PG_lru);
		inc_node_page_state(isolated_item(page));
		got = true;
	}
	spin_unlock(&node_lruvec.lru_lock);
	return got;
}

/**
 * putback_lru_page() - the end of isolate_lru_page()
 * @page: isolated; the reference goes, and maybe the page with it
 */
void putback_lru_page(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	dec_node_page_state(isolated_item(page));
	set_page_flags(page, PG_lru);
	lru_link(page, lru_of_flags(page->pflags), thp_nr_pages(page));
	spin_unlock(&node_lruvec.lru_lock);
	put_page(page);
}

/* ---- huge pages ---- */

/** lru_add_huge() - lru_cache_add() for a huge page, listed with its kind */
void lru_add_huge(struct page *head)
{
	spin_lock(&node_lruvec.lru_lock);
	set_page_flags(head, PG_lru);
	lru_link(head, lru_of_flags(head->pflags), thp_nr_pages(head));
	list_add_tail(&head[1].lru, &node_lruvec.huge);
	spin_unlock(&node_lruvec.lru_lock);
}

/* Of a descriptor inside a block all is zero. lru_lock. */
static void unlist_huge(struct page *head)
{
	list_del(&head[1].lru);
	head[1].lru.next = head[1].lru.prev = NULL;
}

/**
 * lru_next_huge() - the huge page that was looked at longest ago, in turns
 *
 * Return: its first frame, with a reference; NULL: there is none.
 */
struct page *lru_next_huge(void)
{
	struct page *head, *found = NULL;

	spin_lock(&node_lruvec.lru_lock);
	if (!list_empty(&node_lruvec.huge)) {
		head = list_first_entry(&node_lruvec.huge, struct page, lru) -
		       1;
		list_move_tail(&head[1].lru, &node_lruvec.huge);
		if (atomic_inc_not_zero(&head->_refcount))
			found = head;
	}
	spin_unlock(&node_lruvec.lru_lock);
	return found;
}

/**
 * lru_split_huge() - a huge page becomes pages
 * @head: its first frame, listed or isolated, still with PG_huge; the others
 *	  have its other flags, and a reference
 *
 * All but an isolated first are on the list that it is for; who isolated it
 * goes on to count all as taken. Context: anon_vma_lock: nobody knows the other
 * pages yet.
 */
void lru_split_huge(struct page *head)
{
	struct page *page;
	enum lru_list lru;

	spin_lock(&node_lruvec.lru_lock);
	unlist_huge(head);
	lru = lru_of_flags(head->pflags);
	if (head->pflags & PG_lru)
		lru_count(lru, 1 - (long)HPAGE_PMD_NR);
	clear_page_flags(head, PG_huge);
	for (page = head + 1; page < head + HPAGE_PMD_NR; page++) {
		page->pflags |= PG_lru;
		list_add_tail(&page->lru, &node_lruvec.lists[lru]);
	}
	lru_count(lru, (long)HPAGE_PMD_NR - 1);
	spin_unlock(&node_lruvec.lru_lock);
}

/* ---- age ---- */

/**
 * activate_page() - the page is among those used most
 * @page: that the caller has a reference to
 */
void activate_page(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & (PG_lru | PG_active | PG_unevictable)) == PG_lru) {
		lru_change(page, PG_active, 0);
		count_vm_event(PGACTIVATE);
	}
	spin_unlock(&node_lruvec.lru_lock);
}

/**
 * deactivate_page() - the page is used less than it was
 * @page: that the caller has a reference to
 */
void deactivate_page(struct page *page)
{
	const u32 flags = PG_lru | PG_active;

	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & (flags | PG_unevictable)) == flags) {
		lru_change(page, 0, PG_active | PG_referenced);
		count_vm_event(PGDEACTIVATE);
	}
	spin_unlock(&node_lruvec.lru_lock);
}

/**
 * __mark_page_accessed() - the slow part of mark_page_accessed()
 *
 *   inactive ─► inactive, referenced ─► active ─► active, referenced
 */
void __mark_page_accessed(struct page *page)
{
	u32 flags = READ_ONCE(page->pflags);

	if (!(flags & PG_referenced)) {
		set_page_flags(page, PG_referenced);
	} else if (!(flags & (PG_active | PG_unevictable))) {
		activate_page(page);
		clear_page_flags(page, PG_referenced);
		lru_age(1);
	}
}

/**
 * rotate_reclaimable_page() - what was to go has been written: it goes next
 * @page: of which end_page_writeback() was told, with PG_reclaim
 */
void rotate_reclaimable_page(struct page *page)
{
	const u32 kept = PG_unevictable | PG_dirty | PG_locked;

	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & (PG_lru | kept)) == PG_lru) {
		lru_change(page, 0, PG_active);
		list_move_tail(&page->lru,
			       &node_lruvec.lists[lru_of_flags(page->pflags)]);
		count_vm_event(PGROTATED);
	}
	spin_unlock(&node_lruvec.lru_lock);
}

/**
 * mark_page_lazyfree() - an anonymous page's contents are needed no more
 * @page: mapped by one entry, which is clean and old now
 *
 * It looks like a clean page of a file to who reclaims. Context:
 * page_table_lock of that entry.
 */
void mark_page_lazyfree(struct page *page)
{
	const u32 asked = PG_lru | PG_swapbacked | PG_unevictable |
			  PG_swapcache;

	spin_lock(&node_lruvec.lru_lock);
	if ((page->pflags & asked) == (PG_lru | PG_swapbacked)) {
		lru_change(page, 0, PG_swapbacked | PG_active | PG_referenced);
		count_vm_event(PGLAZYFREE);
	}
	spin_unlock(&node_lruvec.lru_lock);
}

/* ---- what reclaim costs ---- */

/**
 * lru_note_cost() - pages of a kind were written or read because they went
 * @file: of files, or anonymous ones
 * @nr: how many
 *
 * What lies back is forgotten by and by: once the costs are a quarter of all
 * pages they are halved.
 */
void lru_note_cost(bool file, unsigned long nr)
{
	struct lruvec *v = &node_lruvec;
	unsigned long most = 0;
	unsigned int lru;

	if (!nr)
		return;
	spin_lock(&v->lru_lock);
	for (lru = 0; lru < LRU_UNEVICTABLE; lru++)
		most += global_node_page_state(NR_LRU_BASE + lru);
	v->cost[file] += nr;
	while (v->cost[0] + v->cost[1] > most / 4 + 1) {
		v->cost[0] /= 2;
		v->cost[1] /= 2;
	}
	spin_unlock(&v->lru_lock);
}

/** lru_costs() - of late, in pages */
void lru_costs(unsigned long *anon, unsigned long *file)
{
	spin_lock(&node_lruvec.lru_lock);
	*anon = node_lruvec.cost[0];
	*file = node_lruvec.cost[1];
	spin_unlock(&node_lruvec.lru_lock);
}

/* ---- the last reference ---- */

/* The page is not to be found by way of a list any more. */
static void lru_remove(struct page *page)
{
	spin_lock(&node_lruvec.lru_lock);
	lru_unlink(page, 1);
	spin_unlock(&node_lruvec.lru_lock);
}

static inline void forget_user_page(struct page *page)
{
	page->mapping = 0;
	page->index = 0;
	page->pflags = 0;
}

/* True if it is a frame of a huge page, be it the first or another. */
static inline bool is_huge_frame(const struct page *page)
{
	return (page->flags | page->order << 8) != PG_used;
}

/* The first frame of a huge page without a reference, listed or not. */
static void free_huge_page(struct page *head)
{
	spin_lock(&node_lruvec.lru_lock);
	if (head->pflags & PG_lru)
		lru_unlink(head, thp_nr_pages(head));
	if (head[1].lru.next)
		unlist_huge(head);
	spin_unlock(&node_lruvec.lru_lock);
	forget_user_page(head);
	__free_pages(head, HPAGE_PMD_ORDER);
}

/**
 * free_user_pages() - free pages that no one can find any more
 * @pages: on no list, without a reference; changed
 * @nr: how many
 */
void free_user_pages(struct page **pages, unsigned int nr)
{
	unsigned int i, last = 0;

	for (i = 0; i < nr; i++) {
		if (unlikely(is_huge_frame(pages[i]))) {
			free_huge_page(pages[i]);
			continue;
		}
		forget_user_page(pages[i]);
		pages[last++] = pages[i];
	}
	free_unref_pages(pages, last);
}

/*
 * The last reference to a frame of a huge page: that frame was a reference to
 * the first one, which is freed with all.
 */
static __cold_path void put_huge_page(struct page *page)
{
	if (!(page->flags & PG_used))
		put_page(compound_head(page));
	else if (page->pflags & PG_hugetlb)
		lru_free_hugetlb(page);
	else
		free_huge_page(page);
}

/** __put_page() - free a frame whose last reference went. */
void __put_page(struct page *page)
{
	if (unlikely(is_huge_frame(page))) {
		put_huge_page(page);
		return;
	}
	if (likely(page->pflags & PG_lru))
		lru_remove(page);
	forget_user_page(page);
	__free_page(page);
}

/**
 * release_pages() - put_page() for each
 * @pages: changed: those that were freed come first
 * @nr: how many
 *
 * Context: as put_page().
 */
void release_pages(struct page **pages, unsigned int nr)
{
	struct page **p, **end = pages + nr, **last = pages;

	if (nr == 1) {
		put_page(*pages);
		return;
	}
	for (p = pages; p < end; p++)
		if (!atomic_dec_and_test(&(*p)->_refcount))
			continue;
		else if (unlikely(is_huge_frame(*p)))
			put_huge_page(*p);
		else
			*last++ = *p;
	if (last == pages)
		return;
	spin_lock(&node_lruvec.lru_lock);
	for (p = pages; p < last; p++) {
		if (likely((*p)->pflags & PG_lru))
			lru_unlink(*p, 1);
		forget_user_page(*p);
	}
	spin_unlock(&node_lruvec.lru_lock);
	free_unref_pages(pages, (unsigned int)(last - pages));
}

/* ---- validation ---- */

static unsigned long validate_list(const struct list_head *list,
				   enum lru_list lru)
{
	unsigned long n = 0;
	struct page *page;

	list_for_each_entry(page, list, lru) {
		if (!(page->pflags & PG_lru) || page->flags != PG_used ||
		    lru_of_flags(page->pflags) != lru)
			mm_panic("frame %#lx on list %u of pages by age has "
				 "flags %#x and %#x",
				 page_to_pfn(page), lru, page->flags,
				 page->pflags);
		n += (unsigned long)thp_nr_pages(page);
	}
	return n;
}

static unsigned long validate_lru(enum lru_list lru)
{
	unsigned long n = validate_list(&node_lruvec.lists[lru], lru);

	if (lru == LRU_INACTIVE_ANON)
		n += validate_list(&node_lruvec.laundry, lru);
	if (n != global_node_page_state(NR_LRU_BASE + lru))
		mm_panic("list %u of pages by age: %lu listed, %lu counted",
			 lru, n, global_node_page_state(NR_LRU_BASE + lru));
	return n;
}

/* Every list, for mm_validate(): how many pages are on them. */
static unsigned long validate_lists(void)
{
	unsigned long n = 0;
	unsigned int lru;

	for (lru = 0; lru < NR_LRU_LISTS; lru++)
		n += validate_lru(lru);
	return n;
}

static void lru_validate(void)
{
	spin_lock(&node_lruvec.lru_lock);
	validate_lists();
	spin_unlock(&node_lruvec.lru_lock);
}

/* Counts a zone's pages with PG_lru, and those that lack it and should not. */
static void count_user_pages(const struct zone *z, unsigned long *listed,
			     unsigned long *isolated)
{
	const struct page *page = pfn_to_page(z->start_pfn);
	const struct page *end = page + z->spanned_pages;

	for (; page < end; page++) {
		if (page->flags != PG_used)
			continue;
		if (page->pflags & PG_lru)
			*listed += (unsigned long)thp_nr_pages(page);
		else if (page->mapping && !(page->pflags & PG_hugetlb))
			*isolated += (unsigned long)thp_nr_pages(page);
	}
}

/**
 * lru_validate_frames() - no frame belongs on a list and is not there
 *
 * It looks at every descriptor. Context: no CPU is in the middle of something;
 * for tests.
 */
void lru_validate_frames(void)
{
	unsigned long listed = 0, isolated = 0, taken;
	struct zone *z;

	for_each_populated_zone(z)
		count_user_pages(z, &listed, &isolated);
	spin_lock(&node_lruvec.lru_lock);
	taken = global_node_page_state(NR_ISOLATED_ANON) +
		global_node_page_state(NR_ISOLATED_FILE);
	if (validate_lists() != listed || isolated != taken)
		mm_panic("pages by age: %lu should be listed; %lu are on no "
			 "list, %lu isolated",
			 listed, isolated, taken);
	spin_unlock(&node_lruvec.lru_lock);
}

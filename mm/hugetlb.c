/* SPDX-License-Identifier: MIT */
/*
 * A pool of huge pages: blocks of 4 MB that were got while there were some, and
 * are given to nobody but who asks for them by name.
 *
 *             nr_hugepages                  last reference
 *   buddy ──────────────────▶ free ◀────────────────────────┐
 *     ▲                        │ │                          │
 *     └── fewer asked for ─────┘ └── first fault ──▶ in use ┤
 *     ▲                                                     │
 *     └── surplus ──────────────────────────────────────────┘
 *
 *   nr_huge_pages = free_huge_pages + those in use
 *   free_huge_pages >= resv_huge_pages: a mapping is promised all its pages
 *     when it is made, and takes one when it is touched
 *   surplus_huge_pages <= nr_huge_pages: more than were asked for. They are
 *     got to keep a promise (nr_overcommit_huge_pages), or left over when
 *     fewer are asked for, and go to the buddy system as pages are freed
 *
 * A mount may have a part of the pool (hugepage_subpool): at most max_hpages,
 * and at least min_hpages, which were promised to it when it was mounted. What
 * its files use or are promised is used_hpages, and the pool vouches for the
 * larger of it and min_hpages.
 *
 * The first frame of a page has PG_hugetlb, in ->priv its subpool, and
 * PG_private while it would give back a promise if it were freed: it was taken
 * for one, but is in no file yet. The others' descriptors are zeroes.
 *
 * Locks: hugetlb_lock around the counts and the free list; subpool->lock around
 * its own, never both; resize_lock sleeps, one change of size at a time.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "hugetlb.h"
#include "internal.h"
#include "lru.h"

static spinlock_t hugetlb_lock = SPIN_LOCK_UNLOCKED;
static struct hstate pool;
static LIST_HEAD(free_list); /* page->lru of first frames */
static struct rw_semaphore resize_lock;
static unsigned long boot_pages;

/* Those that were asked for. Context: hugetlb_lock. */
static unsigned long persistent_huge_pages(void)
{
	return pool.nr_huge_pages - pool.surplus_huge_pages;
}

/* Free pages that lack for @want more than are promised. hugetlb_lock. */
static long shortage(long want)
{
	return (long)pool.resv_huge_pages + want - (long)pool.free_huge_pages;
}

/** hugetlb_stat() - the numbers of one moment. */
void hugetlb_stat(struct hstate *h)
{
	spin_lock(&hugetlb_lock);
	*h = pool;
	spin_unlock(&hugetlb_lock);
}

/* ---- blocks ---- */

static struct page *alloc_fresh_huge_page(void)
{
	struct page *head;
	unsigned long i;

	if (!hugepages_supported())
		return NULL;
	head = alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, HPAGE_PMD_ORDER);
	count_vm_event(head ? HTLB_BUDDY_PGALLOC : HTLB_BUDDY_PGALLOC_FAIL);
	if (!head)
		return NULL;
	/* Slabs that lay here have left their bits. */
	for (i = 0; i < HPAGE_PMD_NR; i++)
		atomic_set(&head[i]._refcount, 0);
	atomic_set(&head->_mapcount, 0);
	atomic_set(&head->_mlock_count, 0);
	head->mapping = 0;
	head->index = 0;
	head->priv = 0;
	head->pflags = PG_hugetlb;
	mod_node_page_state(NR_HUGETLB, (long)HPAGE_PMD_NR);
	return head;
}

/* A page that the pool has no more goes. Context: any lock but the buddy's. */
static void give_back(struct page *head)
{
	mod_node_page_state(NR_HUGETLB, -(long)HPAGE_PMD_NR);
	head->pflags = 0;
	__free_pages(head, HPAGE_PMD_ORDER);
}

static void give_back_list(struct list_head *pages)
{
	struct page *head, *next;

	list_for_each_entry_safe(head, next, pages, lru)
		give_back(head);
}

/* Context: hugetlb_lock. */
static void enqueue_huge_page(struct page *head)
{
	list_add(&head->lru, &free_list);
	pool.free_huge_pages++;
}

/* A free page, which there is. Context: hugetlb_lock. */
static struct page *dequeue_huge_page(void)
{
	struct page *head = list_first_entry(&free_list, struct page, lru);

	list_del(&head->lru);
	pool.free_huge_pages--;
	return head;
}

/* A page beyond those that were asked for, if so many may be; or NULL. */
static struct page *alloc_surplus_huge_page(void)
{
	bool allowed;
	struct page *head;

	spin_lock(&hugetlb_lock);
	allowed = pool.surplus_huge_pages < pool.nr_overcommit_huge_pages;
	spin_unlock(&hugetlb_lock);
	head = allowed ? alloc_fresh_huge_page() : NULL;
	if (!head)
		return NULL;
	spin_lock(&hugetlb_lock);
	allowed = pool.surplus_huge_pages < pool.nr_overcommit_huge_pages;
	if (allowed) {
		pool.surplus_huge_pages++;
		pool.nr_huge_pages++;
	}
	spin_unlock(&hugetlb_lock);
	if (allowed)
		return head;
	give_back(head);
	return NULL;
}

/* ---- promises ---- */

/* Free surplus pages, up to @nr, join @gone. Context: hugetlb_lock. */
static void remove_surplus(unsigned long nr, struct list_head *gone)
{
	nr = min(nr, pool.surplus_huge_pages);
	while (nr-- && pool.free_huge_pages > pool.resv_huge_pages) {
		list_add(&dequeue_huge_page()->lru, gone);
		pool.surplus_huge_pages--;
		pool.nr_huge_pages--;
	}
}

/* Promise @delta pages, be it by getting more. Return: 0 or -ENOMEM. */
static int gather_surplus_pages(long delta)
{
	unsigned long got = 0;
	struct page *head;
	LIST_HEAD(gone);
	int err = 0;

	spin_lock(&hugetlb_lock);
	while (shortage(delta) > 0 && !err) {
		spin_unlock(&hugetlb_lock);
		head = alloc_surplus_huge_page();
		spin_lock(&hugetlb_lock);
		if (head) {
			enqueue_huge_page(head);
			got++;
		} else if (shortage(delta) > 0) {
			err = -ENOMEM;
		}
	}
	if (err)
		remove_surplus(got, &gone);
	else
		pool.resv_huge_pages += (unsigned long)delta;
	spin_unlock(&hugetlb_lock);
	give_back_list(&gone);
	return err;
}

/**
 * hugetlb_acct_memory() - promise pages, or be released from promises
 * @delta: pages; below 0: so many less
 *
 * What is surplus and not promised any more goes. Context: may sleep, but if
 * @delta is below 0. Return: 0 or -ENOMEM: nothing is promised.
 */
int hugetlb_acct_memory(long delta)
{
	LIST_HEAD(gone);

	if (delta > 0)
		return gather_surplus_pages(delta);
	if (!delta)
		return 0;
	spin_lock(&hugetlb_lock);
	pool.resv_huge_pages -= (unsigned long)-delta;
	remove_surplus((unsigned long)-delta, &gone);
	spin_unlock(&hugetlb_lock);
	give_back_list(&gone);
	return 0;
}

/* ---- parts of the pool ---- */

/**
 * hugepage_new_subpool() - a part of the pool, for a mount
 * @max: most pages; -1: no limit
 * @min: pages that it can count on; -1: none
 *
 * Context: may sleep. Return: with one user; NULL: no memory, or not so many
 * pages.
 */
struct hugepage_subpool *hugepage_new_subpool(long max, long min)
{
	struct hugepage_subpool *spool = kmalloc(sizeof(*spool), GFP_KERNEL);

	if (!spool)
		return NULL;
	if (min > 0 && hugetlb_acct_memory(min)) {
		kfree(spool);
		return NULL;
	}
	spin_lock_init(&spool->lock);
	spool->max_hpages = max;
	spool->min_hpages = min;
	spool->used_hpages = 0;
	spool->mounted = true;
	return spool;
}

/* Pages that the pool promises for the files of a mount. With its lock. */
static long promised_to(const struct hugepage_subpool *spool)
{
	return max(spool->min_hpages, spool->used_hpages);
}

/* Let the lock go, and the part of the pool if it was the last thing of it. */
static void unlock_or_release_subpool(struct hugepage_subpool *spool)
{
	bool last = !spool->mounted && !spool->used_hpages;

	spin_unlock(&spool->lock);
	if (!last)
		return;
	hugetlb_acct_memory(-max(spool->min_hpages, 0l));
	kfree(spool);
}

/** hugepage_put_subpool() - its mount is gone; it goes with its last page. */
void hugepage_put_subpool(struct hugepage_subpool *spool)
{
	spin_lock(&spool->lock);
	spool->mounted = false;
	unlock_or_release_subpool(spool);
}

/**
 * hugepage_subpool_get_pages() - a mount's files are promised more pages
 * @spool: the mount's part of the pool, or NULL
 * @delta: pages
 *
 * Return: how many of them the pool has to promise; -ENOMEM: the mount may not
 * have as many.
 */
long hugepage_subpool_get_pages(struct hugepage_subpool *spool, long delta)
{
	long before, from_pool = -ENOMEM;

	if (!spool)
		return delta;
	spin_lock(&spool->lock);
	before = promised_to(spool);
	if (spool->max_hpages == -1 ||
	    spool->used_hpages + delta <= spool->max_hpages) {
		spool->used_hpages += delta;
		from_pool = promised_to(spool) - before;
	}
	spin_unlock(&spool->lock);
	return from_pool;
}

/**
 * hugepage_subpool_put_pages() - a mount's files are promised fewer pages
 * @spool: the mount's part of the pool, or NULL
 * @delta: pages
 *
 * Return: how many of them the pool need not promise any more.
 */
long hugepage_subpool_put_pages(struct hugepage_subpool *spool, long delta)
{
	long to_pool;

	if (!spool)
		return delta;
	spin_lock(&spool->lock);
	to_pool = promised_to(spool);
	spool->used_hpages -= delta;
	to_pool -= promised_to(spool);
	unlock_or_release_subpool(spool);
	return to_pool;
}

/* ---- pages in use ---- */

/**
 * hugetlb_take_page() - a page for a fault
 * @claim: what it may be taken for
 * @spool: the part of the pool it counts in, or NULL
 *
 * One that was promised is there. Else it is one that nobody was promised, or a
 * surplus one. Context: may sleep. Return: the page, with one reference; what
 * is in it is unknown; NULL: there is none.
 */
struct page *hugetlb_take_page(enum hugetlb_claim claim,
			       struct hugepage_subpool *spool)
{
	bool reserved = claim == CLAIM_RESERVED;
	struct page *head = NULL;

	spin_lock(&hugetlb_lock);
	if (pool.free_huge_pages > (reserved ? 0 : pool.resv_huge_pages))
		head = dequeue_huge_page();
	if (head && reserved)
		pool.resv_huge_pages--;
	spin_unlock(&hugetlb_lock);
	if (!head)
		head = alloc_surplus_huge_page();
	else if (reserved)
		head->pflags |= PG_private;
	if (!head)
		return NULL;
	head->priv = (unsigned long)spool;
	atomic_set(&head->_refcount, 1);
	return head;
}

/* The last reference to a page went: the pool has it again, or the buddies. */
static void free_hugetlb_page(struct page *head)
{
	struct hugepage_subpool *spool = (struct hugepage_subpool *)head->priv;
	bool restore = head->pflags & PG_private;

	head->mapping = 0;
	head->index = 0;
	head->priv = 0;
	head->pflags = PG_hugetlb;
	if (!restore)
		restore = !hugepage_subpool_put_pages(spool, 1);
	spin_lock(&hugetlb_lock);
	if (restore)
		pool.resv_huge_pages++;
	if (pool.surplus_huge_pages &&
	    pool.free_huge_pages >= pool.resv_huge_pages) {
		pool.surplus_huge_pages--;
		pool.nr_huge_pages--;
	} else {
		enqueue_huge_page(head);
		head = NULL;
	}
	spin_unlock(&hugetlb_lock);
	if (head)
		give_back(head);
}

/* ---- how many ---- */

/* The pool gets one page more. Return: false without memory. */
static bool grow_pool(void)
{
	struct page *head = alloc_fresh_huge_page();

	spin_lock(&hugetlb_lock);
	if (head) {
		pool.nr_huge_pages++;
		enqueue_huge_page(head);
	}
	return head;
}

/**
 * set_max_huge_pages() - another number of pages, surplus ones not counted
 * @count: how many; as near to it as can be
 *
 * What is in use or promised stays, and is surplus. Context: may sleep.
 */
void set_max_huge_pages(unsigned long count)
{
	LIST_HEAD(gone);

	down_write(&resize_lock);
	spin_lock(&hugetlb_lock);
	while (pool.surplus_huge_pages && count > persistent_huge_pages())
		pool.surplus_huge_pages--;
	while (count > persistent_huge_pages()) {
		spin_unlock(&hugetlb_lock);
		if (!grow_pool())
			break;
	}
	while (persistent_huge_pages() > count &&
	       shortage((long)pool.surplus_huge_pages) < 0) {
		list_add(&dequeue_huge_page()->lru, &gone);
		pool.nr_huge_pages--;
	}
	if (persistent_huge_pages() > count)
		pool.surplus_huge_pages = pool.nr_huge_pages - count;
	pool.max_huge_pages = persistent_huge_pages();
	spin_unlock(&hugetlb_lock);
	give_back_list(&gone);
	up_write(&resize_lock);
}

/** set_nr_overcommit_huge_pages() - most pages that may be surplus. */
void set_nr_overcommit_huge_pages(unsigned long count)
{
	spin_lock(&hugetlb_lock);
	pool.nr_overcommit_huge_pages = count;
	spin_unlock(&hugetlb_lock);
}

/** hugetlb_boot_pages() - how many hugetlb_init() shall get. */
void hugetlb_boot_pages(unsigned long count)
{
	boot_pages = count;
}

/** hugetlb_init() - at boot: the pool, empty but for what boot words ask. */
void hugetlb_init(void)
{
	init_rwsem(&resize_lock);
	lru_free_hugetlb = free_hugetlb_page;
	if (boot_pages)
		set_max_huge_pages(boot_pages);
}

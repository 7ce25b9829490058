/* SPDX-License-Identifier: MIT */
/*
 * Free page reporting: free frames go back to the host.
 *
 *   resident_free
 *        │     ╱│          frames freed faster than used
 *   high ┤----╱ │--╱|      above high: report down to low
 *   low  ┤   ╱  └─╱ |
 *        │  ╱
 *        └──────────────── time
 *
 *   low  = max(REPORT_KEEP_BYTES, frames in use / REPORT_KEEP_FRACTION)
 *          + slack
 *   high = low + low / 4 + refused
 *
 * Giving back is cheap; taking back costs a fault a frame. So slack grows by
 * every frame that is allocated soon after it was reported (a program that
 * breathes keeps its breath), and halves with each quiet period.
 *
 *   free list ──► zone.isolated ──► host ──► free list, as zeroes
 *                                    │ └────► free list, as it was: refused
 *                                    └──────► out of the zone: the host has
 *                                             the addresses, too
 *
 * The largest blocks go first. Blocks under REPORT_MIN_ORDER stay: their
 * neighbours are in use and likely to want them. A refusal (a page of the
 * block may be locked) is that block's alone; so that it is not asked for at
 * every release, as many frames more may be free until they are forgotten,
 * by halves, with each quiet period.
 *
 * Free blocks of the largest order that are not resident hold nothing but
 * addresses. A pass gives those back, too, beyond the next step by which the
 * machine would grow.
 *
 * Locks: zone.lock, which is not held while the host works. Whoever comes
 * here holds no lock at all: a fork or another thread would wait for the
 * host. In a forked child the blocks on zone.isolated are given back anew,
 * since the thread that had them is gone; but not the addresses of a whole
 * block: if that thread had given them back already they are another's by now,
 * a stack's perhaps.
 */
#include <ashlar/errno.h>
#include "page_alloc.h"

#define REPORT_BATCH 16
#define SLACK_MAX_BYTES (128ul << 20)
#define TOP_ORDER (MAX_ORDER - 1)

static unsigned long keep_frames = REPORT_KEEP_BYTES >> PAGE_SHIFT;
static bool no_host; /* there is no host to give frames to */

struct batch {
	struct page *page[REPORT_BATCH];
	int result[REPORT_BATCH]; /* of give_back() */
	unsigned int n;
};

/* Resident free bytes that are always kept. */
void page_report_set_keep(unsigned long bytes)
{
	WRITE_ONCE(keep_frames, bytes >> PAGE_SHIFT);
}

static unsigned long report_low(const struct zone *z, unsigned long slack)
{
	unsigned long in_use = z->managed_pages - z->free_pages;

	return max(keep_frames, in_use / REPORT_KEEP_FRACTION) +
	       min(slack, SLACK_MAX_BYTES >> PAGE_SHIFT);
}

static void decay_slack(struct zone *z, unsigned long now)
{
	unsigned long halves = (now - z->report_last) / REPORT_HALF_LIFE_MS;

	if (!halves)
		return;
	z->report_slack >>= min(halves, 63ul);
	z->report_refused >>= min(halves, 63ul);
	z->report_last = now;
}

enum { KEPT_ADDRESSES, RETIRED };

/* One of these two, or -errno. Context: no lock held. */
static int give_back(struct page *page)
{
	unsigned long pfn = page_to_pfn(page), nr = 1ul << page->order;

	int err = -EINVAL;

	if (page->order == TOP_ORDER)
		err = port_retire_ram(pfn, nr);
	if (!err)
		return RETIRED;
	return block_resident(page) ? port_discard(pfn, nr) : err;
}

static void give_back_batch(struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++)
		b->result[i] = give_back(b->page[i]);
}

/* Their descriptors are the port's from now on. Context: no lock held. */
static void forget_retired(const struct batch *b)
{
	unsigned int i;

	for (i = 0; i < b->n; i++)
		if (b->result[i] == RETIRED)
			port_forget_ram(page_to_pfn(b->page[i]),
					MAX_ORDER_FRAMES);
}

/* ---- before and after; context of all: zone->lock ---- */

static void isolate(struct zone *z, struct page *page, struct batch *b)
{
	isolate_free_block(z, page);
	list_add_tail(&page->lru, &z->isolated);
	b->page[b->n++] = page;
}

/* Up to REPORT_BATCH resident blocks, which lie at the lists' heads. */
static void isolate_resident(struct zone *z, unsigned int order,
			     struct batch *b, unsigned long target)
{
	struct list_head *list = z->free_area[order].free_list;
	struct page *page;
	unsigned int type;

	for (type = 0; type < MIGRATE_TYPES; type++, list++) {
		while (b->n < REPORT_BATCH && z->resident_free > target) {
			page = list_first_entry(list, struct page, lru);
			if (list_empty(list) || !block_resident(page))
				break;
			isolate(z, page, b);
		}
	}
}

/* Up to REPORT_BATCH blocks of addresses alone, from the lists' tails. */
static void isolate_addresses(struct zone *z, struct batch *b,
			      unsigned long target)
{
	struct list_head *list = z->free_area[TOP_ORDER].free_list;
	struct page *page;
	unsigned int type;

	for (type = 0; type < MIGRATE_TYPES; type++, list++) {
		while (b->n < REPORT_BATCH && z->free_pages > target) {
			page = list_last_entry(list, struct page, lru);
			if (list_empty(list) || block_resident(page))
				break;
			isolate(z, page, b);
		}
	}
}

/*
 * The host has the block's addresses: the zone has it no more. It may come back
 * once port_forget_ram() was told, without the lock.
 */
static void retire(struct zone *z, struct page *page)
{
	unsigned long nr = MAX_ORDER_FRAMES;

	page->flags = 0;
	WRITE_ONCE(z->managed_pages, z->managed_pages - nr);
	z->present_pages -= nr;
	z->retired_pages += nr;
}

/* What was refused stays on z->isolated until the pass has ended. */
static void finish(struct zone *z, struct page *page, int result)
{
	unsigned long nr = 1ul << page->order;

	if (result < 0) {
		if (block_resident(page))
			z->report_refused += nr;
		WRITE_ONCE(no_host, result == -ENOSYS);
		return;
	}
	list_del(&page->lru);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREPORT,
			block_resident(page) ? nr : 0);
	if (result == RETIRED)
		retire(z, page);
	else
		free_one_block(z, page_to_pfn(page), page->order,
			       PG_zeroed | PG_reported);
}

/* True if the host took any of the blocks. */
static bool finish_batch(struct zone *z, struct batch *b)
{
	bool took = false;
	unsigned int i;

	for (i = 0; i < b->n; i++) {
		finish(z, b->page[i], b->result[i]);
		took |= b->result[i] >= 0;
	}
	return took;
}

static void put_back_refused(struct zone *z)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &z->isolated, lru) {
		list_del(&page->lru);
		free_one_block(z, page_to_pfn(page), page->order,
			       page->flags & (PG_zeroed | PG_reported));
	}
}

/* ---- a pass; context: zone->lock, released meanwhile ---- */

/* One batch goes to the host: *@took if it took any. False: there was none. */
static bool report_batch(struct zone *z, unsigned int order,
			 unsigned long target, bool addresses, bool *took)
{
	struct batch b = { .n = 0 };

	if (addresses)
		isolate_addresses(z, &b, target);
	else
		isolate_resident(z, order, &b, target);
	if (!b.n)
		return false;
	spin_unlock(&z->lock);
	give_back_batch(&b);
	spin_lock(&z->lock);
	*took |= finish_batch(z, &b);
	if (order == TOP_ORDER) {
		spin_unlock(&z->lock);
		forget_retired(&b);
		spin_lock(&z->lock);
	}
	return !no_host;
}

/* Free frames that a zone keeps the addresses of when @target may stay. */
static unsigned long addresses_to_keep(const struct zone *z,
				       unsigned long target)
{
	return target ? target + clamp(z->managed_pages / 8, MAX_ORDER_FRAMES,
				       16 * MAX_ORDER_FRAMES) :
			0;
}

/* True if the host took any block: else there is no point in another pass. */
static bool report_to(struct zone *z, unsigned long target)
{
	unsigned long retired = z->retired_pages;
	bool took = false;
	int order;

	z->reporting = true;
	z->report_refused = 0;
	for (order = TOP_ORDER; order >= REPORT_MIN_ORDER; order--)
		while (report_batch(z, (unsigned int)order, target, false,
				    &took))
			;
	while (report_batch(z, TOP_ORDER, addresses_to_keep(z, target), true,
			    &took))
		;
	put_back_refused(z);
	z->reporting = false;
	if (took)
		z->report_time = port_time_ms();
	if (z->retired_pages == retired)
		return took;
	spin_unlock(&z->lock);
	zone_resized();
	spin_lock(&z->lock);
	return took;
}

static bool report_if_due(struct zone *z, unsigned long now)
{
	unsigned long low = report_low(z, 0);

	if (z->resident_free <= low + low / 4)
		return false;
	decay_slack(z, now);
	low = report_low(z, z->report_slack);
	return z->resident_free > low + low / 4 + z->report_refused &&
	       report_to(z, low);
}

/**
 * page_report_balance() - give frames back if more are free than shall be
 * @z: the zone that frames were freed to
 *
 * One CPU reports at a time; the others go on, and what they free meanwhile
 * it reports as well. Context: no lock held.
 */
void page_report_balance(struct zone *z)
{
	unsigned long now;

	if (likely(READ_ONCE(z->resident_free) < READ_ONCE(keep_frames) ||
		   READ_ONCE(no_host)))
		return;
	now = port_time_ms();
	spin_lock(&z->lock);
	while (!z->reporting && report_if_due(z, now))
		;
	spin_unlock(&z->lock);
}

/* page_report_balance() of every zone. Context: no lock held. */
void page_report_balance_all(void)
{
	struct zone *z;

	for (z = zones; z < zones + MAX_NR_ZONES; z++)
		page_report_balance(z);
}

/* True if a free block of @nr frames is resident. Context: zone->lock. */
static bool has_resident(const struct zone *z, u32 nr)
{
	unsigned int order = 0, type;
	const struct list_head *list;

	while (1ul << order < nr)
		order++;
	for (; order < MAX_ORDER; order++)
		for (type = 0; type < MIGRATE_TYPES; type++) {
			list = &z->free_area[order].free_list[type];
			if (!list_empty(list) &&
			    block_resident(
				    list_first_entry(list, struct page, lru)))
				return true;
		}
	return false;
}

/**
 * page_report_at_hand() - how many frames to ask for, so that the host has
 *	none to find
 * @nr: frames that are wanted
 * @least: frames that would do
 *
 * Resident blocks may be free that are too small for @nr. Context: no zone lock
 * held. Return: frames of the largest such block by halves from @nr down to
 * @least; or @nr, if there is none.
 */
u32 page_report_at_hand(u32 nr, u32 least)
{
	struct zone *z = &zones[ZONE_NORMAL];
	u32 n = nr;

	if (nr == least || READ_ONCE(no_host) ||
	    READ_ONCE(z->resident_free) < least)
		return nr;
	spin_lock(&z->lock);
	while (n > least && !has_resident(z, n))
		n = max(n / 2, least);
	if (!has_resident(z, n))
		n = nr;
	spin_unlock(&z->lock);
	return n;
}

/*
 * Give back all that can be: malloc_trim(), and at the limit of addresses. A
 * zone that never had a frame, as before the first allocation, has no lists.
 */
void page_report_all(void)
{
	struct zone *z;

	for_each_populated_zone(z) {
		spin_lock(&z->lock);
		if (!z->reporting && !no_host)
			report_to(z, 0);
		spin_unlock(&z->lock);
	}
}

/* One that another thread had begun with. */
static int give_back_anew(struct page *page)
{
	return page->order == TOP_ORDER ? RETIRED : give_back(page);
}

/*
 * In a forked child: the thread that was reporting is gone, and so are all
 * others; no lock is needed.
 */
void page_report_fork_child(void)
{
	struct page *page, *next;
	struct zone *z;
	int result;

	for_each_populated_zone(z) {
		z->reporting = false;
		list_for_each_entry_safe(page, next, &z->isolated, lru) {
			result = give_back_anew(page);
			finish(z, page, result);
			if (result == RETIRED)
				port_forget_ram(page_to_pfn(page),
						MAX_ORDER_FRAMES);
		}
		put_back_refused(z);
	}
}

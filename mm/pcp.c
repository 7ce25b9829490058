/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU lists: a few small blocks of frames that one CPU keeps to itself.
 *
 *   per_cpu_pages.lists[order][mobility]        count ≤ pcp_high()
 *     head → [hot]-[ ]-[ ]-[cold] ← tail        frames on all lists
 *       ⇅ one block (pcp_alloc, pcp_free in page_alloc.h)
 *     caller                      ⇅ a batch, under one hold of zone.lock
 *                               zone
 *
 * A CPU begins with one frame at a time, so that one of ten thousand that
 * hardly needs any keeps none; each batch, in either direction, is twice the
 * last, up to PCP_BATCH.
 *
 * A block on a list has PG_pcp and keeps PG_zeroed and PG_reported: whether
 * it reads as zero is not forgotten on the way.
 *
 * Locks: per_cpu_pages.lock, inside it zone.lock.
 */
#include "page_alloc.h"

void pcp_init(struct per_cpu_pages *pcp)
{
	unsigned int o, t;

	local_lock_init(&pcp->lock);
	pcp->batch = 1;
	for (o = 0; o < PCP_ORDERS; o++)
		for (t = 0; t < MIGRATE_TYPES; t++)
			INIT_LIST_HEAD(&pcp->lists[o][t]);
}

/* The coldest blocks of a list go to their zones, under one hold of a lock. */
static void pcp_trim_list(struct per_cpu_pages *pcp, struct list_head *list,
			  unsigned int order, unsigned int keep)
{
	struct zone *z = NULL, *next;
	struct page *page;
	unsigned long pfn;

	while (pcp->count > keep && !list_empty(list)) {
		page = list_last_entry(list, struct page, lru);
		list_del(&page->lru);
		pcp->count -= 1u << order;
		pfn = page_to_pfn(page);
		next = pfn_zone(pfn);
		if (next != z) {
			if (z)
				spin_unlock(&z->lock);
			z = next;
			spin_lock(&z->lock);
		}
		free_one_block(z, pfn, order,
			       page->flags & (PG_zeroed | PG_reported));
	}
	if (z)
		spin_unlock(&z->lock);
}

/* Give back the coldest blocks until at most @keep frames are left. */
void pcp_trim(struct per_cpu_pages *pcp, unsigned int keep)
{
	unsigned int o, t;

	for (o = PCP_ORDERS; o-- > 0;)
		for (t = 0; t < MIGRATE_TYPES; t++)
			pcp_trim_list(pcp, &pcp->lists[o][t], o, keep);
}

/**
 * pcp_drain() - give this CPU's private frames back to their zones
 * @pcp: the CPU's lists; its lock must not be held
 *
 * Context: any; so nothing is given back to the host here.
 */
void pcp_drain(struct per_cpu_pages *pcp)
{
	local_lock(&pcp->lock);
	pcp_trim(pcp, 0);
	local_unlock(&pcp->lock);
}

static void free_list(const struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru)
		free_one_block(pfn_zone(page_to_pfn(page)), page_to_pfn(page),
			       page->order,
			       page->flags & (PG_zeroed | PG_reported));
}

/* In a forked child, from a CPU that is not there: its lists are only read. */
void pcp_drain_gone(const struct per_cpu_pages *pcp)
{
	unsigned int o, t;

	for (o = 0; o < PCP_ORDERS; o++)
		for (t = 0; t < MIGRATE_TYPES; t++)
			free_list(&pcp->lists[o][t]);
}

/* A block of frames that are neither free nor anybody's, cut for a list. */
static void pcp_add_cut(struct per_cpu_pages *pcp, struct page *page,
			unsigned int size, unsigned int order,
			unsigned int type)
{
	u8 zeroed = page->flags & (PG_zeroed | PG_reported);
	struct page *end = page + (1ul << size);

	for (; page < end; page += 1ul << order) {
		page->flags = PG_pcp | zeroed;
		page->order = (u8)order;
		list_add_tail(&page->lru, &pcp->lists[order][type]);
	}
	pcp->count += 1u << size;
}

/*
 * Take a batch under one hold of the zone's lock. A larger block is kept as a
 * whole: what the next caller wants need not go to the zone and come back.
 * After smaller blocks, which are taken first, a whole batch comes as well: the
 * rest of a block that is cut would be found by every refill from then on.
 */
void pcp_refill(struct per_cpu_pages *pcp, gfp_t gfp, unsigned int order)
{
	unsigned int highest = gfp_zone(gfp), type = gfp_migratetype(gfp);
	struct zone *z = &zones[highest];
	unsigned int n = max(1u << order, pcp->batch), taken, size;
	unsigned int most = 31 - (unsigned int)__builtin_clz(n);
	struct page *page;

	spin_lock(&z->lock);
	for (taken = 0; taken < n; taken += 1u << size) {
		size = most;
		if (!watermark_ok(z, size, z->watermark[WMARK_LOW], highest))
			break;
		page = rmqueue_between(z, order, &size, type);
		if (!page) {
			size = order;
			page = rmqueue_fallback(z, order, type);
		}
		if (!page)
			break;
		pcp_add_cut(pcp, page, size, order, type);
	}
	spin_unlock(&z->lock);
	pcp_warm_up(pcp);
}

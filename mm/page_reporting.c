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
 *   high = low + low / 4
 *
 * Giving back is cheap; taking back costs a fault a frame. So slack grows by
 * every frame that is allocated soon after it was reported (a program that
 * breathes keeps its breath), and halves with each quiet period.
 *
 * Blocks are taken off the free lists, given back without a lock held, and
 * put back as zeroed ones, the largest first. Blocks under REPORT_MIN_ORDER
 * stay: their neighbours are in use and likely to want them.
 *
 * Simpler than Linux: no worker; the thread that freed the frames does the
 * work, a batch at a time.
 */
#include "page_alloc.h"

#define REPORT_BATCH 16
#define SLACK_HALF_LIFE_MS 250
#define SLACK_MAX_BYTES (128ul << 20)

static unsigned long keep_frames = REPORT_KEEP_BYTES >> PAGE_SHIFT;

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

static void decay_slack(struct zone *z)
{
	unsigned long now = port_time_ms();
	unsigned long halves = (now - z->report_last) / SLACK_HALF_LIFE_MS;

	if (!halves)
		return;
	z->report_slack >>= min(halves, 63ul);
	z->report_last = now;
}

/* Take up to REPORT_BATCH resident blocks of one order off its lists. */
static unsigned int isolate(struct zone *z, unsigned int order,
			    struct page **batch, unsigned long target)
{
	unsigned int type, n = 0;
	struct page *page;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		struct list_head *list = &z->free_area[order].free_list[type];

		while (n < REPORT_BATCH && z->resident_free > target) {
			page = list_first_entry(list, struct page, lru);
			if (list_empty(list) || !block_resident(page))
				break;
			isolate_free_block(z, page);
			batch[n++] = page;
		}
	}
	return n;
}

/* Returns 0, or the port's -errno. */
static int report_order(struct zone *z, unsigned int order,
			unsigned long target)
{
	struct page *batch[REPORT_BATCH];
	unsigned int i, n;
	int err = 0;

	do {
		n = isolate(z, order, batch, target);
		if (!n)
			return 0;
		spin_unlock(&z->lock);
		for (i = 0; i < n && !err; i++)
			err = port_discard(page_to_pfn(batch[i]), 1ul << order);
		if (!err)
			count_vm_events(*this_cpu_ptr(mm_cpu_self), PGREPORT,
					(unsigned long)n << order);
		spin_lock(&z->lock);
		for (i = 0; i < n; i++)
			putback_free_block(z, batch[i], order, !err);
	} while (!err && z->resident_free > target);
	return err;
}

/* A machine without a host is asked once: reporting then stays set. */
static void report_to(struct zone *z, unsigned long target)
{
	int order, err = 0;

	z->reporting = true;
	for (order = MAX_ORDER - 1; order >= REPORT_MIN_ORDER && !err; order--)
		if (z->resident_free > target)
			err = report_order(z, (unsigned int)order, target);
	z->reporting = err != 0;
}

/*
 * Called after frames were freed to @z, without its lock. One CPU reports at
 * a time; the others go on.
 */
void page_report_balance(struct zone *z)
{
	unsigned long low;

	if (likely(READ_ONCE(z->resident_free) < keep_frames))
		return;
	spin_lock(&z->lock);
	low = report_low(z, 0);
	if (!z->reporting && z->resident_free > low + low / 4) {
		decay_slack(z);
		low = report_low(z, z->report_slack);
		if (z->resident_free > low + low / 4)
			report_to(z, low);
	}
	spin_unlock(&z->lock);
}

/* Give back all that can be: malloc_trim() and out of memory. */
void page_report_all(void)
{
	struct zone *z;

	for_each_populated_zone(z) {
		spin_lock(&z->lock);
		if (!z->reporting)
			report_to(z, 0);
		spin_unlock(&z->lock);
	}
}

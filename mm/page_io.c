/* SPDX-License-Identifier: MIT */
/*
 * Pages on their way between memory and swap areas.
 *
 *   slots     1 2 3 4 5 6 7 8 9 …          of an area, a page each
 *   extents   └──┬──┘ └───┬───┘
 *   device    ───┴────────┴──────────      where runs of slots lie, in sectors
 *
 *   swap_writepage   locked, dirty ─→ PG_writeback, unlocked ─→ clean
 *   swap_readpage    locked ─→ uptodate, unlocked
 *
 * The device is the kernel's (swap_device_ops): it is told to begin, and says
 * swap_write_end() or swap_read_end() when it is done. A page that could not be
 * written is dirty again and stays in memory; one that could not be read stays
 * without PG_uptodate, and whoever needs it gets SIGBUS.
 *
 * Locks: extents change only while no slot of the area is in use.
 */
#include <ashlar/errno.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/slab.h>
#include <ashlar/swapfile.h>
#include "internal.h"
#include "lru.h"
#include "swapfile.h"

/* A run of slots that lie side by side on the device. */
struct swap_extent {
	struct rb_node node; /* in swap_info_struct::extents */
	unsigned long start; /* slot */
	unsigned long nr;
	u64 sector; /* of 512 bytes, of the first one */
};

/**
 * swap_add_extent() - where the next slots of an area lie
 * @start: the slot that follows those told of before
 * @nr: slots
 * @sector: of the device, in sectors of 512 bytes
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int swap_add_extent(struct swap_info_struct *si, unsigned long start,
		    unsigned long nr, u64 sector)
{
	const u64 page_sectors = PAGE_SIZE >> 9;
	struct rb_node *last = rb_last(&si->extents);
	struct swap_extent *e;

	if (last) {
		e = rb_entry(last, struct swap_extent, node);
		if (e->start + e->nr == start &&
		    e->sector + e->nr * page_sectors == sector) {
			e->nr += nr;
			return 0;
		}
	}
	e = kmalloc(sizeof(*e), GFP_KERNEL);
	if (!e)
		return -ENOMEM;
	*e = (struct swap_extent){ .start = start, .nr = nr, .sector = sector };
	rb_link_node(&e->node, last,
		     last ? &last->rb_right : &si->extents.rb_node);
	rb_insert_color(&e->node, &si->extents);
	si->nr_extents++;
	return 0;
}

/** swap_free_extents() - the area is no more */
void swap_free_extents(struct swap_info_struct *si)
{
	struct rb_node *n;

	while ((n = rb_first(&si->extents))) {
		rb_erase(n, &si->extents);
		kfree(rb_entry(n, struct swap_extent, node));
	}
	si->last_extent = NULL;
	si->nr_extents = 0;
}

/** swap_span() - pages of the device from the first slot to the last one */
unsigned long swap_span(const struct swap_info_struct *si)
{
	u64 first = ~0ull, past = 0;
	struct swap_extent *e;
	struct rb_node *n;

	for (n = rb_first(&si->extents); n; n = rb_next(n)) {
		e = rb_entry(n, struct swap_extent, node);
		first = min(first, e->sector);
		past = max(past, e->sector + (u64)e->nr * (PAGE_SIZE >> 9));
	}
	return past ? (unsigned long)((past - first) / (PAGE_SIZE >> 9)) : 0;
}

static bool covers(const struct swap_extent *e, unsigned long offset)
{
	return offset >= e->start && offset - e->start < e->nr;
}

static struct swap_extent *find_extent(const struct swap_info_struct *si,
				       unsigned long offset)
{
	struct rb_node *n = si->extents.rb_node;
	struct swap_extent *e = NULL;

	while (n) {
		e = rb_entry(n, struct swap_extent, node);
		if (covers(e, offset))
			break;
		n = offset < e->start ? n->rb_left : n->rb_right;
	}
	return e;
}

/* The sector of a slot; the extent that was used last is tried first. */
static u64 swap_sector(struct swap_info_struct *si, unsigned long offset)
{
	struct swap_extent *e = READ_ONCE(si->last_extent);

	if (!e || !covers(e, offset)) {
		e = find_extent(si, offset);
		WRITE_ONCE(si->last_extent, e);
	}
	return e->sector + (u64)(offset - e->start) * (PAGE_SIZE >> 9);
}

static void submit(struct page *page, bool write)
{
	swp_entry_t entry = page_swap_entry(page);
	struct swap_info_struct *si = swp_info(entry);

	si->ops->submit(si->device, page, swap_sector(si, swp_offset(entry)),
			write);
}

static void log_error(const struct page *page, const char *what)
{
	swp_entry_t entry = page_swap_entry(page);
	struct swap_info_struct *si = swp_info(entry);

	mm_log("%s-error on swap-device (%u:%u:%llu)", what, si->dev >> 8,
	       si->dev & 0xff,
	       (unsigned long long)swap_sector(si, swp_offset(entry)));
}

/**
 * swap_writepage() - a page begins its way to its slot
 * @page: locked, in the swap cache; unlocked by this
 *
 * One whose slot no entry leads to is not written: it leaves the cache.
 * Context: may sleep.
 */
void swap_writepage(struct page *page)
{
	if (try_to_free_swap(page)) {
		unlock_page(page);
		return;
	}
	clear_page_flags(page, PG_dirty);
	get_page(page);
	set_page_writeback(page);
	unlock_page(page);
	count_vm_event(PSWPOUT);
	submit(page, true);
}

/**
 * swap_write_end() - for the device: a page has been written, or not
 * @err: 0 or -errno
 *
 * Context: any but an interrupt's.
 */
void swap_write_end(struct page *page, int err)
{
	if (unlikely(err)) {
		log_error(page, "Write");
		set_page_flags(page, PG_dirty);
		clear_page_flags(page, PG_reclaim);
	}
	end_page_writeback(page);
	put_page(page);
}

/**
 * swap_readpage() - a page's bytes begin their way from its slot
 * @page: locked, in the swap cache, not uptodate; unlocked when it is filled
 *
 * Context: may sleep.
 */
void swap_readpage(struct page *page)
{
	count_vm_event(PSWPIN);
	submit(page, false);
}

/** swap_read_end() - for the device: a page has been read, or not. */
void swap_read_end(struct page *page, int err)
{
	if (unlikely(err))
		log_error(page, "Read");
	else
		__atomic_fetch_or(&page->pflags, PG_uptodate, __ATOMIC_RELEASE);
	unlock_page(page);
}

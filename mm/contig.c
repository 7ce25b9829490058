/* SPDX-License-Identifier: MIT */
/*
 * Runs of frames whose number is no power of two.
 *
 *   alloc_frames(5)     [ 1 2 3 4 | 5 . . . ]      of a block of 8 the tail
 *                         in use    └ freed ┘      goes back as 1 + 2
 *
 *   alloc_contig_frames    free blocks of the largest order, side by side
 *                       | 1024 | 1024 | 10…      ‹ the tail goes back
 *
 * The first frame of a run has PG_used and ORDER_NONE, and, where no caller
 * keeps the number of frames, that in priv.
 *
 * Lock: zone.lock.
 */
#include <mach/trace.h>
#include "page_alloc.h"

/*
 * Allocate @nr frames, not rounded up to a power of two: the tail of the
 * block goes back.
 */
struct page *alloc_frames(gfp_t gfp, unsigned int nr)
{
	unsigned int order = get_order((unsigned long)nr << PAGE_SHIFT);
	struct page *page = alloc_block(gfp, order);
	unsigned long pfn;
	struct zone *z;
	u8 bits;

	if (unlikely(!page))
		return NULL;
	unpoison_frames(page, nr);
	bits = page->flags & (PG_zeroed | PG_reported);
	if ((gfp & __GFP_ZERO) && !bits)
		clear_frames(page, nr);
	page->flags = PG_used;
	page->order = ORDER_NONE;
	if (nr != 1u << order) {
		pfn = page_to_pfn(page);
		z = pfn_zone(pfn);
		spin_lock(&z->lock);
		free_run(z, pfn + nr, (1ul << order) - nr, bits);
		spin_unlock(&z->lock);
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGFREE,
				(1ul << order) - nr);
		trace_mm_page_free_run(page + nr, (1ul << order) - nr);
	}
	return page;
}

/* Free what alloc_frames() returned. Context: no lock held. */
void free_frames(struct page *page, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(page);
	struct zone *z = pfn_zone(pfn);

	if (nr <= MAX_ORDER_FRAMES && is_power_of_2(nr) &&
	    IS_ALIGNED(pfn, nr)) {
		free_block(page, (unsigned int)__builtin_ctzl(nr));
		return;
	}
	trace_mm_page_free_run(page, nr);
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGFREE, nr);
	poison_frames(page, nr);
	spin_lock(&z->lock);
	free_run(z, pfn, nr, 0);
	spin_unlock(&z->lock);
	page_report_balance(z);
}

/* The free blocks of the largest order from @pfn on; stops at @want frames. */
static unsigned long free_frames_from(const struct zone *z, unsigned long pfn,
				      unsigned long want)
{
	unsigned long end = z->start_pfn + z->spanned_pages, n = 0;

	while (n < want && pfn + n < end) {
		const struct page *page = pfn_to_page(pfn + n);

		if (!(page->flags & PG_buddy) || page->order != MAX_ORDER - 1)
			break;
		n += MAX_ORDER_FRAMES;
	}
	return n;
}

/* Take the run out of the free lists, and give its tail back. */
static void take_run(struct zone *z, unsigned long pfn, unsigned long found,
		     unsigned long nr)
{
	unsigned long p;

	for (p = pfn; p < pfn + found; p += MAX_ORDER_FRAMES) {
		isolate_free_block(z, pfn_to_page(p));
		pfn_to_page(p)->flags = 0;
	}
	free_run(z, pfn + nr, found - nr, 0);
}

/**
 * alloc_contig_frames() - a run of frames larger than the largest block
 * @nr: frames
 *
 * Looks through the normal zone for free blocks of the largest order side by
 * side: slow, and fails where such a run is not free by chance. For when the
 * host has no more addresses to give. Context: any, without zone locks.
 * Return: the first frame, to be freed as alloc_pages_exact() memory; NULL.
 */
struct page *alloc_contig_frames(unsigned long nr)
{
	struct zone *z = &zones[ZONE_NORMAL];
	unsigned long pfn, found = 0, end;
	struct page *page = NULL;

	spin_lock(&z->lock);
	end = z->start_pfn + z->spanned_pages;
	pfn = ALIGN(z->start_pfn, MAX_ORDER_FRAMES);
	for (; pfn < end; pfn += found + MAX_ORDER_FRAMES) {
		found = free_frames_from(z, pfn, nr);
		if (found >= nr) {
			take_run(z, pfn, found, nr);
			page = pfn_to_page(pfn);
			page->flags = PG_used;
			page->order = ORDER_NONE;
			page->priv = nr;
			break;
		}
	}
	spin_unlock(&z->lock);
	if (page) {
		unpoison_frames(page, nr);
		count_vm_events(*this_cpu_ptr(mm_cpu_self), PGALLOC, nr);
	}
	return page;
}

/**
 * alloc_pages_exact() - contiguous memory of a size that is no power of two
 * @size: bytes, up to 4 MiB; rounded up to whole frames
 * @gfp: GFP_* flags
 *
 * The power-of-two tail is not held. Return: address, or NULL. Free it with
 * free_pages_exact() and the same size.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page;

	(void)mm_this_cpu(); /* this may be all that a program asks for */
	if (!size || size > MAX_ORDER_FRAMES << PAGE_SHIFT)
		return NULL;
	page = alloc_frames(gfp & ~__GFP_HIGHMEM, (unsigned int)nr);
	if (!page)
		return NULL;
	page->priv = nr;
	return page_address(page);
}

/** free_pages_exact() - free alloc_pages_exact() memory of @size bytes. */
void free_pages_exact(void *addr, size_t size)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;
	struct page *page;

	if (!addr)
		return;
	page = virt_addr_valid(addr) ? virt_to_page(addr) : NULL;
	if (!page || !(page->flags & PG_used) || page->order != ORDER_NONE ||
	    page->priv != nr) {
		mm_report("bad-free", "%p is not an exact block of %zu bytes",
			  addr, size);
		return;
	}
	page->flags = 0;
	free_frames(page, nr);
}

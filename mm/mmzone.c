/* SPDX-License-Identifier: MIT */
/*
 * Zones: which of them serves a request, and what each keeps in reserve.
 *
 *   free_pages of a zone
 *   ──── high   (shown, and where reclaim would stop)
 *   ──── low    below: the machine is asked for more RAM, then reclaim
 *   ──── min    below: only __GFP_HIGH, down to a half, and __GFP_MEMALLOC
 *
 * A request has a highest zone (gfp_zone); when that is below its watermark
 * the next lower one is tried, which keeps lowmem_reserve[highest] frames
 * more from such a guest than from its own callers.
 *
 * Lock: zone.lock.
 */
#include "page_alloc.h"

static unsigned long zone_mark(const struct zone *z, enum zone_watermarks w,
			       gfp_t gfp)
{
	unsigned long mark = z->watermark[w];

	if (w == WMARK_MIN && (gfp & __GFP_MEMALLOC))
		return 0;
	return (gfp & __GFP_HIGH) ? mark / 2 : mark;
}

struct page *alloc_from_zones(gfp_t gfp, unsigned int order,
			      enum zone_watermarks w)
{
	unsigned int highest = gfp_zone(gfp), type = gfp_migratetype(gfp);
	struct page *page = NULL;
	struct zone *z;
	int i;

	for (i = (int)highest; i >= 0 && !page; i--) {
		z = &zones[i];
		if (!READ_ONCE(z->managed_pages))
			continue;
		spin_lock(&z->lock);
		if (watermark_ok(z, order, zone_mark(z, w, gfp), highest))
			page = rmqueue(z, order, type);
		spin_unlock(&z->lock);
		if (page && i != ZONE_NORMAL)
			count_vm_events(*this_cpu_ptr(mm_cpu_self),
					i == ZONE_DMA ? PGALLOC_DMA :
							PGALLOC_HIGH,
					1ul << order);
	}
	return page;
}

unsigned long int_sqrt(unsigned long x)
{
	unsigned long r = 0, bit;

	for (bit = 1ul << (8 * sizeof(long) - 2); bit; bit >>= 2) {
		if (x >= r + bit) {
			x -= r + bit;
			r = (r >> 1) + bit;
		} else {
			r >>= 1;
		}
	}
	return r;
}

static unsigned int watermark_scale_factor; /* 1/10,000 of the zone */

/* The marks are a quarter of the lowest apart, or that part of the zone. */
static void set_watermarks(struct zone *z, unsigned long m)
{
	unsigned long gap = (unsigned long)((u64)READ_ONCE(z->managed_pages) *
					    watermark_scale_factor / 10000);

	gap = max(gap, m / 4);
	spin_lock(&z->lock);
	z->watermark[WMARK_MIN] = m;
	z->watermark[WMARK_LOW] = m + gap;
	z->watermark[WMARK_HIGH] = m + 2 * gap;
	spin_unlock(&z->lock);
}

/* Frames of the zones before @end, as they come and go. */
static unsigned long managed_before(const struct zone *end)
{
	unsigned long total = 0;
	struct zone *z;

	for (z = zones; z < end; z++)
		total += READ_ONCE(z->managed_pages);
	return total;
}

/* High memory serves programs alone, who need no reserve worth the name. */
#define HIGHMEM_MARK_MIN 32ul
#define HIGHMEM_MARK_MAX 128ul

unsigned long min_free_kbytes;
static bool min_free_is_set; /* by the administrator */

/*
 * The reserve grows with the square root of memory that the kernel can use,
 * as in Linux (min_free_kbytes = 4 sqrt(low KiB)), shared out among its zones.
 */
static void setup_watermarks(void)
{
	struct zone *high = &zones[ZONE_HIGHMEM];
	unsigned long total, pages_min, pages;
	struct zone *z;

	total = managed_before(high);
	if (!min_free_is_set)
		min_free_kbytes = int_sqrt((total << (PAGE_SHIFT - 10)) * 16);
	pages_min = min_free_kbytes >> (PAGE_SHIFT - 10);
	for (z = zones; z < high && total; z++)
		set_watermarks(z, (unsigned long)((u64)pages_min *
						  READ_ONCE(z->managed_pages) /
						  total));
	pages = READ_ONCE(high->managed_pages);
	if (pages)
		set_watermarks(high, clamp(pages / 1024, HIGHMEM_MARK_MIN,
					   HIGHMEM_MARK_MAX));
}

/**
 * set_min_free_kbytes() - how much memory ordinary allocations leave alone
 * @kbytes: of all zones but HighMem
 */
void set_min_free_kbytes(unsigned long kbytes)
{
	min_free_kbytes = kbytes;
	min_free_is_set = true;
	setup_watermarks();
}

/**
 * set_watermark_scale_factor() - how far apart a zone's watermarks are at least
 * @factor: in ten-thousandths of the zone
 */
void set_watermark_scale_factor(unsigned int factor)
{
	watermark_scale_factor = factor;
	setup_watermarks();
}

/* A zone keeps this part of what the zones above it have (Linux's ratios). */
unsigned int lowmem_reserve_ratio[MAX_NR_ZONES] = { 256, 32 };

static void setup_lowmem_reserves(void)
{
	unsigned int i, j;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		unsigned long above = 0;

		spin_lock(&zones[i].lock);
		for (j = i + 1; j < MAX_NR_ZONES; j++) {
			above += READ_ONCE(zones[j].managed_pages);
			zones[i].lowmem_reserve[j] =
				lowmem_reserve_ratio[i] ?
					above / lowmem_reserve_ratio[i] :
					0;
		}
		spin_unlock(&zones[i].lock);
	}
}

/*
 * Frames came or went: reserves are derived anew. Of two zones resized at
 * once the last one's reserves count, so one looks whether that was it.
 * Context: no lock held.
 */
void zone_resized(void)
{
	unsigned long total;

	do {
		total = managed_before(zones + MAX_NR_ZONES);
		setup_watermarks();
		setup_lowmem_reserves();
	} while (total != managed_before(zones + MAX_NR_ZONES));
}

/* Frames that the host was given for good are online again: z->lock. */
static void note_unretired(struct zone *z, unsigned long nr)
{
	nr = min(nr, z->retired_pages);
	z->retired_pages -= nr;
	note_refault(z, nr);
}

/**
 * set_lowmem_reserve_ratio() - what zones keep from callers of those above
 * @ratio: for each zone; 0: nothing
 */
void set_lowmem_reserve_ratio(const unsigned int ratio[MAX_NR_ZONES])
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		lowmem_reserve_ratio[i] = ratio[i];
	setup_lowmem_reserves();
}

/**
 * mm_online_pages() - take frames into the buddy system's care
 * @zone: enum zone_type that they belong to
 * @start: first frame number
 * @nr: number of frames
 * @zeroed: they read as zero and are not resident yet
 *
 * A zone's frames lie in one range, which may have holes. Context: any,
 * without zone locks; called by a port at boot and when RAM grows.
 */
void mm_online_pages(unsigned int zone, unsigned long start, unsigned long nr,
		     bool zeroed)
{
	struct zone *z = &zones[zone];
	unsigned long end = start + nr;

	spin_lock(&z->lock);
	if (!z->spanned_pages) {
		z->start_pfn = start;
		z->spanned_pages = nr;
	} else {
		end = max(end, z->start_pfn + z->spanned_pages);
		/* A release reads it without the lock. */
		if (start < z->start_pfn)
			WRITE_ONCE(z->start_pfn, start);
		WRITE_ONCE(z->spanned_pages, end - z->start_pfn);
	}
	z->present_pages += nr;
	WRITE_ONCE(z->managed_pages, z->managed_pages + nr);
	note_unretired(z, nr);
	free_run(z, start, nr, zeroed ? PG_zeroed : 0);
	spin_unlock(&z->lock);
	zone_resized();
	count_vm_events(*this_cpu_ptr(mm_cpu_self), PGONLINE, nr);
}

/* SPDX-License-Identifier: MIT */
/*
 * Operations on the buddy system beside a model that knows, for each frame,
 * which block of the input it belongs to.
 *
 *   0 allocate a block      order, zone, mobility, zeroed or not
 *   1 free one
 *   2 allocate by size      alloc_pages_exact
 *   3 another CPU runs
 *   4 a CPU stops
 *   5 split a block and free its frames one by one
 *   6 give free frames back to the host
 *   7 RAM grows or not, the host takes frames or not, time passes
 */
#include <string.h>

#include "fuzz.h"

#define BLOCKS_MAX 256
#define FRAMES_MAX (1ul << 17)

struct block {
	struct page *page;
	unsigned long nr; /* frames; 0: none */
	unsigned int order;
	bool exact;
};

static struct block blocks[BLOCKS_MAX];
static u8 taken[FRAMES_MAX]; /* block + 1 modulo 255, or 0: free */
static unsigned long nr_taken;

/* One word in each frame says whose it is. */
static unsigned long *frame_word(const struct page *page, unsigned long i)
{
	return (unsigned long *)((char *)page_address(page) +
				 (i << PAGE_SHIFT)) +
	       i % (PAGE_SIZE / sizeof(unsigned long));
}

static void model_take(unsigned int b, bool zeroed)
{
	struct block *bl = &blocks[b];
	unsigned long pfn = page_to_pfn(bl->page);

	EXPECT(pfn + bl->nr <= port_ram_pages);
	for (unsigned long i = 0; i < bl->nr; i++) {
		EXPECT(!taken[pfn + i]);
		taken[pfn + i] = (u8)(b % 255 + 1);
		/* High frames have no address. */
		if (pfn_is_high(pfn + i))
			continue;
		EXPECT(!zeroed || *frame_word(bl->page, i) == 0);
		*frame_word(bl->page, i) = ~(unsigned long)b;
	}
	nr_taken += bl->nr;
}

static void model_release(unsigned int b)
{
	struct block *bl = &blocks[b];
	unsigned long pfn = page_to_pfn(bl->page);

	for (unsigned long i = 0; i < bl->nr; i++) {
		EXPECT(pfn_is_high(pfn + i) ||
		       *frame_word(bl->page, i) == ~(unsigned long)b);
		EXPECT(taken[pfn + i] == (u8)(b % 255 + 1));
		taken[pfn + i] = 0;
	}
	nr_taken -= bl->nr;
	bl->nr = 0;
}

static gfp_t read_gfp(struct input *in)
{
	static const gfp_t where[] = { 0, GFP_DMA, __GFP_HIGHMEM, 0 };
	static const gfp_t mobility[] = { 0, __GFP_MOVABLE, __GFP_RECLAIMABLE,
					  0 };
	u8 byte = next(in);

	return where[byte & 3] | mobility[byte >> 2 & 3] |
	       (byte & 0x10 ? __GFP_HIGH : 0) | (byte & 0x20 ? __GFP_ZERO : 0) |
	       (byte & 0x40 ? __GFP_RECLAIM : 0) | __GFP_NOWARN;
}

static void check_zone(const struct page *page, gfp_t gfp)
{
	const struct zone *z = &zones[ZONE_HIGHMEM];
	bool high = page_to_pfn(page) >= z->start_pfn;

	EXPECT(!high || (gfp & __GFP_HIGHMEM));
	EXPECT(!(gfp & __GFP_DMA) || (gfp & __GFP_HIGHMEM) ||
	       page_to_pfn(page) < zones[ZONE_NORMAL].start_pfn);
}

static void allocate(struct input *in)
{
	unsigned int b = next(in), order = next(in) % (MAX_ORDER + 1);
	gfp_t gfp = read_gfp(in);
	struct page *page;

	if (blocks[b].nr)
		return;
	page = alloc_pages(gfp, order);
	if (!page)
		return;
	EXPECT(order < MAX_ORDER);
	EXPECT(IS_ALIGNED(page_to_pfn(page), 1ul << order));
	check_zone(page, gfp);
	blocks[b] = (struct block){ page, 1ul << order, order, false };
	model_take(b, gfp & __GFP_ZERO);
}

static void allocate_exact(struct input *in)
{
	unsigned int b = next(in);
	size_t size = next16(in) % (PAGE_SIZE << (MAX_ORDER - 1)) + 1;
	gfp_t gfp = read_gfp(in) & ~__GFP_HIGHMEM;
	void *p;

	if (blocks[b].nr)
		return;
	p = alloc_pages_exact(size, gfp);
	if (!p)
		return;
	blocks[b] = (struct block){ virt_to_page(p),
				    PAGE_ALIGN(size) >> PAGE_SHIFT, 0, true };
	model_take(b, gfp & __GFP_ZERO);
}

static void release(unsigned int b)
{
	struct block bl = blocks[b];

	if (!bl.nr)
		return;
	model_release(b);
	if (bl.exact)
		free_pages_exact(page_address(bl.page), bl.nr << PAGE_SHIFT);
	else
		__free_pages(bl.page, bl.order);
}

static void split_and_release(struct input *in)
{
	unsigned int b = next(in);
	struct block bl = blocks[b];
	unsigned long step = next(in) | 1;

	if (!bl.nr || bl.exact)
		return;
	model_release(b);
	split_page(bl.page, bl.order);
	for (unsigned long i = 0; i < bl.nr; i++)
		__free_page(bl.page + (i * step & (bl.nr - 1)));
}

static void settings(struct input *in)
{
	u8 byte = next(in);

	sim.refuse_ram = byte & 1;
	sim.refuse_discard = byte & 2;
	sim.time_ms += byte >> 2;
}

static void step(struct input *in)
{
	u8 op = next(in);

	switch (op & 7) {
	case 0:
		allocate(in);
		break;
	case 1:
		release(next(in));
		break;
	case 2:
		allocate_exact(in);
		break;
	case 3:
		sim_run_on(next(in) % 3);
		break;
	case 4:
		sim_cpu_stop(next(in) % 3);
		break;
	case 5:
		split_and_release(in);
		break;
	case 6:
		page_report_all();
		break;
	case 7:
		settings(in);
		break;
	}
}

static unsigned long slab_pages(void)
{
	unsigned long n = 0;
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		n += s->nr_pages;
	return n;
}

void fuzz_one(struct input *in)
{
	unsigned long at_rest, others, steps = 0;

	fuzz_settle();
	at_rest = fuzz_pages_in_use();
	others = at_rest - slab_pages();
	while (more(in)) {
		step(in);
		if (++steps % 32 == 0)
			buddy_validate();
	}
	/* CPUs that came online have taken memory of their own. */
	EXPECT(fuzz_pages_in_use() == others + slab_pages() + nr_taken);
	buddy_validate();
	for (unsigned int b = 0; b < BLOCKS_MAX; b++)
		release(b);
	fuzz_settle();
	EXPECT(nr_taken == 0);
	EXPECT(fuzz_pages_in_use() == at_rest);
}

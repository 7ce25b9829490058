/* SPDX-License-Identifier: MIT */
/* Exercises about which call will do: lesson 18. */
#include <ashlar/dma-transfer.h>
#include "../../mm/internal.h"
#include "../../mm/page_alloc.h"
#include "exercise.h"
#include "picture.h"

#define MB (1ul << 20)

static void ask_size(void)
{
	unsigned long n = 1 + draw_below(7), bytes = n * MB + draw_below(2);
	void *p;

	p = kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	ask("Of 16 MB that are free and in one piece, kmalloc(%lu) wants %lu MB"
	    "%s. Does it get them? yes or no",
	    bytes, n, bytes % MB ? " and a byte" : "");
	answer("%s", p ? "yes" : "no");
	because("Nothing larger than a block of order 10 is ever in one "
		"piece, and that is 4 MB: more is taken at boot, or by "
		"vmalloc.");
	kfree(p);
}

/* A buffer for a device that does not reach all memory. */
static void ask_reach(void)
{
	unsigned long pages = 1 + draw_below(8), bytes = pages * PAGE_SIZE;
	char *p = kmalloc(bytes, GFP_KERNEL);
	unsigned long at = virt_to_pfn(p) << PAGE_SHIFT, reach;
	struct device device = { .dma_mask = 0 };
	dma_addr_t to;

	reach = at + bytes + PAGE_SIZE * draw_below(3) - PAGE_SIZE;
	device.dma_mask = reach - 1;
	to = dma_map_single(&device, p, bytes, DMA_TO_DEVICE);
	ask("A device reaches the first %#lx bytes of RAM. kmalloc(%lu) has "
	    "given a buffer at physical %#lx. Can the device read it there, or "
	    "must it be copied to where the device reaches? there or copied",
	    reach, bytes, at);
	answer("%s", to == at ? "there" : "copied");
	because("The last byte is at %#lx. dma_alloc_coherent() would have "
		"looked for memory within reach at once.",
		at + bytes - 1);
}

static bool gets(gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_NOWARN);

	if (page)
		__free_page(page);
	pcp_drain(&mm_this_cpu()->pcp);
	return page;
}

/* Takes frames until callers with @gfp get none. */
static void exhaust(gfp_t gfp)
{
	while (alloc_page(gfp | __GFP_NOWARN))
		;
	pcp_drain(&mm_this_cpu()->pcp);
}

static void ask_wait(void)
{
	static const gfp_t state[] = { 0, GFP_NOWAIT, GFP_ATOMIC };
	unsigned long how = draw_below(3);
	bool nowait, atomic;

	if (state[how] || how)
		exhaust(state[how]);
	nowait = gets(GFP_NOWAIT);
	atomic = gets(GFP_ATOMIC);
	ask("Zone Normal has %lu frames free, its min watermark is %lu, and "
	    "zone DMA is no better off. Two callers want a frame and may not "
	    "wait: one says GFP_NOWAIT, the other GFP_ATOMIC. Who gets one? "
	    "both, atomic, or neither",
	    zones[ZONE_NORMAL].free_pages, zones[ZONE_NORMAL].watermark[0]);
	answer("%s", nowait ? "both" : atomic ? "atomic" : "neither");
	because("GFP_NOWAIT leaves what is below min alone. GFP_ATOMIC may "
		"take half of that, and no more.");
}

void ask_choosing(void)
{
	course_boot();
	ask_size();
	ask_reach();
	ask_wait();
}

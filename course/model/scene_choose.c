/* SPDX-License-Identifier: MIT */
/*
 * Each way to get 12 KB once, and which frames that gave: kmalloc, an object of
 * a cache, pages, vmalloc, a buffer for a device that reaches 4 MB.
 */
#include <ashlar/dma-mapping.h>
#include <ashlar/vmalloc.h>
#include "../../mm/internal.h"
#include "../../port/sim/host.h"
#include "picture.h"

#define PAGES_EACH 3u
#define BYTES (PAGES_EACH * PAGE_SIZE)

enum way { KMALLOC, CACHE, PAGES, VMALLOC, DMA, NR_WAYS };

static const struct {
	const char *step, *call;
} ways[NR_WAYS] = {
	[KMALLOC] = { "kmalloc", "kmalloc" },
	[CACHE] = { "cache", "kmem_cache_alloc" },
	[PAGES] = { "pages", "__get_free_pages" },
	[VMALLOC] = { "vmalloc", "vmalloc" },
	[DMA] = { "dma", "dma_alloc_coherent" },
};

static char *got[NR_WAYS];
static dma_addr_t handle;
static struct kmem_cache *cache;
static struct device device = { .dma_mask = (4u << 20) - 1,
				.coherent_dma_mask = (4u << 20) - 1 };

/* Of 64 single frames every second one stays taken. */
static void scatter(gfp_t gfp)
{
	static struct page *page[64];

	for (int i = 0; i < 64; i++)
		page[i] = alloc_page(gfp);
	for (int i = 0; i < 64; i += 2)
		__free_page(page[i]);
}

static void start(void)
{
	course_boot();
	scatter(GFP_KERNEL);
	scatter(GFP_KERNEL | __GFP_HIGHMEM);
	cache = kmem_cache_create("node", BYTES, 0, 0, NULL);
	tell("Memory is in pieces here and there: single frames are free "
	     "between others that are not.");
}

static void *take(enum way way)
{
	switch (way) {
	case KMALLOC:
		return kmalloc(BYTES, GFP_KERNEL);
	case CACHE:
		return kmem_cache_alloc(cache, GFP_KERNEL);
	case PAGES:
		return (void *)__get_free_pages(GFP_KERNEL, 2);
	case VMALLOC:
		return host_has_windows() ? vmalloc(BYTES) : NULL;
	default:
		return dma_alloc_coherent(&device, BYTES, &handle, GFP_KERNEL);
	}
}

static bool give(unsigned long way)
{
	if (way >= NR_WAYS || !got[way])
		return false;
	if (way == KMALLOC)
		kfree(got[way]);
	else if (way == CACHE)
		kmem_cache_free(cache, got[way]);
	else if (way == PAGES)
		free_pages((unsigned long)(uintptr_t)got[way], 2);
	else if (way == VMALLOC)
		vfree(got[way]);
	else
		dma_free_coherent(&device, BYTES, got[way], handle);
	got[way] = NULL;
	tell("Its frames are free again, or at hand for the next call.");
	return true;
}

static unsigned long frame(enum way way, unsigned int i)
{
	const char *p = got[way] + i * PAGE_SIZE;

	return way == VMALLOC ? page_to_pfn(vmalloc_to_page(p)) :
				virt_to_pfn(p);
}

static void tell_way(enum way way)
{
	bool whole = true;

	for (unsigned int i = 1; got[way] && i < PAGES_EACH; i++)
		whole &= frame(way, i) == frame(way, 0) + i;
	if (!got[way] && way == VMALLOC)
		tell("A browser shows each frame at one address only: vmalloc "
		     "has no memory here. On a terminal it has.");
	else if (!got[way])
		tell("There is none.");
	else if (whole)
		tell("Its frames stand side by side: one piece, physically.");
	else
		tell("Its frames are anywhere: the addresses are in one piece "
		     "by page tables alone.");
}

static bool step(const char *what, unsigned long n)
{
	unsigned int way = 0;

	if (same(what, "free"))
		return give(n);
	while (way < NR_WAYS && !same(what, ways[way].step))
		way++;
	if (way == NR_WAYS || got[way])
		return false;
	got[way] = take((enum way)way);
	tell_way((enum way)way);
	return true;
}

static void draw(void)
{
	for (unsigned int w = 0; w < NR_WAYS; w++) {
		row("%s", ways[w].call);
		if (!got[w]) {
			cell(PLAIN, 1, "-");
			button(ways[w].step, NO_NUMBER, "%s", ways[w].call);
			continue;
		}
		for (unsigned int i = 0; i < PAGES_EACH; i++)
			cell(USED, 4, "frame %#lx", frame((enum way)w, i));
		button("free", (long)w, "free %s's", ways[w].call);
	}
}

const struct scene scene_choose = {
	.name = "choose",
	.title = "12 KB, from each call",
	.start = start,
	.step = step,
	.draw = draw,
};

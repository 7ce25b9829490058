/* SPDX-License-Identifier: MIT */
/* Exercises about which memory a call gives: lesson 7. */
#include "../../mm/internal.h"
#include "../../mm/page_alloc.h"
#include "exercise.h"
#include "picture.h"

static const struct caller {
	const char *flags;
	gfp_t gfp;
} callers[] = {
	{ "GFP_NOWAIT | __GFP_DMA", GFP_NOWAIT | __GFP_DMA },
	{ "GFP_NOWAIT", GFP_NOWAIT },
	{ "GFP_NOWAIT | __GFP_HIGHMEM", GFP_NOWAIT | __GFP_HIGHMEM },
};

static const char *const names[MAX_NR_ZONES] = { "DMA", "Normal", "HighMem" };

static unsigned int zone_of(const struct page *page)
{
	unsigned int z = MAX_NR_ZONES - 1;

	while (z && page_to_pfn(page) < zones[z].start_pfn)
		z--;
	return z;
}

static struct page *take(const struct caller *c)
{
	return alloc_page(c->gfp | __GFP_NOWARN);
}

/* Takes all that callers for zone @z get there. */
static void exhaust(unsigned int z)
{
	struct page *page;

	while ((page = take(&callers[z])) && zone_of(page) == z)
		;
	if (page)
		__free_page(page);
	pcp_drain(&mm_this_cpu()->pcp);
}

static const struct page *ask_zone(unsigned int z, const char *state)
{
	struct page *page = take(&callers[z]);

	ask("The RAM of a machine is in three zones: DMA up to %lu MB, Normal "
	    "up to %lu MB, HighMem up to %lu MB. %s. Now alloc_page(%s) is "
	    "called. In which zone is the frame? DMA, Normal, HighMem, or none",
	    zones[ZONE_NORMAL].start_pfn >> 8,
	    zones[ZONE_HIGHMEM].start_pfn >> 8,
	    (zones[ZONE_HIGHMEM].start_pfn +
	     zones[ZONE_HIGHMEM].spanned_pages) >>
		    8,
	    state, callers[z].flags);
	answer("%s", page ? names[zone_of(page)] : "none");
	because("The flags say which zone is the highest that will do; when "
		"it has no more to give, the next lower one is asked, as far "
		"as that keeps no frames back for its own callers.");
	return page;
}

static void ask_direct(const struct page *page)
{
	ask("Does the kernel see that frame in its direct map? yes or no");
	answer("%s", zone_of(page) == ZONE_HIGHMEM ? "no" : "yes");
	because("The direct map is DMA and Normal, one to one. A frame of "
		"HighMem gets a window when somebody looks into it.");
}

void ask_zones(void)
{
	course_boot();
	ask_direct(ask_zone((unsigned int)draw_below(MAX_NR_ZONES),
			    "Frames are free in all of them"));
	exhaust(ZONE_HIGHMEM);
	ask_zone(ZONE_NORMAL + (unsigned int)draw_below(2),
		 "HighMem has been used up");
	exhaust(ZONE_NORMAL);
	ask_zone((unsigned int)draw_below(MAX_NR_ZONES),
		 "HighMem and Normal have been used up");
}

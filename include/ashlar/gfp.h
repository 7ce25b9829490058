/* SPDX-License-Identifier: MIT */
/*
 * "Get free pages": how an allocation may behave.
 *
 *   where     __GFP_DMA, __GFP_HIGHMEM       which zones may serve it
 *   mobility  __GFP_MOVABLE, __GFP_RECLAIMABLE   which page block it joins
 *   effort    __GFP_HIGH     may dip below the min watermark
 *             __GFP_MEMALLOC leaves no reserve to anybody
 *             __GFP_RECLAIM  may wait, so reclaim may run
 *             __GFP_NORETRY  one round of reclaim, then fail
 *             __GFP_NOFAIL   never returns NULL; waits instead
 *   result    __GFP_ZERO     memory is zeroed
 *             __GFP_NOWARN   no line in the log on failure
 *
 * The combinations a caller writes are GFP_KERNEL (may wait), GFP_ATOMIC
 * (never waits, may use the emergency reserve), GFP_NOWAIT (never waits) and
 * the zone flags added to them.
 */
#ifndef ASHLAR_GFP_H
#define ASHLAR_GFP_H

#include <ashlar/api.h>

#define __GFP_DMA 0x001u
#define __GFP_HIGHMEM 0x002u
#define __GFP_MOVABLE 0x008u
#define __GFP_RECLAIMABLE 0x010u
#define __GFP_HIGH 0x020u
#define __GFP_RECLAIM 0x040u
#define __GFP_NORETRY 0x080u
#define __GFP_NOFAIL 0x100u
#define __GFP_ZERO 0x200u
#define __GFP_NOWARN 0x400u
#define __GFP_NOMEMALLOC 0x1000u
#define __GFP_MEMALLOC 0x2000u

#define GFP_KERNEL (__GFP_RECLAIM)
#define GFP_ATOMIC (__GFP_HIGH)
#define GFP_NOWAIT (0u)
#define GFP_USER (__GFP_RECLAIM)
#define GFP_HIGHUSER (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_DMA __GFP_DMA

static inline bool gfpflags_allow_blocking(gfp_t gfp)
{
	return (gfp & __GFP_RECLAIM) != 0;
}

#ifdef __cplusplus
extern "C" {
#endif

struct page;

struct page *alloc_pages(gfp_t gfp, unsigned int order) ASHLAR_API(alloc_pages);
void __free_pages(struct page *page, unsigned int order)
	ASHLAR_API(__free_pages);
unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
	ASHLAR_API(__get_free_pages);
unsigned long get_zeroed_page(gfp_t gfp) ASHLAR_API(get_zeroed_page);
void free_pages(unsigned long addr, unsigned int order) ASHLAR_API(free_pages);
void *alloc_pages_exact(size_t size, gfp_t gfp) ASHLAR_API(alloc_pages_exact);
void free_pages_exact(void *addr, size_t size) ASHLAR_API(free_pages_exact);
void split_page(struct page *page, unsigned int order) ASHLAR_API(split_page);

#define alloc_page(gfp) alloc_pages(gfp, 0)
#define __free_page(page) __free_pages(page, 0)
#define __get_free_page(gfp) __get_free_pages(gfp, 0)
#define free_page(addr) free_pages(addr, 0)

#ifdef __cplusplus
}
#endif

#endif

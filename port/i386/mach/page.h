/* SPDX-License-Identifier: MIT */
/*
 * Frames of the PC: frame number = physical address / 4 KB. Those below
 * max_low_pfn are in the direct map, at PAGE_OFFSET + physical address; the
 * others (high memory) have an address only while somebody maps them.
 *
 *   physical  0 ┌────────────┐ max_low_pfn ┌──────────────┐ max_pfn
 *               │ DMA Normal │             │ HighMem      │
 *   virtual   3 GB ──────────┘             kmap, user mappings
 *
 * mem_map covers all frames up to max_pfn, holes included.
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/compiler.h>
#include <ashlar/mm_types.h>

#define PAGE_OFFSET 0xC0000000ul

extern unsigned long max_low_pfn; /* first frame outside the direct map */
extern unsigned long max_pfn; /* first frame after all RAM */
extern struct page *port_mem_map;
extern struct page *port_high_pages; /* descriptor of max_low_pfn */
/* Behind CLASS_WORDS, which are the core's: */
extern u8 *port_slab_ids; /* CPU list of a low frame's objects, or 0 */

static inline unsigned long virt_to_pfn(const void *addr)
{
	return ((uintptr_t)addr - PAGE_OFFSET) >> PAGE_SHIFT;
}

static inline void *pfn_to_virt(unsigned long pfn)
{
	return (void *)((pfn << PAGE_SHIFT) + PAGE_OFFSET);
}

static inline u32 virt_to_phys(const void *addr)
{
	return (u32)((uintptr_t)addr - PAGE_OFFSET);
}

static inline void *phys_to_virt(u32 phys)
{
	return (void *)(phys + PAGE_OFFSET);
}

/* True if @addr, which may be any value, can be looked up in mem_map. */
static inline bool virt_addr_valid(const void *addr)
{
	return virt_to_pfn(addr) < max_low_pfn;
}

/* True if port_guard_close() may be asked for a frame; large pages map them. */
static inline bool port_guards_frames(void)
{
	return false;
}

static inline bool pfn_is_high(unsigned long pfn)
{
	return pfn >= max_low_pfn;
}

static inline bool page_is_high(const struct page *page)
{
	return page >= port_high_pages;
}

/* One whole frame, by 16 bytes at a time where the processor can. */
void clear_page(void *page);
void copy_page(void *to, const void *from);

#include <ashlar/mem_map.h>

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Frames of a board: its RAM is one range of addresses that are used as they
 * are, and frame number 0 is the range's first page.
 *
 *   port_ram_base
 *   │ descriptors │ frames …                                │
 *   └ port_mem_map, CLASS_WORDS, port_slab_ids
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/mm_types.h>

extern uintptr_t port_ram_base; /* a multiple of the largest block's size */
extern unsigned long port_ram_pages;
extern struct page *port_mem_map;
/* Behind CLASS_WORDS, which are the core's: */
extern u8 *port_slab_ids; /* CPU list that a frame's objects go to, or 0 */

static inline unsigned long virt_to_pfn(const void *addr)
{
	return ((uintptr_t)addr - port_ram_base) >> PAGE_SHIFT;
}

static inline void *pfn_to_virt(unsigned long pfn)
{
	return (void *)(port_ram_base + (pfn << PAGE_SHIFT));
}

/* True if @addr, which may be any value, can be looked up in mem_map. */
static inline bool virt_addr_valid(const void *addr)
{
	return virt_to_pfn(addr) < port_ram_pages;
}

/* True if port_guard_close() may be asked for a frame. */
static inline bool port_guards_frames(void)
{
	return false;
}

/* Every frame has an address. */
static inline bool page_is_high(const struct page *page)
{
	(void)page;
	return false;
}

#include <ashlar/mem_map.h>

#endif

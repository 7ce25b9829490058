/* SPDX-License-Identifier: MIT */
/*
 * Frames of the paper machine: all of its RAM is one arena, zone after zone,
 * and frame number 0 is the arena's first page.
 *
 *   | DMA        | NORMAL               | HIGHMEM      |
 *   0            zone_pages[0]          sim_max_low_pfn  port_ram_pages
 *
 * High frames have an address here, too, but one that is always poisoned
 * under AddressSanitizer: like the kernel of a PC the core must reach them
 * through a window (mm/highmem.c).
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/mm_types.h>

extern uintptr_t port_ram_base;
extern unsigned long port_ram_pages;
extern unsigned long sim_max_low_pfn;
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
	return virt_to_pfn(addr) < sim_max_low_pfn;
}

/* True if port_guard_close() may be asked for a frame. */
static inline bool port_guards_frames(void)
{
	return true;
}

/* True if the frame has no address of its own. */
static inline bool pfn_is_high(unsigned long pfn)
{
	return pfn >= sim_max_low_pfn;
}

static inline bool page_is_high(const struct page *page)
{
	return pfn_is_high((unsigned long)(page - port_mem_map));
}

static inline void clear_page(void *page)
{
	__builtin_memset(page, 0, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
	__builtin_memcpy(to, from, PAGE_SIZE);
}

#include <ashlar/mem_map.h>

#endif

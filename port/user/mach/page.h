/* SPDX-License-Identifier: MIT */
/*
 * Frames of a process: RAM is one range of addresses, so frame number 0 is
 * the range's first page.
 *
 *   port_slab_ids    port_mem_map                port_ram_frame << PAGE_SHIFT
 *   | u8 a frame |   | struct page a frame |     | frames ...          |
 *
 * Before the range exists port_ram_pages is 0: no address is inside.
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/mm_types.h>

extern unsigned long port_ram_frame __hidden; /* address of frame 0 / 4 KiB */
extern unsigned long port_ram_pages __hidden; /* frames online */
extern struct page *port_mem_map __hidden;
/* Behind CLASS_WORDS, which are the core's: */
extern u8 *port_slab_ids __hidden; /* CPU list of a frame's objects, or 0 */

static inline unsigned long virt_to_pfn(const void *addr)
{
	return ((uintptr_t)addr >> PAGE_SHIFT) - port_ram_frame;
}

static inline void *pfn_to_virt(unsigned long pfn)
{
	return (void *)((port_ram_frame + pfn) << PAGE_SHIFT);
}

/*
 * True if @addr, which may be any value, can be looked up in mem_map. Without
 * the range's lock: of a block that somebody holds it stays true.
 */
static inline __racy bool virt_addr_valid(const void *addr)
{
	return virt_to_pfn(addr) < port_ram_pages;
}

/* True if port_guard_close() may be asked for a frame. */
static inline bool port_guards_frames(void)
{
	return true;
}

/* Every frame has an address. */
static inline bool page_is_high(const struct page *page)
{
	(void)page;
	return false;
}

#include <ashlar/mem_map.h>

#endif

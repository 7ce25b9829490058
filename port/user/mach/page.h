/* SPDX-License-Identifier: MIT */
/*
 * Frames of a process: RAM is one range of addresses, so frame number 0 is
 * the range's first page.
 *
 *   port_slab_ids    port_mem_map                port_ram_frame << PAGE_SHIFT
 *   | u8 a frame |   | struct page a frame |     | frames ...          |
 *
 * Before the range exists port_ram_pages is 0: no address is inside. They
 * lie side by side, for what has no address of its own in an instruction: there
 * a processor finds them all from one.
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/mm_types.h>

struct port_ram {
	unsigned long frame; /* address of frame 0 / 4 KiB */
	unsigned long pages; /* frames online */
	u8 *slab_ids; /* CPU list of a frame's objects, or 0 */
	struct page *mem_map;
};

extern struct port_ram port_ram __hidden;

#define port_ram_frame port_ram.frame
#define port_ram_pages port_ram.pages
#define port_mem_map port_ram.mem_map
/* Behind CLASS_WORDS, which are the core's: */
#define port_slab_ids port_ram.slab_ids

/*
 * Where they are. But on x86, whose instructions hold addresses, the
 * compiler is to keep it: it would form it anew for each of them.
 */
static __always_inline struct port_ram *port_ram_here(void)
{
	struct port_ram *ram = &port_ram;

#if !defined(__x86_64__) && !defined(__i386__)
	__asm__("" : "+r"(ram));
#endif
	return ram;
}

#define frame_ids() (port_ram_here()->slab_ids)

/*
 * Of 32 bits, every address has a place in a table that is there from the
 * start: what lies in no frame has the id 0 like a frame without one, and a
 * release need not ask first. The frames' ids are the middle of it.
 */
#ifdef __i386__
struct port_classes {
	u64 words[CLASS_WORDS];
	u8 ids[1u << (32 - PAGE_SHIFT)];
};

extern struct port_classes port_classes __hidden;

#define class_words_end() (port_classes.words + CLASS_WORDS)
#define frame_id_of(addr) \
	((unsigned long)port_classes.ids[(uintptr_t)(addr) >> PAGE_SHIFT])
#define ANY_HAS_FRAME_ID 1

/* No pointer of a program, nor a number it has often; in an instruction. */
#define port_free_mark() ((void *)0xffa51a2bul)
extern u8 *const port_free_mark_value __hidden;
#define port_free_mark_place (&port_free_mark_value)
#else
#define ANY_HAS_FRAME_ID 0
#endif

static inline unsigned long virt_to_pfn(const void *addr)
{
	return ((uintptr_t)addr >> PAGE_SHIFT) - port_ram_here()->frame;
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
	return virt_to_pfn(addr) < port_ram_here()->pages;
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

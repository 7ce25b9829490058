/* SPDX-License-Identifier: MIT */
/*
 * struct page: what is known about one page frame.
 *
 * mem_map is one flat array over all of RAM, so frame number, address and
 * descriptor are arithmetic on each other. A descriptor of all zeroes is a
 * frame that was never brought online: an untouched descriptor costs no
 * memory.
 *
 *   byte 0    1      2     3      4        8        24          32      64
 *   +-------+------+-----+------+--------+--------+-----------+--------+
 *   | flags | order| type| hint | inuse, | lru    | slab_cache| free   |
 *   |       | | nr |     |      | bump … | | head | | priv      | bits   |
 *   +-------+------+-----+------+--------+--------+-----------+--------+
 *
 * A frame is one of
 *   free         PG_buddy, order, list_type, lru on a free_area list
 *                (zone->lock); only the block's first frame says so
 *   per-CPU      PG_pcp, order, lru on a per_cpu_pages list (its lock)
 *   slab head    PG_slab, nr, hint, inuse, bump, lru on one of its cache's
 *                lists, slab_cache, free_bits (the cache's lock)
 *   slab tail    PG_slab|PG_tail, head, slab_cache, free_bits (same)
 *   allocated    PG_used on the first frame, order as asked for, priv
 *                the owner's
 *                (index: bytes of this frame that were asked for, 0: all; in
 *                the last one of a vmalloc area, and under check= of a large
 *                kmalloc block)
 *   user page    allocated, and mapped by processes or cached for a file:
 *                _refcount, _mapcount, mapping, index, pflags … (same
 *                bytes as free_bits; all zero again when it is freed)
 *   anything     zeroes: inside a free or allocated block, or never RAM
 *
 * free_bits has a bit for each 16 bytes of the frame, set where a free
 * object of a slab starts. Free objects are found there and not through
 * links inside them, so freeing never touches an object and a page whose
 * objects are all free can be given back while its slab lives on.
 */
#ifndef ASHLAR_MM_TYPES_H
#define ASHLAR_MM_TYPES_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/list.h>
#include <ashlar/tune.h>
#include <ashlar/types.h>

#define PAGE_SIZE (1ul << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)

/* struct page::flags */
#define PG_used 0x01 /* first frame of an allocation */
#define PG_buddy 0x02 /* first frame of a free block */
#define PG_pcp 0x04 /* first frame of a block on a per-CPU list */
#define PG_discarded 0x04 /* slab frame: vacant, as it was given back */
#define PG_slab 0x08
#define PG_tail 0x10
#define PG_full 0x20 /* slab head: on the full list; tail: no free bit */
#define PG_zeroed 0x20 /* free block: not resident on the host, reads zero */
#define PG_reported 0x40 /* free block: zeroed because it was given back */
#define PG_isolated 0x40 /* slab head: on its cache's slabs_isolated */
#define PG_vacant 0x80 /* slab frame that was never used, or was given back */

#define ORDER_NONE 0xff /* allocated by count of frames, not by order */

#define SLAB_GRANULE 16
#define FREE_WORDS (PAGE_SIZE / SLAB_GRANULE / (8 * sizeof(long)))

/* struct page::pflags, of user pages; Linux's names. */
#define PG_locked 0x0001u /* <ashlar/pagemap.h>: being filled, cut or moved */
#define PG_uptodate 0x0002u
#define PG_dirty 0x0004u
#define PG_referenced 0x0008u
#define PG_swapbacked 0x0010u /* anonymous or shmem: no file to go back to */
#define PG_active 0x0020u /* on, or meant for, an active list (mm/vmscan.c) */
#define PG_anon_exclusive 0x0040u /* one process has it: no copy on write */
#define PG_writeback 0x0080u /* on its way to a disk */
#define PG_lru 0x0100u /* on one of the lists of mm/vmscan.c */
#define PG_unevictable 0x0200u
#define PG_workingset 0x0400u /* was active when it was last reclaimed */
#define PG_reclaim 0x0800u /* goes as soon as it is written */
#define PG_readahead 0x1000u /* a read of it starts the next readahead */
#define PG_swapcache 0x2000u /* ->priv is its swap entry */
#define PG_private 0x4000u /* ->priv is the filesystem's */
#define PG_huge 0x8000u /* first frame of a huge page */
#define PG_hugetlb 0x10000u /* first frame of a page of mm/hugetlb.c */

/*
 * Low bits of struct page::mapping: bit 0: an anon_vma, not an address_space;
 * both: what is known of a merged page, which is anonymous, too (mm/ksm.h).
 */
#define PAGE_MAPPING_ANON 1ul
#define PAGE_MAPPING_KSM 3ul

struct kmem_cache;
struct address_space;

struct page {
	u8 flags;
	union {
		u8 order; /* buddy, pcp: the block has 2^order frames */
		u8 nr; /* slab head: frames of this slab */
	};
	u8 block_type; /* first frame of a pageblock (zone->lock), see
			* pageblock_type() in mm/page_alloc.h */
	union {
		u8 list_type; /* free: the migratetype list it is on */
		u8 hint; /* slab head: tails before it have no free bit */
	};
	struct { /* slab head */
		u16 inuse; /* objects handed out */
		u16 bump; /* what was never used begins here, in granules */
	};
	union {
		struct list_head lru;
		struct page *head; /* slab tail */
	};
	union {
		struct kmem_cache *slab_cache; /* slab head and tail */
		unsigned long priv; /* the owner's; Linux says private */
	};
	union {
		unsigned long free_bits[FREE_WORDS]; /* slab */
		struct { /* user page */
			atomic_t _refcount; /* owners; 0 frees the page */
			atomic_t _mapcount; /* page table entries, from 0 */
			unsigned long mapping; /* address_space, or anon_vma
						* | PAGE_MAPPING_ANON */
			unsigned long index; /* in pages, within mapping */
			u32 pflags; /* changed by atomic operations */
			atomic_t _mlock_count; /* entries of locked areas */
		};
	};
};

#endif

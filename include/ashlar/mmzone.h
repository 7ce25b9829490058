/* SPDX-License-Identifier: MIT */
/* Zones of RAM and their free lists. The picture is in mm/buddy.c. */
#ifndef ASHLAR_MMZONE_H
#define ASHLAR_MMZONE_H

#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/tune.h>
#include <mach/local_lock.h>
#include <mach/spinlock.h>

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_TYPES
};

enum zone_type { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, MAX_NR_ZONES };

enum zone_watermarks { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* Things that happen, counted per CPU; names in mm/report/vmstat.c. */
enum vm_event_item {
	PGALLOC,
	PGFREE,
	PGSTEAL_BLOCK, /* page blocks that changed their mobility type */
	PGREPORT, /* frames given back to the host */
	PGREFAULT, /* frames handed out again after being given back */
	PGONLINE, /* frames brought online */
	SLAB_REFILL, /* sheaves filled from slabs */
	SLAB_FLUSH, /* sheaves emptied into slabs */
	BARN_GET, /* full sheaves taken from a barn */
	BARN_PUT, /* full sheaves left in a barn */
	SLAB_RECLAIM, /* slab frames freed by shrinkers */
	ALLOCSTALL, /* allocations that had to reclaim */
	ALLOC_FAIL, /* allocations that failed */
	NR_CORE_EVENTS,
	/* Only where there are address spaces: */
	PGALLOC_DMA = NR_CORE_EVENTS, /* of PGALLOC, in that zone */
	PGALLOC_HIGH,
	ALLOCSTALL_DMA, /* of ALLOCSTALL */
	ALLOCSTALL_HIGH,
	ALLOCSTALL_MOVABLE,
	PGFAULT, /* page faults, those below included */
	PGMAJFAULT, /* that had to wait for I/O */
	PSWPIN, /* pages that began to be read from swap areas */
	PSWPOUT, /* and written */
	SWAP_RA, /* read though no fault wanted them yet */
	SWAP_RA_HIT, /* of those, that one wanted then */
	PGREUSE, /* writes to a page that was shared no more */
	PGLAZYFREE, /* pages given up by MADV_FREE */
	PGACTIVATE, /* pages that became active */
	PGDEACTIVATE, /* and inactive again */
	PGREFILL, /* active pages that were looked at */
	PGSCAN_KSWAPD, /* inactive pages that were looked at, by whom … */
	PGSCAN_DIRECT,
	PGSTEAL_KSWAPD, /* and of those, freed */
	PGSTEAL_DIRECT,
	PGSCAN_ANON, /* … and of which kind */
	PGSCAN_FILE,
	PGSTEAL_ANON,
	PGSTEAL_FILE,
	PGLAZYFREED, /* pages given up that were freed */
	PAGEOUTRUN, /* rounds of kswapd */
	DROP_PAGECACHE, /* requests */
	DROP_SLAB,
	PGROTATED, /* written on their way out, and the next to go */
	UNEVICTABLE_PGMLOCKED, /* pages of which a first entry was locked */
	UNEVICTABLE_PGMUNLOCKED, /* and a last one no longer */
	OOM_KILL, /* processes killed for their memory */
	THP_FAULT_ALLOC, /* huge pages that a fault made */
	THP_FAULT_FALLBACK, /* … and that there was no block for */
	THP_COLLAPSE_ALLOC, /* tables that became huge pages */
	THP_COLLAPSE_ALLOC_FAILED, /* … and that there was no block for */
	THP_SCAN_EXCEED_NONE_PTE, /* tables left: too few pages */
	THP_SCAN_EXCEED_SHARE_PTE, /* … too many that others have, too */
	THP_SPLIT_PAGE, /* huge pages that became pages */
	THP_SPLIT_PMD, /* … and entries that became tables */
	HTLB_BUDDY_PGALLOC, /* blocks for the pool of huge pages … */
	HTLB_BUDDY_PGALLOC_FAIL, /* … that could not be had */
	PGMIGRATE_SUCCESS, /* pages that moved to another frame */
	PGMIGRATE_FAIL, /* and those that were in use */
	COMPACTMIGRATE_SCANNED, /* frames looked at for pages to move … */
	COMPACTFREE_SCANNED, /* … and free ones found for them */
	COMPACTISOLATED, /* both, once they were taken */
	COMPACTSTALL, /* allocations that compacted memory */
	COMPACTFAIL, /* and found no block then */
	COMPACTSUCCESS, /* and did */
	KCOMPACTD_WAKE, /* times that the background was asked */
	KCOMPACTD_MIGRATE_SCANNED, /* of the above, what it did */
	KCOMPACTD_FREE_SCANNED,
	KSM_SWPIN_COPY, /* swapped pages that became several again */
	COW_KSM, /* writes to pages that had been merged */
	NR_VM_EVENT_ITEMS
};

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	unsigned long nr_free[MIGRATE_TYPES]; /* blocks */
};

/*
 * All counts are in frames. The lock protects all that changes: everything
 * but index and name.
 */
struct zone {
	spinlock_t lock;
	u32 index; /* enum zone_type */
	const char *name;
	unsigned long start_pfn;
	unsigned long spanned_pages; /* from start_pfn, holes included */
	unsigned long present_pages; /* RAM */
	unsigned long managed_pages; /* RAM in the buddy system's care */
	unsigned long watermark[NR_WMARK];
	/* Kept from callers who may use the zone of that type as well. */
	unsigned long lowmem_reserve[MAX_NR_ZONES];
	unsigned long free_pages; /* on free_area lists */
	unsigned long resident_free; /* of those, resident on the host */
	unsigned long retired_pages; /* given back with their addresses */
	struct list_head isolated; /* blocks being given back */
	unsigned long report_slack; /* resident_free allowed for churn */
	unsigned long report_refused; /* and for what the host does not take */
	unsigned long report_last; /* port_time_ms() when these were halved */
	unsigned long report_time; /* … when the host last took frames */
	bool reporting; /* a CPU is giving frames back */
	struct free_area free_area[MAX_ORDER];
};

/* Frames that one CPU keeps to itself, by order and mobility. */
struct per_cpu_pages {
	local_lock_t lock;
	unsigned int count; /* frames on all lists */
	unsigned int batch; /* frames of the next refill, 1 … PCP_BATCH */
	struct list_head lists[PCP_ORDERS][MIGRATE_TYPES];
};

/*
 * The mobility type of a pageblock, from its first descriptor: one that was
 * never touched says movable, the type of fresh memory.
 */
static inline unsigned int pageblock_type_of(const struct page *first)
{
	return first->block_type ^ MIGRATE_MOVABLE;
}

extern struct zone zones[MAX_NR_ZONES] __hidden;

/* vm.min_free_kbytes: what ordinary allocations leave, without HighMem's. */
extern unsigned long min_free_kbytes;
void set_min_free_kbytes(unsigned long kbytes);
/* vm.watermark_scale_factor, vm.lowmem_reserve_ratio */
void set_watermark_scale_factor(unsigned int factor);
extern unsigned int lowmem_reserve_ratio[MAX_NR_ZONES];
void set_lowmem_reserve_ratio(const unsigned int ratio[MAX_NR_ZONES]);

#define for_each_populated_zone(z)                     \
	for (z = zones; z < zones + MAX_NR_ZONES; z++) \
		if (z->managed_pages == 0) {           \
		} else

/* Frames in the buddy system's care. */
static inline unsigned long totalram_pages(void)
{
	unsigned long n = 0;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->managed_pages;
	return n;
}

/* Frames that are not free, as they come and go. Context: any, no lock. */
static inline unsigned long nr_used_pages(void)
{
	const struct zone *z;
	unsigned long n = 0;

	for_each_populated_zone(z)
		n += READ_ONCE(z->managed_pages) - READ_ONCE(z->free_pages);
	return n;
}

#endif

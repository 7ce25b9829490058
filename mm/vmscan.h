/* SPDX-License-Identifier: MIT */
/*
 * What the files of reclaim share: vmscan.c (which lists, how much of them),
 * shrink_list.c (a batch of one), pageout.c (one page on its way out),
 * workingset.c (how soon it came back).
 */
#ifndef ASHLAR_MM_VMSCAN_H
#define ASHLAR_MM_VMSCAN_H

#include <ashlar/compiler.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include "lru.h"

#define SWAP_CLUSTER_MAX 32u
#define DEF_PRIORITY 12

/* One attempt to get memory, and how it goes. */
struct scan_control {
	unsigned long nr_to_reclaim; /* pages */
	unsigned long nr_reclaimed; /* so far */
	unsigned long nr_objects; /* of shrinkers, that no frame came free by */
	unsigned long nr_scanned; /* at this priority */
	unsigned long nr_writeback; /* pages that are on their way to a disk */
	unsigned long nr_pageout; /* pages whose way began here */
	unsigned long nr_begun; /* of those, not there yet; in this round */
	unsigned long nr_dirty; /* pages of files that are not being written */
	gfp_t gfp;
	enum zone_type highest; /* pages of higher zones are of no use */
	int priority; /* a 2^priority-th of a list is looked at */
	bool kswapd; /* who looks, for the counts */
	bool may_unmap; /* pages that programs have mapped go as well */
	bool may_launder; /* what would have to be written may wait for that */
	bool ignore_use; /* whether a page is in use does not matter */
	bool deactivate_file; /* active pages of files may grow old */
	bool deactivate_anon;
	bool force_deactivate; /* else there was nothing to be had */
	bool skipped_deactivate; /* some might have */
};

/* What becomes of a page that was looked at. */
enum page_fate {
	PAGE_KEEP, /* it stays inactive, or is unevictable */
	PAGE_ACTIVATE,
	PAGE_LAUNDER, /* it stays inactive, and is not clean */
	PAGE_CLEAN, /* its last reference went */
	PAGE_WRITTEN, /* it is on its way to a disk, and not locked any more */
};

unsigned int shrink_inactive_list(enum lru_list lru, unsigned int nr,
				  struct scan_control *sc);
unsigned int shrink_active_list(enum lru_list lru, unsigned int nr,
				struct scan_control *sc);
unsigned long drop_list(enum lru_list lru);
void drain_own_frames(void);
void reclaim_pages(struct list_head *list, bool file, unsigned int nr);
enum page_fate reclaim_page(struct page *page, struct scan_control *sc);

bool reclaim_is_futile(void);

#endif

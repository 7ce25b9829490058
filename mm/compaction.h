/* SPDX-License-Identifier: MIT */
/* Free memory in one piece, to mm/. */
#ifndef ASHLAR_MM_COMPACTION_H
#define ASHLAR_MM_COMPACTION_H

#include <ashlar/mmzone.h>
#include <ashlar/types.h>
#include "migrate.h"
#include "page_alloc.h"

enum compact_result {
	COMPACT_SKIPPED, /* it would not help, or was put off */
	COMPACT_COMPLETE, /* there is no more to gain */
	COMPACT_SUCCESS /* a block of the order became free */
};

#define COMPACT_TRIES 8u /* units that may turn out not to be movable */
#define HELD_WORDS \
	((MAX_ORDER_FRAMES + 8 * sizeof(long) - 1) / (8 * sizeof(long)))

/* One unit being emptied, and what leads to it. */
struct compact_control {
	struct zone *zone;
	unsigned int order; /* of a unit: 2^order frames, aligned */
	enum migrate_mode mode;
	bool any_type; /* pages go to pageblocks of any mobility */
	bool daemon; /* in the background, for the counts */
	struct page *spare; /* a frame to move to, not yet used */
	unsigned long unit; /* its first frame */
	unsigned long nr_held; /* frames of it that are free, and ours */
	unsigned long held[HELD_WORDS]; /* which ones */
	unsigned int nr_failed;
	unsigned long failed[COMPACT_TRIES]; /* units, by their first frame */
};

/* compaction.c */
enum compact_result compact_zone(struct compact_control *cc);

/* fragmentation.c */
struct contig_page_info {
	unsigned long free_pages;
	unsigned long free_blocks_total;
	unsigned long free_blocks_suitable; /* as if cut to the order */
};

void fill_contig_page_info(const struct zone *z, unsigned int order,
			   struct contig_page_info *info);
int fragmentation_index(struct zone *z, unsigned int order);
unsigned int extfrag_for_order(struct zone *z, unsigned int order);

#endif

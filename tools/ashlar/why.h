/* SPDX-License-Identifier: MIT */
/* Why a process has as much in memory as it has: parts that add up to Rss. */
#ifndef ASHLAR_TOOLS_WHY_H
#define ASHLAR_TOOLS_WHY_H

#include "heap.h"

enum part {
	/* Of the malloc library: as in struct ashlar_memory. */
	PART_LIVE,
	PART_ROUNDING,
	PART_ROOM,
	PART_CACHED,
	PART_OWN,
	PART_FREE,
	PART_KEPT,
	PART_UNTOUCHED, /* negative: of the above, what was never written */
	PART_RECORDS, /* what a checker or a profile keeps */
	/* Of the rest of the process. */
	PART_CODE,
	PART_DATA,
	PART_FILES,
	PART_SHARED,
	PART_STACKS,
	PART_ANONYMOUS,
	NR_PARTS
};

struct why_cache {
	struct ashlar_memory_class class;
	struct slabinfo info;
	uint64_t bytes; /* of its slabs' frames */
	uint64_t cached; /* a count: objects in sheaves */
	int node;
};

/* Bytes, but for what is a count. */
struct why {
	int64_t part[NR_PARTS];
	uint64_t rss; /* their sum */
	uint64_t blocks, threads; /* counts */
	uint64_t rounding_most; /* of live, what was not asked for, at most */
	struct why_cache *caches;
	size_t nr_caches;
	uint64_t largest; /* anonymous mapping that is not the malloc's */
	uint64_t largest_start; /* … its address */
};

bool why_look(struct target *t, struct why *w);
void why_free(struct why *w);

/* What the parts are called in JSON and in metrics. */
extern const char *const part_names[NR_PARTS];

/* why_rss.c: the process's mappings; @own is the heap's skip list, in order. */
bool why_rss(struct heap *h, struct why *w, uint64_t *own);

#endif

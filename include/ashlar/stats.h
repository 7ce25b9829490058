/* SPDX-License-Identifier: MIT */
/*
 * What memory is used for, told to the program itself: libashlar-malloc says
 * it of malloc's, libashlar of its own. The functions are documented in
 * libashlar(3). A program that may run with or without the malloc declares
 * them weak before it includes this file, and asks whether they are there:
 *
 *	#pragma weak ashlar_memory_stats
 *	#include <ashlar/stats.h>
 *
 *	struct ashlar_memory s = { .size = sizeof(s) };
 *	if (ashlar_memory_stats && !ashlar_memory_stats(&s, 0))
 *		publish(s.live, s.held);
 */
#ifndef ASHLAR_STATS_H
#define ASHLAR_STATS_H

#include <ashlar/api.h>

/* All in bytes. New members are added at the end alone. */
struct ashlar_memory {
	size_t size; /* set by the caller: of this structure, as it knows it */
	size_t held; /* the sum of the seven parts that follow */
	size_t live; /* blocks that the program holds, as it may use them */
	size_t rounding; /* beside them: alignment, ends of slabs */
	size_t room; /* free places in slabs */
	size_t cached; /* free blocks at a thread's hand, or between threads */
	size_t own; /* the allocator's records: descriptors, lists */
	size_t free_kept; /* free frames that the system has not back */
	size_t large_kept; /* mappings kept for the next large block */
	/* No parts of it: */
	size_t resident; /* in memory; with ASHLAR_STATS_RESIDENT */
	size_t given_back; /* free frames that the system has back */
	size_t blocks; /* a count: live blocks */
	size_t rounding_most; /* of `live`, what was not asked for, at most */
};

/* One cache, or one of malloc's sizes. */
struct ashlar_memory_class {
	char name[32];
	size_t object_size; /* bytes that the holder of a block may use */
	size_t slot; /* bytes from one block to the next */
	size_t blocks; /* a count: that the program holds */
	size_t live, rounding, room, cached, own; /* as above */
};

/* Ask the system how much is resident: some microseconds for each MiB. */
#define ASHLAR_STATS_RESIDENT 1u
/* ashlar_memory_stats_json(): each class, too. */
#define ASHLAR_STATS_CLASSES 2u

#ifdef __cplusplus
extern "C" {
#endif

ASHLAR_PUBLIC int ashlar_memory_stats(struct ashlar_memory *stats,
				      unsigned int flags);
ASHLAR_PUBLIC size_t ashlar_memory_classes(struct ashlar_memory_class *classes,
					   size_t nr, size_t size);
ASHLAR_PUBLIC size_t ashlar_memory_stats_json(char *buf, size_t size,
					      unsigned int flags);

#ifdef __cplusplus
}
#endif

#endif

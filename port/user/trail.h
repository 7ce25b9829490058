/* SPDX-License-Identifier: MIT */
/* The frames of the last walk of a thread, for callers.c. */
#ifndef ASHLAR_PORT_TRAIL_H
#define ASHLAR_PORT_TRAIL_H

#include "unwind.h"

#define TRAIL_FRAMES 128u
#define TRAIL_DEPTH 16u /* frames that are asked for, at most */
#define TRAIL_NOTES_BITS 9

/* All zeroes is an empty one. A thread's own. */
struct trail {
	/* Those from top on, before end, innermost first. */
	u32 top, end;
	bool whole; /* the last of them has no caller */
	bool odd; /* where some lies is not known */
	bool busy; /* a signal handler may come meanwhile */
	unsigned long pc[TRAIL_FRAMES];
	uintptr_t slot[TRAIL_FRAMES + 1]; /* of pc, in the stack; ascending */
	uintptr_t bp[TRAIL_FRAMES]; /* its complement */
	u64 sum[TRAIL_FRAMES + 1]; /* of pc from here on */
	u64 power[TRAIL_DEPTH + 1]; /* of the sums' factor */
	struct {
		u64 sum;
		u32 note;
	} noted[1 << TRAIL_NOTES_BITS];
};

/* What trail_follow() found: these words of the stack are the callers. */
struct found {
	const uintptr_t *slot;
	u32 nr;
	u32 note;
};

struct found trail_follow(struct trail *t, struct unwind u, unsigned int nr,
			  u32 (*number)(const unsigned long *pc,
					unsigned int nr));

#endif

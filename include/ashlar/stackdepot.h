/* SPDX-License-Identifier: MIT */
/*
 * Stacks of callers, each kept once, under a number of 32 bits: what a record
 * of an allocation has room for. Code: lib/stackdepot.c.
 */
#ifndef ASHLAR_STACKDEPOT_H
#define ASHLAR_STACKDEPOT_H

#include <ashlar/compiler.h>
#include <ashlar/tune.h>
#include <ashlar/types.h>

#define DEPOT_CHUNK_BYTES (1ul << DEPOT_CHUNK_SHIFT)
#define DEPOT_DEPTH 64 /* return addresses of one stack, at most */

/* In a chunk, at a multiple of 8 bytes; constant once others find it. */
struct depot_stack {
	u32 next; /* handle of the next with a hash like this, or 0 */
	u32 hash;
	u32 nr;
	u32 unused;
	unsigned long pc[]; /* innermost first */
};

/* All zeroes but for the two functions is an empty one. */
struct stack_depot {
	void *(*more)(size_t bytes); /* memory, any contents; NULL: none */
	void (*give)(void *p, size_t bytes); /* what more() returned */
	u32 end; /* handle of the next stack; changes by atomic operations */
	void *chunk[DEPOT_CHUNKS]; /* the first is the table of hashes */
};

u32 stack_depot_save(struct stack_depot *d, const unsigned long *pc,
		     unsigned int nr);
/* Bytes of all stacks and the table that leads to them. */
static inline size_t stack_depot_bytes(const struct stack_depot *d)
{
	return (size_t)READ_ONCE(d->end) * 8;
}

unsigned int stack_depot_fetch(const struct stack_depot *d, u32 handle,
			       const unsigned long **pc);

#endif

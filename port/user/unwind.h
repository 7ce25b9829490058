/* SPDX-License-Identifier: MIT */
/* From a frame of the stack to its caller's. */
#ifndef ASHLAR_PORT_UNWIND_H
#define ASHLAR_PORT_UNWIND_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

struct unwind {
	uintptr_t pc, sp, bp;
	bool exact; /* pc is the instruction itself, not where a call returns */
};

/* Addresses [start, start + bytes). */
struct code {
	uintptr_t start, bytes;
};

/*
 * Where each frame above @u returns to, innermost first, but not what
 * is in @skip; returns how many, at most @nr.
 */
unsigned int unwind(struct unwind u, const struct code *skip, unsigned long *pc,
		    unsigned int nr);

/*
 * Where each returns to and, unless NULL, where that is on the stack, or 0, and
 * the complement of what rbp is then: what the program has there may be the
 * address of a block, and is not to be found in a second place.
 */
struct callers {
	unsigned long *pc;
	uintptr_t *slot;
	uintptr_t *bp;
};

unsigned int unwind_slots(struct unwind u, const struct code *skip,
			  struct callers out, unsigned int nr);

/* Frames that are known, innermost first; behind the last is a slot of ~0. */
struct known {
	struct callers frames;
	unsigned int at; /* the first that may be met; then the one that was */
	bool met;
};

/* The same; but it ends before the first frame that is one of @known. */
unsigned int unwind_to_known(struct unwind u, const struct code *skip,
			     struct callers out, unsigned int nr,
			     struct known *known);

/* A piece of the running thread's stack that was found to be readable. */
extern __thread struct readable {
	uintptr_t from, to;
} readable __hidden;

/* True if these words of the running stack are known to be there. */
static __always_inline bool unwind_may_read(uintptr_t from, uintptr_t last)
{
	return from >= readable.from && last < readable.to;
}

/* unwind_here - the frame of the function that this is inlined into */
static __always_inline struct unwind unwind_here(void)
{
	struct unwind u = { .exact = true };

#ifdef __x86_64__
	__asm__ volatile("lea 0(%%rip), %0\n\t"
			 "mov %%rsp, %1\n\t"
			 "mov %%rbp, %2"
			 : "=&r"(u.pc), "=&r"(u.sp), "=&r"(u.bp));
#else
	u.bp = (uintptr_t)__builtin_frame_address(0);
#endif
	return u;
}

#endif

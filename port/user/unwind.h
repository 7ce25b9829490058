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
 * From a function of this library's to who called it: @u is the first frame
 * that is not in @own. False: it was not found.
 */
bool unwind_leave(struct unwind *u, const struct code *own);

/* Where each frame above @u returns to, innermost first; returns how many. */
unsigned int unwind(struct unwind u, unsigned long *pc, unsigned int nr);

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

unsigned int unwind_slots(struct unwind u, struct callers out, unsigned int nr);

/* The same, from @u on, which unwind_leave() has found. @nr: 1 at least. */
unsigned int unwind_from(struct unwind u, struct callers out, unsigned int nr);

/* Frames that are known, innermost first; behind the last is a slot of ~0. */
struct known {
	struct callers frames;
	unsigned int at; /* the first that may be met; then the one that was */
	bool met;
};

/* The same; but it ends before the first frame that is one of @known. */
unsigned int unwind_to_known(struct unwind u, struct callers out,
			     unsigned int nr, struct known *known);

/* A piece of the running thread's stack that was found to be readable. */
extern __thread struct readable {
	uintptr_t from, to;
} readable __hidden;

/* True if these words of the running stack are known to be there. */
static __always_inline bool unwind_may_read(uintptr_t from, uintptr_t last)
{
	return from >= readable.from && last < readable.to;
}

/* From where the first thread's stack grows down. */
extern uintptr_t unwind_top __hidden;
#define UNWIND_TOP_UNKNOWN 1
/* So far below its descriptor is where another's does; 0: it is not known. */
extern uintptr_t unwind_thread_top __hidden;

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

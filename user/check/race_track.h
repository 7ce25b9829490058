/* SPDX-License-Identifier: MIT */
/* Where the values go that a thread has read. */
#ifndef ASHLAR_USER_CHECK_RACE_TRACK_H
#define ASHLAR_USER_CHECK_RACE_TRACK_H

#include "race_decode.h"

#define TRACKS 8
#define TRACK_BYTES 8 /* the most that one read is followed for */
#define TRACK_SLOTS 16

/* One read whose value the thread still has. size 0: none. */
struct track {
	uint64_t address, pc;
	uint8_t size;
	bool changes; /* the value became another, not only in some bits */
	uint8_t value[TRACK_BYTES];
};

/* Bytes of memory that were made of values that were read; a bit each. */
struct track_slot {
	uint64_t address;
	uint8_t size, of;
};

struct tracker {
	struct track track[TRACKS];
	uint8_t of[REGISTERS]; /* which reads a register's value is made of */
	struct track_slot slot[TRACK_SLOTS];
	unsigned int next_track, next_slot;
};

/* What an instruction does that is about to run. */
struct track_step {
	const struct insn *insn;
	uint64_t address; /* of its memory */
	bool own; /* ... that is on the thread's own stack, or private */
	uint64_t value; /* what it writes, if that is one register's; or 0 */
};

/* Nothing that was read counts any more. */
void track_forget(struct tracker *t);

/* A function was called and has returned: it may have used some registers. */
void track_called(struct tracker *t);

/* A library has written there: what was read is not what is there. */
void track_filled(struct tracker *t, uint64_t address, uint64_t bytes);

/* The read that began at these bytes, or NULL. */
const struct track *track_at(const struct tracker *t, uint64_t address,
			     unsigned int size);

/*
 * Follow one instruction. Returns the read that a write goes back to: what it
 * writes is made of what was read there; or NULL. *@begun: a read that begins
 * with it, or NULL; its value is the caller's to fill.
 */
const struct track *track_follow(struct tracker *t,
				 const struct track_step *step,
				 struct track **begun);

#endif

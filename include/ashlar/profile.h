/* SPDX-License-Identifier: MIT */
/*
 * A profile of the heap: who allocated what is in use, and what ever was.
 * Code: mm/profile.c; it is read from outside (tools/ashlar/profile_read.c).
 */
#ifndef ASHLAR_PROFILE_H
#define ASHLAR_PROFILE_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

/* All samples of one stack and one size of slot. */
struct profile_site {
	u64 slot; /* bytes, which decide how likely a sample is; 0: no site */
	u32 stack; /* handle of slab_stacks; 0: not known */
	u32 moved; /* while tables are made anew: its place there */
	u64 live, freed; /* samples */
	u64 live_bytes, freed_bytes; /* as they were asked for */
};

struct ashlar_profile {
	u32 changes; /* odd while the table is exchanged */
	u32 nr_slots; /* of the table */
	const struct profile_site *sites; /* NULL: there is no sample yet */
	/* Bytes from one sample to the next, on average; 0: off. */
	unsigned long rate;
	unsigned long rate_first; /* as asked for; it doubles in need */
	u64 lost; /* samples for which there was no memory */
	u64 no_stack; /* … for whose stack there was none */
};

extern struct ashlar_profile ashlar_profile __hidden;
extern bool profile_on __hidden;

int setup_profile(const char *str);

#endif

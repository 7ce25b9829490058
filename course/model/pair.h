/* SPDX-License-Identifier: MIT */
/*
 * Two that add to one variable, each by three steps of its processor: load,
 * add, store. The variable lies in a page of the paper machine, and who takes
 * a step has its own address space loaded: threads and shared memory have one
 * page in both, a parent and its child one each. For lesson 30.
 */
#ifndef COURSE_PAIR_H
#define COURSE_PAIR_H

#include "spaces.h"

#define EACH_STEPS 3u
#define SHARED 0x40000000ul /* the variable's address, in both spaces */

struct pair {
	struct mm_struct *mm[2];
	u32 adds[2], reg[2];
	unsigned int did[2]; /* of its three steps */
};

extern const char *const step_names[EACH_STEPS];

/* Both have a page of one file, in which the variable is. */
void pair_share(struct pair *p);
/* What @who reads in the variable. */
u32 pair_value(struct pair *p, unsigned int who);
/* Neither has begun, and the variable, as the first sees it, is @value. */
void pair_begin(struct pair *p, u32 value);
/* The next of @who's three steps. */
void pair_step(struct pair *p, unsigned int who);

#endif

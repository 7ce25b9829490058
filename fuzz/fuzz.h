/* SPDX-License-Identifier: MIT */
/*
 * An input is a sequence of operations, read byte by byte. What a fuzzer
 * changes in it changes what is done to the core; what the core does is
 * compared with a model after each step.
 *
 *   fuzz_one()    run one input from a machine on which nothing is in use,
 *                 and leave it like that; a difference aborts
 *
 * Two programs call it: libFuzzer, and fuzz/driver.c, which needs no fuzzer.
 */
#ifndef ASHLAR_FUZZ_H
#define ASHLAR_FUZZ_H

#include "../mm/internal.h"
#include "../port/sim/sim.h"
#include "input.h"

#define EXPECT(cond)                                                      \
	do {                                                              \
		if (!(cond))                                              \
			sim_fail("%s:%d: %s", __FILE__, __LINE__, #cond); \
	} while (0)

void fuzz_one(struct input *in);

/* fuzz/machine.c */
void fuzz_boot(void);
void fuzz_settle(void);
unsigned long fuzz_pages_in_use(void);

#endif

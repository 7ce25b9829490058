/* SPDX-License-Identifier: MIT */
/* What fuzz/pressure_driver.c, which has the host's headers, knows of a run. */
#ifndef ASHLAR_FUZZ_PRESSURE_SEED_H
#define ASHLAR_FUZZ_PRESSURE_SEED_H

#include <stddef.h>

/* One run; it returns if all was well. @ops: of each program; 0: as drawn. */
void pressure_seed(unsigned long seed, unsigned long ops);
/* Which one that is, and how far. */
void pressure_where(char *line, size_t n);
/* All was well, and the run is over. */
void pressure_exit(void) __attribute__((noreturn));

#endif

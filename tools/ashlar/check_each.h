/* SPDX-License-Identifier: MIT */
/* ashlar check --fail=each: every allocation fails once. */
#ifndef ASHLAR_TOOLS_CHECK_EACH_H
#define ASHLAR_TOOLS_CHECK_EACH_H

#include "check_fail.h"

struct check_each {
	struct check_fail *fail;
	/* Run the program with one option more; "": as it is. False: cannot. */
	bool (*run)(void *arg, const char *option, int *wstatus);
	/* ... without its output. */
	bool (*run_again)(void *arg, const char *option, int *wstatus);
	unsigned long (*mistakes)(void *arg); /* that were told, so far */
	void *arg;
	long patience_ms; /* after which a run is ended; 0: never */
	long took_ms; /* the last run */
	bool timed_out;
};

long check_patience_ms(const struct check_each *e);
long check_each(struct check_each *e, int *status);

#endif

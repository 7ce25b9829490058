/* SPDX-License-Identifier: MIT */
/* ashlar check: what a process has leaked, when it is about to end. */
#ifndef ASHLAR_TOOLS_CHECK_LEAKS_H
#define ASHLAR_TOOLS_CHECK_LEAKS_H

#include <stdio.h>
#include "check_fail.h"
#include "report_seen.h"
#include "suppress.h"

struct check_leaks {
	FILE *out;
	bool json;
	const struct suppressions *suppress; /* or NULL */
	struct report_seen *seen;
	struct check_fail *fail; /* is told before, if it is the reason */
};

unsigned long check_leaks(const struct check_leaks *to, pid_t pid,
			  const struct report_record *end);

#endif

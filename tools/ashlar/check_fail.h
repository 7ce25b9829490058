/* SPDX-License-Identifier: MIT */
/* ashlar check --fail: allocations that are made to fail. */
#ifndef ASHLAR_TOOLS_CHECK_FAIL_H
#define ASHLAR_TOOLS_CHECK_FAIL_H

#include <stdio.h>
#include "report_print.h"

/* The last allocation that was made to fail. */
struct check_fail {
	FILE *out;
	bool json;
	struct report_record record;
	pid_t pid;
	struct symbols *symbols; /* of that process; or NULL */
	bool any, told;
};

void check_fail_take(struct check_fail *f, const struct report_record *record,
		     pid_t pid);
void check_fail_tell(struct check_fail *f);
void check_fail_outcome(struct check_fail *f, const char *kind,
			const char *sentence);
void check_fail_forget(struct check_fail *f);

#endif

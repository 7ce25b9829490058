/* SPDX-License-Identifier: MIT */
/* Which reports have been made: one place is reported once. */
#ifndef ASHLAR_TOOLS_REPORT_SEEN_H
#define ASHLAR_TOOLS_REPORT_SEEN_H

#include "report_print.h"

struct report_seen {
	uint64_t *key; /* hashes, 0: free */
	size_t nr, size; /* size: a power of two, or 0 */
};

bool report_seen_addresses(struct report_seen *seen,
			   const struct report_record *r, pid_t pid);
bool report_seen_frames(struct report_seen *seen, const char *kind,
			const struct frames *frames, struct stack_shown shown);
bool report_seen_place(struct report_seen *seen, const struct report *r);
void report_seen_free(struct report_seen *seen);

#endif

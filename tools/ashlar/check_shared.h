/* SPDX-License-Identifier: MIT */
/* Reports about memory that processes share. */
#ifndef ASHLAR_TOOLS_CHECK_SHARED_H
#define ASHLAR_TOOLS_CHECK_SHARED_H

#include <stdbool.h>
#include <sys/types.h>
#include <ashlar/report_record.h>

#define SHARED_KEPT 32

struct check_shared {
	struct {
		pid_t pid; /* 0: none */
		struct report_record record;
	} kept[SHARED_KEPT];
	unsigned int next;
};

pid_t check_shared(struct check_shared *s, const struct report_record *r,
		   pid_t pid);

#endif

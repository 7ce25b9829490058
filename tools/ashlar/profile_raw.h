/* SPDX-License-Identifier: MIT */
/* What was copied of a process's profile, before it has names. */
#ifndef ASHLAR_TOOLS_PROFILE_RAW_H
#define ASHLAR_TOOLS_PROFILE_RAW_H

#include <ashlar/stackdepot.h>
#include "mm/profile.h"
#include "profile.h"

struct profile_raw {
	struct ashlar_profile head;
	struct profile_site *site; /* head.nr_slots */
	char *chunk[DEPOT_CHUNKS]; /* of the depot; NULL: not needed */
	struct symbols *symbols;
	pid_t pid;
	char name[32]; /* of the program, or "" */
};

unsigned int profile_raw_stack(const struct profile_raw *raw, uint32_t handle,
			       const unsigned long **pc);

#endif

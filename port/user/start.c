/* SPDX-License-Identifier: MIT */
/*
 * The options are read when a process starts, so that help and mistakes are
 * said even if it never allocates; and from then on the C library knows its
 * objects: a static one has no list of them while it makes it. A file of its
 * own: both libraries hold it, and the command, which links no more of the
 * port than it calls, does not.
 */
#include <features.h>
#include "user.h"

static __attribute__((__constructor__)) void process_starts(void)
{
#ifndef __GLIBC__ /* which allocates what a thread begins with */
	cpu_process_starts();
#endif
	callers_known();
	port_read_options();
}

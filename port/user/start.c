/* SPDX-License-Identifier: MIT */
/*
 * The options are read when a process starts, so that help and mistakes are
 * said even if it never allocates. A file of its own: both libraries hold it,
 * and the command, which links no more of the port than it calls, does not.
 */
#include "user.h"

static __attribute__((__constructor__)) void process_starts(void)
{
	port_read_options();
}

/* SPDX-License-Identifier: MIT */
/*
 * The options are read when a process starts, so that help and mistakes are
 * said even if it never allocates; and from then on the C library knows its
 * objects: a static one has no list of them while it makes it. A file of its
 * own: both libraries hold it, and the command, which links no more of the
 * port than it calls, does not.
 */
#include <features.h>
#include "unwind.h"
#include "user.h"

/* @argv: where the stack of the first thread begins, in glibc; else nothing */
static __attribute__((__constructor__)) void process_starts(int argc,
							    char **argv)
{
	(void)argc;
#ifdef __GLIBC__
	unwind_top = (uintptr_t)argv;
#else /* whose threads begin with an allocation */
	(void)argv;
	cpu_process_starts();
#endif
	callers_known();
	port_read_options();
}

/* SPDX-License-Identifier: MIT */
/*
 * Lines for people. A line is put together on the stack and written with one
 * system call: no stdio, no allocation, whole even when several processes
 * share stderr.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <stdlib.h>
#include "sys.h"
#include "user.h"

static void write_line(const char *prefix, const char *kind, const char *line)
{
	int n, pid = (int)sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	char buf[400];

	n = ashlar_snprintf(buf, sizeof(buf), "==%d==%s%s%s%s\n", pid, prefix,
			    kind, *kind ? ": " : "", line);
	if (n > (int)sizeof(buf) - 1)
		n = (int)sizeof(buf) - 1;
	sys_write(STDERR_FILENO, buf, (size_t)n);
}

void port_log(const char *line)
{
	write_line("Ashlar: ", "", line);
}

void port_panic(const char *line)
{
	write_line("PANIC: Ashlar: ", "", line);
	abort();
}

void port_report(const char *kind, const char *line)
{
	write_line("ERROR: Ashlar: ", kind, line);
	abort();
}

/* SPDX-License-Identifier: MIT */
/*
 * Lines for people, and the few small services of the host. A line is put
 * together on the stack and written with one system call: no stdio, no
 * allocation, whole even when several processes share stderr.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <time.h>
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

unsigned long port_time_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (unsigned long)t.tv_sec * 1000 +
	       (unsigned long)t.tv_nsec / 1000000;
}

/* Marsaglia's xorshift, seeded with the kernel's random bytes. */
unsigned long port_random(void)
{
	static u64 state;
	const u64 *seed = (const u64 *)getauxval(AT_RANDOM);
	u64 x = __atomic_load_n(&state, __ATOMIC_RELAXED);

	if (!x)
		x = (seed ? seed[0] : 0) | 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	__atomic_store_n(&state, x, __ATOMIC_RELAXED);
	return (unsigned long)x;
}

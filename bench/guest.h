/* SPDX-License-Identifier: MIT */
/*
 * What the programs share that bench/kernels runs in a guest: a clock and a
 * line of the table,
 *
 *   NAME  NANOSECONDS ns/op  (OPERATIONS ops)
 *
 * On QEMU with -icount shift=0 a nanosecond is one instruction.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PG 4096l
#define MB (1l << 20)

static long percent = 100; /* of the full number of operations */

static inline long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static inline long scaled(long n)
{
	n = n * percent / 100;
	return n < 1 ? 1 : n;
}

static inline void report(const char *name, long long ns, long ops)
{
	printf("%-18s %10.1f ns/op  (%ld ops)\n", name, (double)ns / ops, ops);
}

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static inline void touch(volatile char *p, long pages, char v)
{
	long i;

	for (i = 0; i < pages; i++)
		p[i * PG] = v;
}

#endif /* BENCH_GUEST_H */

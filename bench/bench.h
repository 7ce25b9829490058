/* SPDX-License-Identifier: MIT */
/*
 * What the benchmark programs share: a scale, random numbers, clocks.
 *
 * Each program does a fixed amount of work (never "as much as fits into a
 * second") and prints a checksum that does not depend on the allocator or
 * on how the threads were scheduled, so that runs can be compared. The
 * first argument is the amount of work in percent of the full amount.
 */
#ifndef BENCH_H
#define BENCH_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The threads a pattern uses where a number of threads is asked for. */
enum { BENCH_THREADS = 2 };

static inline long bench_scaled(int argc, char **argv, long full)
{
	long percent = argc > 1 ? strtol(argv[1], NULL, 10) : 100;
	long n = full * percent / 100;

	return n > 0 ? n : 1;
}

/* splitmix64: any seed will do, 0 too. */
static inline uint64_t bench_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A number in [low, high], all equally likely. */
static inline size_t bench_between(uint64_t *state, size_t low, size_t high)
{
	return low + (size_t)(bench_random(state) % (high - low + 1));
}

/* A size in [low, high] whose logarithm is uniform: mostly small. */
static inline size_t bench_log_size(uint64_t *state, size_t low, size_t high)
{
	size_t top = low;

	while (top < high && (bench_random(state) & 1))
		top *= 2;
	return bench_between(state, low, top < high ? top : high);
}

static inline void *bench_checked(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return p;
}

/* A block of each of @classes sizes, of the first 30 to 896 bytes. */
static inline void bench_touch_classes(long classes)
{
	size_t size;

	for (size = 16; classes--; size += size < 256 ? 16 :
					   size < 512 ? 32 :
							64) {
		void *p = bench_checked(malloc(size));

		memset(p, 1, size);
		free(p);
	}
}

/* Seconds of CPU that the process (or this thread) has used so far. */
static inline double bench_clock(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident memory in KiB, read without the help of malloc. */
static inline double bench_resident(void)
{
	static char text[8192];
	int file = open("/proc/self/smaps_rollup", O_RDONLY);
	ssize_t length = read(file, text, sizeof(text) - 1);
	char *found;

	close(file);
	text[length > 0 ? length : 0] = '\0';
	found = strstr(text, "Rss:");
	if (!found) {
		fputs("cannot read /proc/self/smaps_rollup\n", stderr);
		exit(1);
	}
	return strtod(found + 4, NULL);
}

#endif

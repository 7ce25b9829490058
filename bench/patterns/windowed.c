/* SPDX-License-Identifier: MIT */
/*
 * windowed: mixed sizes, freed in nearly the order they were made.
 *
 * A window of live blocks slides along: each step makes one block and
 * frees one from the old end, but one in sixteen stays ten times longer.
 * Sizes run from 16 bytes to 64 KiB, mostly small, and their mixture
 * drifts: what was freed is never quite what is asked for next.
 */
#include "bench.h"

enum { WINDOW = 20000, LONG_WINDOW = 8 * WINDOW, PHASE = 100000 };

static void *recent[WINDOW], *old[LONG_WINDOW];

static size_t next_size(uint64_t *seed, long step)
{
	static const size_t lowest[] = { 16, 40, 24, 100, 16, 64 };
	uint64_t r = bench_random(seed) % 1000;
	size_t low = lowest[step / PHASE % 6];

	if (r < 2)
		return bench_between(seed, 4096, 65536);
	return bench_log_size(seed, low, 4096);
}

int main(int argc, char **argv)
{
	long steps = bench_scaled(argc, argv, 9000000), i, kept = 0;
	uint64_t seed = 11, sum = 0;

	for (i = 0; i < steps; i++) {
		size_t size = next_size(&seed, i);
		void **slot = i % 16 ? &recent[i % WINDOW] :
				       &old[kept++ % LONG_WINDOW];

		free(*slot);
		*slot = bench_checked(malloc(size));
		memset(*slot, (int)size, size < 256 ? size : 256);
		sum += size;
	}
	for (i = 0; i < WINDOW; i++)
		free(recent[i]);
	for (i = 0; i < LONG_WINDOW; i++)
		free(old[i]);
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * glibc-simple: one size at a time, one thread.
 *
 * For each of a few sizes, make a number of blocks in a row and free them
 * in the same order, with the number growing from 25 to 1,600: first all
 * fits into a cache of free blocks, then less and less.
 */
#include "bench.h"

static const size_t sizes[] = { 16, 32, 48, 64, 128, 256 };
static void *block[1600];

static uint64_t blocks_in_a_row(size_t size, size_t count)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		block[i] = bench_checked(malloc(size));
		*(size_t *)block[i] = i;
	}
	for (i = 0; i < count; i++) {
		sum += *(size_t *)block[i];
		free(block[i]);
	}
	return sum;
}

int main(int argc, char **argv)
{
	size_t total = (size_t)bench_scaled(argc, argv, 1500000);
	uint64_t sum = 0;
	size_t s, count, done;

	for (s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (count = 25; count <= 1600; count *= 4)
			for (done = 0; done < total; done += count)
				sum += blocks_in_a_row(sizes[s], count);
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

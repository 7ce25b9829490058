/* SPDX-License-Identifier: MIT */
/*
 * cache-thrash: do blocks of different threads lie in one cache line?
 *
 * Each thread makes a small block, writes to it many times and frees it,
 * over and over. An allocator that serves neighbouring blocks to different
 * threads makes them fight for the line.
 */
#include <thread>
#include <vector>

#include "bench.h"

enum { SIZE = 8, WRITES = 200 };

static void work(long times)
{
	for (long t = 0; t < times; t++) {
		char *own = new char[SIZE];

		for (int w = 0; w < WRITES; w++) {
			volatile char *byte = own + w % SIZE;

			*byte = static_cast<char>(*byte + w);
		}
		delete[] own;
	}
}

int main(int argc, char **argv)
{
	long times = bench_scaled(argc, argv, 1200000);
	std::vector<std::thread> threads;

	for (int i = 0; i < BENCH_THREADS; i++)
		threads.emplace_back(work, times);
	for (std::thread &t : threads)
		t.join();
	printf("%d threads, %ld times\n", BENCH_THREADS, times);
	return 0;
}

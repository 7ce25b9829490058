/* SPDX-License-Identifier: MIT */
/*
 * cache-scratch: does a freed block bring false sharing to its new owner?
 *
 * The main thread makes one small block a thread, all of them likely in
 * one cache line, and each thread begins by freeing the one it was given.
 * An allocator that gives that block to the freeing thread again lets two
 * threads write to one line for the rest of the run.
 */
#include <thread>
#include <vector>

#include "bench.h"

enum { SIZE = 8, WRITES = 1000 };

static void work(char *given, long times)
{
	delete[] given;
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
	long times = bench_scaled(argc, argv, 240000);
	std::vector<std::thread> threads;
	char *given[BENCH_THREADS];

	for (char *&block : given)
		block = new char[SIZE];
	for (char *block : given)
		threads.emplace_back(work, block, times);
	for (std::thread &t : threads)
		t.join();
	printf("%d threads, %ld times\n", BENCH_THREADS, times);
	return 0;
}

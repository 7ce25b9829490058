/* SPDX-License-Identifier: MIT */
/*
 * glibc-thread: random replacement in a small working set, in each thread.
 *
 * Each thread has 1,024 slots; a step frees a random one and fills it
 * again with a block whose size follows a power law between 4 bytes and
 * 32 KiB, as sizes in real programs do. Threads share nothing.
 */
#include <pthread.h>

#include "bench.h"

enum { SLOTS = 1024, SMALLEST = 4, LARGEST = 32768 };

static long steps;

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg, sum = 0;
	void *slot[SLOTS] = { NULL };
	long i;

	for (i = 0; i < steps; i++) {
		size_t at = bench_between(&seed, 0, SLOTS - 1);
		size_t size = bench_log_size(&seed, SMALLEST, LARGEST);

		free(slot[at]);
		slot[at] = bench_checked(malloc(size));
		*(uint32_t *)slot[at] = (uint32_t)size;
		sum += size;
	}
	for (i = 0; i < SLOTS; i++)
		free(slot[i]);
	return (void *)(uintptr_t)sum;
}

int main(int argc, char **argv)
{
	pthread_t thread[BENCH_THREADS];
	uint64_t sum = 0;
	uintptr_t i;

	steps = bench_scaled(argc, argv, 12000000);
	for (i = 0; i < BENCH_THREADS; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (i = 0; i < BENCH_THREADS; i++) {
		void *part;

		pthread_join(thread[i], &part);
		sum += (uintptr_t)part;
	}
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

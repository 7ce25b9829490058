/* SPDX-License-Identifier: MIT */
/*
 * mleak: threads that start, allocate a little and end, many times.
 *
 * Each thread frees half of what its predecessor left to it and leaves as
 * much itself. What an allocator keeps for an ended thread, or forgets to
 * take back from it, adds up.
 */
#include <pthread.h>

#include "bench.h"

enum { BLOCKS = 200 };

struct legacy {
	uint64_t seed, sum;
	void *block[BLOCKS];
};

static void *work(void *arg)
{
	struct legacy *l = arg;
	int i;

	for (i = 0; i < BLOCKS; i++) {
		size_t size = bench_log_size(&l->seed, 16, 4096);

		if (i % 2) {
			free(l->block[i]);
			l->block[i] = bench_checked(malloc(size));
			memset(l->block[i], i, size);
		} else {
			void *own = bench_checked(malloc(size));

			memset(own, i, size);
			free(own);
		}
		l->sum += size;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct legacy legacy[BENCH_THREADS];
	long rounds = bench_scaled(argc, argv, 15000), r;
	uint64_t sum = 0;
	int i, k;

	for (r = 0; r < rounds; r++) {
		pthread_t thread[BENCH_THREADS];

		for (i = 0; i < BENCH_THREADS; i++)
			pthread_create(&thread[i], NULL, work, &legacy[i]);
		for (i = 0; i < BENCH_THREADS; i++)
			pthread_join(thread[i], NULL);
	}
	for (i = 0; i < BENCH_THREADS; i++) {
		for (k = 0; k < BLOCKS; k++)
			free(legacy[i].block[k]);
		sum += legacy[i].sum;
	}
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

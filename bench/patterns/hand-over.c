// SPDX-License-Identifier: MIT
/*
 * hand-over: messages of mixed size from one thread to another.
 *
 * A ring without locks carries pointers from the thread that makes the
 * messages to the one that reads and frees them, while both also make and
 * free blocks of their own, as a pipeline of a program does.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bench.h"

enum { RING = 1024, SMALLEST = 16, LARGEST = 1024 };

static _Atomic(unsigned char *) ring[RING];
static long messages;

static void *producer(void *arg)
{
	uint64_t seed = 5;
	long i;

	for (i = 0; i < messages; i++) {
		size_t size = bench_log_size(&seed, SMALLEST, LARGEST);
		unsigned char *m = bench_checked(malloc(size));
		void *own = bench_checked(malloc(SMALLEST));

		memset(m, (int)size, size);
		while (atomic_load_explicit(&ring[i % RING],
					    memory_order_acquire))
			sched_yield();
		atomic_store_explicit(&ring[i % RING], m,
				      memory_order_release);
		free(own);
	}
	return arg;
}

static uint64_t consume(void)
{
	uint64_t sum = 0;
	long i;

	for (i = 0; i < messages; i++) {
		unsigned char *m;
		char *own;

		while (!(m = atomic_load_explicit(&ring[i % RING],
						  memory_order_acquire)))
			sched_yield();
		atomic_store_explicit(&ring[i % RING], NULL,
				      memory_order_release);
		own = bench_checked(malloc(LARGEST / 4));
		own[0] = (char)m[0];
		sum += m[0];
		free(m);
		free(own);
	}
	return sum;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	uint64_t sum;

	messages = bench_scaled(argc, argv, 5000000);
	pthread_create(&thread, NULL, producer, NULL);
	sum = consume();
	pthread_join(thread, NULL);
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

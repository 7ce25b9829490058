/* SPDX-License-Identifier: MIT */
/*
 * hand-over: messages of mixed size from one thread to another.
 *
 * The maker of the messages passes them on in batches through a ring; the
 * reader reads and frees them. Both also make and free blocks of their own
 * meanwhile, as the stages of a pipeline do. Who has nothing to do sleeps.
 */
#include <pthread.h>
#include <semaphore.h>

#include "bench.h"

enum { BATCH = 256, RING = 16, SMALLEST = 16, LARGEST = 1024 };

static unsigned char *ring[RING][BATCH];
static sem_t filled, emptied;
static long batches;

static void *producer(void *arg)
{
	uint64_t seed = 5;
	long n;
	int i;

	for (n = 0; n < batches; n++) {
		sem_wait(&emptied);
		for (i = 0; i < BATCH; i++) {
			size_t size = bench_log_size(&seed, SMALLEST, LARGEST);
			unsigned char *m = bench_checked(malloc(size));
			void *own = bench_checked(malloc(SMALLEST));

			memset(m, (int)size, size);
			ring[n % RING][i] = m;
			free(own);
		}
		sem_post(&filled);
	}
	return arg;
}

static uint64_t consume(void)
{
	uint64_t sum = 0;
	long n;
	int i;

	for (n = 0; n < batches; n++) {
		sem_wait(&filled);
		for (i = 0; i < BATCH; i++) {
			unsigned char *m = ring[n % RING][i];
			char *own = bench_checked(malloc(LARGEST / 4));

			own[0] = (char)m[0];
			sum += m[0];
			free(m);
			free(own);
		}
		sem_post(&emptied);
	}
	return sum;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	uint64_t sum;

	batches = bench_scaled(argc, argv, 25000);
	sem_init(&filled, 0, 0);
	sem_init(&emptied, 0, RING);
	pthread_create(&thread, NULL, producer, NULL);
	sum = consume();
	pthread_join(thread, NULL);
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

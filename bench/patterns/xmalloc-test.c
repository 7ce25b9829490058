/* SPDX-License-Identifier: MIT */
/*
 * xmalloc-test: some threads only allocate, others only free.
 *
 * An allocating thread fills batches of blocks and hands them over through
 * a locked queue; a freeing thread takes a batch and frees it. Nothing is
 * ever freed where it was made: the worst case for caches of free blocks
 * that belong to a thread. At most a few batches wait at a time.
 */
#include <pthread.h>

#include "bench.h"

enum { BATCH = 1024, WAITING = 16, SIZE = 64 };

struct batch {
	struct batch *next;
	void *block[BATCH];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_cond_t emptied = PTHREAD_COND_INITIALIZER;
static struct batch *queue;
static int waiting, makers;
static long batches;

static void put_batch(struct batch *b)
{
	pthread_mutex_lock(&lock);
	while (waiting == WAITING)
		pthread_cond_wait(&emptied, &lock);
	b->next = queue;
	queue = b;
	waiting++;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
}

/* NULL when all has been handed over. */
static struct batch *get_batch(void)
{
	struct batch *b;

	pthread_mutex_lock(&lock);
	while (!queue && makers)
		pthread_cond_wait(&filled, &lock);
	b = queue;
	if (b) {
		queue = b->next;
		waiting--;
		pthread_cond_signal(&emptied);
	}
	pthread_mutex_unlock(&lock);
	return b;
}

static void *maker(void *arg)
{
	long n;
	int i;

	for (n = 0; n < batches; n++) {
		struct batch *b = bench_checked(malloc(sizeof(*b)));

		for (i = 0; i < BATCH; i++) {
			b->block[i] = bench_checked(malloc(SIZE));
			*(int *)b->block[i] = i;
		}
		put_batch(b);
	}
	pthread_mutex_lock(&lock);
	makers--;
	pthread_cond_broadcast(&filled);
	pthread_mutex_unlock(&lock);
	return arg;
}

static void *taker(void *arg)
{
	uintptr_t sum = 0;
	struct batch *b;
	int i;

	(void)arg;
	while ((b = get_batch())) {
		for (i = 0; i < BATCH; i++) {
			sum += (uintptr_t) * (int *)b->block[i];
			free(b->block[i]);
		}
		free(b);
	}
	return (void *)sum;
}

int main(int argc, char **argv)
{
	pthread_t make[BENCH_THREADS], take[BENCH_THREADS];
	uintptr_t sum = 0;
	int i;

	batches = bench_scaled(argc, argv, 9000);
	makers = BENCH_THREADS;
	for (i = 0; i < BENCH_THREADS; i++) {
		pthread_create(&make[i], NULL, maker, NULL);
		pthread_create(&take[i], NULL, taker, NULL);
	}
	for (i = 0; i < BENCH_THREADS; i++) {
		void *part;

		pthread_join(make[i], NULL);
		pthread_join(take[i], &part);
		sum += (uintptr_t)part;
	}
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * rptest: wide random sizes, with a share of blocks freed across threads.
 *
 * Each thread keeps a table of blocks of 8 to 16,000 bytes and replaces a
 * stretch of it a step, walking with a stride through the table. After
 * every few steps it packs fresh blocks into a parcel for the next thread
 * and frees the parcels that it was sent. The threads wait for each other
 * now and then, so that the memory in parcels stays bounded.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

enum {
	BLOCKS = 3000,
	STRETCH = 100,
	PARCEL = 100,
	LOOPS_A_PARCEL = 2,
	LOOPS_IN_STEP = 40,
	SMALLEST = 8,
	LARGEST = 16000
};

struct parcel {
	struct parcel *next;
	void *block[PARCEL];
};

struct worker {
	pthread_t thread;
	uint64_t seed, sum;
	_Atomic(struct parcel *) inbox;
	struct worker *neighbour;
};

static long loops;
static pthread_barrier_t in_step;

/* Larger sizes are rarer: the product of two uniform numbers. */
static void *make(struct worker *w)
{
	uint64_t r = bench_random(&w->seed);
	uint64_t share = (r & 0xffff) * (r >> 16 & 0xffff) >> 16;
	size_t size = SMALLEST + (size_t)(share * (LARGEST - SMALLEST) >> 16);
	unsigned char *block = bench_checked(malloc(size));
	size_t i;

	for (i = 0; i < size; i += 128)
		block[i] = (unsigned char)size;
	w->sum += size;
	return block;
}

static void send_parcel(struct worker *w)
{
	struct parcel *p = bench_checked(malloc(sizeof(*p)));
	int i;

	for (i = 0; i < PARCEL; i++)
		p->block[i] = make(w);
	p->next = atomic_load(&w->neighbour->inbox);
	while (!atomic_compare_exchange_weak(&w->neighbour->inbox, &p->next, p))
		;
}

static void open_parcels(struct worker *w)
{
	struct parcel *p = atomic_exchange(&w->inbox, NULL);

	while (p) {
		struct parcel *next = p->next;
		int i;

		for (i = 0; i < PARCEL; i++)
			free(p->block[i]);
		free(p);
		p = next;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;
	void **table = bench_checked(calloc(BLOCKS, sizeof(*table)));
	size_t at = 0, i;
	long loop;

	for (loop = 0; loop < loops; loop++) {
		for (i = 0; i < STRETCH; i++) {
			free(table[at]);
			table[at] = make(w);
			at = (at + 7) % BLOCKS;
		}
		if (loop % LOOPS_A_PARCEL == 0)
			send_parcel(w);
		open_parcels(w);
		if (loop % LOOPS_IN_STEP == 0)
			pthread_barrier_wait(&in_step);
	}
	for (i = 0; i < BLOCKS; i++)
		free(table[i]);
	free(table);
	pthread_barrier_wait(&in_step);
	open_parcels(w);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct worker worker[BENCH_THREADS];
	uint64_t sum = 0;
	int i;

	loops = bench_scaled(argc, argv, 5000);
	pthread_barrier_init(&in_step, NULL, BENCH_THREADS);
	for (i = 0; i < BENCH_THREADS; i++) {
		worker[i].seed = (uint64_t)i;
		worker[i].neighbour = &worker[(i + 1) % BENCH_THREADS];
	}
	for (i = 0; i < BENCH_THREADS; i++)
		pthread_create(&worker[i].thread, NULL, work, &worker[i]);
	for (i = 0; i < BENCH_THREADS; i++) {
		pthread_join(worker[i].thread, NULL);
		sum += worker[i].sum;
	}
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

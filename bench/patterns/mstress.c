/* SPDX-License-Identifier: MIT */
/*
 * mstress: threads that come and go, keep some blocks and trade others.
 *
 * In each round new threads start; each makes blocks of arrays with
 * doubling sizes, frees some soon, retains some until it ends, and now and
 * then exchanges one with a table that all threads and all rounds share.
 * Every word of a block is derived from its size, and verified on free.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench.h"

enum { TRADED = 1000, ROUNDS = 25, RETAIN_ONE_IN = 2, LARGEST_WORDS = 1024 };

static _Atomic(uintptr_t *) traded[TRADED];
static _Atomic int broken;
static long steps;

static uintptr_t *make(uint64_t *seed)
{
	size_t words = bench_log_size(seed, 2, LARGEST_WORDS), i;
	uintptr_t *block;

	if (bench_random(seed) % 1000 == 0)
		words *= 50;
	block = bench_checked(calloc(words, sizeof(*block)));
	for (i = 0; i < words; i++)
		block[i] += words ^ i;
	return block;
}

static void drop(uintptr_t *block)
{
	size_t words, i;

	if (!block)
		return;
	words = block[0];
	for (i = 0; i < words; i++)
		if (block[i] != (words ^ i))
			broken = 1;
	free(block);
}

static void *work(void *arg)
{
	uint64_t seed = (uintptr_t)arg;
	long room = steps / RETAIN_ONE_IN + 1, retained = 0, live = 0, i;
	uintptr_t **keep = bench_checked(calloc((size_t)room, sizeof(*keep)));
	uintptr_t *recent[64] = { NULL };

	for (i = 0; i < steps; i++) {
		size_t at = bench_between(&seed, 0, 63);

		if (i % RETAIN_ONE_IN == 0) {
			keep[retained++] = make(&seed);
		} else {
			drop(recent[at]);
			recent[at] = make(&seed);
			live++;
		}
		if (bench_random(&seed) % 4 == 0) {
			size_t with = bench_between(&seed, 0, TRADED - 1);

			recent[at] = atomic_exchange(&traded[with], recent[at]);
		}
	}
	for (i = 0; i < 64; i++)
		drop(recent[i]);
	for (i = 0; i < retained; i++)
		drop(keep[i]);
	free(keep);
	return (void *)(uintptr_t)live;
}

int main(int argc, char **argv)
{
	pthread_t thread[BENCH_THREADS];
	uintptr_t sum = 0, round, i;

	steps = bench_scaled(argc, argv, 60000);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < BENCH_THREADS; i++)
			pthread_create(&thread[i], NULL, work,
				       (void *)(round * BENCH_THREADS + i));
		for (i = 0; i < BENCH_THREADS; i++) {
			void *live;

			pthread_join(thread[i], &live);
			sum += (uintptr_t)live;
		}
	}
	for (i = 0; i < TRADED; i++)
		drop(traded[i]);
	printf("%lu blocks, %s\n", (unsigned long)sum,
	       broken ? "contents broken" : "contents right");
	return broken;
}

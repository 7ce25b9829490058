/* SPDX-License-Identifier: MIT */
/*
 * alloc-test: random replacement in a large table, unevenly used.
 *
 * Each thread owns a table of slots. A step picks a slot, near ones far
 * more often than far ones, and flips it: an empty slot gets a block of a
 * size that doubles with falling probability and is written whole; a full
 * one is read whole and freed. Short-lived blocks are mixed with very old.
 */
#include <pthread.h>

#include "bench.h"

enum { SLOTS = 1 << 15, LARGEST = 1 << 10 };

struct slot {
	unsigned char *block;
	size_t size;
};

static long steps;

/* The product of two uniform numbers crowds towards zero. */
static size_t pick_slot(uint64_t *seed)
{
	uint64_t r = bench_random(seed);

	return (size_t)(((r & 0xffff) * (r >> 16 & 0xffff) >> 16) * SLOTS >>
			16);
}

static uint64_t flip(struct slot *slot, uint64_t *seed)
{
	uint64_t sum = 0;
	size_t i;

	if (!slot->block) {
		slot->size = bench_log_size(seed, 8, LARGEST);
		slot->block = bench_checked(malloc(slot->size));
		memset(slot->block, (int)slot->size, slot->size);
		return 0;
	}
	for (i = 0; i < slot->size; i += 8)
		sum += slot->block[i];
	free(slot->block);
	slot->block = NULL;
	return sum;
}

static void *worker(void *arg)
{
	uint64_t seed = (uintptr_t)arg, sum = 0;
	struct slot *table = bench_checked(calloc(SLOTS, sizeof(*table)));
	long i;

	for (i = 0; i < steps; i++)
		sum += flip(&table[pick_slot(&seed)], &seed);
	for (i = 0; i < SLOTS; i++)
		if (table[i].block)
			sum += flip(&table[i], &seed);
	free(table);
	return (void *)(uintptr_t)sum;
}

int main(int argc, char **argv)
{
	pthread_t thread[BENCH_THREADS];
	uint64_t sum = 0;
	uintptr_t i;

	steps = bench_scaled(argc, argv, 6000000);
	for (i = 0; i < BENCH_THREADS; i++)
		pthread_create(&thread[i], NULL, worker, (void *)(i + 1));
	for (i = 0; i < BENCH_THREADS; i++) {
		void *part;

		pthread_join(thread[i], &part);
		sum += (uintptr_t)part;
	}
	printf("checksum %llu\n", (unsigned long long)sum);
	return 0;
}

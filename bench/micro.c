/* SPDX-License-Identifier: MIT */
/*
 * micro NAME [TIMES] - one operation of the allocator, over and over.
 *
 * Prints nanoseconds of CPU an operation, and page faults in a thousand of
 * them. With TIMES given it does just so many and prints nothing: two such
 * runs under callgrind tell the instructions of one, the difference of both
 * counts over the difference of both TIMES. The loops are as short as can be
 * around real calls; their own few instructions are in the times, but not in
 * the counts, which leave this file's code out.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "bench.h"
#pragma weak ashlar_memory_stats
#include <ashlar/stats.h>

enum { LIVE = 1000, RING = 8 };

/* CPU seconds that do not count: threads that wait for each other. */
static double waited;

/* The block is used, so that no compiler may leave the pair out. */
static void touch(void *p)
{
	*(volatile char *)p = 1;
}

/* One block at a time. */
static void pair(long times, size_t size)
{
	while (times--) {
		void *p = malloc(size);

		touch(p);
		free(p);
	}
}

static void pair_32_1(long times)
{
	pair(times, 32);
}

static void pair_1k(long times)
{
	pair(times, 1024);
}

static void pair_64k(long times)
{
	pair(times, 65536);
}

/* C++'s operators, by the names that its compiler gives them. */
void *operator_new(size_t size) __asm__("_Znwm");
void operator_delete(void *p, size_t size) __asm__("_ZdlPvm");

static void new_delete(long times)
{
	while (times--) {
		void *p = operator_new(32);

		touch(p);
		operator_delete(p, 32);
	}
}

/* A thousand blocks are made in a row, then freed in the same order. */
static void pair_32_1000(long times)
{
	void *block[LIVE];
	long i;

	for (; times > 0; times -= LIVE) {
		for (i = 0; i < LIVE; i++) {
			block[i] = malloc(32);
			touch(block[i]);
		}
		for (i = 0; i < LIVE; i++)
			free(block[i]);
	}
}

/* One block grows by 64 bytes at a time, to 16 KiB; then anew. */
static void realloc_step(long times)
{
	char *p = NULL;
	size_t size = 0;

	while (times--) {
		size = size < 16384 ? size + 64 : 64;
		if (size == 64) {
			free(p);
			p = NULL;
		}
		p = bench_checked(realloc(p, size));
		touch(p + size - 1);
	}
	free(p);
}

static void aligned_64_96(long times)
{
	while (times--) {
		void *p = aligned_alloc(64, 96);

		touch(p);
		free(p);
	}
}

static void calloc_128(long times)
{
	while (times--) {
		void *p = calloc(1, 128);

		touch(p);
		free(p);
	}
}

struct batch {
	_Atomic int full;
	void *block[LIVE];
};

static struct batch ring[RING];

static void wait_until(struct batch *b, int full)
{
	while (atomic_load_explicit(&b->full, memory_order_acquire) != full)
		sched_yield();
}

static void *producer(void *arg)
{
	long times = *(long *)arg, n, i;
	double spent = 0;

	for (n = 0; n < times / LIVE; n++) {
		struct batch *b = &ring[n % RING];

		wait_until(b, 0);
		spent -= bench_clock(CLOCK_THREAD_CPUTIME_ID);
		for (i = 0; i < LIVE; i++) {
			b->block[i] = malloc(64);
			touch(b->block[i]);
		}
		spent += bench_clock(CLOCK_THREAD_CPUTIME_ID);
		atomic_store_explicit(&b->full, 1, memory_order_release);
	}
	waited -= spent;
	return NULL;
}

/* One thread makes blocks of 64 bytes, this one frees them. */
static void hand_over_64(long times)
{
	double start = bench_clock(CLOCK_PROCESS_CPUTIME_ID), spent = 0;
	pthread_t thread;
	long n, i;

	pthread_create(&thread, NULL, producer, &times);
	for (n = 0; n < times / LIVE; n++) {
		struct batch *b = &ring[n % RING];

		wait_until(b, 1);
		spent -= bench_clock(CLOCK_THREAD_CPUTIME_ID);
		for (i = 0; i < LIVE; i++)
			free(b->block[i]);
		spent += bench_clock(CLOCK_THREAD_CPUTIME_ID);
		atomic_store_explicit(&b->full, 0, memory_order_release);
	}
	pthread_join(thread, NULL);
	waited += bench_clock(CLOCK_PROCESS_CPUTIME_ID) - start - spent;
}

/* Blocks made in a row; half are freed in that order, half in reverse. */
static void batches(long times, size_t size, int blocks)
{
	void *block[2048];
	int i;

	for (; times > 0; times -= blocks) {
		for (i = 0; i < blocks; i++) {
			block[i] = malloc(size);
			touch(block[i]);
		}
		for (i = 0; i < blocks / 2; i++)
			free(block[i]);
		for (i = blocks; i-- > blocks / 2;)
			free(block[i]);
	}
}

static void batch_16(long times)
{
	batches(times, 16, 1600);
}

static void batch_256(long times)
{
	batches(times, 256, 1000);
}

static void batch_1k(long times)
{
	batches(times, 1024, 1000);
}

static void batch_4k(long times)
{
	batches(times, 4096, 100);
}

static void batch_16k(long times)
{
	batches(times, 16384, 100);
}

static void batch_64k(long times)
{
	batches(times, 65536, 30);
}

/* Of a few live blocks one, at random, is replaced by one of another size. */
static void replace(long times, size_t low, size_t high)
{
	static void *live[16];
	uint64_t seed = 1;

	while (times--) {
		void **slot = &live[bench_random(&seed) % 16];

		free(*slot);
		*slot = malloc(bench_between(&seed, low, high));
		touch(*slot);
	}
}

static void replace_2k_16k(long times)
{
	replace(times, 2048, 16384);
}

static void replace_20k_120k(long times)
{
	replace(times, 20 << 10, 120 << 10);
}

static void replace_140k_1m(long times)
{
	replace(times, 140 << 10, 1 << 20);
}

/* What a server does with each request that asks how it is. */
static void memory_stats(long times)
{
	struct ashlar_memory stats = { .size = sizeof(stats) };
	static void *live[LIVE];
	uint64_t seed = 1;
	int i;

	if (!ashlar_memory_stats) /* another malloc's */
		return;
	for (i = 0; i < LIVE; i++)
		live[i] = malloc(bench_log_size(&seed, 16, 16384));
	while (times--)
		ashlar_memory_stats(&stats, 0);
	for (i = 0; i < LIVE; i++)
		free(live[i]);
}

static long faults(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_minflt;
}

static const struct operation {
	const char *name;
	void (*run)(long times);
	long times;
} operations[] = {
	{ "pair-32-1", pair_32_1, 30000000 },
	{ "pair-32-1000", pair_32_1000, 30000000 },
	{ "pair-1k", pair_1k, 30000000 },
	{ "pair-64k", pair_64k, 4000000 },
	{ "new-delete", new_delete, 30000000 },
	{ "realloc-step", realloc_step, 8000000 },
	{ "aligned-64-96", aligned_64_96, 8000000 },
	{ "calloc-128", calloc_128, 8000000 },
	{ "hand-over-64", hand_over_64, 6000000 },
	{ "batch-16", batch_16, 16000000 },
	{ "batch-256", batch_256, 10000000 },
	{ "batch-1k", batch_1k, 10000000 },
	{ "batch-4k", batch_4k, 4000000 },
	{ "batch-16k", batch_16k, 2000000 },
	{ "batch-64k", batch_64k, 1000000 },
	{ "memory-stats", memory_stats, 100000 },
	{ "replace-2k-16k", replace_2k_16k, 2000000 },
	{ "replace-20k-120k", replace_20k_120k, 1000000 },
	{ "replace-140k-1m", replace_140k_1m, 200000 },
};

enum { OPERATIONS = sizeof(operations) / sizeof(*operations) };

int main(int argc, char **argv)
{
	int i;

	for (i = 0; argc > 1 && i < OPERATIONS; i++) {
		const struct operation *op = &operations[i];
		long times = argc > 2 ? strtol(argv[2], NULL, 10) : op->times;
		double start, spent;
		long before;

		if (strcmp(argv[1], op->name))
			continue;
		if (argc < 3)
			op->run(times / 100);
		waited = 0;
		before = faults();
		start = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
		op->run(times);
		spent = bench_clock(CLOCK_PROCESS_CPUTIME_ID) - start - waited;
		if (argc > 2)
			return 0;
		printf("%.2f %.1f\n", spent / (double)times * 1e9,
		       (double)(faults() - before) / (double)times * 1e3);
		return 0;
	}
	fputs("usage: micro NAME [TIMES]\n", stderr);
	for (i = 0; i < OPERATIONS; i++)
		fprintf(stderr, "\t%s\n", operations[i].name);
	return 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * threads NAME - many threads at once, and many in a row.
 *
 *	crowd-…      each of 64 threads makes blocks in a row, frees them, again
 *	ping-pong-…  32 pairs: one thread makes a batch, the other frees it; all
 *	             batches are full, then all empty, so each run has the same
 *	             bytes alive at its peak
 *	thread-end-… threads start and end, one after another
 *
 * Prints milliseconds of CPU, or microseconds a thread. Who must wait calls
 * sched_yield(), so that a switch away from a thread that waits, as getrusage
 * counts them, is one that the allocator or the kernel's locks brought about.
 * The time of waiting is left out, by each thread's own clock.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "bench.h"

enum { THREADS = 64, MOST = 1000, IN_A_ROW = 10000 };

static pthread_t thread[THREADS];

static void start_all(void *(*run)(void *), void *arg)
{
	long i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, run,
				   arg ? arg : (void *)i)) {
			fputs("no thread\n", stderr);
			exit(1);
		}
}

static void join_all(void)
{
	int i;

	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* ---- a crowd ---- */

struct crowd {
	long rounds;
	int blocks;
	size_t size;
};

static void *one_of_crowd(void *arg)
{
	const struct crowd *c = arg;
	void *block[MOST];
	long n;
	int i;

	for (n = 0; n < c->rounds; n++) {
		for (i = 0; i < c->blocks; i++) {
			block[i] = bench_checked(malloc(c->size));
			*(volatile char *)block[i] = 1;
		}
		for (i = 0; i < c->blocks; i++)
			free(block[i]);
	}
	return NULL;
}

static double crowd(long rounds, int blocks, size_t size)
{
	struct crowd c = { rounds, blocks, size };

	start_all(one_of_crowd, &c);
	join_all();
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID) * 1e3;
}

static double crowd_64(void)
{
	return crowd(200, 1000, 64);
}

static double crowd_16k(void)
{
	return crowd(200, 100, 16384);
}

/* As micro's replace-140k-1m. */
static void *one_with_large(void *arg)
{
	void *live[16] = { NULL };
	uint64_t seed = (uint64_t)arg;
	int n;

	for (n = 0; n < 3000; n++) {
		void **slot = &live[bench_random(&seed) % 16];

		free(*slot);
		*slot = bench_checked(
			malloc(bench_between(&seed, 140 << 10, 1 << 20)));
		*(volatile char *)*slot = 1;
	}
	for (n = 0; n < 16; n++)
		free(live[n]);
	return NULL;
}

static double crowd_large(void)
{
	start_all(one_with_large, NULL);
	join_all();
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID) * 1e3;
}

/* ---- ping-pong ---- */

static struct {
	size_t largest;
	int blocks;
	long rounds;
	_Atomic long arrived;
	_Atomic long spent_ns;
} game;

static void *table[THREADS / 2][MOST];

/* All threads meet here; @turn counts the meetings. */
static void meet(long turn)
{
	atomic_fetch_add(&game.arrived, 1);
	while (atomic_load(&game.arrived) < turn * THREADS)
		sched_yield();
}

static void serve(void **batch, uint64_t *seed)
{
	int i;

	for (i = 0; i < game.blocks; i++) {
		size_t size = bench_between(seed, 16, game.largest);

		batch[i] = bench_checked(malloc(size));
		memset(batch[i], 1, size);
	}
}

static void *player(void *arg)
{
	long me = (long)arg, turn = 0, n;
	void **batch = table[me / 2];
	uint64_t seed = (uint64_t)me;
	double spent = 0;
	int i;

	for (n = 0; n < game.rounds; n++) {
		meet(++turn);
		spent -= bench_clock(CLOCK_THREAD_CPUTIME_ID);
		if (me % 2 == 0)
			serve(batch, &seed);
		spent += bench_clock(CLOCK_THREAD_CPUTIME_ID);
		meet(++turn);
		spent -= bench_clock(CLOCK_THREAD_CPUTIME_ID);
		for (i = 0; me % 2 && i < game.blocks; i++)
			free(batch[i]);
		spent += bench_clock(CLOCK_THREAD_CPUTIME_ID);
	}
	atomic_fetch_add(&game.spent_ns, (long)(spent * 1e9));
	return NULL;
}

static double ping_pong(size_t largest, int blocks, long rounds)
{
	game.largest = largest;
	game.blocks = blocks;
	game.rounds = rounds;
	start_all(player, NULL);
	join_all();
	return (double)game.spent_ns / 1e6;
}

static double ping_pong_1k(void)
{
	return ping_pong(1024, 1000, 50);
}

static double ping_pong_16k(void)
{
	return ping_pong(16384, 100, 50);
}

/* ---- one after another ---- */

static void *short_life(void *classes)
{
	bench_touch_classes((long)classes);
	return NULL;
}

static double thread_end(long classes)
{
	int i;

	for (i = 0; i < IN_A_ROW; i++) {
		pthread_create(&thread[0], NULL, short_life, (void *)classes);
		pthread_join(thread[0], NULL);
	}
	return bench_clock(CLOCK_PROCESS_CPUTIME_ID) / IN_A_ROW * 1e6;
}

static double thread_end_1(void)
{
	return thread_end(1);
}

static double thread_end_30(void)
{
	return thread_end(30);
}

static const struct scene {
	const char *name, *what;
	double (*run)(void);
} scenes[] = {
	{ "crowd-64", "1,000 x 64 B", crowd_64 },
	{ "crowd-16k", "100 x 16 KiB", crowd_16k },
	{ "crowd-large", "140 KiB to 1 MiB at random", crowd_large },
	{ "ping-pong-1k", "1,000 of 16 B to 1 KiB", ping_pong_1k },
	{ "ping-pong-16k", "100 of 16 B to 16 KiB", ping_pong_16k },
	{ "thread-end-1", "threads that touch 1 size", thread_end_1 },
	{ "thread-end-30", "threads that touch 30 sizes", thread_end_30 },
};

enum { SCENES = sizeof(scenes) / sizeof(*scenes) };

int main(int argc, char **argv)
{
	int i;

	for (i = 0; argc > 1 && i < SCENES; i++) {
		if (strcmp(argv[1], scenes[i].name))
			continue;
		printf("%.1f\n", scenes[i].run());
		return 0;
	}
	fputs("usage: threads NAME\n", stderr);
	for (i = 0; i < SCENES; i++)
		fprintf(stderr, "\t%-14s %s\n", scenes[i].name, scenes[i].what);
	return 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * scenes NAME - how an allocator holds memory, and gives it back.
 *
 * Prints one number; the table at the end says which.
 */
#include <pthread.h>

#include "bench.h"

enum { OBJECTS = 1000000, THREADS = 64 };

static void *object[OBJECTS];

/* A million objects of 16 to 720 bytes, 368 on average: 367 MB. */
static double make_objects(void)
{
	uint64_t seed = 1;
	int i;

	for (i = 0; i < OBJECTS; i++) {
		size_t size = bench_between(&seed, 16, 718);

		object[i] = bench_checked(malloc(size));
		memset(object[i], 1, size);
	}
	return bench_resident();
}

/*
 * What is still resident after an idle while, in percent of the full heap.
 * The program makes no call meanwhile.
 */
static void print_rest(double full)
{
	static const struct timespec idle = { 1, 500000000 };

	nanosleep(&idle, NULL);
	printf("%.1f\n", bench_resident() / full * 100);
}

static void freed_all(void)
{
	double full = make_objects();
	int i;

	for (i = 0; i < OBJECTS; i++)
		free(object[i]);
	print_rest(full);
}

static void freed_95(void)
{
	double full = make_objects();
	uint64_t seed = 2;
	int i;

	for (i = 0; i < OBJECTS; i++)
		if (bench_random(&seed) % 100 < 95)
			free(object[i]);
	print_rest(full);
}

/* One block grows to 200 MB in steps of 1,000 bytes, and is written to. */
static void grow_200m(void)
{
	double start = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	size_t size = 0, step = 1000, end = 200000000;
	char *p = NULL;

	while (size < end) {
		p = bench_checked(realloc(p, size + step));
		memset(p + size, 1, step);
		size += step;
	}
	printf("%.0f\n", (bench_clock(CLOCK_PROCESS_CPUTIME_ID) - start) * 1e3);
	free(p);
}

static void large_16m(void)
{
	enum { TIMES = 50 };
	double start = bench_clock(CLOCK_PROCESS_CPUTIME_ID);
	size_t size = 16 << 20, at;
	int i;

	for (i = 0; i < TIMES; i++) {
		char *p = bench_checked(malloc(size));

		for (at = 0; at < size; at += 4096)
			*(volatile char *)(p + at) = 1;
		free(p);
	}
	printf("%.0f\n",
	       (bench_clock(CLOCK_PROCESS_CPUTIME_ID) - start) / TIMES * 1e6);
}

static pthread_barrier_t started, measured;

static void *idle(void *classes)
{
	bench_touch_classes((long)classes);
	pthread_barrier_wait(&started);
	pthread_barrier_wait(&measured);
	return NULL;
}

/* What a thread adds that has used some sizes; its stack included. */
static void idle_threads(long classes)
{
	static pthread_t thread[THREADS];
	double before;
	int i;

	free(bench_checked(malloc(100)));
	pthread_barrier_init(&started, NULL, THREADS + 1);
	pthread_barrier_init(&measured, NULL, THREADS + 1);
	before = bench_resident();
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, idle, (void *)classes);
	pthread_barrier_wait(&started);
	printf("%.1f\n", (bench_resident() - before) / THREADS);
	pthread_barrier_wait(&measured);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

static void idle_thread(void)
{
	idle_threads(7);
}

static void idle_thread_30(void)
{
	idle_threads(30);
}

static const struct scene {
	const char *name, *prints;
	void (*run)(void);
} scenes[] = {
	{ "freed-all", "% of the peak resident 1.5 s later", freed_all },
	{ "freed-95", "% of the peak resident 1.5 s later", freed_95 },
	{ "grow-200m", "ms of CPU", grow_200m },
	{ "large-16m", "us of CPU for malloc, touch and free", large_16m },
	{ "idle-thread", "KiB a thread that used 7 sizes", idle_thread },
	{ "idle-thread-30", "... 30 sizes", idle_thread_30 },
};

enum { SCENES = sizeof(scenes) / sizeof(*scenes) };

int main(int argc, char **argv)
{
	int i;

	for (i = 0; argc > 1 && i < SCENES; i++) {
		if (strcmp(argv[1], scenes[i].name))
			continue;
		scenes[i].run();
		return 0;
	}
	fputs("usage: scenes NAME\n", stderr);
	for (i = 0; i < SCENES; i++)
		fprintf(stderr, "\t%-14s %s\n", scenes[i].name,
			scenes[i].prints);
	return 2;
}

/* SPDX-License-Identifier: MIT */
/*
 * Allocates as much as it is told from places that are known, for the tests of
 * ashlar profile: in loops that take and free one block, in blocks that stay,
 * by threads, in a child, large and small.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLACE __attribute__((__noinline__, __noclone__))
#define KEPT 40000

static void *kept[KEPT];

static void *used(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

/* 32,000,000 bytes in 400,000 blocks; none stays. */
PLACE static void one_by_one(void)
{
	int i;

	for (i = 0; i < 400000; i++)
		free(used(malloc(80)));
}

/* 8,000,000 bytes in 40,000 blocks; all stay. */
PLACE static void all_kept(void)
{
	int i;

	for (i = 0; i < KEPT; i++)
		kept[i] = malloc(200);
}

PLACE static void *half(size_t size)
{
	return used(malloc(size));
}

/* 24,000,000 bytes in 12,000 blocks of 2,000; every second one stays. */
PLACE static void half_kept(void)
{
	void *p;
	int i;

	for (i = 0; i < 12000; i++) {
		p = half(2000);
		if (i % 2)
			free(p);
	}
}

/* 60,000,000 bytes in 200 blocks of 300,000; a quarter stays. */
PLACE static void large(void)
{
	void *p;
	int i;

	for (i = 0; i < 200; i++) {
		p = used(malloc(300000));
		if (i % 4)
			free(p);
	}
}

/* 20,000,000 bytes: 100 times 40,000 bytes that grow to 160,000. */
PLACE static void grown(void)
{
	void *p;
	int i;

	for (i = 0; i < 100; i++) {
		p = used(malloc(40000));
		p = used(realloc(p, 160000));
		free(p);
	}
}

PLACE static void *in_thread(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 50000; i++)
		free(used(calloc(1, 96)));
	return NULL;
}

/* 19,200,000 bytes in 200,000 blocks, by four threads. */
PLACE static void threads(void)
{
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, in_thread, NULL);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

/* The child frees what it has from its parent, and ends. */
PLACE static void child(void)
{
	int i, status;
	pid_t pid = fork();

	if (pid == 0) {
		for (i = 0; i < KEPT; i++)
			free(kept[i]);
		one_by_one();
		exit(0);
	}
	waitpid(pid, &status, 0);
}

/* 3,840,000 bytes in 120,000 blocks, more than are known at once; all stay. */
PLACE static void many(void)
{
	int i;

	for (i = 0; i < 120000; i++)
		used(malloc(32));
}

PLACE static void wait_here(void)
{
	puts("ready");
	fflush(stdout);
	getchar();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "one", one_by_one }, { "kept", all_kept },
		{ "half", half_kept }, { "large", large },
		{ "grown", grown },    { "threads", threads },
		{ "child", child },    { "wait", wait_here },
		{ "many", many },
	};
	size_t k;
	int i;

	for (i = 1; i < argc; i++) {
		for (k = 0; k < sizeof(parts) / sizeof(*parts); k++)
			if (!strcmp(argv[i], parts[k].name))
				parts[k].run();
		if (!strcmp(argv[i], "killed"))
			raise(SIGKILL);
		if (!strcmp(argv[i], "early"))
			_exit(3);
		if (!strcmp(argv[i], "slow"))
			sleep(2);
	}
	return 0;
}

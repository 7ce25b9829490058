/* SPDX-License-Identifier: MIT */
/*
 * A program that tells its addresses: a line "NAME ADDRESS" for each, and then
 * "ready". It waits until it is killed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPED (64ul << 10)

static int initialised = 7;
static char zeroed[4096];
static pthread_barrier_t started;

static void tell(const char *name, const volatile void *p)
{
	printf("%s %lx\n", name, (unsigned long)p);
}

static void *waits(void *arg)
{
	volatile char there = 1;

	tell("thread", &there);
	pthread_barrier_wait(&started);
	for (;;)
		pause();
	return arg;
}

static char *block(size_t size)
{
	char *p = malloc(size);

	if (!p)
		exit(1);
	memset(p, 1, size);
	return p;
}

/* Of 200 objects, each second one is free; those of the end lie in a sheaf. */
static void tell_freed(void)
{
	char *volatile p[200];
	int i;

	for (i = 0; i < 200; i++)
		p[i] = block(720);
	for (i = 0; i < 200; i += 2)
		free(p[i]);
	tell("neighbour", p[101]);
	tell("cached", p[198] + 8);
	tell("first-freed", p[0]);
}

int main(void)
{
	char *mapped = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *middle = block(50000), *large = block(3 << 20), *small;
	pthread_t thread;
	volatile char here = initialised == 7;

	mapped[0] = zeroed[0] = here;
	small = block(100);
	pthread_barrier_init(&started, NULL, 2);
	if (pthread_create(&thread, NULL, waits, NULL))
		return 1;
	pthread_barrier_wait(&started);
	tell("small", small + 24);
	tell("middle", middle + 40000);
	tell("large", large + (1 << 20));
	tell_freed();
	tell("mapped", mapped + 16);
	tell("code", (char *)(unsigned long)tell);
	tell("initialised", &initialised);
	tell("zeroed", zeroed + 100);
	tell("constant", "a constant");
	tell("stack", &here);
	tell("null", NULL);
	tell("nothing", (char *)(1ul << 40));
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

/* SPDX-License-Identifier: MIT */
/*
 * A program that holds memory in one way, and waits:
 *
 *   anonymous, shared   40 MB, mapped
 *   zeroes              40 MB, mapped, and only read
 *   room                40 MB in blocks of 500 bytes, of which it frees all
 *                       but one of each 8
 *   stack               a thread that uses 4 MB of its stack
 *   data                30 MB of a variable
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MB (1ul << 20)
#define BLOCKS (40 * MB / 512)

static char variable[30 * MB];

static void ready(void)
{
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static char *map(int flags)
{
	void *p = mmap(NULL, 40 * MB, PROT_READ | PROT_WRITE,
		       flags | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

static void read_all(const volatile char *p)
{
	size_t i;

	for (i = 0; i < 40 * MB; i += 4096)
		(void)p[i];
}

static void fill_and_free(void)
{
	static char *block[BLOCKS];
	size_t i;

	for (i = 0; i < BLOCKS; i++) {
		block[i] = malloc(500);
		if (!block[i])
			exit(1);
		memset(block[i], 1, 500);
	}
	for (i = 0; i < BLOCKS; i++)
		if (i % 8)
			free(block[i]);
}

static void *use_stack(void *arg)
{
	volatile char used[4 * MB];
	size_t i;

	for (i = 0; i < sizeof(used); i += 4096)
		used[i] = 1;
	ready();
	return arg;
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";
	pthread_t thread;

	if (!strcmp(kind, "anonymous"))
		memset(map(MAP_PRIVATE), 1, 40 * MB);
	else if (!strcmp(kind, "shared"))
		memset(map(MAP_SHARED), 1, 40 * MB);
	else if (!strcmp(kind, "zeroes"))
		read_all(map(MAP_PRIVATE));
	else if (!strcmp(kind, "room"))
		fill_and_free();
	else if (!strcmp(kind, "data"))
		memset(variable, 1, sizeof(variable));
	else if (pthread_create(&thread, NULL, use_stack, NULL) == 0)
		pthread_join(thread, NULL);
	ready();
}

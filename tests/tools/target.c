/* SPDX-License-Identifier: MIT */
/*
 * A program to be looked at.
 *
 *   target            a line "COUNT SIZE" on stdin allocates, answer "done"
 *   target churn      threads come, allocate, free and go, for ever
 *   target brief      allocates a little and ends after a few milliseconds
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *worker(void *arg)
{
	void *kept[64] = { 0 };
	unsigned int seed = (unsigned int)(size_t)arg, i;

	for (i = 0; i < 20000; i++) {
		unsigned int slot = (seed = seed * 1103515245 + 12345) >> 26;

		free(kept[slot]);
		kept[slot] = malloc(16 + seed % 5000);
	}
	for (i = 0; i < 64; i++)
		free(kept[i]);
	return NULL;
}

static void churn(void)
{
	pthread_t threads[4];
	size_t i, round;

	for (round = 1;; round++) {
		for (i = 0; i < 4; i++)
			if (pthread_create(&threads[i], NULL, worker,
					   (void *)(round * 4 + i)))
				exit(1);
		for (i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
	}
}

static void obey(void)
{
	unsigned long count, size;

	while (scanf("%lu %lu", &count, &size) == 2) {
		while (count--) {
			char *p = malloc(size);

			if (!p)
				exit(1);
			*(volatile char *)p = 1;
		}
		puts("done");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 256);
	free(malloc(100));
	puts("ready");
	if (argc > 1 && !strcmp(argv[1], "churn"))
		churn();
	if (argc > 1 && !strcmp(argv[1], "brief"))
		return worker((void *)1) != NULL;
	obey();
	return 0;
}

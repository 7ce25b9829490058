/* SPDX-License-Identifier: MIT */
/*
 * The variable of two threads is volatile, and still has no lock.
 *
 * volatile makes the compiler read and write each time. It does not make the
 * two one step, and orders nothing between threads.
 * Seen by: ashlar check --races
 * Seen by: gcc -fsanitize=thread
 */
#include <pthread.h>
#include <stdio.h>

static volatile long hits;

static void *count(void *unused)
{
	for (int i = 0; i < 100000; i++)
		hits++; /* wrong: data-race, data race */
	return unused;
}

int main(void)
{
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, count, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	printf("%ld\n", hits);
	return 0;
}

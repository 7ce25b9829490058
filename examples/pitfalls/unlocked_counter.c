/* SPDX-License-Identifier: MIT */
/*
 * Two threads count in one variable, without a lock.
 *
 * `hits++` is a read, an addition and a write; what another thread wrote in
 * between is lost.
 * Seen by: ashlar check --races
 * Seen by: gcc -fsanitize=thread
 */
#include <pthread.h>
#include <stdio.h>

static long hits;

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

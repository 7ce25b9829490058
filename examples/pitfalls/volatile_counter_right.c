/* SPDX-License-Identifier: MIT */
/* An atomic variable makes the addition one step (std::atomic in C++). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_long hits;

static void *count(void *unused)
{
	for (int i = 0; i < 100000; i++)
		hits++;
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
	return hits == 200000 ? 0 : 1;
}

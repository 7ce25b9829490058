/* SPDX-License-Identifier: MIT */
/* Each change is made with the lock held. */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long hits; /* under lock */

static void *count(void *unused)
{
	for (int i = 0; i < 100000; i++) {
		pthread_mutex_lock(&lock);
		hits++;
		pthread_mutex_unlock(&lock);
	}
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

/* SPDX-License-Identifier: MIT */
/* A semaphore lies in the segment, beside what it guards. */
#include <semaphore.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

struct shared {
	sem_t lock;
	long sum;
};

int main(void)
{
	int id = shmget(IPC_PRIVATE, sizeof(struct shared), IPC_CREAT | 0600);
	struct shared *s = shmat(id, NULL, 0);
	pid_t child;

	shmctl(id, IPC_RMID, NULL);
	sem_init(&s->lock, 1, 1);
	child = fork();
	for (int i = 0; i < TIMES; i++) {
		sem_wait(&s->lock);
		s->sum++;
		sem_post(&s->lock);
	}
	if (!child)
		_exit(0);
	wait(NULL);
	printf("%ld of %d are there\n", s->sum, 2 * TIMES);
	return s->sum != 2 * TIMES;
}

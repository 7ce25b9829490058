/* SPDX-License-Identifier: MIT */
/*
 * Two processes count in a segment of System V, without synchronisation.
 *
 * Each reads, adds and writes; sched_yield() stands for the work in between.
 * A sanitiser sees one process only.
 * Seen by: ashlar check --races
 * Seen by: its own sum
 */
#include <sched.h>
#include <stdio.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

int main(void)
{
	int id = shmget(IPC_PRIVATE, sizeof(long), IPC_CREAT | 0600);
	volatile long *sum = shmat(id, NULL, 0);
	pid_t child;

	shmctl(id, IPC_RMID, NULL);
	child = fork();
	for (int i = 0; i < TIMES; i++) {
		long was = *sum;

		sched_yield();
		*sum = was + 1; /* wrong: data-race, lost update */
	}
	if (!child)
		_exit(0);
	wait(NULL);
	printf("%ld of %d are there\n", *sum, 2 * TIMES);
	return *sum != 2 * TIMES;
}

/* SPDX-License-Identifier: MIT */
/*
 * Parent and child count in memory that mmap() shares, unsynchronised.
 *
 * The memory was private, and fork() gave each its own; one flag made it
 * common to both.
 * Seen by: ashlar check --races
 * Seen by: its own sum
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

int main(void)
{
	volatile long *sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child = fork();

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

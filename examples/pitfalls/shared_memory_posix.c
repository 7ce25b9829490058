/* SPDX-License-Identifier: MIT */
/*
 * Two processes count in POSIX shared memory, without synchronisation.
 *
 * The name is the only thing that they agree on.
 * Seen by: ashlar check --races
 * Seen by: its own sum
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

int main(void)
{
	char name[40];
	volatile long *sum;
	pid_t child;
	int fd;

	snprintf(name, sizeof(name), "/pitfall-%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	shm_unlink(name);
	if (ftruncate(fd, sizeof(*sum)))
		return 2;
	sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
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

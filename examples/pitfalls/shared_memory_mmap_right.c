/* SPDX-License-Identifier: MIT */
/* An atomic addition is one step for processes, too. */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

int main(void)
{
	atomic_long *sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (sum == MAP_FAILED)
		return 2;
	child = fork();
	for (int i = 0; i < TIMES; i++)
		atomic_fetch_add(sum, 1);
	if (!child)
		_exit(0);
	wait(NULL);
	printf("%ld of %d are there\n", *sum, 2 * TIMES);
	return *sum != 2 * TIMES;
}

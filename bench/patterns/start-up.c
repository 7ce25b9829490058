/* SPDX-License-Identifier: MIT */
/*
 * start-up: the price of a process that does nothing.
 *
 * Starts /bin/true again and again; each start loads the allocator that is
 * preloaded into this program too.
 */
#include <spawn.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

int main(int argc, char **argv)
{
	static char *const command[] = { "/bin/true", NULL };
	long times = bench_scaled(argc, argv, 1000), i, failed = 0;

	for (i = 0; i < times; i++) {
		pid_t child;
		int status = 1;

		if (posix_spawn(&child, command[0], NULL, NULL, command,
				environ) ||
		    waitpid(child, &status, 0) != child || status)
			failed++;
	}
	printf("%ld processes, %ld failed\n", times, failed);
	return failed != 0;
}

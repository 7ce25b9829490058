/* SPDX-License-Identifier: MIT */
/*
 * measure LIBRARY COMMAND ARGS… - run a command and say what it cost.
 *
 * The command runs with LIBRARY in LD_PRELOAD ("" for none). When it has
 * ended, one line goes to descriptor 3:
 *	status user_us system_us peak_kib minor_faults switches wall_us
 * where status is the exit status, or 128 + the signal that ended it, and
 * switches are those of a thread that waits, not of one whose time is over.
 *
 * A small program does this because a child inherits the peak of its
 * parent's memory up to exec: started from Python, every program would
 * seem to have used as much as Python.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void run(char **argv)
{
	close(3);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage use;
	int status;
	pid_t child;
	long start;

	if (argc < 3) {
		fputs("usage: measure LIBRARY COMMAND ARGS...\n", stderr);
		return 2;
	}
	/* In the child, what this writes to would be page faults of its. */
	if (argv[1][0])
		setenv("LD_PRELOAD", argv[1], 1);
	start = now();
	child = fork();
	if (child == 0)
		run(argv);
	if (child < 0 || wait4(child, &status, 0, &use) != child) {
		perror("measure");
		return 1;
	}
	dprintf(3, "%d %ld %ld %ld %ld %ld %ld\n",
		WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				      WEXITSTATUS(status),
		microseconds(use.ru_utime), microseconds(use.ru_stime),
		use.ru_maxrss, use.ru_minflt, use.ru_nvcsw, now() - start);
	return 0;
}

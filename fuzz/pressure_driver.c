/* SPDX-License-Identifier: MIT */
/*
 * Memory under pressure, by chance: the programs of pressure.h with four times
 * as much memory as there is.
 *
 *	fuzz-pressure SECONDS [SEED [OPS]]
 *
 * Each seed is a machine of its own, in a process of its own, and draws all
 * that happens: how much RAM there is, whether disks fail, are late or lose
 * power, whether allocations fail, how often CPUs change. They go on from SEED
 * (or 1) until the seconds are over. OPS ends each program sooner, which makes
 * a failure shorter.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "pressure_seed.h"

#define SECONDS_EACH 300 /* then it hangs */

void pressure_exit(void)
{
	_exit(0);
}

static void say_where(int sig)
{
	char line[600];

	pressure_where(line, sizeof(line));
	if (write(2, line, strlen(line)) < 0)
		_exit(2);
	signal(sig, SIG_DFL);
	raise(sig);
}

static int seed_is_good(unsigned long seed, unsigned long ops)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGABRT, say_where);
		signal(SIGALRM, say_where);
		alarm(SECONDS_EACH);
		pressure_seed(seed, ops);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 0;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "abort_on_error=1:detect_leaks=0";
}

/* Addresses of the host's choice would make two runs of a seed differ. */
static void fix_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now >= 0 && !(now & ADDR_NO_RANDOMIZE) &&
	    personality((unsigned long)now | ADDR_NO_RANDOMIZE) >= 0)
		execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
	unsigned long ops = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	unsigned long first = seed;
	time_t end;

	if (argc < 2) {
		fprintf(stderr, "usage: %s SECONDS [SEED [OPS]]\n", argv[0]);
		return 2;
	}
	fix_addresses(argv);
	end = time(NULL) + atoi(argv[1]);
	do {
		if (!seed_is_good(seed, ops)) {
			printf("not ok fuzz-pressure - seed %lu\n", seed);
			return 1;
		}
		seed++;
	} while (time(NULL) < end);
	printf("ok fuzz-pressure: %lu seeds\n", seed - first);
	return 0;
}

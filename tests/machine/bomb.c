/* SPDX-License-Identifier: MIT */
/*
 * A fork bomb whose processes also take memory: forks fail, processes are
 * killed for want of memory, and whoever set it off lives, can end it, and
 * has all of the memory back, once the slab caches that the processes used
 * have been idle for some seconds.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

#define LEN (64 << 10)

static void explode(void)
{
	void *p;

	for (;;) {
		fork();
		p = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			usleep(1000);
		else
			memset(p, 1, LEN);
	}
}

static long mem_free_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kb = -1;

	need(f);
	while (fgets(line, sizeof(line), f) &&
	       sscanf(line, "MemFree: %ld", &kb) != 1)
		;
	fclose(f);
	return kb;
}

/* Rounds of SIGKILL until none is left; 0 when there always is. */
static int defuse(pid_t group)
{
	int round;

	for (round = 1; round < 3000; round++) {
		if (kill(-group, SIGKILL) < 0 && errno == ESRCH)
			return round;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		usleep(10000);
	}
	return 0;
}

int main(void)
{
	long before, after;
	int seconds = 0;
	pid_t bomb;

	signal(SIGCHLD, SIG_DFL);
	before = mem_free_kb();
	bomb = fork();
	need(bomb >= 0);
	if (!bomb) {
		setpgid(0, 0);
		explode();
	}
	setpgid(bomb, bomb);
	sleep(4);
	check(1, "who set it off lives", " ");
	check(defuse(bomb) > 0, "it can be ended", "somebody is always left");
	do {
		sleep(1);
		after = mem_free_kb();
	} while (after <= before - before / 100 && ++seconds < 15);
	check(after > before - before / 100, "the memory is free again",
	      "%ld kB before, %ld after", before, after);
	return checks_done();
}

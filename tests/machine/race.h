/* SPDX-License-Identifier: MIT */
/*
 * Races: the threads of one process on few objects, one family of system calls
 * at a time. A program is a table of families and
 *
 *   PROGRAM SEED MILLISECONDS [FAMILY…]
 *
 * runs each of them in a child for so long. A thread's calls follow from the
 * seed, the family and the thread; how they mix is the kernel's affair, and
 * with its boot word yield= the same each time. Calls fail most of the time,
 * and that is no failure: the kernel must stay up and say nothing.
 *
 *   parent ── fork ──► child: setup(), THREADS × { step(); step(); … }
 *     └ waits, kills what hangs, kills what it left behind
 */
#ifndef RACE_H
#define RACE_H

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define THREADS 5
#define SLOTS 6 /* objects of a kind */

struct family {
	const char *name;
	void (*setup)(void); /* or NULL */
	void (*step)(void); /* one call, or a few that belong together */
};

static __thread unsigned int dice;
static volatile int fds[SLOTS]; /* shared, changed and closed by all */
static volatile int over;

static unsigned int rnd(unsigned int n)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return (dice >> 3) % n;
}

/* Any of the shared descriptors; -1 now and then. */
static int any_fd(void)
{
	return rnd(30) ? fds[rnd(SLOTS)] : -1;
}

/* @fd takes a place among the shared ones; what was there is closed. */
__attribute__((unused)) static void put_fd(int fd)
{
	int old;

	if (fd < 0)
		return;
	old = __atomic_exchange_n(&fds[rnd(SLOTS)], fd, __ATOMIC_RELAXED);
	if (old > 2)
		close(old);
}

/* Past the C library, which would look at what it keeps. */
#define call(nr, ...) syscall(SYS_##nr, ##__VA_ARGS__)

/* A child that shares nothing, of a process with threads: raw calls only. */
__attribute__((unused)) static int raw_fork(void)
{
	return (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

static const struct family *family;
static unsigned int seed;

static void *race_thread(void *number)
{
	dice = (seed * 2654435761u) ^ ((unsigned int)(long)number * 40503u + 1);
	dice += !dice;
	while (!over)
		family->step();
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

/* What signals that a family sends do to who calls it. */
static void on_signals(void (*action)(int))
{
	int sig;

	for (sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		signal(sig, action);
	signal(SIGUSR1, action);
	signal(SIGUSR2, action);
}

/* What children of a family do: it ends with its process, threads or not. */
static void run_family(unsigned int ms)
{
	struct timespec end;
	pthread_t thread;
	long i;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec +=
		ms / 1000 + (end.tv_nsec + ms % 1000 * 1000000) / 1000000000;
	end.tv_nsec = (end.tv_nsec + ms % 1000 * 1000000) % 1000000000;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	on_signals(nothing);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < SLOTS; i++)
		fds[i] = -1;
	dice = seed + 1;
	if (family->setup)
		family->setup();
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, race_thread, (void *)i))
			_exit(1);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) ==
	       EINTR)
		;
	over = 1;
	_exit(0);
}

/* Children of the family's process that outlived it came to this one. */
static void reap(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void race(const struct family *f, unsigned int ms)
{
	int status = 0, pid;

	family = f;
	pid = fork();
	if (!pid)
		run_family(ms);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	reap();
	check(WIFSIGNALED(status) || !WEXITSTATUS(status), f->name,
	      "its threads could not start");
}

static int races(int argc, char **argv, const struct family *all, int nr)
{
	unsigned int ms;
	int i, k;

	if (argc < 3) {
		fprintf(stderr, "%s SEED MILLISECONDS [FAMILY...]\n", argv[0]);
		return 2;
	}
	seed = (unsigned int)atoi(argv[1]);
	ms = (unsigned int)atoi(argv[2]);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGHUP, SIG_IGN);
	on_signals(SIG_IGN); /* orphans may take it for their family's */
	for (i = 0; i < nr; i++) {
		for (k = 3; k < argc && strcmp(argv[k], all[i].name); k++)
			;
		if (argc == 3 || k < argc)
			race(&all[i], ms);
	}
	return checks_done();
}

#endif

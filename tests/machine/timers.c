/* SPDX-License-Identifier: MIT */
/*
 * Timers: one that nobody notices costs nothing, and none waits for a tick.
 * What is counted are interrupts and ticks, never time.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define MANY 300
#define MS 1000000L

static volatile int taken;
static long free_rounds; /* see rounds() */

static void take(int sig)
{
	(void)sig;
	taken++;
}

static void rest(long ns)
{
	struct timespec t = { 0, ns };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static sigset_t only(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	return set;
}

static timer_t timer(int notify, int sig)
{
	struct sigevent ev = { .sigev_notify = notify, .sigev_signo = sig };
	timer_t t;

	need(timer_create(CLOCK_MONOTONIC, &ev, &t) == 0);
	return t;
}

static void start(timer_t t, long first, long interval)
{
	struct itimerspec s = { { 0, interval }, { 0, first } };

	need(timer_settime(t, 0, &s, NULL) == 0);
}

/* All interrupts so far, of whatever kind. */
static long interrupts(void)
{
	FILE *f = fopen("/proc/interrupts", "r");
	char line[300], *end;
	long n, sum = 0;

	need(f);
	while (fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || !strncmp(line, "SYS", 3) ||
		    !strncmp(line, "PGF", 3))
			continue;
		n = strtol(colon + 1, &end, 10);
		sum += end > colon + 1 ? n : 0;
	}
	fclose(f);
	return sum;
}

/* Rounds of a loop between two moves of the coarse clock, some ticks apart. */
static long rounds(void)
{
	struct timespec now, last;
	long n = 0;
	int moves = 0;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &last);
	while (moves < 11) {
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
		if (now.tv_nsec != last.tv_nsec)
			moves++;
		last = now;
		n += moves != 0;
	}
	return n;
}

/* In a twentieth of a second there are 50 ticks, or 13. */
static void is_quiet(const char *name)
{
	long n, work;

	rest(5 * MS);
	n = interrupts();
	rest(50 * MS);
	n = interrupts() - n;
	work = rounds();
	check(n < 200 && work > free_rounds / 100 * 95, name,
	      "%ld interrupts; %ld rounds, without %ld", n, work, free_rounds);
}

static void drop(const sigset_t *set)
{
	struct timespec none = { 0, 0 };

	while (sigtimedwait(set, NULL, &none) > 0)
		;
}

static void check_unread_timerfds(void)
{
	struct itimerspec s = { { 0, 1000 }, { 0, 1000 } };
	int fd[MANY], i;
	uint64_t n;

	for (i = 0; i < MANY; i++) {
		need((fd[i] = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0);
		need(timerfd_settime(fd[i], 0, &s, NULL) == 0);
	}
	is_quiet("unread timerfds cost nothing");
	is(read(fd[0], &n, 8), 8);
	check(n > 50000, "what an unread timerfd missed is counted", "%llu",
	      (unsigned long long)n);
	for (i = 0; i < MANY; i++)
		close(fd[i]);
}

static void check_unnoticed_timers(const char *name, int notify)
{
	timer_t t[MANY];
	int i;

	for (i = 0; i < MANY; i++)
		start(t[i] = timer(notify, SIGUSR1), 1000, 1000);
	is_quiet(name);
	for (i = 0; i < MANY; i++)
		is(timer_delete(t[i]), 0);
}

static void check_blocked(void)
{
	sigset_t set = only(SIGUSR1);
	struct itimerspec left;
	siginfo_t info;
	timer_t t;

	sigprocmask(SIG_BLOCK, &set, NULL);
	check_unnoticed_timers("blocked timers cost nothing", SIGEV_SIGNAL);
	drop(&set);
	start(t = timer(SIGEV_SIGNAL, SIGUSR1), 1 * MS, 1 * MS);
	rest(20 * MS + MS / 2);
	is(timer_gettime(t, &left), 0);
	check(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 1 * MS,
	      "what is left to a timer whose signal waits", "%ld",
	      left.it_value.tv_nsec);
	is(sigwaitinfo(&set, &info), SIGUSR1);
	check(info.si_overrun >= 15 && info.si_overrun <= 25, "overrun", "%d",
	      info.si_overrun);
	is(timer_getoverrun(t), info.si_overrun);
	is(sigwaitinfo(&set, &info), SIGUSR1);
	check(info.si_overrun < 10, "it runs on after the signal was taken",
	      "%d", info.si_overrun);
	start(t, 0, 1 * MS);
	is(timer_gettime(t, &left), 0);
	is(left.it_value.tv_nsec, 0);
	is(left.it_interval.tv_nsec, 0);
	is(timer_delete(t), 0);
	drop(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void check_itimer(void)
{
	struct itimerval it = { { 0, 100 }, { 0, 100 } }, off = { 0 };
	sigset_t set = only(SIGALRM);

	signal(SIGALRM, take);
	sigprocmask(SIG_BLOCK, &set, NULL);
	is(setitimer(ITIMER_REAL, &it, NULL), 0);
	is_quiet("a blocked alarm costs nothing");
	taken = 0;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	while (taken < 20)
		pause();
	is(setitimer(ITIMER_REAL, &off, &it), 0);
	is(it.it_interval.tv_usec, 100);
	signal(SIGALRM, SIG_IGN);
	it.it_value.tv_usec = 100;
	is(setitimer(ITIMER_REAL, &it, NULL), 0);
	is_quiet("an ignored alarm costs nothing");
	is(setitimer(ITIMER_REAL, &off, NULL), 0);
}

static void check_silent(void)
{
	struct itimerspec left;
	timer_t t = timer(SIGEV_NONE, 0);

	start(t, 1 * MS, 3 * MS);
	rest(20 * MS);
	is(timer_gettime(t, &left), 0);
	check(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 3 * MS,
	      "a silent timer that repeats", "%ld", left.it_value.tv_nsec);
	start(t, 1 * MS, 0);
	rest(2 * MS);
	is(timer_gettime(t, &left), 0);
	is(left.it_value.tv_nsec, 0);
	is(timer_delete(t), 0);
}

/* A timer that waited for a tick would see each of them. */
static void check_fineness(void)
{
	struct timespec now, before;
	int i, ticks = 0;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &before);
	for (i = 0; i < 40; i++) {
		rest(50000);
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
		ticks += now.tv_nsec != before.tv_nsec;
		before = now;
	}
	check(ticks < 20, "a sleep does not wait for a tick",
	      "%d ticks in 40 sleeps of 50 us", ticks);
}

static void check_limit(void)
{
	struct rlimit old, few = { 5, 5 };
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	timer_t t[6];
	int i;

	getrlimit(RLIMIT_SIGPENDING, &old);
	few.rlim_max = old.rlim_max;
	is(setrlimit(RLIMIT_SIGPENDING, &few), 0);
	for (i = 0; i < 5; i++)
		is(timer_create(CLOCK_MONOTONIC, &ev, &t[i]), 0);
	is(timer_create(CLOCK_MONOTONIC, &ev, &t[5]), -EAGAIN);
	is(timer_delete(t[2]), 0);
	is(timer_create(CLOCK_MONOTONIC, &ev, &t[5]), 0);
	check(t[5] != t[2], "a number is not used again at once", "%ld",
	      (long)t[5]);
	is(timer_delete(t[2]), -EINVAL);
	t[2] = t[5];
	for (i = 0; i < 5; i++)
		is(timer_delete(t[i]), 0);
	is(setrlimit(RLIMIT_SIGPENDING, &old), 0);
}

static void check_ignored(void)
{
	timer_t t;

	signal(SIGUSR1, SIG_IGN);
	start(t = timer(SIGEV_SIGNAL, SIGUSR1), 1 * MS, 1 * MS);
	rest(10 * MS);
	taken = 0;
	signal(SIGUSR1, take);
	rest(10 * MS);
	check(taken > 0, "an ignored timer comes back", "%d", taken);
	is(timer_delete(t), 0);
}

int main(void)
{
	free_rounds = rounds();
	check_unread_timerfds();
	check_blocked();
	check_unnoticed_timers("silent timers cost nothing", SIGEV_NONE);
	signal(SIGUSR1, SIG_IGN);
	check_unnoticed_timers("ignored timers cost nothing", SIGEV_SIGNAL);
	check_ignored();
	check_itimer();
	check_silent();
	check_fineness();
	check_limit();
	return checks_done();
}

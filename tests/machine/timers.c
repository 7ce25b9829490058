/* SPDX-License-Identifier: MIT */
/*
 * Timers: one that nobody notices costs nothing, and none waits for a tick.
 * What is counted are interrupts and ticks, never time. Then the time of day:
 * what moves when it is set, and how it is set right.
 */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
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

/* ---- the time of day ---- */

static void shift(long seconds)
{
	struct timespec now;

	need(clock_gettime(CLOCK_REALTIME, &now) == 0);
	now.tv_sec += seconds;
	need(clock_settime(CLOCK_REALTIME, &now) == 0);
}

static struct itimerspec wall_in(long seconds, long interval)
{
	struct itimerspec s = { { interval, 0 }, { 0, 0 } };

	clock_gettime(CLOCK_REALTIME, &s.it_value);
	s.it_value.tv_sec += seconds;
	return s;
}

static int wall_timerfd(int flags, long seconds, long interval)
{
	struct itimerspec s = wall_in(seconds, interval);
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);

	need(fd >= 0 && timerfd_settime(fd, flags, &s, NULL) == 0);
	return fd;
}

/* What waits for a time of day comes when that is set. */
static void check_wall(void)
{
	int soon = wall_timerfd(TFD_TIMER_ABSTIME, 100, 30);
	int late = wall_timerfd(TFD_TIMER_ABSTIME, 9000, 0);
	int relative = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
	struct itimerspec s = { { 0, 0 }, { 100, 0 } };
	uint64_t n = 0;

	need(timerfd_settime(relative, 0, &s, NULL) == 0);
	is(read(soon, &n, 8), -EAGAIN);
	shift(200);
	rest(1 * MS);
	is(read(soon, &n, 8), 8);
	is(n, 4);
	is(read(late, &n, 8), -EAGAIN);
	is(read(relative, &n, 8), -EAGAIN);
	is(timerfd_gettime(soon, &s), 0);
	check(s.it_value.tv_sec == 19 && s.it_interval.tv_sec == 30,
	      "what is left after the clock was set", "%ld s",
	      (long)s.it_value.tv_sec);
	is(timerfd_gettime(late, &s), 0);
	is(s.it_value.tv_sec, 8799);
	shift(-200);
	is(timerfd_gettime(late, &s), 0);
	is(s.it_value.tv_sec, 8999);
	is(timerfd_gettime(relative, &s), 0);
	is(s.it_value.tv_sec, 99);
	is(read(soon, &n, 8), -EAGAIN);
	close(soon);
	close(late);
	close(relative);
}

static void check_wall_timer(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	struct itimerspec s;
	timer_t t;

	need(timer_create(CLOCK_REALTIME, &ev, &t) == 0);
	s = wall_in(1000, 7);
	is(timer_settime(t, TIMER_ABSTIME, &s, NULL), 0);
	shift(1001);
	is(timer_gettime(t, &s), 0);
	is(s.it_value.tv_sec, 5);
	shift(-1001);
	is(timer_delete(t), 0);
}

/* TFD_TIMER_CANCEL_ON_SET */
static void check_cancel(void)
{
	int both = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
	int fd = wall_timerfd(both, 1000, 0);
	int not = wall_timerfd(TFD_TIMER_ABSTIME, 1000, 0);
	int twice = wall_timerfd(both, 1000, 0);
	struct itimerspec s = wall_in(1000, 0), off = { 0 };
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t n;

	is(poll(&p, 1, 0), 0);
	shift(3);
	is(poll(&p, 1, 0), 1);
	is(read(fd, &n, 8), -ECANCELED);
	is(read(fd, &n, 8), -EAGAIN);
	is(read(not, &n, 8), -EAGAIN);
	is(timerfd_settime(twice, both, &s, NULL), -ECANCELED);
	is(read(twice, &n, 8), -EAGAIN);
	is(timerfd_settime(twice, both, &s, NULL), 0);
	is(timerfd_settime(twice, TFD_TIMER_ABSTIME, &s, NULL), 0);
	shift(-3);
	is(read(twice, &n, 8), -EAGAIN);
	is(read(fd, &n, 8), -ECANCELED);
	shift(1);
	is(timerfd_settime(fd, both, &off, NULL), 0);
	is(read(fd, &n, 8), -ECANCELED);
	shift(-1);
	close(fd);
	close(not );
	close(twice);
}

/* ---- adjtimex ---- */

static long since_boot(void)
{
	struct timespec wall, now;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (wall.tv_sec - now.tv_sec) % 1000 * 1000000 +
	       (wall.tv_nsec - now.tv_nsec) / 1000;
}

static void check_adjtimex(void)
{
	struct timex t = { 0 };
	long before;

	is(adjtimex(&t), TIME_ERROR);
	is(t.status, STA_UNSYNC);
	is(t.offset | t.freq | t.tai | t.ppsfreq | t.stbcnt, 0);
	is(t.maxerror, 16000000);
	is(t.esterror, 16000000);
	is(t.constant, 2);
	is(t.precision, 1);
	is(t.tolerance, 500 << 16);
	is(t.tick, 10000);
	is(clock_adjtime(CLOCK_MONOTONIC, &t), -EOPNOTSUPP);
	is(clock_adjtime(99, &t), -EINVAL);
	is(syscall(SYS_adjtimex, 8), -EFAULT);
	t.modes = ADJ_TICK;
	t.tick = 8999;
	is(adjtimex(&t), -EINVAL);
	t.modes = 0x8000;
	is(adjtimex(&t), -EINVAL);
	t.modes = ADJ_SETOFFSET;
	t.time.tv_sec = 0;
	t.time.tv_usec = 1000000;
	is(adjtimex(&t), -EINVAL);
	before = since_boot();
	t.time.tv_usec = 500000;
	is(adjtimex(&t), TIME_ERROR);
	before = since_boot() - before;
	check(before > 499900 && before < 500100, "ADJ_SETOFFSET", "%ld us",
	      before);
	t.modes = ADJ_SETOFFSET | ADJ_NANO;
	t.time.tv_sec = -1;
	t.time.tv_usec = 500000000;
	is(adjtimex(&t), TIME_ERROR);
	is(t.status, STA_UNSYNC | STA_NANO);
	t.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_MICRO;
	t.status = STA_PLL;
	t.maxerror = 1000;
	t.esterror = 20;
	is(adjtimex(&t), TIME_OK);
	is(t.status, STA_PLL);
	is(t.maxerror, 1000);
	is(t.esterror, 20);
	t.modes = ADJ_FREQUENCY | ADJ_TIMECONST | ADJ_TAI;
	t.freq = 1 << 30;
	t.constant = 37;
	is(adjtimex(&t), TIME_OK);
	is(t.freq, 500 << 16);
	is(t.constant, 10);
	is(t.tai, 37);
	t.modes = ADJ_FREQUENCY | ADJ_TIMECONST | ADJ_TAI;
	t.freq = 0;
	t.constant = 0;
	is(adjtimex(&t), TIME_OK);
	shift(0);
	t.modes = 0;
	is(adjtimex(&t), TIME_ERROR);
	is(t.status, STA_PLL | STA_UNSYNC);
	t.modes = ADJ_STATUS;
	t.status = STA_UNSYNC;
	is(adjtimex(&t), TIME_ERROR);
}

/* adjtime(3): half a thousandth faster until it is done. */
static void check_adjtime(void)
{
	struct timeval by = { 0, 800 }, left = { 9, 9 };
	struct timex t = { .modes = ADJ_OFFSET_SS_READ };
	long before = since_boot();

	is(adjtime(&by, &left), 0);
	is(left.tv_sec | left.tv_usec, 0);
	is(adjtimex(&t), TIME_ERROR);
	check(t.offset > 0 && t.offset <= 800, "ADJ_OFFSET_SS_READ", "%ld",
	      (long)t.offset);
	sleep(4);
	before = since_boot() - before;
	check(before > 750 && before < 850, "adjtime", "%ld us", before);
	is(adjtime(NULL, &left), 0);
	is(left.tv_sec | left.tv_usec, 0);
	if (fork() == 0) {
		need(setresuid(1000, 1000, 1000) == 0);
		is(adjtime(NULL, &left), 0);
		is(adjtime(&by, &left), -EPERM);
		t.modes = 0;
		is(adjtimex(&t), TIME_ERROR);
		t.modes = ADJ_SETOFFSET;
		is(adjtimex(&t), -EPERM);
		_exit(checks_done());
	}
	is(wait(NULL) > 0, 1);
}

int main(void)
{
	int failed;

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
	failed = checks_failed;
	check_wall();
	check_wall_timer();
	check_cancel();
	check_adjtimex();
	check_adjtime();
	check(checks_failed == failed, "the time of day", "see above");
	return checks_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * Signals: timers that interrupt malloc everywhere, handlers on their own
 * stacks, handlers that leave by siglongjmp (from outside of malloc).
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/time.h>

static volatile sig_atomic_t ticks;
static long storm_end;
static int storm_bad;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

static void install(int sig, void (*handler)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	sigaction(sig, &sa, NULL);
}

static void *storm(void *arg)
{
	enum { LIVE = 60 };
	struct {
		unsigned char *p;
		size_t n;
	} b[LIVE] = { 0 };
	uint64_t state = (uintptr_t)arg + 5;
	size_t i;

	while (now_ms() < storm_end) {
		size_t n = random_size(&state, 13) + 1;

		i = next_random(&state) % LIVE;
		if (b[i].p && !intact(b[i].p, b[i].n, i))
			__atomic_fetch_add(&storm_bad, 1, __ATOMIC_RELAXED);
		if (next_random(&state) % 4) {
			free(b[i].p);
			b[i].p = malloc(n);
		} else {
			b[i].p = realloc(b[i].p, n);
		}
		b[i].n = n;
		fill(b[i].p, n, i);
	}
	for (i = 0; i < LIVE; i++)
		free(b[i].p);
	return NULL;
}

static void set_timers(long us)
{
	struct itimerval t = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &t, NULL);
	setitimer(ITIMER_PROF, &t, NULL);
}

static void check_timers(void)
{
	sigset_t before, after;
	pthread_t t[3];
	intptr_t i;

	memset(&before, 0, sizeof(before));
	memset(&after, 0, sizeof(after));
	install(SIGALRM, on_tick, SA_RESTART);
	install(SIGPROF, on_tick, SA_RESTART);
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	storm_end = now_ms() + 800;
	set_timers(200);
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, storm, (void *)i);
	storm((void *)77);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	set_timers(0);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	check(ticks > 50 && !storm_bad, "timers",
	      "%d blocks spoiled, %d signals", storm_bad, (int)ticks);
	check(!memcmp(&before, &after, sizeof(before)), "mask-unchanged",
	      "the signal mask changed");
}

static sigjmp_buf outside;
static volatile sig_atomic_t may_jump, jumps;

static void on_jump(int sig)
{
	(void)sig;
	if (!may_jump)
		return;
	may_jump = 0;
	jumps++;
	siglongjmp(outside, 1);
}

/* Spins outside of malloc until the timer throws it back; then allocates. */
static void check_longjmp(void)
{
	static unsigned char *p[40];
	static volatile int round, bad;
	long end = now_ms() + 5000;

	install(SIGALRM, on_jump, 0);
	set_timers(300);
	for (round = 0; round < 600 && now_ms() < end; round++) {
		size_t i = round % 40, n = (round + 1) * 13;

		free(p[i]);
		p[i] = malloc(n);
		fill(p[i], n, i);
		if (!sigsetjmp(outside, 1)) {
			may_jump = 1;
			while (may_jump && now_ms() < end)
				;
		}
		may_jump = 0;
		bad += !intact(p[i], n, i);
	}
	set_timers(0);
	install(SIGALRM, on_tick, SA_RESTART);
	for (round = 0; round < 40; round++)
		free(p[round]);
	check(jumps > 300 && !bad, "longjmp", "%d jumps, %d blocks spoiled",
	      (int)jumps, bad);
}

static volatile sig_atomic_t raised_good;

/* Raised synchronously and outside of malloc: it may allocate. */
static void on_raise(int sig)
{
	size_t n[] = { 10, 100, 5000, 200000 }, i;

	(void)sig;
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		unsigned char *p = malloc(n[i]);

		fill(p, n[i], i);
		raised_good += intact(p, n[i], i);
		free(p);
	}
}

static void use_altstack(size_t size)
{
	stack_t stack;

	memset(&stack, 0, sizeof(stack));
	stack.ss_sp = map_pages(size);
	stack.ss_size = size;
	sigaltstack(&stack, NULL);
}

static void check_altstack(void)
{
	int i;

	use_altstack(16 * KB);
	install(SIGUSR1, on_raise, SA_ONSTACK);
	for (i = 0; i < 100; i++)
		raise(SIGUSR1);
	check(raised_good == 400, "altstack-handler-allocates",
	      "%d of 400 blocks", (int)raised_good);
}

static sigjmp_buf overflow;

static void on_overflow(int sig)
{
	siglongjmp(overflow, sig);
}

static int recurse(volatile char *above, int depth)
{
	volatile char here[4096];

	here[0] = above[0] + 1;
	here[4095] = here[0];
	if (depth > 0)
		return recurse(here, depth + 1) + here[4095];
	return here[0];
}

/* A stack overflow caught on the other stack; the heap goes on. */
static void check_overflow(void)
{
	static volatile int round, caught;
	char start = 0;
	void *p;

	install(SIGSEGV, on_overflow, SA_ONSTACK);
	for (round = 0; round < 3; round++) {
		if (!sigsetjmp(overflow, 1)) {
			recurse(&start, 1);
			continue;
		}
		p = malloc(5000);
		fill(p, 5000, round);
		caught += intact(p, 5000, round);
		free(p);
	}
	install(SIGSEGV, SIG_DFL, 0);
	check(caught == 3, "stack-overflow", "%d of 3", caught);
}

static volatile sig_atomic_t sigcount;

static void on_directed(int sig)
{
	(void)sig;
	sigcount++;
}

/* Signals sent to threads that allocate, begin and end all the time. */
static void check_directed(void)
{
	long begin_ms;
	intptr_t i;

	install(SIGUSR2, on_directed, SA_RESTART);
	for (i = 0; i < 10; i++) {
		pthread_t t;

		begin_ms = now_ms();
		storm_end = begin_ms + 30;
		pthread_create(&t, NULL, storm, (void *)i);
		while (now_ms() < storm_end - 5)
			pthread_kill(t, SIGUSR2);
		pthread_join(t, NULL);
	}
	check(sigcount > 10 && !storm_bad, "directed",
	      "%d signals, %d blocks spoiled", (int)sigcount, storm_bad);
}

int main(void)
{
	begin("signal");
	check_timers();
	check_longjmp();
	check_altstack();
	check_overflow();
	check_directed();
	return finish();
}

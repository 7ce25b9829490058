/* SPDX-License-Identifier: MIT */
/*
 * Threads of a program in which updates are looked for: each is stepped
 * through when it starts, and then now and then.
 */
#include "race.h"
#include "real.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#define THREADS 512 /* that are known */
#define STARTING 128 /* threads that have not begun yet */
#define STEPS_START 400
#define PATIENCE 50 /* pauses */

static pid_t threads[THREADS];
static uint32_t nr_threads = 1;

static __thread pid_t tid;
static __thread void *sampled;
static pthread_key_t ends;

pid_t race_tid(void)
{
	if (unlikely(!tid))
		tid = (pid_t)syscall(SYS_gettid);
	return tid;
}

unsigned int race_threads(void)
{
	return __atomic_load_n(&nr_threads, __ATOMIC_RELAXED);
}

/* Some other threads. */
unsigned int race_others(pid_t *to, unsigned int most)
{
	static uint32_t turn;
	uint32_t from = __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
	unsigned int i, n = 0;
	pid_t t;

	for (i = 0; i < THREADS && n < most; i++) {
		t = __atomic_load_n(&threads[(from * most + i) % THREADS],
				    __ATOMIC_RELAXED);
		if (t && t != race_tid())
			to[n++] = t;
	}
	return n;
}

/* ---- one comes, one goes ---- */

static void enter(void)
{
	unsigned int i;
	pid_t none;

	for (i = 0; i < THREADS; i++) {
		none = 0;
		if (__atomic_compare_exchange_n(&threads[i], &none, race_tid(),
						false, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
	}
	if (i < THREADS)
		sampled = race_event_sample();
}

static void leave(void *unused)
{
	unsigned int i;
	pid_t own;

	(void)unused;
	race_event_end(sampled);
	sampled = NULL;
	for (i = 0; i < THREADS; i++) {
		own = race_tid();
		if (__atomic_compare_exchange_n(&threads[i], &own, 0, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
	}
	__atomic_fetch_sub(&nr_threads, 1, __ATOMIC_RELAXED);
}

/* ---- one starts ---- */

extern void *__libc_stack_end __attribute__((__weak__));

/*
 * True if updates are looked for: from the first thread on that is started,
 * or process.
 */
static bool race_started(void)
{
	static uint32_t tried;

	if (likely(__atomic_load_n(&tried, __ATOMIC_RELAXED)) ||
	    __atomic_exchange_n(&tried, 1, __ATOMIC_RELAXED))
		return race_wanted;
	if (!heap.calls.races || !heap.calls.races() || race_is_traced() ||
	    pthread_key_create(&ends, leave))
		return false;
	if (&__libc_stack_end)
		race_thread((uintptr_t)__libc_stack_end + 65536);
	race_start();
	if (race_wanted)
		enter();
	return race_wanted;
}

static struct starting {
	uint32_t busy;
	void *(*run)(void *arg);
	void *arg;
} starting[STARTING];

static struct starting *take_starting(void *(*run)(void *arg), void *arg)
{
	unsigned int i;

	for (i = 0; i < STARTING; i++) {
		if (__atomic_exchange_n(&starting[i].busy, 1, __ATOMIC_ACQUIRE))
			continue;
		starting[i].run = run;
		starting[i].arg = arg;
		return &starting[i];
	}
	return NULL;
}

static void *runs(void *arg)
{
	struct starting *s = arg, now = *s;

	__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
	race_thread((uintptr_t)__builtin_frame_address(0) + 4096);
	enter();
	pthread_setspecific(ends, &ends);
	race_begin(STEPS_START);
	return now.run(now.arg);
}

/* Two that start together are seen together. */
static void wait_for_start(const struct starting *s)
{
	const struct timespec pause = { 0, 50000 };
	unsigned int i;

	for (i = 0; i < PATIENCE && __atomic_load_n(&s->busy, __ATOMIC_ACQUIRE);
	     i++)
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg)
{
	struct starting *s = race_started() ? take_starting(run, arg) : NULL;
	int error;

	if (!s)
		return REAL(pthread_create)(thread, attr, run, arg);
	__atomic_fetch_add(&nr_threads, 1, __ATOMIC_RELAXED);
	error = REAL(pthread_create)(thread, attr, runs, s);
	if (error) {
		__atomic_fetch_sub(&nr_threads, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
		return error;
	}
	wait_for_start(s);
	race_begin(STEPS_START);
	return 0;
}

/* ---- another process ---- */

static void is_child(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = 0;
	nr_threads = 1;
	tid = 0;
	enter();
	race_begin(STEPS_START);
}

EXPORT pid_t fork(void)
{
	bool wanted = race_started();
	pid_t pid = REAL(fork)();

	if (wanted && pid == 0)
		is_child();
	if (wanted && pid > 0)
		race_begin(STEPS_START);
	return pid;
}

/* SPDX-License-Identifier: MIT */
/*
 * Threads: each has a signal stack before it runs the program's code, so that
 * the end of its own can be told of. Where updates are looked for, each is
 * stepped through when it starts, and then now and then.
 */
#include "race.h"
#include "real.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <threads.h>
#include <unistd.h>

#define THREADS 512 /* that are known */
#define STARTING 128 /* threads that have not begun yet */
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

static struct starting {
	uint32_t busy;
	void *(*run)(void *arg);
	thrd_start_t run_thrd; /* by thrd_create() */
	void *arg;
} starting[STARTING];

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
	race_thread_ends();
	for (i = 0; i < THREADS; i++) {
		own = race_tid();
		if (__atomic_compare_exchange_n(&threads[i], &own, 0, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			break;
	}
	__atomic_fetch_sub(&nr_threads, 1, __ATOMIC_RELAXED);
}

/* In a child there is one thread, which none of the parent's events sees. */
static void is_child(void)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = 0;
	for (i = 0; i < STARTING; i++)
		starting[i].busy = 0;
	nr_threads = 1;
	tid = 0;
	race_forked();
	race_watch_forked();
	enter();
}

/* ---- one starts ---- */

/* What the C library knows this one by, where no start-up file says it. */
HIDDEN void *__dso_handle __attribute__((__weak__)) = &__dso_handle;

extern void *__libc_stack_end __attribute__((__weak__));

/*
 * True if updates are looked for: from the first thread on that is started,
 * or process, or memory that is shared with one.
 */
bool race_started(void)
{
	static uint32_t tried;

	if (likely(__atomic_load_n(&tried, __ATOMIC_RELAXED)) ||
	    __atomic_exchange_n(&tried, 1, __ATOMIC_RELAXED))
		return race_wanted;
	if (!heap.calls.races || !heap.calls.races() || race_is_traced() ||
	    pthread_key_create(&ends, leave) ||
	    pthread_atfork(NULL, NULL, is_child))
		return false;
	if (&__libc_stack_end)
		race_thread((uintptr_t)__libc_stack_end + 65536);
	race_start();
	if (race_wanted)
		enter();
	return race_wanted;
}

static struct starting *find_starting(void)
{
	unsigned int i;

	for (i = 0; i < STARTING; i++)
		if (!__atomic_exchange_n(&starting[i].busy, 1,
					 __ATOMIC_ACQUIRE))
			return &starting[i];
	return NULL;
}

/* In the new thread; what it is to run has been taken out. */
static void begins(struct starting *s)
{
	__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
	if (heap.calls.thread)
		heap.calls.thread();
	if (!race_wanted)
		return;
	race_thread((uintptr_t)__builtin_frame_address(0) + 4096);
	enter();
	pthread_setspecific(ends, &ends);
	race_begin(RACE_STEPS_START);
}

/* What these two call takes their places on the stack. */
static void *runs(void *arg)
{
	struct starting *s = arg;
	void *(*run)(void *arg) = s->run;

	arg = s->arg;
	begins(s);
	return run(arg);
}

static int runs_thrd(void *arg)
{
	struct starting *s = arg;
	thrd_start_t run = s->run_thrd;

	arg = s->arg;
	begins(s);
	return run(arg);
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

/* Behind the call that should have started it. */
static void started(struct starting *s, bool failed)
{
	if (failed)
		__atomic_store_n(&s->busy, 0, __ATOMIC_RELEASE);
	if (!race_wanted)
		return;
	if (failed) {
		__atomic_fetch_sub(&nr_threads, 1, __ATOMIC_RELAXED);
		return;
	}
	wait_for_start(s);
	race_begin(RACE_STEPS_START);
}

/* What is handed to a new thread; NULL: it is left to itself. */
static struct starting *take_starting(void *arg)
{
	bool looked_for = race_started();
	struct starting *s = NULL;

	if (looked_for || heap.calls.thread)
		s = find_starting();
	if (!s)
		return NULL;
	s->arg = arg;
	if (looked_for)
		__atomic_fetch_add(&nr_threads, 1, __ATOMIC_RELAXED);
	return s;
}

EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*run)(void *arg), void *arg)
{
	struct starting *s = take_starting(arg);
	int error;

	if (!s)
		return REAL(pthread_create)(thread, attr, run, arg);
	s->run = run;
	error = REAL(pthread_create)(thread, attr, runs, s);
	started(s, error != 0);
	return error;
}

EXPORT int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
	struct starting *s = take_starting(arg);
	int result;

	if (!s)
		return REAL(thrd_create)(thread, run, arg);
	s->run_thrd = run;
	result = REAL(thrd_create)(thread, runs_thrd, s);
	started(s, result != thrd_success);
	return result;
}

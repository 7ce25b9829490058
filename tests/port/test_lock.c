/* SPDX-License-Identifier: MIT */
/*
 * Locks that threads sleep for: what differs is who is the first to do so, and
 * each round has a new lock for that.
 */
#include <mach/spinlock.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../harness.h"

enum { THREADS = TEST_CPUS, ROUNDS = 300, HOLD_US = 200 };

static struct round {
	spinlock_t lock;
	unsigned int arrived, holders, most, taken;
} rounds[ROUNDS];

/* All are in one round: what comes next, they do at the same time. */
static void meet(struct round *r)
{
	__atomic_fetch_add(&r->arrived, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&r->arrived, __ATOMIC_RELAXED) < THREADS)
		sched_yield();
}

static void hold(struct round *r, unsigned int us)
{
	spin_lock(&r->lock);
	r->most = max(r->most, ++r->holders);
	r->taken++;
	if (us)
		usleep(us);
	r->holders--;
	spin_unlock(&r->lock);
}

/* From not at all to longer than others spin. */
static void contend(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		meet(&rounds[i]);
		hold(&rounds[i], i % 8 * HOLD_US / 8);
		hold(&rounds[i], 0);
	}
}

TEST_NO_SWEEP(who_sleeps_for_a_lock_is_woken)
{
	unsigned int slept = 0;

	memset(rounds, 0, sizeof(rounds));
	in_parallel(THREADS, contend, NULL);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		CHECK_EQ(rounds[i].most, 1);
		CHECK_EQ(rounds[i].taken, 2 * THREADS);
		CHECK_EQ(rounds[i].lock.state, 0);
		slept += rounds[i].lock.slept;
	}
	CHECK_OP(slept, >, 0);
}

/*
 * One thread takes and releases a lock, and a signal holds it up wherever it
 * is; then the other wants the lock, and is the first to sleep for it. (Under
 * valgrind a signal comes where no lock is held.) Who is not woken waits for
 * ever.
 */
static pthread_t busy;
static bool held_up;

static void hold_up(int signal)
{
	(void)signal;
	__atomic_store_n(&held_up, true, __ATOMIC_RELEASE);
	usleep(HOLD_US);
}

static void keep_busy(struct round *r)
{
	while (!__atomic_load_n(&r->taken, __ATOMIC_RELAXED)) {
		spin_lock(&r->lock);
		spin_unlock(&r->lock);
	}
}

static void hold_up_and_take(struct round *r)
{
	__atomic_store_n(&held_up, false, __ATOMIC_RELAXED);
	pthread_kill(busy, SIGUSR1);
	while (!__atomic_load_n(&held_up, __ATOMIC_ACQUIRE))
		sched_yield();
	spin_lock(&r->lock);
	__atomic_store_n(&r->taken, 1, __ATOMIC_RELAXED);
	spin_unlock(&r->lock);
}

static void take_turns(void *arg)
{
	unsigned int i, me = __atomic_fetch_add((unsigned int *)arg, 1,
						__ATOMIC_RELAXED);

	if (!me)
		busy = pthread_self();
	for (i = 0; i < ROUNDS; i++) {
		__atomic_fetch_add(&rounds[i].arrived, 1, __ATOMIC_ACQ_REL);
		while (__atomic_load_n(&rounds[i].arrived, __ATOMIC_ACQUIRE) <
		       2)
			sched_yield();
		if (me)
			hold_up_and_take(&rounds[i]);
		else
			keep_busy(&rounds[i]);
	}
}

TEST_NO_SWEEP(a_holder_sees_in_time_that_somebody_sleeps)
{
	unsigned int i, arrived = 0;

	memset(rounds, 0, sizeof(rounds));
	signal(SIGUSR1, hold_up);
	in_parallel(2, take_turns, &arrived);
	signal(SIGUSR1, SIG_DFL);
	for (i = 0; i < ROUNDS; i++) {
		CHECK_EQ(rounds[i].taken, 1);
		CHECK_EQ(rounds[i].lock.state, 0);
	}
}

TEST_NO_SWEEP(a_lock_that_nobody_slept_for_is_released_by_a_write)
{
	spinlock_t lock = SPIN_LOCK_UNLOCKED;

	for (unsigned int i = 0; i < 10; i++) {
		spin_lock(&lock);
		CHECK_EQ(lock.state, 1);
		CHECK(!spin_trylock(&lock));
		spin_unlock(&lock);
		CHECK_EQ(lock.state, 0);
	}
	CHECK_EQ(lock.slept, 0);
}

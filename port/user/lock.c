/* SPDX-License-Identifier: MIT */
/* The slow halves of <mach/spinlock.h>, and waiting for memory. */
#include <ashlar/port.h>
#include <limits.h>
#include <mach/spinlock.h>
#include "sys.h"
#include "user.h"

/* So often a waiter looks at a lock, then lets others run, before it sleeps. */
#define SPINS 100
#define YIELDS 16
#define WAIT_NS 10000000

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	barrier();
#endif
}

__cold_path void port_lock_slow(spinlock_t *l)
{
	int i;

	for (i = 0; i < SPINS + YIELDS; i++) {
		if (i < SPINS)
			cpu_relax();
		else
			sys_yield();
		if (!READ_ONCE(l->state) && spin_trylock(l))
			return;
	}
	if (!__atomic_exchange_n(&l->slept, 1, __ATOMIC_RELAXED))
		port_barrier_all();
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE))
		sys_futex_wait(&l->state, 2, NULL);
}

/* Release @l, for which a thread has slept once. */
void port_unlock_slow(spinlock_t *l)
{
	if (__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2)
		sys_futex_wake(&l->state, 1);
}

/* @l was released while a thread went to sleep for the first time. */
__cold_path void port_unlock_wake(spinlock_t *l)
{
	sys_futex_wake(&l->state, 1);
}

/* One word serves all keys: a waiter looks again and may wait again. */
static u32 wake_count;

void port_wait(const void *key)
{
	struct timespec timeout = { 0, WAIT_NS };

	(void)key;
	sys_futex_wait(&wake_count, READ_ONCE(wake_count), &timeout);
}

void port_wake(const void *key)
{
	(void)key;
	__atomic_fetch_add(&wake_count, 1, __ATOMIC_RELEASE);
	sys_futex_wake(&wake_count, INT_MAX);
}

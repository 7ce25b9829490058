/* SPDX-License-Identifier: MIT */
/* The slow halves of <mach/spinlock.h>, and waiting for memory. */
#include <ashlar/port.h>
#include <limits.h>
#include <linux/futex.h>
#include <mach/spinlock.h>
#include <time.h>
#include "sys.h"

#define SPINS 100
#define WAIT_NS 10000000

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	barrier();
#endif
}

static void futex_wait(u32 *word, u32 value, const struct timespec *timeout)
{
	sys6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, (long)timeout, 0,
	     0);
}

static void futex_wake(u32 *word, int nr)
{
	sys6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, nr, 0, 0, 0);
}

__cold_path void port_lock_slow(spinlock_t *l)
{
	int i;

	for (i = 0; i < SPINS; i++) {
		cpu_relax();
		if (!READ_ONCE(l->state) && spin_trylock(l))
			return;
	}
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE))
		futex_wait(&l->state, 2, NULL);
}

__cold_path void port_unlock_slow(spinlock_t *l)
{
	futex_wake(&l->state, 1);
}

/* One word serves all keys: a waiter looks again and may wait again. */
static u32 wake_count;

void port_wait(const void *key)
{
	struct timespec timeout = { 0, WAIT_NS };

	(void)key;
	futex_wait(&wake_count, READ_ONCE(wake_count), &timeout);
}

void port_wake(const void *key)
{
	(void)key;
	__atomic_fetch_add(&wake_count, 1, __ATOMIC_RELEASE);
	futex_wake(&wake_count, INT_MAX);
}

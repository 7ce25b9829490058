/* SPDX-License-Identifier: MIT */
/*
 * Locks between the threads of a process: a word that is 0 free, 1 held,
 * 2 held with sleepers. A waiter spins briefly. Then the holder may have been
 * preempted, and others are to run: so it yields a few times, and sleeps in the
 * kernel (port/user/lock.c) where that does not help, as between priorities.
 *
 * To be taken costs an atomic instruction, and to be released another one only
 * once somebody has slept for the lock. Until then it is a plain write:
 *
 *   holder                          the first who wants to sleep
 *     slept? exchange, and wake       slept
 *     state = 0                       a barrier in every thread
 *     slept? wake                     state = 2, was it 0? sleep until not 2
 *
 * Without the barrier, the holder's processor could read for the second time
 * before others see its write, and then nobody would wake who sleeps.
 *
 * The three states are those of U. Drepper, "Futexes Are Tricky", 2004.
 */
#ifndef ASHLAR_MACH_SPINLOCK_H
#define ASHLAR_MACH_SPINLOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

typedef struct {
	u32 state;
	u32 slept; /* not 0: somebody did */
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
	{                  \
		0, 0       \
	}

void port_lock_slow(spinlock_t *l);
void port_unlock_slow(spinlock_t *l);
void port_unlock_wake(spinlock_t *l);

/* Rules that the paper machine checks. */
#define lockdep_assert_held(l) ((void)(l))
#define might_sleep() ((void)0)
#define might_alloc(gfp) ((void)(gfp))
#define spin_lock_abandon(l) ((void)(l))
#define rwsem_acquire(s) ((void)(s))
#define rwsem_release(s) ((void)(s))

static inline void spin_lock_init(spinlock_t *l)
{
	l->state = 0;
	l->slept = 0;
}

static inline bool spin_trylock(spinlock_t *l)
{
	u32 expected = 0;

	return __atomic_compare_exchange_n(&l->state, &expected, 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_lock(spinlock_t *l)
{
	if (unlikely(!spin_trylock(l)))
		port_lock_slow(l);
}

static inline void spin_unlock(spinlock_t *l)
{
	if (unlikely(READ_ONCE(l->slept))) {
		port_unlock_slow(l);
		return;
	}
	__atomic_store_n(&l->state, 0, __ATOMIC_RELEASE);
	barrier();
	if (unlikely(READ_ONCE(l->slept)))
		port_unlock_wake(l);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Locks of a machine with one CPU whose kernel is not preempted: nobody can
 * ever wait for one, so all that is left is to notice who takes a lock twice
 * or sleeps with it held (the next to come then finds it held).
 */
#ifndef ASHLAR_MACH_SPINLOCK_H
#define ASHLAR_MACH_SPINLOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

typedef struct {
	u32 held;
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
	{                  \
		0          \
	}

void spin_lock_failed(const spinlock_t *l) __attribute__((noreturn, cold));

/* Rules that the paper machine checks. */
#define lockdep_assert_held(l) ((void)(l))
#define might_sleep() ((void)0)

static inline void spin_lock_init(spinlock_t *l)
{
	l->held = 0;
}

static inline bool spin_trylock(spinlock_t *l)
{
	if (l->held)
		return false;
	l->held = 1;
	barrier();
	return true;
}

static inline void spin_lock(spinlock_t *l)
{
	if (unlikely(l->held))
		spin_lock_failed(l);
	l->held = 1;
	barrier();
}

static inline void spin_unlock(spinlock_t *l)
{
	barrier();
	l->held = 0;
}

#endif

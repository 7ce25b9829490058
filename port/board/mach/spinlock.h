/* SPDX-License-Identifier: MIT */
/*
 * Locks of a board with one processor that allocates in one flow of control:
 * nobody ever waits for one, so what is left is to notice who takes one twice.
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

void port_lock_failed(void) __attribute__((__noreturn__, __cold__));

#define spin_lock_abandon(l) ((void)(l))
#define lockdep_assert_held(l) ((void)(l))
#define might_sleep() ((void)0)
#define might_alloc(gfp) ((void)(gfp))
#define rwsem_acquire(s) ((void)(s))
#define rwsem_release(s) ((void)(s))

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
	if (unlikely(!spin_trylock(l)))
		port_lock_failed();
}

static inline void spin_unlock(spinlock_t *l)
{
	barrier();
	l->held = 0;
}

#endif

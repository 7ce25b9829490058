/* SPDX-License-Identifier: MIT */
/*
 * Locks of a machine on which one CPU runs at a time: they never wait, they
 * check. Code and rules: port/sim/lock.c.
 */
#ifndef ASHLAR_MACH_SPINLOCK_H
#define ASHLAR_MACH_SPINLOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

typedef struct {
	u32 holder; /* CPU + 1, or 0: free */
	const char *kind; /* where it was initialised; NULL: statically */
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
	{                  \
		0, NULL    \
	}

void sim_lock_init(spinlock_t *l, const char *kind);
void sim_lock(spinlock_t *l, const char *where);
bool sim_trylock(spinlock_t *l, const char *where);
void sim_unlock(spinlock_t *l, const char *where);
void sim_assert_held(const spinlock_t *l, const char *where);
void sim_might_sleep(const char *where);

/* Locks initialised by the same function are of one kind. */
#define spin_lock_init(l) sim_lock_init(l, __func__)
#define spin_lock(l) sim_lock(l, __func__)
#define spin_trylock(l) sim_trylock(l, __func__)
#define spin_unlock(l) sim_unlock(l, __func__)
#define spin_lock_abandon(l) sim_lock_init(l, (l)->kind)
#define lockdep_assert_held(l) sim_assert_held(l, __func__)
#define might_sleep() sim_might_sleep(__func__)
#define might_alloc(gfp) \
	(gfpflags_allow_blocking(gfp) ? might_sleep() : (void)0)
#define rwsem_acquire(s) ((void)(s), might_sleep())
#define rwsem_release(s) ((void)(s))

#endif

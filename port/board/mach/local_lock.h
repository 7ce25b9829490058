/* SPDX-License-Identifier: MIT */
/* Locks of what one CPU has to itself: there is no other, and no fork. */
#ifndef ASHLAR_MACH_LOCAL_LOCK_H
#define ASHLAR_MACH_LOCAL_LOCK_H

#include <mach/spinlock.h>

typedef spinlock_t local_lock_t;

#define local_lock_init(l) spin_lock_init(l)
#define local_lock(l) spin_lock(l)
#define local_trylock(l) spin_trylock(l)
#define local_unlock(l) spin_unlock(l)

#define local_locks_stop() ((void)0)
#define local_locks_go() ((void)0)
#define local_lock_await(l) spin_lock(l)
#define local_lock_try_await(l) spin_trylock(l)
#define local_lock_release(l) spin_unlock(l)
#define local_lock_abandon(l) spin_lock_abandon(l)

#endif

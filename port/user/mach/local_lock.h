/* SPDX-License-Identifier: MIT */
/*
 * Locks of what one thread has to itself. Only a fork ever wants them, too: so
 * their owner pays next to nothing, and the fork all of it.
 *
 *   owner                             fork
 *     held = 1                          stopped
 *     stopped? wait until not           a barrier in every thread (membarrier)
 *     …                                 held? wait until not
 *     held = 0                          …
 *                                       not stopped any more
 *
 * Each writes its own word before it reads the other's, so that at least one of
 * them sees the other. For that, no processor may read before its write is
 * visible. The owner has no barrier against this, as it would cost what a lock
 * does; the kernel puts one in wherever a thread runs when a fork asks for it.
 * Where the kernel refuses, owners have one of their own (LOCAL_LOCKS_FENCED).
 *
 * A fork writes to no lock, and the pages with the threads' locks, which it
 * makes read-only, need not be copied for it.
 *
 * D. Dice, H. Huang, M. Yang, "Asymmetric Dekker Synchronization", 2001.
 */
#ifndef ASHLAR_MACH_LOCAL_LOCK_H
#define ASHLAR_MACH_LOCAL_LOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

typedef struct {
	u32 held;
} local_lock_t;

/* 0, or some of these: owners take the slow path. */
extern u32 local_locks_state __hidden;
#define LOCAL_LOCKS_STOPPED 1u /* no CPU gets a lock that it does not have */
#define LOCAL_LOCKS_FENCED 2u /* every owner needs a barrier */

void port_local_lock_slow(local_lock_t *l);

/* For a fork. Context: no two at a time. See <ashlar/port.h>. */
void local_locks_stop(void);
void local_locks_go(void);
void local_lock_await(local_lock_t *l);
#define local_lock_release(l) ((void)(l))
#define local_lock_abandon(l) ((void)(l))

/* True if the owner is through, once all are stopped. */
static inline bool local_lock_try_await(const local_lock_t *l)
{
	return !__atomic_load_n(&l->held, __ATOMIC_SEQ_CST);
}

static inline void local_lock_init(local_lock_t *l)
{
	l->held = 0;
}

static inline void local_lock(local_lock_t *l)
{
	__atomic_store_n(&l->held, 1, __ATOMIC_RELAXED);
	barrier();
	if (unlikely(__atomic_load_n(&local_locks_state, __ATOMIC_ACQUIRE)))
		port_local_lock_slow(l);
}

static inline void local_unlock(local_lock_t *l)
{
	__atomic_store_n(&l->held, 0, __ATOMIC_RELEASE);
}

/* False where local_lock() would take its slow path. */
static __always_inline bool local_trylock(local_lock_t *l)
{
	__atomic_store_n(&l->held, 1, __ATOMIC_RELAXED);
	barrier();
	if (likely(!__atomic_load_n(&local_locks_state, __ATOMIC_ACQUIRE)))
		return true;
	local_unlock(l);
	return false;
}

#endif

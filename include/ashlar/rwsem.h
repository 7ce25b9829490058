/* SPDX-License-Identifier: MIT */
/*
 * A sleeping lock with many readers or one writer. Uncontended it is one
 * counter; whoever must wait does so by port_wait() and looks again.
 *
 *   count > 0   that many readers      count == -1   one writer
 *
 * Simpler than Linux: no queue, so no order among those who wait. A writer
 * that waits holds back later readers (waiting_writers), or it might starve.
 */
#ifndef ASHLAR_RWSEM_H
#define ASHLAR_RWSEM_H

#include <ashlar/compiler.h>
#include <ashlar/port.h>
#include <ashlar/types.h>
#include <mach/spinlock.h>

struct rw_semaphore {
	int count;
	int waiting_writers;
	const char *kind; /* who made it: for the order of locks */
};

static inline void __init_rwsem(struct rw_semaphore *s, const char *kind)
{
	s->count = 0;
	s->waiting_writers = 0;
	s->kind = kind;
}

#define init_rwsem(s) __init_rwsem(s, __func__)

static inline bool down_read_trylock(struct rw_semaphore *s)
{
	int c = READ_ONCE(s->count);

	return c >= 0 &&
	       __atomic_compare_exchange_n(&s->count, &c, c + 1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline bool down_write_trylock(struct rw_semaphore *s)
{
	int c = 0;

	return __atomic_compare_exchange_n(&s->count, &c, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void down_read(struct rw_semaphore *s)
{
	rwsem_acquire(s);
	while (unlikely(READ_ONCE(s->waiting_writers) || !down_read_trylock(s)))
		port_wait(s);
}

static inline void down_write(struct rw_semaphore *s)
{
	rwsem_acquire(s);
	if (likely(down_write_trylock(s)))
		return;
	__atomic_fetch_add(&s->waiting_writers, 1, __ATOMIC_RELAXED);
	while (!down_write_trylock(s))
		port_wait(s);
	__atomic_fetch_sub(&s->waiting_writers, 1, __ATOMIC_RELAXED);
}

/* A writer goes on as a reader; no other writer came in between. */
static inline void downgrade_write(struct rw_semaphore *s)
{
	__atomic_store_n(&s->count, 1, __ATOMIC_RELEASE);
	port_wake(s);
}

static inline void up_read(struct rw_semaphore *s)
{
	rwsem_release(s);
	if (__atomic_sub_fetch(&s->count, 1, __ATOMIC_RELEASE) == 0 &&
	    unlikely(READ_ONCE(s->waiting_writers)))
		port_wake(s);
}

static inline void up_write(struct rw_semaphore *s)
{
	rwsem_release(s);
	__atomic_store_n(&s->count, 0, __ATOMIC_RELEASE);
	port_wake(s);
}

#endif

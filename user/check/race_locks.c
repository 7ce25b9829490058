/* SPDX-License-Identifier: MIT */
/*
 * Which locks a thread holds, for the reports of lost updates: what kept
 * nobody out. Nothing is decided by them. A lock of the program's own making
 * is not known.
 */
#include "race.h"
#include "real.h"
#include <errno.h>

#define HELD 16 /* that are known; deeper ones are not */

static __thread struct {
	const void *lock[HELD];
	unsigned int nr;
} held;

void race_locks(uint64_t *to)
{
	unsigned int i, n = held.nr;

	for (i = 0; i < REPORT_LOCKS; i++)
		to[i] = i < n ? (uintptr_t)held.lock[n - 1 - i] : 0;
}

/* Returns @error, which says whether it was taken. */
static int took(const void *lock, int error)
{
	if (unlikely(race_wanted) && (!error || error == EOWNERDEAD) &&
	    held.nr < HELD)
		held.lock[held.nr++] = lock;
	return error;
}

/* The last of that name; locks are not always released in order. */
static void gives(const void *lock)
{
	unsigned int i = held.nr;

	while (i-- > 0)
		if (held.lock[i] == lock)
			break;
	if (i >= held.nr)
		return;
	for (held.nr--; i < held.nr; i++)
		held.lock[i] = held.lock[i + 1];
}

EXPORT int pthread_mutex_lock(pthread_mutex_t *m)
{
	return took(m, REAL(pthread_mutex_lock)(m));
}

EXPORT int pthread_mutex_trylock(pthread_mutex_t *m)
{
	return took(m, REAL(pthread_mutex_trylock)(m));
}

EXPORT int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *t)
{
	return took(m, REAL(pthread_mutex_timedlock)(m, t));
}

EXPORT int pthread_mutex_unlock(pthread_mutex_t *m)
{
	gives(m);
	return REAL(pthread_mutex_unlock)(m);
}

EXPORT int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return took(l, REAL(pthread_rwlock_rdlock)(l));
}

EXPORT int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return took(l, REAL(pthread_rwlock_wrlock)(l));
}

EXPORT int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return took(l, REAL(pthread_rwlock_tryrdlock)(l));
}

EXPORT int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return took(l, REAL(pthread_rwlock_trywrlock)(l));
}

EXPORT int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	gives(l);
	return REAL(pthread_rwlock_unlock)(l);
}

EXPORT int pthread_spin_lock(pthread_spinlock_t *l)
{
	return took((const void *)l, REAL(pthread_spin_lock)(l));
}

EXPORT int pthread_spin_trylock(pthread_spinlock_t *l)
{
	return took((const void *)l, REAL(pthread_spin_trylock)(l));
}

EXPORT int pthread_spin_unlock(pthread_spinlock_t *l)
{
	gives((const void *)l);
	return REAL(pthread_spin_unlock)(l);
}

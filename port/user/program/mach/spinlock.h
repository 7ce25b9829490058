/* SPDX-License-Identifier: MIT */
/*
 * Locks, as a program that uses the library sees them: two words of which it
 * knows no more than that zeroes are a lock that is free, and calls.
 */
#ifndef ASHLAR_MACH_SPINLOCK_H
#define ASHLAR_MACH_SPINLOCK_H

#include <ashlar/api.h>

typedef struct {
	unsigned int state, slept;
} spinlock_t;

#define SPIN_LOCK_UNLOCKED \
	{                  \
		0, 0       \
	}

#ifdef __cplusplus
extern "C" {
#endif

void spin_lock_init(spinlock_t *lock) ASHLAR_API(spin_lock_init);
void spin_lock(spinlock_t *lock) ASHLAR_API(spin_lock);
bool spin_trylock(spinlock_t *lock) ASHLAR_API(spin_trylock);
void spin_unlock(spinlock_t *lock) ASHLAR_API(spin_unlock);

#ifdef __cplusplus
}
#endif

#endif

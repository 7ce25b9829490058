/* SPDX-License-Identifier: MIT */
/*
 * Locks of a machine with one CPU whose kernel is not preempted: nobody can
 * ever wait for one, so all that is left is to notice who takes a lock twice
 * or sleeps with one held (spin_locks_held).
 *
 * Places that may sleep are instructions that do nothing, and a table of where
 * they are; the boot word yield= puts calls there (port/i386/sleep.c).
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

extern unsigned int spin_locks_held; /* now, by whoever runs */

/* A place whose instruction becomes a call of @to, an address of code. */
#define SLEEP_SITE(to, input)                                        \
	__asm__ volatile("1:	.byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t" \
			 ".pushsection .init.sites, \"a\"\n\t"       \
			 ".long 1b, " to "\n\t"                      \
			 ".popsection" ::input                       \
			 : "memory")

/* A rule that the paper machine checks. */
#define spin_lock_abandon(l) ((void)(l))
#define lockdep_assert_held(l) ((void)(l))
#define might_sleep() SLEEP_SITE("sleep_site", )
#define might_alloc(gfp) SLEEP_SITE("alloc_site", "d"(gfp))
#define rwsem_acquire(s) SLEEP_SITE("acquire_site", "a"(s))
#define rwsem_release(s) SLEEP_SITE("release_site", "a"(s))

static inline void spin_lock_init(spinlock_t *l)
{
	l->held = 0;
}

static inline bool spin_trylock(spinlock_t *l)
{
	if (l->held)
		return false;
	l->held = 1;
	spin_locks_held++;
	barrier();
	return true;
}

static inline void spin_lock(spinlock_t *l)
{
	if (unlikely(l->held))
		spin_lock_failed(l);
	l->held = 1;
	spin_locks_held++;
	barrier();
}

static inline void spin_unlock(spinlock_t *l)
{
	barrier();
	spin_locks_held--;
	l->held = 0;
}

#endif

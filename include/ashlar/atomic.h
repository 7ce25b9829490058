/* SPDX-License-Identifier: MIT */
/* Counters that several CPUs may change at once. */
#ifndef ASHLAR_ATOMIC_H
#define ASHLAR_ATOMIC_H

#include <ashlar/types.h>

typedef struct {
	int counter;
} atomic_t;

#define ATOMIC_INIT(n) \
	{              \
		(n)    \
	}

static inline int atomic_read(const atomic_t *v)
{
	return __atomic_load_n(&v->counter, __ATOMIC_RELAXED);
}

static inline void atomic_set(atomic_t *v, int n)
{
	__atomic_store_n(&v->counter, n, __ATOMIC_RELAXED);
}

static inline void atomic_add(int n, atomic_t *v)
{
	__atomic_fetch_add(&v->counter, n, __ATOMIC_RELAXED);
}

static inline void atomic_inc(atomic_t *v)
{
	atomic_add(1, v);
}

static inline void atomic_dec(atomic_t *v)
{
	atomic_add(-1, v);
}

/* Returns the new value. */
static inline int atomic_add_return(int n, atomic_t *v)
{
	return __atomic_add_fetch(&v->counter, n, __ATOMIC_ACQ_REL);
}

static inline bool atomic_dec_and_test(atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_ACQ_REL) == 0;
}

/* True if it was not 0, and so is one more. */
static inline bool atomic_inc_not_zero(atomic_t *v)
{
	int n = atomic_read(v);

	while (n &&
	       !__atomic_compare_exchange_n(&v->counter, &n, n + 1, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		;
	return n != 0;
}

#endif

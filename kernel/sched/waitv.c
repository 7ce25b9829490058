/* SPDX-License-Identifier: MIT */
/*
 * futex_waitv: one thread waits for several words at once.
 *
 *   struct waiter[0]  futex_q ─ in the bucket of its word ┐
 *   struct waiter[1]  futex_q ─ in the bucket of its word ┼─ wakes the thread,
 *         ⋮                                                ┘  and is marked
 *
 * As one that waits for a single word (futex.c), it joins all buckets first and
 * reads the words then. However the wait ends, all leave their buckets; if one
 * was woken, its number is the answer, so that no wake-up gets lost.
 */
#include <ashlar/errno.h>
#include <ashlar/list.h>
#include <ashlar/slab.h>
#include <kernel/sched/futex.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/time/time.h>
#include "internal.h"

#define FUTEX_32 2u /* the width of a word; there is no other one */
#define FUTEX_PRIVATE_FLAG 128u
#define FUTEX_WAITV_MAX 128u

struct futex_waitv {
	u64 val, uaddr;
	u32 flags, reserved;
};

struct waiter {
	struct futex_q q;
	u64 val;
	bool shared;
};

/* What the program says of each word: 0, -EFAULT or -EINVAL. */
static int parse(struct waiter *w, u32 nr,
		 const struct futex_waitv __user *from)
{
	struct futex_waitv v;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (copy_from_user(&v, &from[i], sizeof(v)))
			return -EFAULT;
		if ((v.flags & ~FUTEX_PRIVATE_FLAG) != FUTEX_32 || v.reserved)
			return -EINVAL;
		w[i].val = v.val;
		w[i].q = (struct futex_q){ .task = current,
					   .uaddr = (u32)v.uaddr,
					   .bitset = FUTEX_BITSET_MATCH_ANY };
		w[i].shared = !(v.flags & FUTEX_PRIVATE_FLAG);
		INIT_LIST_HEAD(&w[i].q.list);
		INIT_LIST_HEAD(&w[i].q.pi_node);
	}
	return 0;
}

static int make_keys(struct waiter *w, u32 nr)
{
	int err = 0;
	u32 i;

	for (i = 0; i < nr && !err; i++)
		err = get_futex_key(w[i].q.uaddr, w[i].shared, &w[i].q.key);
	return err;
}

/* Return: the number of one that was woken, or -1. None is in a bucket then. */
static int leave_all(struct waiter *w, u32 nr)
{
	int woken = -1;
	u32 i;

	for (i = 0; i < nr; i++) {
		list_del_init(&w[i].q.list);
		if (w[i].q.woken)
			woken = (int)i;
	}
	return woken;
}

static bool any_woken(const struct waiter *w, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (w[i].q.woken)
			return true;
	return false;
}

/* 0: all say what they should; -EAGAIN: one does not; -EFAULT. May sleep. */
static int check_words(const struct waiter *w, u32 nr)
{
	u32 i, now;

	for (i = 0; i < nr; i++) {
		if (get_user(now, (u32 __user *)w[i].q.uaddr))
			return -EFAULT;
		if (now != w[i].val)
			return -EAGAIN;
	}
	return 0;
}

/* Until one is woken: 0; -ETIMEDOUT; -ERESTARTSYS. */
static int sleep_for_any(const struct waiter *w, u32 nr, u64 expires)
{
	int ret = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (any_woken(w, nr))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (expires == KTIME_MAX) {
			schedule();
		} else if (schedule_until(expires) && ktime_get() >= expires) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	set_current_state(TASK_RUNNING);
	return ret;
}

static int wait_for_any(struct waiter *w, u32 nr, u64 expires)
{
	int err = make_keys(w, nr), woken;
	u32 i;

	if (err)
		return err;
	for (i = 0; i < nr; i++)
		futex_join(&w[i].q);
	err = check_words(w, nr);
	if (!err)
		err = sleep_for_any(w, nr, expires);
	woken = leave_all(w, nr);
	return woken >= 0 ? woken : err;
}

/* A time on one of two clocks, as CLOCK_MONOTONIC: 0, -EFAULT, -EINVAL. */
static int get_expires(const struct timespec64 __user *timeout, int clock,
		       u64 *expires)
{
	u64 ns;
	int err;

	*expires = KTIME_MAX;
	if (!timeout)
		return 0;
	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return -EINVAL;
	err = get_timespec64(timeout, &ns);
	if (!err)
		*expires = clock_to_monotonic(clock, ns);
	return err;
}

SYSCALL_DEFINE(futex_waitv, const struct futex_waitv __user *waiters, u32 nr,
	       u32 flags, const struct timespec64 __user *timeout, int clock)
{
	struct waiter *w;
	u64 expires;
	int ret;

	if (flags || !nr || nr > FUTEX_WAITV_MAX || !waiters)
		return -EINVAL;
	ret = get_expires(timeout, clock, &expires);
	if (ret)
		return ret;
	w = kcalloc(nr, sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	ret = parse(w, nr, waiters);
	if (!ret)
		ret = wait_for_any(w, nr, expires);
	kfree(w);
	return ret;
}

/* SPDX-License-Identifier: MIT */
/*
 * Sleeping for a time. A sleep that a handled signal ends says how much was
 * left; one that a stop and a continue interrupted goes on (restart_block).
 */
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/time/time.h>

/* What a sleep keeps in its restart_block, beside expires. */
#define REM(r) ((r)->a)
#define REM_IS_64(r) ((r)->b)
#define SLEEP_CLOCK(r) ((r)->c)

static int put_remaining(struct restart_block *r, u64 left)
{
	if (!REM(r))
		return 0;
	if (REM_IS_64(r))
		return put_timespec64(left, (void __user *)REM(r));
	return put_timespec32(left, (void __user *)REM(r));
}

/* Until @expires of a clock; the ns left, 0 when it came. */
static u64 sleep_on_clock(int clock, u64 expires)
{
	u64 now;

	for (;;) {
		if (clock == CLOCK_MONOTONIC)
			now = ktime_get();
		else if (posix_clock_read(clock, &now))
			return 0; /* whose clock it was has ended */
		if (now >= expires)
			return 0;
		if (signal_pending(current))
			return expires - now;
		set_current_state(TASK_INTERRUPTIBLE);
		if (clock_is_wall(clock))
			schedule_until_wall(expires);
		else
			schedule_until(ktime_after(expires - now));
	}
}

static long nanosleep_restart(struct restart_block *r)
{
	u64 left = sleep_on_clock((int)SLEEP_CLOCK(r), r->expires);

	if (!left)
		return 0;
	return put_remaining(r, left) ?: -ERESTART_RESTARTBLOCK;
}

static long do_nanosleep(int clock, int flags, u64 ns, u32 rem, bool rem_is_64)
{
	struct restart_block *r = &current->restart_block;
	bool absolute = flags & TIMER_ABSTIME;
	u64 now;

	if (posix_clock_read(clock, &now))
		return -EINVAL;
	if (absolute && clock_is_wall(clock)) {
		r->expires = ns;
	} else if (!clock_is_cpu(clock)) {
		r->expires = absolute ? ns : ktime_after(ns);
		clock = CLOCK_MONOTONIC;
	} else {
		r->expires = absolute		  ? ns :
			     ns > KTIME_MAX - now ? KTIME_MAX :
						    now + ns;
	}
	REM(r) = absolute ? 0 : rem;
	REM_IS_64(r) = rem_is_64;
	SLEEP_CLOCK(r) = (u32)clock;
	r->fn = nanosleep_restart;
	if (!absolute)
		return nanosleep_restart(r);
	return sleep_on_clock(clock, r->expires) ? -ERESTARTNOHAND : 0;
}

/* Clocks one can sleep on. */
static bool may_sleep_on(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
		return true;
	}
	return clock < 0;
}

static int clock_error(int clock)
{
	u64 unused;

	if (may_sleep_on(clock))
		return 0;
	if (posix_clock_read(clock, &unused))
		return -EINVAL;
	return -EOPNOTSUPP;
}

SYSCALL_DEFINE(nanosleep, const struct timespec32 __user *rqtp, u32 rmtp)
{
	u64 ns;
	int err = get_timespec32(rqtp, &ns);

	return err ?: do_nanosleep(CLOCK_MONOTONIC, 0, ns, rmtp, false);
}

SYSCALL_DEFINE(clock_nanosleep, int clock, int flags,
	       const struct timespec32 __user *rqtp, u32 rmtp)
{
	u64 ns;
	int err = clock_error(clock) ?: get_timespec32(rqtp, &ns);

	return err ?: do_nanosleep(clock, flags, ns, rmtp, false);
}

SYSCALL_DEFINE(clock_nanosleep_time64, int clock, int flags,
	       const struct timespec64 __user *rqtp, u32 rmtp)
{
	u64 ns;
	int err = clock_error(clock) ?: get_timespec64(rqtp, &ns);

	return err ?: do_nanosleep(clock, flags, ns, rmtp, true);
}

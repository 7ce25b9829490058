/* SPDX-License-Identifier: MIT */
/*
 * Clocks. There is one counter, the port's nanoseconds since boot; the others
 * are it plus something.
 *
 *   MONOTONIC, BOOTTIME, _RAW, _COARSE    port_time_ns(), or at the last tick
 *   REALTIME, _COARSE, TAI                + wall_offset (CMOS clock; set)
 *   PROCESS_, THREAD_CPUTIME              what the scheduler counted
 *
 * A clock number < 0 is a process's or thread's clock:
 *
 *   31            3   2        1 0
 *   | ~pid        | thread? | 2 |     2: ns on the processor
 */
#include <i386.h>
#include <kernel/init.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>
#include <kernel/time/timer.h>

static u64 wall_offset; /* ns; CLOCK_REALTIME - CLOCK_MONOTONIC */
static u64 coarse; /* CLOCK_MONOTONIC at the last timer interrupt */

static struct {
	s32 minuteswest, dsttime;
} timezone;

/**
 * ktime_get() - nanoseconds since boot
 *
 * Never goes back. Any context.
 */
u64 ktime_get(void)
{
	return port_time_ns();
}

/**
 * ktime_get_real() - nanoseconds since 1970
 *
 * Any context.
 */
u64 ktime_get_real(void)
{
	return port_time_ns() + wall_offset;
}

/**
 * ktime_wall_offset() - what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC, ns
 */
u64 ktime_wall_offset(void)
{
	return wall_offset;
}

/**
 * ktime_get_coarse() - ktime_get() at the last timer interrupt
 */
u64 ktime_get_coarse(void)
{
	return coarse;
}

/**
 * ktime_get_real_coarse() - ktime_get_real() at the last timer interrupt
 */
u64 ktime_get_real_coarse(void)
{
	return coarse + wall_offset;
}

/**
 * update_coarse_clock() - a tick has come
 * @now: ns of CLOCK_MONOTONIC
 */
void update_coarse_clock(u64 now)
{
	coarse = now;
	ntp_tick();
}

/**
 * time_init() - set the clocks and start the timer interrupt
 */
void time_init(void)
{
	coarse = port_time_ns();
	wall_offset = port_rtc_seconds() * NSEC_PER_SEC - coarse;
	timers_start();
}

/* ---- clocks by number ---- */

static u64 thread_clock(struct task_struct *t)
{
	if (t == current)
		sched_update_current();
	return t->ru.exec;
}

static u64 process_clock(struct task_struct *t)
{
	struct rusage_counts sum;

	sched_update_current();
	thread_group_rusage(t, &sum);
	return sum.exec;
}

/* The task a negative clock number is about, or NULL. */
static struct task_struct *cpu_clock_task(int clock)
{
	pid_t pid = (pid_t)((u32)~clock >> 3);
	struct task_struct *t;

	if ((clock & 3) == 3) /* a descriptor's clock */
		return NULL;
	t = pid ? find_task_by_pid(pid) : current;
	if (!t || t->exit_state == EXIT_DEAD)
		return NULL;
	if (clock & 4)
		return t->tgid == current->tgid ? t : NULL;
	return t->group_leader;
}

/**
 * clock_is_cpu() - true if a clock runs only while a task or a process does
 * @clock: CLOCK_*, or a process's clock
 */
bool clock_is_cpu(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID ||
	       clock == CLOCK_THREAD_CPUTIME_ID;
}

/**
 * posix_clock_read() - what a clock shows
 * @clock: CLOCK_*, or a process's clock
 * @ns: out
 *
 * Return: 0, or -EINVAL if there is no such clock.
 */
int posix_clock_read(int clock, u64 *ns)
{
	struct task_struct *t;

	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		*ns = ktime_get();
		return 0;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		*ns = ktime_get_real();
		return 0;
	case CLOCK_MONOTONIC_COARSE:
		*ns = coarse;
		return 0;
	case CLOCK_REALTIME_COARSE:
		*ns = coarse + wall_offset;
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
		*ns = process_clock(current);
		return 0;
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = thread_clock(current);
		return 0;
	}
	t = clock < 0 ? cpu_clock_task(clock) : NULL;
	if (!t)
		return -EINVAL;
	*ns = clock & 4 ? thread_clock(t) : process_clock(t);
	return 0;
}

/**
 * clock_to_monotonic() - when a clock will show a time
 * @clock: CLOCK_*, not a processor's
 * @ns: the time on that clock
 *
 * Return: ns of CLOCK_MONOTONIC; 0 if it was before boot.
 */
u64 clock_to_monotonic(int clock, u64 ns)
{
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_ALARM &&
	    clock != CLOCK_TAI)
		return ns;
	return (s64)(ns - wall_offset) > 0 ? ns - wall_offset : 0;
}

static int clock_resolution(int clock, u64 *ns)
{
	u64 unused;

	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
		*ns = TICK_NSEC;
	else
		*ns = 1;
	return posix_clock_read(clock, &unused);
}

/* ---- times as programs pass them ---- */

static int timespec_ns(s64 sec, s64 nsec, u64 *ns)
{
	if (sec < 0 || (u64)nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (sec >= (s64)(KTIME_MAX / NSEC_PER_SEC))
		*ns = KTIME_MAX;
	else
		*ns = (u64)sec * NSEC_PER_SEC + (u64)nsec;
	return 0;
}

/**
 * get_timespec32() - read a struct timespec with 32-bit seconds
 * @p: the program's
 * @ns: out
 *
 * Return: 0, -EFAULT, or -EINVAL if it is negative or not normalised.
 */
int get_timespec32(const struct timespec32 __user *p, u64 *ns)
{
	struct timespec32 ts;

	if (copy_from_user(&ts, p, sizeof(ts)))
		return -EFAULT;
	return timespec_ns(ts.tv_sec, ts.tv_nsec, ns);
}

/**
 * get_timespec64() - read a struct timespec with 64-bit seconds
 * @p: the program's; the upper half of its nanoseconds is not looked at
 * @ns: out
 *
 * Return: 0, -EFAULT, or -EINVAL if it is negative or not normalised.
 */
int get_timespec64(const struct timespec64 __user *p, u64 *ns)
{
	struct timespec64 ts;

	if (copy_from_user(&ts, p, sizeof(ts)))
		return -EFAULT;
	return timespec_ns(ts.tv_sec, (s32)ts.tv_nsec, ns);
}

/**
 * put_timespec32() - write a struct timespec with 32-bit seconds
 * @ns: the time
 * @p: the program's
 *
 * Return: 0 or -EFAULT.
 */
int put_timespec32(u64 ns, struct timespec32 __user *p)
{
	struct timespec32 ts;
	u32 nsec;

	ts.tv_sec = (s32)ns_to_seconds(ns, &nsec);
	ts.tv_nsec = (s32)nsec;
	return copy_to_user(p, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/**
 * put_timespec64() - write a struct timespec with 64-bit seconds
 * @ns: the time
 * @p: the program's
 *
 * Return: 0 or -EFAULT.
 */
int put_timespec64(u64 ns, struct timespec64 __user *p)
{
	struct timespec64 ts;
	u32 nsec;

	ts.tv_sec = ns_to_seconds(ns, &nsec);
	ts.tv_nsec = nsec;
	return copy_to_user(p, &ts, sizeof(ts)) ? -EFAULT : 0;
}

/* ---- system calls ---- */

SYSCALL_DEFINE(clock_gettime, int clock, struct timespec32 __user *tp)
{
	u64 ns;
	int err = posix_clock_read(clock, &ns);

	return err ?: put_timespec32(ns, tp);
}

SYSCALL_DEFINE(clock_gettime64, int clock, struct timespec64 __user *tp)
{
	u64 ns;
	int err = posix_clock_read(clock, &ns);

	return err ?: put_timespec64(ns, tp);
}

SYSCALL_DEFINE(clock_getres, int clock, struct timespec32 __user *tp)
{
	u64 ns;
	int err = clock_resolution(clock, &ns);

	return err || !tp ? err : put_timespec32(ns, tp);
}

SYSCALL_DEFINE(clock_getres_time64, int clock, struct timespec64 __user *tp)
{
	u64 ns;
	int err = clock_resolution(clock, &ns);

	return err || !tp ? err : put_timespec64(ns, tp);
}

/**
 * step_wall_clock() - set CLOCK_REALTIME
 * @delta: ns that it goes ahead
 *
 * Return: 0, or -EINVAL if the machine would have started before 1970.
 */
int step_wall_clock(s64 delta)
{
	if ((s64)wall_offset + delta < 0)
		return -EINVAL;
	wall_offset += (u64)delta;
	timers_clock_set();
	timerfd_clock_was_set();
	return 0;
}

/**
 * slew_wall_clock() - let CLOCK_REALTIME run a little faster or slower
 * @delta: ns that it goes ahead, less than between two ticks
 *
 * Context: the timer interrupt.
 */
void slew_wall_clock(s64 delta)
{
	wall_offset += (u64)delta;
}

static long set_real_time(u64 ns)
{
	int err;

	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	err = step_wall_clock((s64)(ns - ktime_get_real()));
	if (!err)
		ntp_clear();
	return err;
}

static long clock_set(int clock, u64 ns)
{
	u64 unused;

	if (clock == CLOCK_REALTIME)
		return set_real_time(ns);
	if (posix_clock_read(clock, &unused))
		return -EINVAL;
	return clock < 0 ? -EPERM : -EINVAL;
}

SYSCALL_DEFINE(clock_settime, int clock, const struct timespec32 __user *tp)
{
	u64 ns;
	int err = get_timespec32(tp, &ns);

	return err ?: clock_set(clock, ns);
}

SYSCALL_DEFINE(clock_settime64, int clock, const struct timespec64 __user *tp)
{
	u64 ns;
	int err = get_timespec64(tp, &ns);

	return err ?: clock_set(clock, ns);
}

SYSCALL_DEFINE(gettimeofday, struct timeval32 __user *tv, void __user *tz)
{
	if (tv) {
		struct timeval32 v;
		u32 nsec;

		v.tv_sec = (s32)ns_to_seconds(ktime_get_real(), &nsec);
		v.tv_usec = (s32)(nsec / NSEC_PER_USEC);
		if (copy_to_user(tv, &v, sizeof(v)))
			return -EFAULT;
	}
	if (tz && copy_to_user(tz, &timezone, sizeof(timezone)))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(settimeofday, const struct timeval32 __user *tv,
	       const void __user *tz)
{
	struct timeval32 v;
	__typeof__(timezone) zone = timezone;
	u64 ns = 0;

	if (tv) {
		if (copy_from_user(&v, tv, sizeof(v)))
			return -EFAULT;
		if ((u32)v.tv_usec > 1000000 ||
		    timespec_ns(v.tv_sec, v.tv_usec * 1000ll, &ns))
			return -EINVAL;
	}
	if (tz && copy_from_user(&zone, tz, sizeof(zone)))
		return -EFAULT;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (zone.minuteswest > 15 * 60 || zone.minuteswest < -15 * 60)
		return -EINVAL;
	timezone = zone;
	return tv ? set_real_time(ns) : 0;
}

SYSCALL_DEFINE(time, s32 __user *tloc)
{
	u32 rest;
	s32 now = (s32)ns_to_seconds(ktime_get_real_coarse(), &rest);

	if (tloc && put_user(now, tloc))
		return -EFAULT;
	return now;
}

SYSCALL_DEFINE(stime, const s32 __user *tptr)
{
	s32 sec;

	if (get_user(sec, tptr))
		return -EFAULT;
	if (sec < 0)
		return -EINVAL;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	set_real_time((u64)(u32)sec * NSEC_PER_SEC); /* as Linux: no error */
	return 0;
}

SYSCALL_DEFINE(times, s32 __user *buf)
{
	struct rusage_counts sum;
	const struct rusage_counts *kids = &current->signal->children;
	s32 tms[4];

	if (buf) {
		thread_group_rusage(current, &sum);
		tms[0] = (s32)nsec_to_clock_t(sum.utime);
		tms[1] = (s32)nsec_to_clock_t(sum.stime);
		tms[2] = (s32)nsec_to_clock_t(kids->utime);
		tms[3] = (s32)nsec_to_clock_t(kids->stime);
		if (copy_to_user(buf, tms, sizeof(tms)))
			return -EFAULT;
	}
	return (long)((u32)nsec_to_clock_t(ktime_get()) & 0x7fffffff);
}

/* SPDX-License-Identifier: MIT */
/* Clocks by number, and times as programs pass them. Code: time.c. */
#ifndef KERNEL_TIME_TIME_H
#define KERNEL_TIME_TIME_H

#include <ashlar/types.h>
#include <kernel/time/clock.h>
#include <mach/uaccess.h>

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7
#define CLOCK_REALTIME_ALARM 8
#define CLOCK_BOOTTIME_ALARM 9
#define CLOCK_TAI 11

#define TIMER_ABSTIME 1
#define KTIME_MAX (~0ull >> 1)

struct timespec32 {
	s32 tv_sec, tv_nsec;
};

struct timespec64 {
	s64 tv_sec;
	s64 tv_nsec; /* programs leave the upper half undefined */
};

struct timeval32 {
	s32 tv_sec, tv_usec;
};

/* A program's time as ns: 0, -EFAULT, or -EINVAL if it is none. */
int get_timespec32(const struct timespec32 __user *p, u64 *ns);
int get_timespec64(const struct timespec64 __user *p, u64 *ns);
int put_timespec32(u64 ns, struct timespec32 __user *p);
int put_timespec64(u64 ns, struct timespec64 __user *p);

/* A length of time in ns from now, as a time of CLOCK_MONOTONIC. */
static inline u64 ktime_after(u64 ns)
{
	u64 now = ktime_get();

	return ns > KTIME_MAX - now ? KTIME_MAX : now + ns;
}

/* A time of a clock that is not a processor's, as one of CLOCK_MONOTONIC. */
u64 clock_to_monotonic(int clock, u64 ns);
void update_coarse_clock(u64 now); /* at each tick */
u64 ktime_wall_offset(void); /* CLOCK_REALTIME - CLOCK_MONOTONIC */
bool clock_is_cpu(int clock);
int step_wall_clock(s64 delta); /* set it so far ahead, ns; 0 or -EINVAL */
void slew_wall_clock(s64 delta); /* by a little, which is no setting of it */
void timerfd_clock_was_set(void); /* kernel/fs/timerfd.c */
void ntp_tick(void); /* kernel/time/timex.c: a tick has come */
void ntp_clear(void); /* the clock was set; its error is unknown */

/* True if setting the time sets this clock, too. */
static inline bool clock_is_wall(int clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_ALARM ||
	       clock == CLOCK_TAI;
}

int posix_clock_read(int clock, u64 *ns); /* any CLOCK_*; 0 or -EINVAL */

#endif

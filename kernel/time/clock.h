/* SPDX-License-Identifier: MIT */
/* Time inside the kernel: ns. Code: kernel/time/time.c. */
#ifndef KERNEL_TIME_CLOCK_H
#define KERNEL_TIME_CLOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>
#include <i386.h>

#define HZ 1000 /* timer interrupts a second */
#define USER_HZ 100 /* what times and /proc count in */

#define NSEC_PER_SEC 1000000000u
#define NSEC_PER_MSEC 1000000u
#define NSEC_PER_USEC 1000u
#define TICK_NSEC (NSEC_PER_SEC / HZ)

u64 ktime_get(void); /* ns since boot, never back */
u64 ktime_get_real(void); /* ns since 1970 */
u64 ktime_get_coarse(void); /* of the last timer interrupt */
u64 ktime_get_real_coarse(void); /* for time stamps of files */
void timer_interrupt(struct pt_regs *regs);
void msleep(unsigned int ms);

/* @ns as seconds and the rest; one division, for @ns < 2^32 s. */
static inline u64 ns_to_seconds(u64 ns, u32 *rest)
{
	if (unlikely((u32)(ns >> 32) >= NSEC_PER_SEC)) {
		*rest = (u32)(ns % NSEC_PER_SEC);
		return ns / NSEC_PER_SEC;
	}
	return divl(ns, NSEC_PER_SEC, rest);
}

/* Clock ticks of USER_HZ, as times(2) and /proc count them. */
static inline u64 nsec_to_clock_t(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

#endif

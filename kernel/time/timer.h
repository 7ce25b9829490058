/* SPDX-License-Identifier: MIT */
/* Timers. Code and picture: kernel/time/timer.c. */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include <ashlar/rbtree.h>
#include <ashlar/types.h>

/* A timer: @fn runs in the timer interrupt. Code: kernel/time/timer.c. */
struct timer {
	struct rb_node node;
	u64 expires; /* ns of CLOCK_MONOTONIC */
	void (*fn)(struct timer *t);
	bool active;
	bool wall; /* a time of CLOCK_REALTIME: moves when that is set */
	u8 round; /* of the setting that it has moved with */
	u64 wall_offset; /* when it ran out: CLOCK_REALTIME - MONOTONIC */
};

void timer_setup(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, u64 expires);
bool timer_stop(struct timer *t); /* was it still to come? */
u64 timer_forward(struct timer *t, u64 interval);
void timers_clock_set(s64 delta); /* CLOCK_REALTIME went so far ahead, ns */
void timers_start(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Timers. Code and picture: kernel/time/timer.c. */
#ifndef KERNEL_TIME_TIMER_H
#define KERNEL_TIME_TIMER_H

#include <ashlar/rbtree.h>
#include <ashlar/types.h>

/* A timer: @fn runs in the timer interrupt. Code: kernel/time/timer.c. */
struct timer {
	struct rb_node node;
	u64 expires; /* ns of its clock */
	void (*fn)(struct timer *t);
	bool active;
	bool wall; /* its clock is CLOCK_REALTIME, else CLOCK_MONOTONIC; only
		    * changed while it does not run */
};

void timer_setup(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, u64 expires);
u64 timer_now(const struct timer *t); /* what its clock shows */
bool timer_stop(struct timer *t); /* was it still to come? */
u64 timer_forward(struct timer *t, u64 interval);
void timers_clock_set(void); /* CLOCK_REALTIME was set */
void timers_start(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Timers: a tree ordered by time. The timer interrupt is asked for at the time
 * of the leftmost one, or for the next tick if that comes first.
 *
 *   tick       tick       tick            HZ a second: scheduler_tick()
 *    ▼    ▼     ▼  ▼       ▼              ▼ interrupts
 *   ─┴────┼─────┴──┼───────┴──────► time
 *         a        b                      timers; their functions run in it
 *
 * A timer's function may start its timer again. A timer is never early; one
 * that is stopped may leave an interrupt for which there is nothing to do.
 */
#include <ashlar/rbtree.h>
#include <i386.h>
#include <kernel/sched/sched.h>
#include <kernel/time/time.h>
#include <kernel/time/timer.h>
#include <mach/irqflags.h>

static struct rb_root timers;
static struct timer *next_timer; /* leftmost */
static u64 next_tick; /* ns of CLOCK_MONOTONIC */
static u64 next_interrupt; /* asked for; 0: one is being served */

static struct timer *timer_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct timer, node) : NULL;
}

/**
 * timer_setup() - prepare a timer
 * @t: the timer
 * @fn: called in the timer interrupt, interrupts off
 */
void timer_setup(struct timer *t, void (*fn)(struct timer *t))
{
	t->fn = fn;
	t->active = false;
	t->wall = false;
	t->round = 0;
}

static void remove_timer(struct timer *t)
{
	if (next_timer == t)
		next_timer = timer_of(rb_next(&t->node));
	rb_erase(&t->node, &timers);
	t->active = false;
}

/**
 * timer_start() - let a timer run out at a time
 * @t: the timer; if it runs already, it gets a new time
 * @expires: ns of CLOCK_MONOTONIC
 *
 * Any context. Those of one time run in the order they were started.
 */
void timer_start(struct timer *t, u64 expires)
{
	struct rb_node **link = &timers.rb_node, *parent = NULL;
	unsigned long flags = local_irq_save();
	bool leftmost = true;

	if (t->active)
		remove_timer(t);
	t->expires = expires;
	while (*link) {
		parent = *link;
		if (expires < timer_of(parent)->expires) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	if (leftmost)
		next_timer = t;
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &timers);
	t->active = true;
	if (leftmost && expires < next_interrupt) {
		next_interrupt = expires;
		port_set_timer(expires);
	}
	local_irq_restore(flags);
}

/**
 * timer_stop() - its function is not to be called
 * @t: the timer
 *
 * Any context. Return: true if it was still to come.
 */
bool timer_stop(struct timer *t)
{
	unsigned long flags = local_irq_save();
	bool active = t->active;

	if (active)
		remove_timer(t);
	local_irq_restore(flags);
	return active;
}

/**
 * timer_forward() - the next time of a timer that repeats and has run out
 * @t: the timer; it does not run, and is not started
 * @interval: ns between two of its times
 *
 * A timer that repeats is started again when its owner has noticed that it ran
 * out, so what nobody looks at costs nothing. Its times stay multiples of the
 * interval after the first, also when the clock was set meanwhile.
 *
 * Return: how often it would have run out since.
 */
u64 timer_forward(struct timer *t, u64 interval)
{
	u64 now = ktime_get(), missed = 0;

	if (t->wall) {
		t->expires += t->wall_offset - ktime_wall_offset();
		t->wall_offset = ktime_wall_offset();
	}
	if (now > t->expires)
		missed = (now - t->expires) / interval;
	t->expires += (missed + 1) * interval;
	return missed;
}

/**
 * timers_clock_set() - CLOCK_REALTIME was set: its timers come at other times
 * @delta: ns that it went ahead
 */
void timers_clock_set(s64 delta)
{
	static u8 round;
	unsigned long flags = local_irq_save();
	struct rb_node *n, *next;
	struct timer *t;

	round++;
	for (n = rb_first(&timers); n; n = next) {
		next = rb_next(n);
		t = timer_of(n);
		if (!t->wall || t->round == round)
			continue;
		t->round = round;
		timer_start(t, delta > (s64)t->expires ?
				       0 :
				       t->expires - (u64)delta);
	}
	local_irq_restore(flags);
}

/* Call the functions of those whose time has come. */
static void run_timers(u64 now)
{
	struct timer *t;

	while ((t = next_timer) && t->expires <= now) {
		remove_timer(t);
		t->wall_offset = ktime_wall_offset();
		t->fn(t);
	}
}

/* True if the next tick has come. Those that the machine missed never come. */
static bool is_tick(u64 now)
{
	if (now < next_tick)
		return false;
	next_tick += TICK_NSEC;
	if (next_tick <= now)
		next_tick = now + TICK_NSEC;
	return true;
}

static void ask_for_interrupt(void)
{
	next_interrupt = next_tick;
	if (next_timer && next_timer->expires < next_tick)
		next_interrupt = next_timer->expires;
	port_set_timer(next_interrupt);
}

/**
 * timer_interrupt() - a time that was asked for has come
 * @regs: what was interrupted
 */
void timer_interrupt(struct pt_regs *regs)
{
	u64 now = ktime_get();

	next_interrupt = 0;
	run_timers(now);
	if (is_tick(now)) {
		update_coarse_clock(now);
		scheduler_tick(user_mode(regs));
	}
	ask_for_interrupt();
}

/**
 * timers_start() - ask for the first tick
 */
void timers_start(void)
{
	port_start_timer();
	next_tick = ktime_get() + TICK_NSEC;
	ask_for_interrupt();
}

/**
 * msleep() - sleep, whatever comes
 * @ms: at least so long
 */
void msleep(unsigned int ms)
{
	u64 end = ktime_get() + (u64)ms * NSEC_PER_MSEC;

	do {
		set_current_state(TASK_UNINTERRUPTIBLE);
	} while (!schedule_until(end));
}

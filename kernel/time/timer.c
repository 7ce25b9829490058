/* SPDX-License-Identifier: MIT */
/*
 * Timers: for each clock that shows a time a tree ordered by time. The timer
 * interrupt is asked for at the time of a leftmost one, or for the next tick if
 * that comes first. When CLOCK_REALTIME is set its whole tree moves, and only
 * that interrupt is asked for anew.
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

static struct timer_base {
	struct rb_root timers;
	struct timer *next; /* leftmost */
} monotonic, wall;

static u64 next_tick; /* ns of CLOCK_MONOTONIC */
static u64 next_interrupt; /* asked for; 0: one is being served */

static struct timer *timer_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct timer, node) : NULL;
}

static struct timer_base *base_of(const struct timer *t)
{
	return t->wall ? &wall : &monotonic;
}

/* When @t runs out, ns of CLOCK_MONOTONIC. */
static u64 monotonic_expires(const struct timer *t)
{
	u64 offset = t->wall ? ktime_wall_offset() : 0;

	return t->expires > offset ? t->expires - offset : 0;
}

/**
 * timer_now() - what a timer's clock shows
 */
u64 timer_now(const struct timer *t)
{
	return t->wall ? ktime_get_real() : ktime_get();
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
}

static void remove_timer(struct timer *t)
{
	struct timer_base *base = base_of(t);

	if (base->next == t)
		base->next = timer_of(rb_next(&t->node));
	rb_erase(&t->node, &base->timers);
	t->active = false;
}

/**
 * timer_start() - let a timer run out at a time
 * @t: the timer; if it runs already, it gets a new time
 * @expires: ns of its clock
 *
 * Any context. Those of one time run in the order they were started.
 */
void timer_start(struct timer *t, u64 expires)
{
	struct timer_base *base = base_of(t);
	struct rb_node **link = &base->timers.rb_node, *parent = NULL;
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
		base->next = t;
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &base->timers);
	t->active = true;
	if (leftmost && monotonic_expires(t) < next_interrupt) {
		next_interrupt = monotonic_expires(t);
		port_set_timer(next_interrupt);
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
 * interval after the first, on its clock.
 *
 * Return: how often it would have run out since.
 */
u64 timer_forward(struct timer *t, u64 interval)
{
	u64 now = timer_now(t), missed = 0;

	if (now > t->expires)
		missed = (now - t->expires) / interval;
	t->expires += (missed + 1) * interval;
	return missed;
}

/* Call the functions of those whose time has come. */
static void run_timers(struct timer_base *base, u64 now)
{
	struct timer *t;

	while ((t = base->next) && t->expires <= now) {
		remove_timer(t);
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
	if (monotonic.next)
		next_interrupt = min(next_interrupt, monotonic.next->expires);
	if (wall.next)
		next_interrupt =
			min(next_interrupt, monotonic_expires(wall.next));
	port_set_timer(next_interrupt);
}

/**
 * timers_clock_set() - CLOCK_REALTIME was set: its timers come at other times
 */
void timers_clock_set(void)
{
	unsigned long flags = local_irq_save();

	ask_for_interrupt();
	local_irq_restore(flags);
}

/**
 * timer_interrupt() - a time that was asked for has come
 * @regs: what was interrupted
 */
void timer_interrupt(struct pt_regs *regs)
{
	u64 now = ktime_get();

	next_interrupt = 0;
	run_timers(&monotonic, now);
	run_timers(&wall, now + ktime_wall_offset());
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

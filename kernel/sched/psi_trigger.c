/* SPDX-License-Identifier: MIT */
/*
 * A program is told of pressure: once it has written "some 150000 1000000" to a
 * file of /proc/pressure, poll() of that says so when tasks were stalled for
 * more than 150 ms of a second.
 *
 *      │◄───────── window ─────────►│
 *      ┊   ░░░░      ░░   ░░░░░░    ┊  ░░     ░ stalled
 *      └ value then                 └ now: growth since, and of the window
 *                                     before it what is still within reach
 *
 * All are looked at ten times in the shortest window, by a timer that runs as
 * long as there are some. One that has told rests for a window; what happens
 * meanwhile is told after it.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/list.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/wait.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mach/irqflags.h>

#define WINDOW_MIN_US 500000u
#define WINDOW_MAX_US 10000000u
#define UNPRIVILEGED_US 2000000u /* windows of users are multiples of it */
#define LOOKS 10u

struct psi_trigger {
	struct list_head node;
	enum psi_res res;
	bool full;
	bool pending; /* to be told, once it may be */
	bool event; /* told, and not yet polled */
	u64 threshold, size; /* ns */
	u64 start, value, growth; /* the window: ns, total then, that before */
	u64 told; /* ns: when last */
	struct wait_queue_head wait;
};

static LIST_HEAD(triggers);
static struct timer look;

/* For how long tasks were stalled in the window that ends now. */
static u64 window_growth(struct psi_trigger *t, u64 now)
{
	u64 total = psi_total(t->res, t->full), growth = total - t->value;
	u64 elapsed = now - t->start;

	if (elapsed > t->size) {
		t->start = now;
		t->value = total;
		t->growth = growth;
		return growth;
	}
	return growth + t->growth * (t->size - elapsed) / t->size;
}

static void look_at(struct psi_trigger *t, u64 now)
{
	if (window_growth(t, now) >= t->threshold)
		t->pending = true;
	if (!t->pending || now < t->told + t->size)
		return;
	t->pending = false;
	t->told = now;
	if (!t->event) {
		t->event = true;
		wake_up(&t->wait);
	}
}

/* A timer's fn: look at all, and come again. */
static void look_at_all(struct timer *timer)
{
	u64 now = ktime_get(), shortest = WINDOW_MAX_US * 1000ull;
	struct psi_trigger *t;

	list_for_each_entry(t, &triggers, node) {
		look_at(t, now);
		shortest = min(shortest, t->size);
	}
	if (!list_empty(&triggers))
		timer_start(timer, now + shortest / LOOKS);
}

/* A decimal number after blanks; @*text goes past it. False: there is none. */
static bool parse_number(const char **text, u32 *value)
{
	const char *p = *text;

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	if (*p < '0' || *p > '9')
		return false;
	for (*value = 0; *p >= '0' && *p <= '9'; p++)
		*value = *value * 10 + (u32)(*p - '0');
	*text = p;
	return true;
}

/**
 * psi_trigger_create() - begin to watch a resource
 * @text: "some" or "full", the threshold and the window, in microseconds
 * @privileged: any window will do
 *
 * Context: may sleep. Return: the trigger, or ERR_PTR of -EINVAL or -ENOMEM.
 */
struct psi_trigger *psi_trigger_create(enum psi_res res, const char *text,
				       bool privileged)
{
	bool full = !memcmp(text, "full", 4);
	u32 threshold, window;
	struct psi_trigger *t;
	unsigned long flags;

	if (!full && memcmp(text, "some", 4) != 0)
		return ERR_PTR(-EINVAL);
	text += 4;
	if (!parse_number(&text, &threshold) || !parse_number(&text, &window))
		return ERR_PTR(-EINVAL);
	if (window < WINDOW_MIN_US || window > WINDOW_MAX_US || !threshold ||
	    threshold > window || (!privileged && window % UNPRIVILEGED_US))
		return ERR_PTR(-EINVAL);
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->res = res;
	t->full = full;
	t->threshold = threshold * 1000ull;
	t->size = window * 1000ull;
	t->start = ktime_get();
	t->value = psi_total(res, full);
	init_waitqueue_head(&t->wait);
	flags = local_irq_save();
	if (!look.fn)
		timer_setup(&look, look_at_all);
	list_add(&t->node, &triggers);
	timer_stop(&look);
	look_at_all(&look);
	local_irq_restore(flags);
	return t;
}

/** psi_trigger_destroy() - the file that had it is closed */
void psi_trigger_destroy(struct psi_trigger *t)
{
	unsigned long flags = local_irq_save();

	list_del(&t->node);
	if (list_empty(&triggers))
		timer_stop(&look);
	local_irq_restore(flags);
	kfree(t);
}

/** psi_trigger_poll() - POLLPRI once for each time it told */
u32 psi_trigger_poll(struct psi_trigger *t, struct poll_table *pt)
{
	u32 mask = DEFAULT_POLLMASK;

	poll_wait(&t->wait, pt);
	if (t->event)
		mask |= POLLPRI;
	t->event = false;
	return mask;
}

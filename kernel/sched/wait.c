/* SPDX-License-Identifier: MIT */
/*
 * Wait queues, completions, and the core's port_wait().
 *
 * A queue is a list that interrupts walk, too, so it changes with interrupts
 * off. Waking does not take a waiter off its queue: it does that itself when
 * its condition is true (finish_wait), and until then may be woken again.
 *
 * port_wait(key) waits for an address: one of a few queues, chosen by hash.
 * The core calls port_wake() at each unlock, so nobody waiting must cost
 * nothing: port_waiters counts them.
 */
#include <ashlar/list.h>
#include <ashlar/port.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/wait.h>
#include <kernel/time/clock.h>
#include <mach/irqflags.h>

#define PORT_WAIT_QUEUES 32
#define PORT_WAIT_NS (10 * NSEC_PER_MSEC)

struct port_waiter {
	struct list_head list;
	const void *key;
	struct task_struct *task;
};

static struct list_head port_queues[PORT_WAIT_QUEUES];
static unsigned int port_waiters;

/* ---- wait queues ---- */

/**
 * default_wake_function() - wake the waiter's task
 * @w: the waiter
 * @key: what the wake-up is about; a task looks itself
 *
 * Any context. Return: true if it slept.
 */
int default_wake_function(struct wait_queue_entry *w, u32 key)
{
	(void)key;
	return wake_up_state(w->task, TASK_NORMAL);
}

/**
 * init_waitqueue_head() - make @q an empty queue
 * @q: the queue
 */
void init_waitqueue_head(struct wait_queue_head *q)
{
	INIT_LIST_HEAD(&q->head);
}

/**
 * init_wait_entry() - the running task as a waiter
 * @w: to be put on a queue
 */
void init_wait_entry(struct wait_queue_entry *w)
{
	INIT_LIST_HEAD(&w->entry);
	w->task = current;
	w->func = default_wake_function;
	w->private = NULL;
	w->exclusive = false;
}

/**
 * add_wait_queue() - hear of a queue's wake-ups
 * @q: the queue
 * @w: not on a queue
 */
void add_wait_queue(struct wait_queue_head *q, struct wait_queue_entry *w)
{
	unsigned long flags = local_irq_save();

	list_add_tail(&w->entry, &q->head);
	local_irq_restore(flags);
}

/**
 * remove_wait_queue() - and hear of them no more
 * @q: the queue
 * @w: on it, or on none
 */
void remove_wait_queue(struct wait_queue_head *q, struct wait_queue_entry *w)
{
	unsigned long flags = local_irq_save();

	(void)q;
	list_del_init(&w->entry);
	local_irq_restore(flags);
}

/**
 * prepare_to_wait() - join a queue and be ready to sleep
 * @q: the queue
 * @w: of the running task
 * @state: to sleep in
 *
 * The condition is looked at after this, so no wake-up is missed.
 */
void prepare_to_wait(struct wait_queue_head *q, struct wait_queue_entry *w,
		     long state)
{
	unsigned long flags = local_irq_save();

	if (list_empty(&w->entry))
		list_add_tail(&w->entry, &q->head);
	current->state = state;
	local_irq_restore(flags);
}

/**
 * finish_wait() - the sleep is over, or was not needed
 * @q: the queue
 * @w: as given to prepare_to_wait()
 */
void finish_wait(struct wait_queue_head *q, struct wait_queue_entry *w)
{
	current->state = TASK_RUNNING;
	remove_wait_queue(q, w);
}

/**
 * wake_up_poll() - tell everybody on a queue to look again
 * @q: the queue
 * @key: POLL*, what may now be done; WAKE_ANY, WAKE_SLEEPERS
 *
 * Of those who want to be told one at a time, the first who sleeps. Any
 * context.
 */
void wake_up_poll(struct wait_queue_head *q, u32 key)
{
	struct wait_queue_entry *w, *next;
	unsigned long flags;
	bool told = false;

	if (list_empty(&q->head))
		return;
	flags = local_irq_save();
	list_for_each_entry_safe(w, next, &q->head, entry)
		if ((!w->exclusive || !told) && w->func(w, key))
			told |= w->exclusive;
	local_irq_restore(flags);
}

/* ---- completions ---- */

/**
 * init_completion() - it has not happened yet
 * @c: the completion
 */
void init_completion(struct completion *c)
{
	c->done = false;
	init_waitqueue_head(&c->wait);
}

/**
 * complete() - it happened
 * @c: the completion; may be gone as soon as its waiter runs
 */
void complete(struct completion *c)
{
	c->done = true;
	wake_up(&c->wait);
}

/**
 * wait_for_completion() - wait until it happened, whatever comes
 * @c: the completion
 */
void wait_for_completion(struct completion *c)
{
	wait_event(&c->wait, c->done);
}

/**
 * wait_for_completion_killable() - wait, but not past one's own death
 * @c: the completion
 *
 * Return: 0, or -ERESTARTSYS if a fatal signal came first.
 */
int wait_for_completion_killable(struct completion *c)
{
	return wait_event_killable(&c->wait, c->done);
}

/* ---- the core's waits ---- */

static struct list_head *port_queue(const void *key)
{
	u32 hash = (u32)key * 0x9e3779b1u;
	struct list_head *q = &port_queues[hash >> 27];

	if (!q->next)
		INIT_LIST_HEAD(q);
	return q;
}

/* A page that is waited for is being read, or written. */
static bool is_page(const void *key)
{
	return (unsigned long)key - (unsigned long)port_mem_map <
	       max_pfn * sizeof(struct page);
}

/**
 * port_wait() - wait for port_wake() of the same address, or a moment
 * @key: any address
 */
void port_wait(const void *key)
{
	struct port_waiter w = { .key = key, .task = current };
	bool io = is_page(key);
	unsigned long flags;

	if (current == &init_task) /* booting: there is no other task */
		return;
	flags = local_irq_save();
	list_add_tail(&w.list, port_queue(key));
	port_waiters++;
	current->state = TASK_UNINTERRUPTIBLE;
	local_irq_restore(flags);
	if (io)
		psi_iowait(true);
	schedule_until(ktime_get() + PORT_WAIT_NS);
	if (io)
		psi_iowait(false);
	flags = local_irq_save();
	port_waiters--;
	list_del(&w.list);
	local_irq_restore(flags);
}

/**
 * port_wake() - wake those in port_wait() of an address
 * @key: the address
 *
 * Any context.
 */
void port_wake(const void *key)
{
	struct port_waiter *w;
	unsigned long flags;

	if (likely(!port_waiters))
		return;
	flags = local_irq_save();
	list_for_each_entry(w, port_queue(key), list) {
		if (w->key == key)
			wake_up_process(w->task);
	}
	local_irq_restore(flags);
}

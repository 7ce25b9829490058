/* SPDX-License-Identifier: MIT */
/*
 * A list of work and a thread that does it. An interrupt may not allocate or
 * send signals; it queues a work, once, and the thread soon calls it:
 *
 *   interrupt ── schedule_work ──► [work]──[work] ──► kworker: func(work)
 *
 * A work is off the list before its function runs, so the function may queue
 * it again or free it. A function does not sleep, so it is over before anybody
 * can cancel it.
 *
 * Locks: interrupts are off around the list; work_lock is held while a
 * function runs, for nothing sleeps with it.
 */
#include <ashlar/list.h>
#include <kernel/sched/wait.h>
#include <kernel/sched/workqueue.h>
#include <kernel/task/clone.h>
#include <mach/irqflags.h>
#include <mach/spinlock.h>

static spinlock_t work_lock = SPIN_LOCK_UNLOCKED;
static LIST_HEAD(works);
static DECLARE_WAIT_QUEUE_HEAD(worker_wait);

/**
 * schedule_work() - let the worker call @work's function soon
 *
 * Nothing happens if it waits already. Any context.
 */
void schedule_work(struct work_struct *work)
{
	unsigned long flags = local_irq_save();

	if (list_empty(&work->entry)) {
		list_add_tail(&work->entry, &works);
		wake_up(&worker_wait);
	}
	local_irq_restore(flags);
}

/**
 * cancel_work() - @work shall not run any more; it may be freed
 */
void cancel_work(struct work_struct *work)
{
	unsigned long flags = local_irq_save();

	list_del_init(&work->entry);
	local_irq_restore(flags);
}

static struct work_struct *next_work(void)
{
	struct work_struct *work = NULL;
	unsigned long flags = local_irq_save();

	if (!list_empty(&works)) {
		work = list_first_entry(&works, struct work_struct, entry);
		list_del_init(&work->entry);
	}
	local_irq_restore(flags);
	return work;
}

static int worker(void *unused)
{
	struct work_struct *work;

	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&worker_wait, !list_empty(&works));
		while ((work = next_work())) {
			spin_lock(&work_lock);
			work->func(work);
			spin_unlock(&work_lock);
		}
		cond_resched();
	}
	return 0;
}

/**
 * workqueue_start() - start the worker; what was queued before waits for it
 */
void workqueue_start(void)
{
	kernel_thread(worker, NULL, "kworker");
}

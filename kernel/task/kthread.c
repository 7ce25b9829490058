/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads that are started while programs run.
 *
 *   kthread_run ──► [request] … ──► kthreadd ──► kernel_thread(fn)
 *        └───────── waits ◀──────────────┘
 *
 * A task's child has the task's files, memory and credentials. A thread of the
 * kernel's must have none of a program's, so it is the child of a thread that
 * has none.
 *
 * Locks: none; nothing sleeps while the list is looked at.
 */
#include <ashlar/list.h>
#include <kernel/sched/wait.h>
#include <kernel/task/clone.h>
#include <kernel/task/kthread.h>

struct request {
	struct list_head entry;
	int (*fn)(void *arg);
	void *arg;
	const char *name;
	pid_t pid; /* the answer */
	struct completion done;
};

static LIST_HEAD(requests);
static DECLARE_WAIT_QUEUE_HEAD(kthreadd_wait);

static int kthreadd(void *unused)
{
	struct request *rq;

	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&kthreadd_wait,
					 !list_empty(&requests));
		while (!list_empty(&requests)) {
			rq = list_first_entry(&requests, struct request, entry);
			list_del(&rq->entry);
			rq->pid = kernel_thread(rq->fn, rq->arg, rq->name);
			complete(&rq->done);
		}
	}
	return 0;
}

/**
 * kthread_run() - a task that runs a function of the kernel
 * @fn: the function; must not return
 * @arg: its argument
 * @name: at most 15 characters
 *
 * Context: any task's, after kthread_start(); sleeps. Return: its number or
 * -errno.
 */
pid_t kthread_run(int (*fn)(void *arg), void *arg, const char *name)
{
	struct request rq = { .fn = fn, .arg = arg, .name = name };

	init_completion(&rq.done);
	list_add_tail(&rq.entry, &requests);
	wake_up(&kthreadd_wait);
	wait_for_completion(&rq.done);
	return rq.pid;
}

/** kthread_start() - from now on there can be others. Context: boot. */
void kthread_start(void)
{
	kernel_thread(kthreadd, NULL, "kthreadd");
}

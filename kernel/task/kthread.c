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
#include <ashlar/port.h>
#include <kernel/sched/wait.h>
#include <kernel/task/clone.h>
#include <kernel/task/kthread.h>

static LIST_HEAD(requests);
static DECLARE_WAIT_QUEUE_HEAD(kthreadd_wait);

static int kthreadd(void *unused)
{
	struct kthread_request *rq;

	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&kthreadd_wait,
					 !list_empty(&requests));
		while (!list_empty(&requests)) {
			rq = list_first_entry(&requests, struct kthread_request,
					      entry);
			list_del(&rq->entry);
			rq->pid = kernel_thread(rq->fn, rq->arg, rq->name);
			rq->posted = false;
			port_wake(rq);
		}
	}
	return 0;
}

/**
 * kthread_post() - have a task started, and do not wait for it
 * @rq: what to ask by; it stays until posted is false again
 * @fn: the function; must not return
 * @arg: its argument
 * @name: at most 15 characters; must stay as long
 *
 * Nothing happens if @rq was posted already. Context: any; does not sleep.
 */
void kthread_post(struct kthread_request *rq, int (*fn)(void *arg), void *arg,
		  const char *name)
{
	if (rq->posted)
		return;
	*rq = (struct kthread_request){
		.fn = fn, .arg = arg, .name = name, .posted = true
	};
	list_add_tail(&rq->entry, &requests);
	wake_up(&kthreadd_wait);
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
	struct kthread_request rq = { .pid = 0 };

	kthread_post(&rq, fn, arg, name);
	while (rq.posted) {
		might_sleep();
		port_wait(&rq);
	}
	return rq.pid;
}

/** kthread_start() - from now on there can be others. Context: boot. */
void kthread_start(void)
{
	kernel_thread(kthreadd, NULL, "kthreadd");
}

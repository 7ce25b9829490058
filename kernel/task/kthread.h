/* SPDX-License-Identifier: MIT */
/* Kernel threads at any time. Code: kernel/task/kthread.c. */
#ifndef KERNEL_TASK_KTHREAD_H
#define KERNEL_TASK_KTHREAD_H

#include <kernel/task/task.h>

/* What is asked of kthreadd. */
struct kthread_request {
	struct list_head entry;
	int (*fn)(void *arg);
	void *arg;
	const char *name;
	bool posted; /* not answered yet */
	pid_t pid; /* the answer: a number, or -errno; 0: never asked */
};

void kthread_post(struct kthread_request *rq, int (*fn)(void *arg), void *arg,
		  const char *name);
pid_t kthread_run(int (*fn)(void *arg), void *arg, const char *name);
void kthread_start(void); /* boot */

#endif

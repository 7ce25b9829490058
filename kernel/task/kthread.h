/* SPDX-License-Identifier: MIT */
/* Kernel threads at any time. Code: kernel/task/kthread.c. */
#ifndef KERNEL_TASK_KTHREAD_H
#define KERNEL_TASK_KTHREAD_H

#include <kernel/task/task.h>

pid_t kthread_run(int (*fn)(void *arg), void *arg, const char *name);
void kthread_start(void); /* boot */

#endif

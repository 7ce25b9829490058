/* SPDX-License-Identifier: MIT */
/* Numbers of processes. Code: kernel/task/pid.c. */
#ifndef KERNEL_TASK_PID_H
#define KERNEL_TASK_PID_H

#include <ashlar/atomic.h>
#include <kernel/sched/wait.h>
#include <kernel/task/task.h>

struct signal_struct;

/*
 * A process number that is in use: by a thread, by a process group, by a
 * session, by an open pidfd. Only the last of them sets it free.
 */
struct pid {
	atomic_t count;
	pid_t nr;
	struct task_struct *task; /* NULL: reaped, or only a group's */
	struct wait_queue_head wait_pidfd;
};

struct pid *alloc_pid(pid_t wanted); /* with one reference, or ERR_PTR */
void get_pid(struct pid *pid);
void put_pid(struct pid *pid);
struct pid *find_pid(pid_t nr); /* no reference; NULL */
struct task_struct *find_task_by_pid(pid_t pid); /* any thread; no reference */
/* The process with the smallest number >= @pid; no reference; NULL. */
struct task_struct *next_process(pid_t nr);
/* The same for threads. */
struct task_struct *next_thread_from(pid_t nr);
void set_signal_pgrp(struct signal_struct *sig, struct pid *pid);
void set_signal_session(struct signal_struct *sig, struct pid *pid);
extern pid_t last_pid; /* the number given out last */
extern int pid_max;

void pid_init(void);

#endif

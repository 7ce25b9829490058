/* SPDX-License-Identifier: MIT */
/* Timers that send signals. Code: kernel/time/itimer.c, posix_timers.c. */
#ifndef KERNEL_TIME_ITIMER_H
#define KERNEL_TIME_ITIMER_H

#include <ashlar/types.h>
#include <kernel/sched/workqueue.h>
#include <kernel/time/timer.h>

struct seq_file;
struct siginfo;
struct signal_struct;
struct sigqueue;
struct task_struct;

struct itimer {
	struct timer timer; /* ITIMER_REAL */
	struct work_struct work; /* sends the signal */
	u64 interval; /* ns */
	u64 value; /* ns left: ITIMER_VIRTUAL, ITIMER_PROF */
};

void itimers_init(struct signal_struct *sig);
void exit_itimers(struct signal_struct *sig);
void exit_posix_timers(struct signal_struct *sig);
void itimer_tick(bool user);
void itimer_real_taken(void);
void posix_timers_tick(struct signal_struct *sig);
void posix_timers_heard(int signo);
void show_posix_timers(struct seq_file *m, struct task_struct *task);
/* A timer's entry left its list: its signal is @info, or was dropped (NULL). */
void posix_timer_dequeued(struct sigqueue *q, struct siginfo *info);

#endif

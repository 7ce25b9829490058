/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: states, priorities, the clock's share of it.
 *
 * The kernel is not preempted: a task in kernel mode runs until it sleeps,
 * calls cond_resched() or returns to its program. Interrupts come at any time
 * (but where they are off) and only wake tasks, count, and fill ring buffers:
 * they allocate nothing and take no core lock. Code: kernel/sched/sched.c.
 */
#ifndef KERNEL_SCHED_SCHED_H
#define KERNEL_SCHED_SCHED_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>
#include <kernel/task/task.h>

/* task_struct::state */
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_STOPPED 4
#define __TASK_TRACED 8
#define TASK_DEAD 64 /* switched away from for the last time */
#define TASK_WAKEKILL 256 /* with another: SIGKILL wakes it */
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_TRACED (__TASK_TRACED | TASK_WAKEKILL)
#define TASK_KILLABLE (TASK_UNINTERRUPTIBLE | TASK_WAKEKILL)

/* task_struct::policy */
#define SCHED_NORMAL 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5

#define MAX_RT_PRIO 100 /* 1 … 99; nice tasks are 100 … 139 */
#define DEFAULT_PRIO 120

/* True if a signal that waits ends a sleep in @state. */
static inline bool signal_pending_state(unsigned int state,
					struct task_struct *t)
{
	if (likely(!signal_pending(t)))
		return false;
	return (state & TASK_INTERRUPTIBLE) ||
	       ((state & TASK_WAKEKILL) && fatal_signal_pending(t));
}

void schedule(void); /* give the CPU away; sleeps if state says so */
void sched_init(void);
void wake_up_process(struct task_struct *t); /* any context */
bool wake_up_state(struct task_struct *t, unsigned int states);
void wake_up_new_task(struct task_struct *t);
void scheduler_tick(bool user); /* from the timer interrupt */
void schedule_tail(struct task_struct *prev); /* a new task's first step */
/* Sleep in the state that is set, until @expires (ns of CLOCK_MONOTONIC) at
 * the latest. Return: true if that time was reached. */
bool schedule_until(u64 expires);
bool schedule_until_wall(u64 expires); /* ns of CLOCK_REALTIME */
void sched_fork(struct task_struct *p);
void sched_update_current(void); /* accounts current up to now */
void sched_change_prio(struct task_struct *p, int policy, int rt_priority,
		       int static_prio);
void sched_yield_for(u32 ns); /* in virtual time */
unsigned long nr_running(void);
unsigned long nr_uninterruptible(void);
unsigned long long nr_context_switches(void);
void get_avenrun(unsigned long loads[3]); /* fixed point, 11 bits */

/* Where the processor's time went, by timer interrupts; ns. */
struct kernel_cpustat {
	u64 user, nice, system, irq, idle, iowait;
};
extern struct kernel_cpustat kernel_cpustat;

static inline u64 idle_time_ns(void)
{
	return kernel_cpustat.idle;
}

static inline void set_current_state(long state)
{
	current->state = state;
}

static inline bool need_resched(void)
{
	return READ_ONCE(current->tif) & TIF_NEED_RESCHED;
}

static inline void cond_resched(void)
{
	if (unlikely(need_resched()))
		schedule();
}

static inline bool rt_task(const struct task_struct *t)
{
	return t->policy == SCHED_FIFO || t->policy == SCHED_RR;
}

static inline int task_nice(const struct task_struct *t)
{
	return t->static_prio - DEFAULT_PRIO;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the threads of a process share, as Linux names it: signal_struct. It
 * lives as long as its last thread, reaped or not.
 */
#ifndef KERNEL_TASK_PROCESS_H
#define KERNEL_TASK_PROCESS_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/resource.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/resource.h>
#include <kernel/task/task.h>
#include <kernel/time/itimer.h>

struct pid;
struct tty_struct;

struct signal_struct {
	atomic_t count; /* tasks */
	int nr_threads; /* alive */
	struct list_head thread_head; /* task_struct::thread_node */
	struct sigpending shared_pending;
	struct wait_queue_head wait_chldexit;
	int group_exit_code;
	bool group_exit; /* exit_group, or a fatal signal */
	struct task_struct *group_exec_task; /* execve waits for the others */
	int group_stop_count;
	bool stopped; /* every thread; stop_code is the signal */
	bool stop_reported, continued; /* to the parent; and not yet */
	bool tell_continued; /* SIGCHLD, by the first thread that runs */
	bool init_killable; /* process 1 met a fault of its own */
	int stop_code; /* != 0 from a stop signal to SIGCONT */
	pid_t pgrp, session; /* changed by kernel/task/pid.c alone */
	struct pid *pgrp_pid, *session_pid; /* hold these numbers */
	bool leader; /* of its session */
	struct tty_struct *tty; /* controlling, or NULL */
	struct rlimit rlim[RLIM_NLIMITS];
	struct itimer itimer[3];
	struct rb_root posix_timers; /* kernel/time/posix_timers.c */
	struct list_head cpu_timers; /* of those: they run */
	int next_timer_id;
	struct list_head sem_undos; /* kernel/ipc/sem.c */
	struct rusage_counts dead; /* of threads that ended */
	struct rusage_counts children; /* waited for */
	short oom_score_adj, oom_score_adj_min;
	bool is_child_subreaper;
	u32 membarrier; /* kinds that it has registered for */
	bool oom_killed;
};

#define for_each_thread(p, t) \
	list_for_each_entry(t, &(p)->signal->thread_head, thread_node)

static inline unsigned long rlimit(unsigned int which)
{
	return current->signal->rlim[which].cur;
}

#endif

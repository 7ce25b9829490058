/* SPDX-License-Identifier: MIT */
/*
 * Job control: a process stops and continues as a whole, and its parent is
 * told.
 *
 *   a thread takes a stop signal ──► begin_group_stop: group_stop_count = n
 *        each of n threads ──► participate_group_stop: n - 1
 *             the last ──► signal->stopped; SIGCHLD to the parent
 *   SIGCONT is sent ──► continue_group ──► a thread that runs on: SIGCHLD
 *
 * A stop signal makes signal->stop_code its number and counts in
 * group_stop_count the threads that still run, each of which has
 * JOBCTL_STOP_PENDING; the last to stop sets signal->stopped and tells the
 * parent. SIGCONT and SIGKILL clear it all. A traced thread takes part by
 * stopping for its tracer (kernel/signal/trace.c).
 *
 * A group of processes is orphaned when no parent of one of them is in its
 * session and outside the group: no shell is left that could continue it. It
 * does not stop, and one that is stopped then gets SIGHUP and SIGCONT.
 */
#include <ashlar/string.h>
#include <kernel/sched/wait.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/clock.h>
#include "internal.h"

/**
 * set_jobctl_pending() - ask @t to stop, if it is not about to end
 * @mask: JOBCTL_*
 *
 * Return: true if it was asked.
 */
bool set_jobctl_pending(struct task_struct *t, u32 mask)
{
	if (fatal_signal_pending(t) || t->flags & PF_EXITING)
		return false;
	if (mask & JOBCTL_STOP_SIGMASK)
		t->jobctl &= ~JOBCTL_STOP_SIGMASK;
	t->jobctl |= mask;
	return true;
}

/**
 * continue_group() - SIGCONT: threads run on, and the parent hears of it from
 *	one of them
 *
 * Context: siglock held.
 */
void continue_group(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	struct task_struct *each;
	bool was_stopped = sig->stopped;

	flush_sigqueue_group(t, STOP_SIGNALS);
	sig->group_stop_count = 0;
	sig->stop_code = 0;
	sig->stopped = false;
	for_each_thread(t, each) {
		each->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME);
		if (each->ptrace & PT_SEIZED)
			ptrace_trap_notify(each);
		else
			wake_up_state(each, TASK_STOPPED);
	}
	if (was_stopped)
		sig->continued = sig->tell_continued = true;
}

/**
 * participate_group_stop() - the running thread stops with its group
 *
 * Return: true if it was the last, and the parent is to be told.
 */
bool participate_group_stop(void)
{
	struct signal_struct *sig = current->signal;
	bool counted = current->jobctl & JOBCTL_STOP_CONSUME;

	current->jobctl &= ~(JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME);
	if (!counted || !sig->group_stop_count || --sig->group_stop_count ||
	    sig->stopped)
		return false;
	sig->stopped = true;
	sig->stop_reported = false;
	sig->continued = false;
	return true;
}

static void begin_group_stop(int signr)
{
	const u32 mask = JOBCTL_STOP_PENDING | JOBCTL_STOP_CONSUME | (u32)signr;
	struct signal_struct *sig = current->signal;
	struct task_struct *t;

	if (!sig->stopped)
		sig->stop_code = signr;
	sig->group_stop_count = 0;
	for_each_thread(current, t) {
		if (t->state == TASK_STOPPED || !set_jobctl_pending(t, mask))
			continue;
		sig->group_stop_count++;
		if (t->ptrace & PT_SEIZED && t != current)
			ptrace_trap_notify(t);
		else if (t != current)
			signal_wake_up(t, 0);
	}
}

/**
 * do_signal_stop() - stop, and sleep until SIGCONT, SIGKILL, or a tracer
 * @signr: the stop signal; 0 if another thread took it
 *
 * A traced thread only gets JOBCTL_TRAP_STOP, and stops on its way.
 */
void do_signal_stop(int signr)
{
	struct task_struct *t = current;

	if (!(t->jobctl & JOBCTL_STOP_PENDING))
		begin_group_stop(signr);
	if (t->ptrace) {
		set_jobctl_pending(t, JOBCTL_TRAP_STOP);
		return;
	}
	set_current_state(TASK_STOPPED);
	if (participate_group_stop())
		do_notify_parent_cldstop(t, false, CLD_STOPPED);
	while (t->signal->stop_code && !fatal_signal_pending(t) &&
	       !(t->jobctl & JOBCTL_TRAP_MASK)) {
		schedule();
		set_current_state(TASK_STOPPED);
	}
	set_current_state(TASK_RUNNING);
	recalc_sigpending();
}

/**
 * tell_continued() - the parent, and a tracer, hear that the process runs on
 */
void tell_continued(void)
{
	struct task_struct *leader = current->group_leader;

	current->signal->tell_continued = false;
	do_notify_parent_cldstop(leader, false, CLD_CONTINUED);
	if (ptrace_reparented(leader))
		do_notify_parent_cldstop(leader, true, CLD_CONTINUED);
}

/* ---- what parents and orphans are told ---- */

static void chld_siginfo(struct siginfo *info, struct task_struct *t, int code)
{
	u64 utime, stime;

	thread_group_cputime(t, &utime, &stime);
	memset(info, 0, sizeof(*info));
	info->si_signo = SIGCHLD;
	info->si_code = code;
	info->chld.pid = t->tgid;
	info->chld.uid = (s32)t->cred->uid;
	info->chld.utime = (s32)(utime / (1000000000 / USER_HZ));
	info->chld.stime = (s32)(stime / (1000000000 / USER_HZ));
}

static int cldstop_status(const struct task_struct *t, int why)
{
	if (why == CLD_CONTINUED)
		return SIGCONT;
	return (why == CLD_STOPPED ? t->signal->stop_code : t->exit_code) &
	       0x7f;
}

/**
 * do_notify_parent_cldstop() - a thread or its process stopped or went on
 * @t: the thread
 * @for_ptracer: to its tracer, of the thread; else of its process, to the
 *	parent
 * @why: CLD_STOPPED, CLD_CONTINUED or CLD_TRAPPED
 */
void do_notify_parent_cldstop(struct task_struct *t, bool for_ptracer, int why)
{
	struct task_struct *parent = t->parent;
	struct k_sigaction *ka;
	struct siginfo info;

	if (!for_ptracer) {
		t = t->group_leader;
		parent = t->real_parent;
	}
	ka = action_of(parent, SIGCHLD);
	chld_siginfo(&info, t, why);
	info.chld.pid = t->pid;
	info.chld.status = cldstop_status(t, why);
	if (ka->sa_handler != SIG_IGN && !(ka->sa_flags & SA_NOCLDSTOP))
		send_sig_info(SIGCHLD, &info, parent, true);
	wake_up(&parent->signal->wait_chldexit);
}

/**
 * do_notify_parent() - a process has ended, or a traced thread
 * @t: its group leader, or that thread; exit_code set
 * @sig: what the parent is sent; 0 or less: nothing
 *
 * Return: true if the parent wants no zombie.
 */
bool do_notify_parent(struct task_struct *t, int sig)
{
	struct task_struct *parent = t->parent;
	struct k_sigaction *ka = action_of(parent, SIGCHLD);
	int code = t->signal->group_exit ? t->signal->group_exit_code :
					   t->exit_code;
	int status = code & 0x7f;
	struct siginfo info;
	bool autoreap = false;

	chld_siginfo(&info, t, status ? CLD_KILLED : CLD_EXITED);
	info.chld.pid = t->pid;
	info.chld.status = status ? status : code >> 8 & 0xff;
	if (status && code & 0x80)
		info.si_code = CLD_DUMPED;
	if (!t->ptrace && sig == SIGCHLD &&
	    (ka->sa_handler == SIG_IGN || ka->sa_flags & SA_NOCLDWAIT)) {
		autoreap = true;
		if (ka->sa_handler == SIG_IGN)
			sig = 0;
	}
	if (sig > 0) {
		info.si_signo = sig;
		send_sig_info(sig, &info, parent, true);
	}
	wake_up(&parent->signal->wait_chldexit);
	return autoreap;
}

/* True if no shell is left that could continue group @pgrp, when process
 * @leaving (0: none) is gone. */
static bool pgrp_orphaned(int pgrp, int leaving)
{
	struct task_struct *p, *parent;

	for_each_process(p) {
		parent = p->real_parent;
		if (p->signal->pgrp != pgrp || p->tgid == leaving ||
		    p->exit_state || !parent || is_global_init(parent))
			continue;
		if (parent->signal->pgrp != pgrp &&
		    parent->signal->session == p->signal->session)
			return false;
	}
	return true;
}

static bool has_stopped_jobs(int pgrp)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp == pgrp && p->signal->stopped)
			return true;
	return false;
}

/**
 * is_current_pgrp_orphaned() - has the running process no shell above it?
 */
bool is_current_pgrp_orphaned(void)
{
	return pgrp_orphaned(current->signal->pgrp, 0);
}

/**
 * kill_orphaned_pgrp() - a group that loses its last shell must not stay
 *	stopped
 * @leader: the process that exits, or whose parent does
 * @parent: that parent; NULL if @leader itself exits
 */
void kill_orphaned_pgrp(struct task_struct *leader, struct task_struct *parent)
{
	int pgrp = leader->signal->pgrp;
	int leaving = parent ? 0 : leader->tgid;

	if (!parent)
		parent = leader->real_parent;
	if (!parent || parent->signal->pgrp == pgrp ||
	    parent->signal->session != leader->signal->session ||
	    !pgrp_orphaned(pgrp, leaving) || !has_stopped_jobs(pgrp))
		return;
	kill_pgrp(pgrp, SIGHUP, NULL);
	kill_pgrp(pgrp, SIGCONT, NULL);
}

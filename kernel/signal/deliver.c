/* SPDX-License-Identifier: MIT */
/*
 * Taking a signal, on the way back to user mode.
 *
 *   TIF_SIGPENDING ──► get_signal ┬ the group ends           do_group_exit
 *                       │  ▲      ├ a stop is due            stop.c, trace.c
 *                       │  └──────┴ dequeue_signal: the default: ignore,
 *                       ▼                                    stop, end
 *        a handler: its frame (port/i386/sigframe.c), signal_delivered
 *
 * A thread's own signals come before those of its process, faults before
 * others, and low numbers before high ones. TIF_SIGPENDING is set when one
 * waits that is not blocked, or a stop; whoever changes a mask or takes a
 * signal works it out anew. A thread that blocks a signal of its process, or
 * ends, wakes one that will take it.
 */
#include <kernel/exec/coredump.h>
#include <kernel/sched/sched.h>
#include <kernel/task/exit.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/itimer.h>
#include "internal.h"

#define SYNCHRONOUS_SIGNALS                                     \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | \
	 sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))
#define TIMER_SIGNALS (sigmask(SIGALRM) | sigmask(SIGVTALRM) | sigmask(SIGPROF))

/**
 * recalc_sigpending_tsk() - set @t's TIF_SIGPENDING if it has something to do
 *
 * It is not cleared: @t may have an interrupted call to begin again.
 *
 * Return: true if there is something to do.
 */
bool recalc_sigpending_tsk(struct task_struct *t)
{
	sigset_t set = t->pending.signal | t->signal->shared_pending.signal;

	if (!(set & ~t->blocked) && !(t->jobctl & JOBCTL_PENDING_MASK))
		return false;
	t->tif |= TIF_SIGPENDING;
	return true;
}

/**
 * recalc_sigpending() - set or clear the running thread's TIF_SIGPENDING
 */
void recalc_sigpending(void)
{
	if (!recalc_sigpending_tsk(current))
		current->tif &= ~TIF_SIGPENDING;
}

/* A shared signal that @t will not take any more: wake one who will. */
static void retarget_shared_pending(struct task_struct *t, sigset_t which)
{
	struct task_struct *each;

	which &= t->signal->shared_pending.signal;
	if (!which)
		return;
	for_each_thread(t, each) {
		if (each == t || each->flags & PF_EXITING ||
		    !(which & ~each->blocked))
			continue;
		which &= each->blocked;
		if (!signal_pending(each))
			signal_wake_up(each, 0);
		if (!which)
			break;
	}
}

/**
 * set_current_blocked() - the running thread's mask becomes @set
 */
void set_current_blocked(sigset_t set)
{
	struct task_struct *t = current;
	sigset_t newly;

	set &= ~UNBLOCKABLE;
	if (set == t->blocked)
		return;
	newly = set & ~t->blocked;
	t->blocked = set;
	if (newly && signal_pending(t))
		retarget_shared_pending(t, newly);
	recalc_sigpending();
}

static int next_signal(const struct sigpending *p, sigset_t mask)
{
	sigset_t set = p->signal & ~mask;

	if (!set)
		return 0;
	if (set & SYNCHRONOUS_SIGNALS)
		set &= SYNCHRONOUS_SIGNALS;
	if ((u32)set)
		return __builtin_ctz((u32)set) + 1;
	return __builtin_ctz((u32)(set >> 32)) + 33;
}

/* The first entry of @sig; the bit stays if there are more. */
static void collect_signal(int sig, struct sigpending *p, struct siginfo *info)
{
	struct sigqueue *q, *first = NULL;
	bool more = false;

	list_for_each_entry(q, &p->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (first) {
			more = true;
			break;
		}
		first = q;
	}
	if (!more)
		p->signal &= ~sigmask(sig);
	if (!first) {
		kernel_siginfo(info, sig,
			       sig < SIGRTMIN && sigmask(sig) & TIMER_SIGNALS ?
				       SI_KERNEL :
				       SI_USER);
		return;
	}
	list_del_init(&first->list);
	*info = first->info;
	if (first->of_timer)
		posix_timer_dequeued(first, info);
	else
		sigqueue_free(first);
}

/**
 * dequeue_signal() - take the first signal that is not in @mask
 *
 * Return: its number with @info filled, or 0.
 */
int dequeue_signal(sigset_t mask, struct siginfo *info)
{
	struct task_struct *t = current;
	struct sigpending *p = &t->pending;
	int sig = next_signal(p, mask);

	spin_lock(&siglock);
	if (!sig) {
		p = &t->signal->shared_pending;
		sig = next_signal(p, mask);
	}
	if (sig)
		collect_signal(sig, p, info);
	recalc_sigpending();
	spin_unlock(&siglock);
	if (sig == SIGALRM)
		itimer_real_taken();
	return sig;
}

/* Stops that are due; true if there was one, and all is to be looked at anew.
 */
static bool stop_if_asked(void)
{
	struct task_struct *t = current;

	if (fatal_signal_pending(t))
		return false;
	if (t->signal->tell_continued)
		tell_continued();
	else if (t->jobctl & JOBCTL_TRAP_MASK)
		do_jobctl_trap();
	else if (t->jobctl & JOBCTL_STOP_PENDING)
		do_signal_stop(0);
	else
		return false;
	return true;
}

/* The default action; does not return if it ends the process. */
static void default_action(const struct siginfo *info, int sig)
{
	if (default_ignores(sig))
		return;
	if (is_global_init(current) && sig != SIGKILL &&
	    !current->signal->init_killable)
		return;
	if (sig < 32 && sigmask(sig) & STOP_SIGNALS) {
		if (sig == SIGSTOP || !is_current_pgrp_orphaned())
			do_signal_stop(sig);
		return;
	}
	if (sig < 32 && sigmask(sig) & CORE_SIGNALS && do_coredump(info)) {
		sig |= 0x80;
		current->signal->group_exit_code = sig;
	}
	do_group_exit(sig);
}

/**
 * get_signal() - the next signal that has a handler
 *
 * Defaults are carried out on the way: the thread may stop here, or end.
 *
 * Return: false if there is none.
 */
bool get_signal(struct ksignal *ksig)
{
	struct task_struct *t = current;
	struct k_sigaction *ka;

	for (;;) {
		if (t->signal->group_exit)
			do_group_exit(t->signal->group_exit_code);
		if (stop_if_asked())
			continue;
		ksig->sig = dequeue_signal(t->blocked, &ksig->info);
		if (!ksig->sig)
			return false;
		if (unlikely(t->ptrace) && ksig->sig != SIGKILL) {
			ksig->sig = ptrace_signal(ksig->sig, &ksig->info);
			if (!ksig->sig)
				continue;
		}
		ka = action_of(t, ksig->sig);
		if (ka->sa_handler == SIG_IGN)
			continue;
		if (ka->sa_handler == SIG_DFL) {
			default_action(&ksig->info, ksig->sig);
			continue;
		}
		ksig->ka = *ka;
		if (ka->sa_flags & SA_RESETHAND)
			ka->sa_handler = SIG_DFL;
		return true;
	}
}

/**
 * signal_delivered() - the frame of @ksig is on the stack: its mask is in force
 */
void signal_delivered(struct ksignal *ksig)
{
	sigset_t set = current->blocked | ksig->ka.sa_mask;

	current->restore_sigmask = false;
	if (!(ksig->ka.sa_flags & SA_NODEFER))
		set |= sigmask(ksig->sig);
	set_current_blocked(set);
}

/**
 * exit_signals() - the running thread ends: others take what waits
 */
void exit_signals(void)
{
	struct task_struct *t = current;

	if (!t->signal->group_exit) {
		retarget_shared_pending(t, ~t->blocked);
		if (t->jobctl & JOBCTL_STOP_PENDING && participate_group_stop())
			do_notify_parent_cldstop(t, false, CLD_STOPPED);
	}
	t->tif &= ~TIF_SIGPENDING;
}

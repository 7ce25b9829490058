/* SPDX-License-Identifier: MIT */
/*
 * Sending a signal: from whoever sends it to the thread that is woken for it.
 *
 *   kill ──► prepare_signal ──► sig_ignored? ──► queue ──► complete_signal
 *              stop ⇄ continue      drop it     │          wake a thread
 *              (stop.c)                         ▼
 *       task->pending (this thread)   signal->shared_pending (any thread)
 *                     └────────────┬───────────────┘
 *   back to user mode ──► get_signal (deliver.c)
 *
 * A set bit of sigpending::signal says that the signal waits; an entry of
 * its list tells more. Without memory, or past RLIMIT_SIGPENDING, a standard
 * signal is a bit alone.
 *
 * A signal that ends the process marks the group when it is sent: all its
 * threads find SIGKILL.
 */
#include <ashlar/list.h>
#include <ashlar/string.h>
#include <kernel/sched/wait.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include "internal.h"

/**
 * sig_handler_ignores() - true if @t's handler, or the default of @sig, ignores
 *	@sig
 */
bool sig_handler_ignores(struct task_struct *t, int sig)
{
	u32 handler = action_of(t, sig)->sa_handler;

	if (t->flags & PF_KTHREAD)
		return true;
	if (is_global_init(t) && handler == SIG_DFL)
		return true;
	return handler == SIG_IGN ||
	       (handler == SIG_DFL && default_ignores(sig));
}

/**
 * sig_ignored() - would @sig, sent to @t now, change nothing?
 */
int sig_ignored(struct task_struct *t, int sig)
{
	if ((t->blocked | t->real_blocked) & sigmask(sig))
		return 0;
	if (t->ptrace && sig != SIGKILL)
		return 0; /* its tracer wants to see it */
	return sig_handler_ignores(t, sig);
}

/**
 * signal_wake_up() - @t has something to do on its way to user mode
 * @states: TASK_*, in which it is woken besides TASK_INTERRUPTIBLE
 */
void signal_wake_up(struct task_struct *t, unsigned int states)
{
	t->tif |= TIF_SIGPENDING;
	wake_up_state(t, TASK_INTERRUPTIBLE | states);
}

static void wake_killed(struct task_struct *t)
{
	signal_wake_up(t, TASK_STOPPED | TASK_WAKEKILL);
}

/* Undo what @sig cancels: a stop, or SIGCONT. False: @sig goes no further. */
static bool prepare_signal(struct task_struct *t, int sig)
{
	if (t->signal->group_exit)
		return sig == SIGKILL;
	if (sigmask(sig) & STOP_SIGNALS)
		flush_sigqueue_group(t, sigmask(SIGCONT));
	else if (sig == SIGCONT)
		continue_group(t);
	return !sig_ignored(t, sig);
}

static bool wants_signal(int sig, struct task_struct *t)
{
	if (t->blocked & sigmask(sig) || t->flags & PF_EXITING)
		return false;
	if (sig == SIGKILL)
		return true;
	if (t->state == TASK_STOPPED || t->state == TASK_TRACED)
		return false;
	return t == current || !signal_pending(t);
}

/* True if the default of @sig ends the process without a core file. */
static bool sig_fatal(struct task_struct *t, int sig)
{
	return action_of(t, sig)->sa_handler == SIG_DFL &&
	       !(sigmask(sig) &
		 (IGNORED_BY_DEFAULT | STOP_SIGNALS | CORE_SIGNALS));
}

static void end_group(struct task_struct *t, int sig)
{
	struct task_struct *each;

	t->signal->group_exit = true;
	t->signal->group_exit_code = sig;
	t->signal->group_stop_count = 0;
	for_each_thread(t, each) {
		each->jobctl &= ~JOBCTL_PENDING_MASK;
		each->pending.signal |= sigmask(SIGKILL);
		wake_killed(each);
	}
}

/**
 * zap_other_threads() - SIGKILL to every thread of @t's process but @t
 */
void zap_other_threads(struct task_struct *t)
{
	struct task_struct *each;

	t->signal->group_stop_count = 0;
	for_each_thread(t, each) {
		if (each == t || each->flags & PF_EXITING)
			continue;
		each->jobctl &= ~JOBCTL_PENDING_MASK;
		each->pending.signal |= sigmask(SIGKILL);
		wake_killed(each);
	}
}

/* Choose the thread that will take it; end all of them if it is fatal. */
static void complete_signal(int sig, struct task_struct *t, bool group)
{
	struct task_struct *each;
	bool seen_first = t->ptrace && sig != SIGKILL; /* by its tracer */

	if (unlikely(!list_empty(&signalfd_wait.head)))
		wake_up(&signalfd_wait);
	if (!wants_signal(sig, t)) {
		if (!group)
			return;
		for_each_thread(t, each)
			if (wants_signal(sig, each))
				break;
		if (&each->thread_node == &t->signal->thread_head)
			return;
		t = each;
	}
	if (sig_fatal(t, sig) && !t->signal->group_exit && !seen_first &&
	    !(t->real_blocked & sigmask(sig)) &&
	    (sig == SIGKILL || !is_global_init(t))) {
		end_group(t, sig);
		return;
	}
	if (sig == SIGKILL)
		wake_killed(t);
	else
		signal_wake_up(t, 0);
}

static struct sigpending *pending_of(struct task_struct *t, bool group)
{
	return group ? &t->signal->shared_pending : &t->pending;
}

/**
 * kernel_siginfo() - @info says that the kernel sent @sig
 */
void kernel_siginfo(struct siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
}

/**
 * user_siginfo() - @info says that the running process sent @sig
 */
void user_siginfo(struct siginfo *info, int sig, int code)
{
	kernel_siginfo(info, sig, code);
	info->kill.pid = current->tgid;
	info->kill.uid = (s32)current->cred->uid;
}

static int queue_signal(int sig, struct siginfo *info, struct task_struct *t,
			struct sigpending *p)
{
	bool user = info && info->si_code <= SI_USER;
	struct sigqueue *q;

	if (sig < SIGRTMIN && (p->signal & sigmask(sig)))
		return 0;
	if (sig == SIGKILL) {
		p->signal |= sigmask(sig);
		return 1;
	}
	q = sigqueue_alloc(t, sig < SIGRTMIN && !(user && info->si_code));
	if (q) {
		if (info)
			q->info = *info;
		else
			kernel_siginfo(&q->info, sig, SI_KERNEL);
		q->info.si_signo = sig;
		list_add_tail(&q->list, &p->list);
	} else if (sig >= SIGRTMIN && info && info->si_code != SI_USER) {
		return -EAGAIN;
	}
	p->signal |= sigmask(sig);
	return 1;
}

/**
 * send_sig_info() - send @sig to @t, or to its process if @group
 * @info: what the handler will see; NULL: from the kernel
 *
 * Not from interrupts. Permissions are the caller's matter.
 *
 * Return: 0 (also when it is ignored or already waits), -EAGAIN when a
 * queued signal finds no room, -EINVAL for a number that is no signal.
 */
int send_sig_info(int sig, struct siginfo *info, struct task_struct *t,
		  bool group)
{
	int err = 0;

	/* A number kept since a program gave it (clone's exit signal) may be
	 * none: then there is nothing to send. */
	if (!valid_signal(sig))
		return -EINVAL;
	spin_lock(&siglock);
	if (t->exit_state || t->flags & PF_KTHREAD)
		goto out;
	if (!prepare_signal(t, sig))
		goto out;
	err = queue_signal(sig, info, t, pending_of(t, group));
	if (err > 0) {
		complete_signal(sig, t, group);
		err = 0;
	}
out:
	spin_unlock(&siglock);
	return err;
}

/**
 * send_sig() - send @sig from the kernel to @t's process
 */
int send_sig(int sig, struct task_struct *t)
{
	return send_sig_info(sig, NULL, t, true);
}

/**
 * send_sig_self() - the running thread has done what @sig is for
 *
 * As on Linux, SIGPIPE and SIGXFSZ come as if it had sent them itself.
 */
void send_sig_self(int sig)
{
	struct siginfo info;

	user_siginfo(&info, sig, SI_USER);
	send_sig_info(sig, &info, current, false);
}

/**
 * send_sigqueue() - send a signal whose entry is the sender's own
 * @q: ready but for its place in a list; back when it leaves that list
 *
 * For timers: takes no memory. Return: true if it will be taken.
 */
bool send_sigqueue(struct sigqueue *q, struct task_struct *t, bool group)
{
	bool wanted;
	int sig = q->info.si_signo;
	struct sigpending *p = pending_of(t, group);

	spin_lock(&siglock);
	wanted = !t->exit_state && prepare_signal(t, sig);
	if (wanted) {
		list_add_tail(&q->list, &p->list);
		p->signal |= sigmask(sig);
		complete_signal(sig, t, group);
	}
	spin_unlock(&siglock);
	return wanted;
}

/**
 * force_sig_info() - a fault of the running thread
 *
 * A blocked or ignored signal would come back for ever: it gets its default.
 */
void force_sig_info(struct siginfo *info)
{
	struct task_struct *t = current;
	int sig = info->si_signo;
	struct k_sigaction *ka = action_of(t, sig);

	spin_lock(&siglock);
	if (t->blocked & sigmask(sig) || ka->sa_handler == SIG_IGN) {
		ka->sa_handler = SIG_DFL;
		t->blocked &= ~sigmask(sig);
	}
	if (ka->sa_handler == SIG_DFL && !t->ptrace)
		t->signal->init_killable = true;
	if (queue_signal(sig, info, t, &t->pending) > 0)
		t->tif |= TIF_SIGPENDING;
	spin_unlock(&siglock);
}

/**
 * force_sig_fault() - a fault with its reason and address
 */
void force_sig_fault(int sig, int code, u32 addr)
{
	struct siginfo info;

	kernel_siginfo(&info, sig, code);
	info.fault.addr = addr;
	force_sig_info(&info);
}

/**
 * force_sig() - a fault that says no more than @sig
 */
void force_sig(int sig)
{
	struct siginfo info;

	kernel_siginfo(&info, sig, SI_KERNEL);
	force_sig_info(&info);
}

/**
 * force_sigsegv() - there is no room for a frame of @sig
 *
 * If it was SIGSEGV itself, its handler cannot run either.
 */
void force_sigsegv(int sig)
{
	if (sig == SIGSEGV)
		action_of(current, sig)->sa_handler = SIG_DFL;
	force_sig(SIGSEGV);
}

/**
 * fatal_signal_pending() - is SIGKILL, or the end of the group, on its way?
 */
bool fatal_signal_pending(struct task_struct *t)
{
	return signal_pending(t) && (t->pending.signal & sigmask(SIGKILL));
}

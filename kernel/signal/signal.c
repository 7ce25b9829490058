/* SPDX-License-Identifier: MIT */
/*
 * Signals: from whoever sends one to the moment a thread takes it.
 *
 *   kill ──► prepare_signal ──► sig_ignored? ──► queue ──► complete_signal
 *              stop ⇄ continue      drop it     │          wake a thread
 *                                               ▼
 *       task->pending (this thread)   signal->shared_pending (any thread)
 *                     └────────────┬───────────────┘
 *   back to user mode ──► get_signal ──► frame (port/i386/sigframe.c), or the
 *                                        default: ignore, stop, end
 *
 * A set bit of sigpending::signal says that the signal waits; an entry of
 * its list tells more. Without memory, or past RLIMIT_SIGPENDING, a standard
 * signal is a bit alone.
 *
 * A stop signal makes signal->stop_code its number and counts in
 * group_stop_count the threads that still run, each of which has
 * JOBCTL_STOP_PENDING; the last to stop sets signal->stopped and tells the
 * parent. SIGCONT and SIGKILL clear it all. A traced thread takes part by
 * stopping for its tracer (kernel/signal/trace.c).
 *
 * A signal that ends the process marks the group when it is sent: all its
 * threads find SIGKILL.
 *
 * Lock: siglock, one for all; nothing is called under it but wake-ups and
 * the slab. Interrupts send no signals: their timers ask a work to do it.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/exec/coredump.h>
#include <kernel/fs/fdtable.h>
#include <kernel/init.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/clock.h>
#include <kernel/time/itimer.h>
#include <mach/spinlock.h>

#define STOP_SIGNALS                                              \
	(sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | \
	 sigmask(SIGTTOU))
#define IGNORED_BY_DEFAULT                                         \
	(sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | \
	 sigmask(SIGURG))
#define CORE_SIGNALS                                             \
	(sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | \
	 sigmask(SIGABRT) | sigmask(SIGFPE) | sigmask(SIGSEGV) | \
	 sigmask(SIGBUS) | sigmask(SIGSYS) | sigmask(SIGXCPU) |  \
	 sigmask(SIGXFSZ))
#define SYNCHRONOUS_SIGNALS                                     \
	(sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | \
	 sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS))
#define UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))
#define TIMER_SIGNALS (sigmask(SIGALRM) | sigmask(SIGVTALRM) | sigmask(SIGPROF))

/* What SA_* a program may set; the rest reads back as 0. */
#define UAPI_SA_FLAGS                                                         \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
	 SA_NODEFER | SA_RESETHAND | SA_RESTORER | 0x800u)

/* How many entries wait for processes of a user. */
struct sigcount {
	struct list_head list;
	u32 uid;
	unsigned int count;
};

static struct kmem_cache *sigqueue_cache;
static LIST_HEAD(sigcounts);
static spinlock_t siglock = SPIN_LOCK_UNLOCKED;

static bool is_global_init(struct task_struct *t)
{
	return t->tgid == 1;
}

static struct k_sigaction *action_of(struct task_struct *t, int sig)
{
	return &t->sighand->action[sig - 1];
}

static bool default_ignores(int sig)
{
	return sig < 32 && (sigmask(sig) & IGNORED_BY_DEFAULT);
}

/* ---- entries ---- */

static struct sigcount *find_sigcount(u32 uid)
{
	struct sigcount *c;

	list_for_each_entry(c, &sigcounts, list)
		if (c->uid == uid)
			return c;
	return NULL;
}

/* One entry more for processes of user @uid, if there are fewer than @limit;
 * NULL: too many, or no memory. */
static struct sigcount *get_sigcount(u32 uid, unsigned long limit)
{
	struct sigcount *c = find_sigcount(uid);

	if ((c ? c->count : 0) >= limit)
		return NULL;
	if (!c) {
		c = kmalloc(sizeof(*c), GFP_ATOMIC);
		if (!c)
			return NULL;
		c->uid = uid;
		c->count = 0;
		list_add(&c->list, &sigcounts);
	}
	c->count++;
	return c;
}

static void put_sigcount(struct sigcount *c)
{
	if (--c->count)
		return;
	list_del(&c->list);
	kfree(c);
}

/**
 * sigqueue_count() - entries that wait for processes of user @uid
 */
unsigned int sigqueue_count(u32 uid)
{
	struct sigcount *c = find_sigcount(uid);

	return c ? c->count : 0;
}

static struct sigqueue *sigqueue_alloc(struct task_struct *t, bool must)
{
	unsigned long limit = t->signal->rlim[RLIMIT_SIGPENDING].cur;
	struct sigcount *user =
		get_sigcount(t->cred->uid, must ? RLIM_INFINITY : limit);
	struct sigqueue *q;

	if (!user)
		return NULL;
	q = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC);
	if (!q) {
		put_sigcount(user);
		return NULL;
	}
	q->user = user;
	q->of_timer = false;
	return q;
}

/**
 * sigqueue_charge() - an entry that a timer has for good counts as one that
 *	waits
 * @q: the timer's
 *
 * Return: 0, or -EAGAIN if its user has as many as RLIMIT_SIGPENDING allows.
 */
int sigqueue_charge(struct sigqueue *q)
{
	struct sigcount *user =
		get_sigcount(current->cred->uid, rlimit(RLIMIT_SIGPENDING));

	if (!user)
		return -EAGAIN;
	q->user = user;
	q->of_timer = true;
	return 0;
}

/**
 * sigqueue_uncharge() - the timer goes
 */
void sigqueue_uncharge(struct sigqueue *q)
{
	put_sigcount(q->user);
}

static void sigqueue_free(struct sigqueue *q)
{
	if (q->of_timer) {
		posix_timer_dequeued(q, NULL);
		return;
	}
	put_sigcount(q->user);
	kmem_cache_free(sigqueue_cache, q);
}

/* Entries of the signals in @set leave @p; timers' own stay their timers'. */
static void flush_sigqueue_mask(struct sigpending *p, sigset_t set)
{
	struct sigqueue *q, *n;

	if (!(p->signal & set))
		return;
	p->signal &= ~set;
	list_for_each_entry_safe(q, n, &p->list, list) {
		if (!(set & sigmask(q->info.si_signo)))
			continue;
		list_del_init(&q->list);
		sigqueue_free(q);
	}
}

/**
 * flush_sigqueue() - forget everything that waits in @p
 */
void flush_sigqueue(struct sigpending *p)
{
	spin_lock(&siglock);
	flush_sigqueue_mask(p, ~0ull);
	spin_unlock(&siglock);
}

static void flush_group(struct task_struct *t, sigset_t set)
{
	struct task_struct *each;

	flush_sigqueue_mask(&t->signal->shared_pending, set);
	for_each_thread(t, each)
		flush_sigqueue_mask(&each->pending, set);
}

/* ---- sending ---- */

/* True if @t's handler, or the default of @sig, ignores it. */
static bool sig_handler_ignores(struct task_struct *t, int sig)
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

/* SIGCONT: threads run on, and the parent hears of it from one of them. */
static void continue_group(struct task_struct *t)
{
	struct signal_struct *sig = t->signal;
	struct task_struct *each;
	bool was_stopped = sig->stopped;

	flush_group(t, STOP_SIGNALS);
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

/* What a stop or a continue cancels; false: the signal goes no further. */
static bool prepare_signal(struct task_struct *t, int sig)
{
	if (t->signal->group_exit)
		return sig == SIGKILL;
	if (sigmask(sig) & STOP_SIGNALS)
		flush_group(t, sigmask(SIGCONT));
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

/* The default of @sig ends the process, and nothing is to be looked at. */
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

static void fill_kernel_info(struct siginfo *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
}

/* From the running process. */
static void user_siginfo(struct siginfo *info, int sig, int code)
{
	fill_kernel_info(info, sig, code);
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
			fill_kernel_info(&q->info, sig, SI_KERNEL);
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

	fill_kernel_info(&info, sig, code);
	info.fault.addr = addr;
	force_sig_info(&info);
}

/**
 * force_sig() - a fault that says no more than @sig
 */
void force_sig(int sig)
{
	struct siginfo info;

	fill_kernel_info(&info, sig, SI_KERNEL);
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

/* ---- who may, and to whom ---- */

static bool kill_ok_by_cred(struct task_struct *t)
{
	const struct cred *c = current->cred, *tc = t->cred;

	return c->euid == tc->suid || c->euid == tc->uid ||
	       c->uid == tc->suid || c->uid == tc->uid || capable(CAP_KILL);
}

static int check_kill_permission(int sig, const struct siginfo *info,
				 struct task_struct *t)
{
	if (sig && !valid_signal(sig))
		return -EINVAL;
	if (!info || info->si_code > SI_USER || kill_ok_by_cred(t))
		return 0;
	if (sig == SIGCONT && t->signal->session == current->signal->session)
		return 0;
	return -EPERM;
}

static int group_send_sig_info(int sig, struct siginfo *info,
			       struct task_struct *t)
{
	int err = check_kill_permission(sig, info, t);

	if (!err && sig)
		err = send_sig_info(sig, info, t, true);
	return err;
}

/**
 * kill_pgrp() - send @sig to every process of a group
 * @info: NULL: from the kernel, which may always
 *
 * Return: 0 if one got it, else the last error; -ESRCH without processes.
 */
int kill_pgrp(int pgrp, int sig, struct siginfo *info)
{
	struct task_struct *p;
	int err, last = -ESRCH;
	bool success = false;

	for_each_process(p) {
		if (p->signal->pgrp != pgrp)
			continue;
		err = group_send_sig_info(sig, info, p);
		success |= !err;
		last = err;
	}
	return success ? 0 : last;
}

static int kill_everybody(int sig, struct siginfo *info)
{
	struct task_struct *p;
	int err, ret = 0, count = 0;

	for_each_process(p) {
		if (p->tgid <= 1 || p->flags & PF_KTHREAD ||
		    p->tgid == current->tgid)
			continue;
		err = group_send_sig_info(sig, info, p);
		count++;
		if (err != -EPERM)
			ret = err;
	}
	return count ? ret : -ESRCH;
}

static int kill_something_info(int sig, struct siginfo *info, pid_t pid)
{
	struct task_struct *t;

	if (pid > 0) {
		t = find_task_by_pid(pid);
		return t ? group_send_sig_info(sig, info, t) : -ESRCH;
	}
	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	if (pid == -1)
		return kill_everybody(sig, info);
	return kill_pgrp(pid ? -pid : current->signal->pgrp, sig, info);
}

/**
 * send_sig_user() - kill(2) of one process, by the running one
 *
 * Return: 0, -EPERM, -EINVAL.
 */
int send_sig_user(int sig, struct task_struct *t)
{
	struct siginfo info;

	user_siginfo(&info, sig, SI_USER);
	return group_send_sig_info(sig, &info, t);
}

SYSCALL_DEFINE(kill, pid_t pid, int sig)
{
	struct siginfo info;

	user_siginfo(&info, sig, SI_USER);
	return kill_something_info(sig, &info, pid);
}

static long do_send_specific(pid_t tgid, pid_t pid, int sig,
			     struct siginfo *info)
{
	struct task_struct *t = find_task_by_pid(pid);
	int err;

	if (!t || (tgid > 0 && t->tgid != tgid))
		return -ESRCH;
	err = check_kill_permission(sig, info, t);
	if (!err && sig)
		err = send_sig_info(sig, info, t, false);
	return err;
}

SYSCALL_DEFINE(tgkill, pid_t tgid, pid_t pid, int sig)
{
	struct siginfo info;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	user_siginfo(&info, sig, SI_TKILL);
	return do_send_specific(tgid, pid, sig, &info);
}

SYSCALL_DEFINE(tkill, pid_t pid, int sig)
{
	struct siginfo info;

	if (pid <= 0)
		return -EINVAL;
	user_siginfo(&info, sig, SI_TKILL);
	return do_send_specific(0, pid, sig, &info);
}

/* A program may not pretend to be kill() or the kernel, but to itself. */
static int get_user_info(struct siginfo *info, const void __user *uinfo,
			 int sig, pid_t to)
{
	if (copy_from_user(info, uinfo, sizeof(*info)))
		return -EFAULT;
	info->si_signo = sig;
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) &&
	    current->tgid != to)
		return -EPERM;
	return 0;
}

SYSCALL_DEFINE(rt_sigqueueinfo, pid_t pid, int sig, const void __user *uinfo)
{
	struct siginfo info;
	struct task_struct *t;
	int err = get_user_info(&info, uinfo, sig, pid);

	if (err)
		return err;
	t = find_task_by_pid(pid);
	return t ? group_send_sig_info(sig, &info, t) : -ESRCH;
}

SYSCALL_DEFINE(rt_tgsigqueueinfo, pid_t tgid, pid_t pid, int sig,
	       const void __user *uinfo)
{
	struct siginfo info;
	int err;

	if (pid <= 0 || tgid <= 0)
		return -EINVAL;
	err = get_user_info(&info, uinfo, sig, tgid);
	return err ? err : do_send_specific(tgid, pid, sig, &info);
}

static int send_to(struct task_struct *t, int sig, const void __user *uinfo)
{
	struct siginfo info;
	s32 signo;
	int err;

	if (!t || t->exit_state == EXIT_DEAD)
		return -ESRCH;
	if (!uinfo) {
		user_siginfo(&info, sig, SI_USER);
		return group_send_sig_info(sig, &info, t);
	}
	if (get_user(signo, (const s32 *)uinfo))
		return -EFAULT;
	if (signo != sig)
		return -EINVAL;
	err = get_user_info(&info, uinfo, sig, t->tgid);
	return err ? err : group_send_sig_info(sig, &info, t);
}

/* @fd: from pidfd_open, or an open directory /proc/PID. */
SYSCALL_DEFINE(pidfd_send_signal, int fd, int sig, const void __user *uinfo,
	       u32 flags)
{
	struct pid *pid;
	struct file *f;
	int err = -EBADF;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid((unsigned int)fd, NULL);
	if (!IS_ERR(pid)) {
		err = send_to(pid->task, sig, uinfo);
		put_pid(pid);
		return err;
	}
	f = fget((unsigned int)fd);
	if (f && tgid_pidfd_to_task(f))
		err = send_to(tgid_pidfd_to_task(f), sig, uinfo);
	if (f)
		fput(f);
	return err;
}

/* ---- job control: what parents and orphans are told ---- */

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

/*
 * Nobody in the session, outside the group, is parent of one of the group:
 * no shell is left that could continue it. @ignored is leaving.
 */
static bool pgrp_orphaned(int pgrp, struct task_struct *ignored)
{
	struct task_struct *p, *parent;

	for_each_process(p) {
		parent = p->real_parent;
		if (p->signal->pgrp != pgrp || p == ignored || p->exit_state ||
		    !parent || is_global_init(parent))
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
	return pgrp_orphaned(current->signal->pgrp, NULL);
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
	struct task_struct *ignored = leader;

	if (parent)
		ignored = NULL;
	else
		parent = leader->real_parent;
	if (!parent || parent->signal->pgrp == pgrp ||
	    parent->signal->session != leader->signal->session ||
	    !pgrp_orphaned(pgrp, ignored) || !has_stopped_jobs(pgrp))
		return;
	kill_pgrp(pgrp, SIGHUP, NULL);
	kill_pgrp(pgrp, SIGCONT, NULL);
}

/* ---- receiving ---- */

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
		fill_kernel_info(info, sig,
				 sig < SIGRTMIN &&
						 sigmask(sig) & TIMER_SIGNALS ?
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

/*
 * Stop, and sleep until SIGCONT, SIGKILL, or a tracer. A traced thread only
 * gets JOBCTL_TRAP_STOP, and does so on its way.
 */
static void do_signal_stop(int signr)
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

static void tell_continued(void)
{
	struct task_struct *leader = current->group_leader;

	current->signal->tell_continued = false;
	do_notify_parent_cldstop(leader, false, CLD_CONTINUED);
	if (ptrace_reparented(leader))
		do_notify_parent_cldstop(leader, true, CLD_CONTINUED);
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

/**
 * flush_signal_handlers() - execve: handlers go, what is ignored stays so
 */
void flush_signal_handlers(struct task_struct *t)
{
	struct k_sigaction *ka = t->sighand->action;
	int i;

	for (i = 0; i < NSIG; i++, ka++) {
		if (ka->sa_handler != SIG_IGN)
			ka->sa_handler = SIG_DFL;
		ka->sa_flags = 0;
		ka->sa_restorer = 0;
		ka->sa_mask = 0;
	}
}

/**
 * collect_sigign_sigcatch() - which signals @t ignores, and which it handles
 */
void collect_sigign_sigcatch(struct task_struct *t, sigset_t *ign,
			     sigset_t *caught)
{
	int i;

	*ign = 0;
	*caught = 0;
	if (!t->sighand)
		return;
	for (i = 1; i <= NSIG; i++) {
		u32 handler = action_of(t, i)->sa_handler;

		if (handler == SIG_IGN)
			*ign |= sigmask(i);
		else if (handler != SIG_DFL)
			*caught |= sigmask(i);
	}
}

/* ---- dispositions ---- */

/**
 * do_sigaction() - tell and change what the running process does with @sig
 */
int do_sigaction(int sig, const struct k_sigaction *act,
		 struct k_sigaction *oact)
{
	struct k_sigaction *k;
	bool ignored;

	if (sig < 1 || sig > NSIG || (act && (sigmask(sig) & UNBLOCKABLE)))
		return -EINVAL;
	k = action_of(current, sig);
	if (oact)
		*oact = *k;
	if (!act)
		return 0;
	spin_lock(&siglock);
	*k = *act;
	k->sa_flags &= UAPI_SA_FLAGS;
	k->sa_mask &= ~UNBLOCKABLE;
	ignored = sig_handler_ignores(current, sig);
	if (ignored)
		flush_group(current, sigmask(sig));
	spin_unlock(&siglock);
	if (!ignored && current->signal->posix_timers.rb_node)
		posix_timers_heard(sig);
	return 0;
}

/**
 * signal_init() - the cache of entries
 */
void signal_init(void)
{
	sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue),
					   0, SLAB_PANIC, NULL);
}

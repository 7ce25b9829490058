/* SPDX-License-Identifier: MIT */
/*
 * What a program says about signals: dispositions, masks, waiting for one.
 * Each call in the form of its day: 32 signals in a word, or 64 in eight
 * bytes with their size beside them.
 */
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>
#include <kernel/time/itimer.h>
#include <kernel/time/time.h>
#include "internal.h"

/* What SA_* a program may set; the rest reads back as 0. */
#define UAPI_SA_FLAGS                                                         \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | \
	 SA_NODEFER | SA_RESETHAND | SA_RESTORER | 0x800u)

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
		flush_sigqueue_group(current, sigmask(sig));
	spin_unlock(&siglock);
	if (!ignored && current->signal->posix_timers.rb_node)
		posix_timers_heard(sig);
	return 0;
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

SYSCALL_DEFINE(rt_sigaction, int sig, const struct k_sigaction __user *uact,
	       struct k_sigaction __user *uoact, size_t size)
{
	struct k_sigaction act, oact;
	int err;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (uact && copy_from_user(&act, uact, sizeof(act)))
		return -EFAULT;
	err = do_sigaction(sig, uact ? &act : NULL, uoact ? &oact : NULL);
	if (!err && uoact && copy_to_user(uoact, &oact, sizeof(oact)))
		return -EFAULT;
	return err;
}

struct old_sigaction {
	u32 sa_handler, sa_mask, sa_flags, sa_restorer;
};

SYSCALL_DEFINE(sigaction, int sig, const struct old_sigaction __user *uact,
	       struct old_sigaction __user *uoact)
{
	struct old_sigaction old;
	struct k_sigaction act, oact;
	int err;

	if (uact) {
		if (copy_from_user(&old, uact, sizeof(old)))
			return -EFAULT;
		act.sa_handler = old.sa_handler;
		act.sa_flags = old.sa_flags;
		act.sa_restorer = old.sa_restorer;
		act.sa_mask = old.sa_mask;
	}
	err = do_sigaction(sig, uact ? &act : NULL, uoact ? &oact : NULL);
	if (err || !uoact)
		return err;
	old.sa_handler = oact.sa_handler;
	old.sa_mask = (u32)oact.sa_mask;
	old.sa_flags = oact.sa_flags;
	old.sa_restorer = oact.sa_restorer;
	return copy_to_user(uoact, &old, sizeof(old)) ? -EFAULT : 0;
}

SYSCALL_DEFINE(signal, int sig, u32 handler)
{
	struct k_sigaction act = { .sa_handler = handler,
				   .sa_flags = SA_RESETHAND | SA_NODEFER };
	struct k_sigaction oact;
	int err = do_sigaction(sig, &act, &oact);

	return err ? err : (long)oact.sa_handler;
}

/* ---- masks ---- */

static int do_sigprocmask(int how, sigset_t set)
{
	sigset_t blocked = current->blocked;

	switch (how) {
	case SIG_BLOCK:
		blocked |= set;
		break;
	case SIG_UNBLOCK:
		blocked &= ~set;
		break;
	case SIG_SETMASK:
		blocked = set;
		break;
	default:
		return -EINVAL;
	}
	set_current_blocked(blocked);
	return 0;
}

SYSCALL_DEFINE(rt_sigprocmask, int how, const sigset_t __user *uset,
	       sigset_t __user *uoset, size_t size)
{
	sigset_t old = current->blocked, set;
	int err;

	if (size != sizeof(sigset_t))
		return -EINVAL;
	if (uset) {
		if (copy_from_user(&set, uset, sizeof(set)))
			return -EFAULT;
		err = do_sigprocmask(how, set & ~(sigmask(SIGKILL) |
						  sigmask(SIGSTOP)));
		if (err)
			return err;
	}
	if (uoset && copy_to_user(uoset, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(sigprocmask, int how, const u32 __user *uset, u32 __user *uoset)
{
	sigset_t old = current->blocked;
	u32 word;
	int err;

	if (uset) {
		if (get_user(word, uset))
			return -EFAULT;
		/* The upper signals are not this call's matter. */
		err = do_sigprocmask(how, how == SIG_SETMASK ?
						  (old >> 32 << 32) | word :
						  word);
		if (err)
			return err;
	}
	return uoset ? put_user((u32)old, uoset) : 0;
}

SYSCALL_DEFINE(sgetmask, void)
{
	return (long)(u32)current->blocked;
}

SYSCALL_DEFINE(ssetmask, u32 mask)
{
	u32 old = (u32)current->blocked;

	set_current_blocked(mask);
	return (long)old;
}

static sigset_t pending_signals(void)
{
	return (current->pending.signal |
		current->signal->shared_pending.signal) &
	       current->blocked;
}

SYSCALL_DEFINE(rt_sigpending, sigset_t __user *uset, size_t size)
{
	sigset_t set = pending_signals();

	if (size > sizeof(set))
		return -EINVAL;
	return copy_to_user(uset, &set, size) ? -EFAULT : 0;
}

SYSCALL_DEFINE(sigpending, u32 __user *uset)
{
	return put_user((u32)pending_signals(), uset);
}

/* ---- waiting ---- */

static long wait_for_signal(void)
{
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (signal_pending(current))
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}

SYSCALL_DEFINE(pause, void)
{
	return wait_for_signal();
}

static long do_sigsuspend(sigset_t set)
{
	current->saved_sigmask = current->blocked;
	set_current_blocked(set);
	wait_for_signal();
	current->restore_sigmask = true;
	return -ERESTARTNOHAND;
}

SYSCALL_DEFINE(rt_sigsuspend, const sigset_t __user *uset, size_t size)
{
	sigset_t set;

	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, uset, sizeof(set)))
		return -EFAULT;
	return do_sigsuspend(set);
}

/* The first two arguments are historical: the mask is the third. */
SYSCALL_DEFINE(sigsuspend, int unused1, int unused2, u32 mask)
{
	(void)unused1;
	(void)unused2;
	return do_sigsuspend(mask);
}

/* @timeout: ns, NULL for ever. */
static int do_sigtimedwait(sigset_t set, struct siginfo *info,
			   const u64 *timeout)
{
	struct task_struct *t = current;
	sigset_t mask = ~(set & ~(sigmask(SIGKILL) | sigmask(SIGSTOP)));
	bool expired = true;
	int sig = dequeue_signal(mask, info);

	if (sig)
		return sig;
	if (!timeout || *timeout) {
		t->real_blocked = t->blocked;
		t->blocked &= mask;
		set_current_state(TASK_INTERRUPTIBLE);
		recalc_sigpending();
		if (signal_pending(t))
			expired = false;
		else if (timeout)
			expired = schedule_until(ktime_after(*timeout));
		else
			schedule(), expired = false;
		set_current_state(TASK_RUNNING);
		t->blocked = t->real_blocked;
		t->real_blocked = 0;
		sig = dequeue_signal(mask, info);
	}
	if (sig)
		return sig;
	return expired ? -EAGAIN : -EINTR;
}

static long sigtimedwait(const sigset_t __user *uset,
			 struct siginfo __user *uinfo, const u64 *timeout,
			 size_t size)
{
	struct siginfo info;
	sigset_t set;
	int sig;

	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, uset, sizeof(set)))
		return -EFAULT;
	sig = do_sigtimedwait(set, &info, timeout);
	if (sig > 0 && uinfo && copy_to_user(uinfo, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

SYSCALL_DEFINE(rt_sigtimedwait, const sigset_t __user *uset,
	       struct siginfo __user *uinfo,
	       const struct timespec32 __user *uts, size_t size)
{
	u64 ns = 0;
	int err = uts ? get_timespec32(uts, &ns) : 0;

	return err ?: sigtimedwait(uset, uinfo, uts ? &ns : NULL, size);
}

SYSCALL_DEFINE(rt_sigtimedwait_time64, const sigset_t __user *uset,
	       struct siginfo __user *uinfo,
	       const struct timespec64 __user *uts, size_t size)
{
	u64 ns = 0;
	int err = uts ? get_timespec64(uts, &ns) : 0;

	return err ?: sigtimedwait(uset, uinfo, uts ? &ns : NULL, size);
}

SYSCALL_DEFINE(restart_syscall, void)
{
	struct restart_block *r = &current->restart_block;

	return r->fn ? r->fn(r) : -EINTR;
}

/* SPDX-License-Identifier: MIT */
/*
 * The program's own handlers of SIGSEGV and SIGBUS, and of SIGTRAP where
 * threads are stepped through. Their action is ours while it is checked: it is
 * told what it asked for itself, and that is what happens after we have said
 * what lies at the address. Nor are they ever blocked, not even in a handler of
 * another signal: the kernel ends whoever faults then without a word. One that
 * somebody sends waits all the same, as a program that has blocked it expects.
 */
#include "race.h"
#include "real.h"
#include <errno.h>

/* True if the malloc library keeps the action of @sig for the program. */
static bool kept(int sig)
{
	return heap.calls.action && (sig == SIGSEGV || sig == SIGBUS);
}

static void open_for_faults(sigset_t *set)
{
	sigdelset(set, SIGSEGV);
	sigdelset(set, SIGBUS);
}

EXPORT int sigaction(int sig, const struct sigaction *act,
		     struct sigaction *old)
{
	struct sigaction open;

	if (sig == SIGTRAP && race_wanted)
		return race_action(act, old);
	if (kept(sig))
		return heap.calls.action(sig, act, old);
	if (act && heap.calls.action) {
		open = *act;
		open_for_faults(&open.sa_mask);
		act = &open;
	}
	return REAL(sigaction)(sig, act, old);
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_flags = SA_RESTART }, old;

	if (!kept(sig) && !(sig == SIGTRAP && race_wanted))
		return REAL(signal)(sig, handler);
	act.sa_handler = handler;
	return sigaction(sig, &act, &old) ? SIG_ERR : old.sa_handler;
}

/* ---- what is blocked ---- */

static const int faults[] = { SIGSEGV, SIGBUS };

/* Of these, what the running thread believes that it has blocked: bits. */
static __thread unsigned int blocked;

/* True if @sig, which somebody has sent, is to wait. */
bool signal_is_blocked(int sig)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (faults[i] == sig)
			return blocked & 1u << i;
	return false;
}

static void note_blocked(int how, const sigset_t *set)
{
	unsigned int i, in = 0;

	for (i = 0; i < ARRAY_SIZE(faults); i++)
		in |= sigismember(set, faults[i]) == 1 ? 1u << i : 0;
	if (how == SIG_SETMASK)
		blocked = in;
	else if (how == SIG_BLOCK)
		blocked |= in;
	else
		blocked &= ~in;
}

static int change_mask(__typeof(&sigprocmask) real_change, int how,
		       const sigset_t *set, sigset_t *old)
{
	unsigned int i, before = blocked;
	sigset_t open;
	int ret;

	if (!heap.calls.action)
		return real_change(how, set, old);
	if (set) {
		open = *set;
		if (how != SIG_UNBLOCK)
			open_for_faults(&open);
	}
	ret = real_change(how, set ? &open : NULL, old);
	if (ret)
		return ret;
	if (set)
		note_blocked(how, set);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		if (old && before & 1u << i)
			sigaddset(old, faults[i]);
	return 0;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(REAL(sigprocmask), how, set, old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return change_mask(REAL(pthread_sigmask), how, set, old);
}

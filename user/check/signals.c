/* SPDX-License-Identifier: MIT */
/*
 * The program's own handlers of SIGSEGV and SIGBUS, and of SIGTRAP where
 * threads are stepped through. Their action is ours while it is checked: it is
 * told what it asked for itself, and that is what happens after we have said
 * what lies at the address. Nor are they ever blocked: the kernel ends whoever
 * faults then without a word.
 */
#include "race.h"
#include "real.h"
#include <errno.h>

/* True if the malloc library keeps the action of @sig for the program. */
static bool kept(int sig)
{
	return heap.calls.action && (sig == SIGSEGV || sig == SIGBUS);
}

EXPORT int sigaction(int sig, const struct sigaction *act,
		     struct sigaction *old)
{
	if (sig == SIGTRAP && race_wanted)
		return race_action(act, old);
	return kept(sig) ? heap.calls.action(sig, act, old) :
			   REAL(sigaction)(sig, act, old);
}

EXPORT sighandler_t signal(int sig, sighandler_t handler)
{
	struct sigaction act = { .sa_flags = SA_RESTART }, old;

	if (!kept(sig) && !(sig == SIGTRAP && race_wanted))
		return REAL(signal)(sig, handler);
	act.sa_handler = handler;
	return sigaction(sig, &act, &old) ? SIG_ERR : old.sa_handler;
}

/* @set, or in @open what of it may be blocked. */
static const sigset_t *may_block(int how, const sigset_t *set, sigset_t *open)
{
	if (!set || how == SIG_UNBLOCK || !heap.calls.action)
		return set;
	*open = *set;
	sigdelset(open, SIGSEGV);
	sigdelset(open, SIGBUS);
	return open;
}

EXPORT int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t open;

	return REAL(sigprocmask)(how, may_block(how, set, &open), old);
}

EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t open;

	return REAL(pthread_sigmask)(how, may_block(how, set, &open), old);
}

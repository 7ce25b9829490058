/* SPDX-License-Identifier: MIT */
/* What the files of kernel/signal share. */
#ifndef KERNEL_SIGNAL_INTERNAL_H
#define KERNEL_SIGNAL_INTERNAL_H

#include <kernel/signal/signal.h>
#include <kernel/task/process.h>
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
#define UNBLOCKABLE (sigmask(SIGKILL) | sigmask(SIGSTOP))

extern spinlock_t siglock; /* what waits, for all tasks */

static inline bool is_global_init(struct task_struct *t)
{
	return t->tgid == 1;
}

static inline struct k_sigaction *action_of(struct task_struct *t, int sig)
{
	return &t->sighand->action[sig - 1];
}

static inline bool default_ignores(int sig)
{
	return sig < 32 && (sigmask(sig) & IGNORED_BY_DEFAULT);
}

/* ---- sigqueue.c ---- */
struct sigqueue *sigqueue_alloc(struct task_struct *t, bool must);
void sigqueue_free(struct sigqueue *q);
void flush_sigqueue_group(struct task_struct *t, sigset_t set);

/* ---- signal.c ---- */
bool sig_handler_ignores(struct task_struct *t, int sig);
void kernel_siginfo(struct siginfo *info, int sig, int code);
void user_siginfo(struct siginfo *info, int sig, int code);

/* ---- stop.c ---- */
void continue_group(struct task_struct *t);
void do_signal_stop(int signr);
void tell_continued(void);

#endif

/* SPDX-License-Identifier: MIT */
/* Signals: numbers and structures as i386 programs see them, and the calls. */
#ifndef KERNEL_SIGNAL_H
#define KERNEL_SIGNAL_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/types.h>

#define NSIG 64
enum {
	SIGHUP = 1,
	SIGINT,
	SIGQUIT,
	SIGILL,
	SIGTRAP,
	SIGABRT,
	SIGBUS,
	SIGFPE,
	SIGKILL,
	SIGUSR1,
	SIGSEGV,
	SIGUSR2,
	SIGPIPE,
	SIGALRM,
	SIGTERM,
	SIGSTKFLT,
	SIGCHLD,
	SIGCONT,
	SIGSTOP,
	SIGTSTP,
	SIGTTIN,
	SIGTTOU,
	SIGURG,
	SIGXCPU,
	SIGXFSZ,
	SIGVTALRM,
	SIGPROF,
	SIGWINCH,
	SIGIO,
	SIGPWR,
	SIGSYS,
	SIGRTMIN,
};

typedef u64 sigset_t; /* bit sig - 1 */
#define sigmask(sig) (1ull << ((sig)-1))

/* True if the positive codes of @sig mean something else than POLL_IN …. */
static inline bool has_own_codes(int sig)
{
	return sig < 32 &&
	       (sigmask(sig) &
		(sigmask(SIGILL) | sigmask(SIGFPE) | sigmask(SIGSEGV) |
		 sigmask(SIGBUS) | sigmask(SIGTRAP) | sigmask(SIGCHLD) |
		 sigmask(SIGSYS)));
}

static inline bool valid_signal(int sig)
{
	return sig >= 1 && sig <= NSIG;
}

#define SA_NOCLDSTOP 0x1u
#define SA_NOCLDWAIT 0x2u
#define SA_SIGINFO 0x4u
#define SA_RESTORER 0x04000000u
#define SA_ONSTACK 0x08000000u
#define SA_RESTART 0x10000000u
#define SA_NODEFER 0x40000000u
#define SA_RESETHAND 0x80000000u

#define SIG_DFL 0u
#define SIG_IGN 1u
#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

/* si_code */
#define SI_USER 0
#define SI_KERNEL 0x80
#define SI_QUEUE (-1)
#define SI_TIMER (-2)
#define SI_SIGIO (-5)
#define SI_TKILL (-6)
enum {
	ILL_ILLOPC = 1,
	ILL_ILLOPN,
	ILL_ILLADR,
	ILL_ILLTRP,
	ILL_PRVOPC,
	ILL_PRVREG,
	ILL_COPROC,
	ILL_BADSTK
};
enum {
	FPE_INTDIV = 1,
	FPE_INTOVF,
	FPE_FLTDIV,
	FPE_FLTOVF,
	FPE_FLTUND,
	FPE_FLTRES,
	FPE_FLTINV
};
enum { SEGV_MAPERR = 1, SEGV_ACCERR };
enum { BUS_ADRALN = 1, BUS_ADRERR };
enum { TRAP_BRKPT = 1, TRAP_TRACE, TRAP_HWBKPT = 4 };
enum {
	CLD_EXITED = 1,
	CLD_KILLED,
	CLD_DUMPED,
	CLD_TRAPPED,
	CLD_STOPPED,
	CLD_CONTINUED
};

/* siginfo_t of i386: 128 bytes. */
struct siginfo {
	s32 si_signo, si_errno, si_code;
	union {
		s32 pad[29];
		struct {
			s32 pid, uid;
			u32 value; /* SI_QUEUE */
		} kill;
		struct {
			s32 tid, overrun;
			u32 value;
		} timer;
		struct {
			s32 pid, uid, status;
			s32 utime, stime; /* clock ticks */
		} chld;
		struct {
			u32 addr;
		} fault;
		struct {
			s32 band, fd;
		} poll; /* SIGIO, or what F_SETSIG chose */
		struct {
			u32 call_addr;
			s32 syscall;
			u32 arch;
		} sys;
	};
};

struct k_sigaction { /* in the order of i386's rt_sigaction */
	u32 sa_handler;
	u32 sa_flags;
	u32 sa_restorer;
	sigset_t sa_mask;
} __attribute__((packed));

struct sigcount;

/* A signal that waits; the standard ones keep only the first siginfo. */
struct sigqueue {
	struct list_head list;
	struct siginfo info;
	struct sigcount *user; /* whose RLIMIT_SIGPENDING counts it */
	bool of_timer; /* posix_timers.c */
};

struct sigpending {
	struct list_head list;
	sigset_t signal;
};

struct sighand_struct {
	atomic_t count;
	struct k_sigaction action[NSIG];
};

/* "No such thing left inside": restart codes, never seen by programs. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516

struct task_struct;
struct pt_regs;
struct wait_queue_head;

static inline void init_sigpending(struct sigpending *p)
{
	INIT_LIST_HEAD(&p->list);
	p->signal = 0;
}

/* What the frame of a handler needs to know. */
struct ksignal {
	struct k_sigaction ka;
	struct siginfo info;
	int sig;
};

/* ---- signal.c ---- */
int send_sig_info(int sig, struct siginfo *info, struct task_struct *t,
		  bool group); /* @info NULL: SI_KERNEL */
int send_sig(int sig, struct task_struct *t); /* thread group, SI_KERNEL */
void send_sig_self(int sig); /* running thread, SI_USER */
/* A timer's own entry. */
bool send_sigqueue(struct sigqueue *q, struct task_struct *t, bool group);
/* To the running thread, past its mask and disposition. */
void force_sig_info(struct siginfo *info);
void force_sig_fault(int sig, int code, u32 addr);
void force_sig(int sig);
void force_sigsegv(int sig); /* the frame of @sig could not be built */
int sig_ignored(struct task_struct *t, int sig);
void zap_other_threads(struct task_struct *t);

/* ---- kill.c ---- */
int send_sig_user(int sig, struct task_struct *t); /* kill(2) */
int kill_pgrp(int pgrp, int sig, struct siginfo *info);

/* ---- stop.c ---- */
bool do_notify_parent(struct task_struct *t, int sig);
void do_notify_parent_cldstop(struct task_struct *t, bool for_ptracer, int why);
bool is_current_pgrp_orphaned(void);
/* @leader exits, or its @parent does: SIGHUP to stopped, orphaned jobs. */
void kill_orphaned_pgrp(struct task_struct *leader, struct task_struct *parent);

/* ---- sigqueue.c ---- */
int sigqueue_charge(struct sigqueue *q); /* 0 or -EAGAIN */
void sigqueue_uncharge(struct sigqueue *q);
void flush_sigqueue(struct sigpending *p);
unsigned int sigqueue_count(u32 uid); /* for /proc/PID/status */

/* ---- deliver.c ---- */
bool get_signal(struct ksignal *ksig);
void signal_delivered(struct ksignal *ksig);
bool recalc_sigpending_tsk(struct task_struct *t);
void recalc_sigpending(void);
void set_current_blocked(sigset_t set);
int dequeue_signal(sigset_t mask, struct siginfo *info); /* 0: none */
void exit_signals(void); /* PF_EXITING is set */

/* ---- sigaction.c ---- */
int do_sigaction(int sig, const struct k_sigaction *act,
		 struct k_sigaction *oact);
void flush_signal_handlers(struct task_struct *t); /* execve */
/* For /proc/PID/status. */
void collect_sigign_sigcatch(struct task_struct *t, sigset_t *ign,
			     sigset_t *caught);

/* Woken by every signal; kernel/fs/signalfd.c. */
extern struct wait_queue_head signalfd_wait;

/* ---- frames: port/i386/sigframe.c ---- */
/* On the way back to user mode, when TIF_SIGPENDING is set. */
void do_signal(struct pt_regs *regs);
struct stack_t { /* sigaltstack */
	u32 ss_sp;
	s32 ss_flags;
	u32 ss_size;
};
bool on_sig_stack(u32 sp);
u32 sas_ss_flags(u32 sp);
int do_sigaltstack(const struct stack_t *ss, struct stack_t *oss, u32 sp,
		   u32 min_size);
int setup_rt_frame(struct ksignal *ksig, struct pt_regs *regs);

#endif

/* SPDX-License-Identifier: MIT */
/* Tracing: what its parts share. Numbers are those that programs use. */
#ifndef KERNEL_TASK_PTRACE_H
#define KERNEL_TASK_PTRACE_H

#include <ashlar/types.h>
#include <kernel/sched/sched.h>
#include <kernel/task/task.h>

struct mm_struct;
struct siginfo;

enum {
	PTRACE_TRACEME,
	PTRACE_PEEKTEXT,
	PTRACE_PEEKDATA,
	PTRACE_PEEKUSR,
	PTRACE_POKETEXT,
	PTRACE_POKEDATA,
	PTRACE_POKEUSR,
	PTRACE_CONT,
	PTRACE_KILL,
	PTRACE_SINGLESTEP,
	PTRACE_GETREGS = 12,
	PTRACE_SETREGS,
	PTRACE_GETFPREGS,
	PTRACE_SETFPREGS,
	PTRACE_ATTACH,
	PTRACE_DETACH,
	PTRACE_GETFPXREGS,
	PTRACE_SETFPXREGS,
	PTRACE_OLDSETOPTIONS = 21,
	PTRACE_SYSCALL = 24,
	PTRACE_GET_THREAD_AREA,
	PTRACE_SET_THREAD_AREA,
	PTRACE_SYSEMU = 31,
	PTRACE_SYSEMU_SINGLESTEP,
	PTRACE_SETOPTIONS = 0x4200,
	PTRACE_GETEVENTMSG,
	PTRACE_GETSIGINFO,
	PTRACE_SETSIGINFO,
	PTRACE_GETREGSET,
	PTRACE_SETREGSET,
	PTRACE_SEIZE,
	PTRACE_INTERRUPT,
	PTRACE_LISTEN,
	PTRACE_PEEKSIGINFO,
	PTRACE_GETSIGMASK,
	PTRACE_SETSIGMASK,
	PTRACE_GET_SYSCALL_INFO = 0x420e,
};

/* An event's option is the bit of its number. */
enum {
	PTRACE_EVENT_FORK = 1,
	PTRACE_EVENT_VFORK,
	PTRACE_EVENT_CLONE,
	PTRACE_EVENT_EXEC,
	PTRACE_EVENT_VFORK_DONE,
	PTRACE_EVENT_EXIT,
	PTRACE_EVENT_STOP = 128,
};
#define PTRACE_O_TRACESYSGOOD 1u
#define PTRACE_O_EXITKILL (1u << 20)
#define PTRACE_O_MASK (0xffu | PTRACE_O_EXITKILL)

/* task_struct::ptrace_message at the two stops of a system call */
#define PTRACE_EVENTMSG_SYSCALL_ENTRY 1
#define PTRACE_EVENTMSG_SYSCALL_EXIT 2

/* task_struct::ptrace; 0: it is not traced */
#define PT_PTRACED 1u
#define PT_SEIZED 2u

/* task_struct::jobctl; the low 16 bits: the signal of the last group stop */
#define JOBCTL_STOP_SIGMASK 0xffffu
#define JOBCTL_STOP_PENDING (1u << 17) /* is to stop with its group */
#define JOBCTL_STOP_CONSUME (1u << 18) /* and is counted for that */
#define JOBCTL_TRAP_STOP (1u << 19) /* is to stop for its tracer */
#define JOBCTL_TRAP_NOTIFY (1u << 20) /* likewise: the group's stop changed */
#define JOBCTL_TRAPPING (1u << 21) /* PTRACE_ATTACH waits for that */
#define JOBCTL_LISTENING (1u << 22) /* PTRACE_LISTEN */
#define JOBCTL_TRAP_MASK (JOBCTL_TRAP_STOP | JOBCTL_TRAP_NOTIFY)
#define JOBCTL_PENDING_MASK (JOBCTL_STOP_PENDING | JOBCTL_TRAP_MASK)

/* True if the tracer wants to hear of @event. */
static inline bool ptrace_event_enabled(const struct task_struct *t, int event)
{
	return t->ptrace_options & 1u << event;
}

/* True if @t's tracer is not its parent. */
static inline bool ptrace_reparented(const struct task_struct *t)
{
	return t->parent != t->real_parent;
}

/* ---- kernel/task/cred.c: who may look into another process ---- */

/* ptrace_may_access(): to read or to change, by which of the user numbers */
#define PTRACE_MODE_READ 0x1u
#define PTRACE_MODE_ATTACH 0x2u
#define PTRACE_MODE_FSCREDS 0x8u
#define PTRACE_MODE_REALCREDS 0x10u
#define PTRACE_MODE_READ_FSCREDS (PTRACE_MODE_READ | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_READ_REALCREDS (PTRACE_MODE_READ | PTRACE_MODE_REALCREDS)
#define PTRACE_MODE_ATTACH_FSCREDS (PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_ATTACH_REALCREDS \
	(PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)

bool ptrace_may_access(const struct task_struct *task, unsigned int mode);
/* @task's space with a user reference, NULL if it has none, or
 * ERR_PTR(-EACCES). */
struct mm_struct *mm_access(struct task_struct *task, unsigned int mode);

/* ---- kernel/task/ptrace.c ---- */
void ptrace_init_task(struct task_struct *p, bool traced);
void ptrace_unlink(struct task_struct *t);
void exit_ptrace(struct task_struct *tracer);
void ptrace_take_leadership(struct task_struct *t, struct task_struct *leader);

/* ---- kernel/signal/trace.c ---- */
int ptrace_notify(int code, u32 message);
void ptrace_event(int event, u32 message);
int ptrace_signal(int sig, struct siginfo *info);
void do_jobctl_trap(void);
void ptrace_trap_notify(struct task_struct *t);
bool ptrace_report_syscall(u32 message); /* true: it is to die */

/* ---- kernel/signal/signal.c, stop.c, for those above ---- */
void signal_wake_up(struct task_struct *t, unsigned int states);
bool set_jobctl_pending(struct task_struct *t, u32 mask);
bool participate_group_stop(void);

#endif

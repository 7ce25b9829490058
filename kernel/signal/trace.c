/* SPDX-License-Identifier: MIT */
/*
 * Where a traced thread stops. Each way in ends in ptrace_stop():
 *
 *   a signal is about to be taken       ptrace_signal         its number
 *   its group stops, or runs on         do_jobctl_trap        the stop signal
 *   before and after a system call      ptrace_report_syscall SIGTRAP (| 0x80)
 *   fork, exec, exit …                  ptrace_event          SIGTRAP | event
 *
 * In TASK_TRACED exit_code is what wait4 tells the tracer, and when it runs
 * again the signal that the tracer gave it. last_siginfo lies on the stopped
 * thread's stack and is there only while it is stopped.
 *
 * A thread that was seized tells the stops of its group by PTRACE_EVENT_STOP
 * and may be left listening; one that was attached to shows the bare signal.
 *
 * Lock: nothing here sleeps between the look at current->ptrace and the stop.
 */
#include <ashlar/string.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>

/*
 * Stop for the tracer. @code: for wait4; @why: CLD_TRAPPED, or CLD_STOPPED when
 * it stands for the thread's part in its group's stop. Returns the signal that
 * the tracer wants taken, or @code if there is no stop to make.
 */
static int ptrace_stop(int code, int why, u32 message, struct siginfo *info)
{
	struct task_struct *t = current;
	bool group_done = false;

	if (!t->ptrace || fatal_signal_pending(t))
		return code;
	t->ptrace_message = message;
	t->last_siginfo = info;
	t->exit_code = code;
	set_current_state(TASK_TRACED);
	if (why == CLD_STOPPED && t->jobctl & JOBCTL_STOP_PENDING)
		group_done = participate_group_stop();
	t->jobctl &= ~(JOBCTL_TRAP_STOP | JOBCTL_TRAPPING);
	if (info && info->si_code >> 8 == PTRACE_EVENT_STOP)
		t->jobctl &= ~JOBCTL_TRAP_NOTIFY;
	do_notify_parent_cldstop(t, true, why);
	if (group_done && ptrace_reparented(t))
		do_notify_parent_cldstop(t, false, why);
	schedule();
	set_current_state(TASK_RUNNING);
	code = t->exit_code;
	t->exit_code = 0;
	t->last_siginfo = NULL;
	t->ptrace_message = 0;
	t->jobctl &= ~JOBCTL_LISTENING;
	recalc_sigpending_tsk(t);
	return code;
}

static int notify_by(int sig, int code, int why, u32 message)
{
	struct siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.kill.pid = current->pid;
	info.kill.uid = (s32)current->cred->uid;
	return ptrace_stop(code, why, message, &info);
}

/**
 * ptrace_notify() - stop for the tracer with SIGTRAP
 * @code: what wait4 gives it, and si_code
 * @message: for PTRACE_GETEVENTMSG
 *
 * Return: the signal it wants to be taken.
 */
int ptrace_notify(int code, u32 message)
{
	return notify_by(SIGTRAP, code, CLD_TRAPPED, message);
}

/**
 * ptrace_event() - stop if the tracer asked for this event
 * @event: PTRACE_EVENT_*
 * @message: for PTRACE_GETEVENTMSG
 *
 * An execve that nobody asked to hear of is told by a SIGTRAP, unless the
 * thread was seized.
 */
void ptrace_event(int event, u32 message)
{
	struct task_struct *t = current;
	struct siginfo info;

	if (likely(!t->ptrace))
		return;
	if (ptrace_event_enabled(t, event)) {
		ptrace_notify(event << 8 | SIGTRAP, message);
	} else if (event == PTRACE_EVENT_EXEC && !(t->ptrace & PT_SEIZED)) {
		memset(&info, 0, sizeof(info));
		info.kill.pid = t->tgid;
		info.kill.uid = (s32)t->cred->uid;
		send_sig_info(SIGTRAP, &info, t, false);
	}
}

/**
 * ptrace_report_syscall() - stop before or after a system call
 * @message: PTRACE_EVENTMSG_SYSCALL_ENTRY or _EXIT
 *
 * Return: true if the thread is to die and should do nothing more.
 */
bool ptrace_report_syscall(u32 message)
{
	struct task_struct *t = current;
	int sig, code = SIGTRAP;

	if (!t->ptrace)
		return false;
	if (t->ptrace_options & PTRACE_O_TRACESYSGOOD)
		code |= 0x80;
	sig = ptrace_notify(code, message);
	if (sig && !fatal_signal_pending(t))
		send_sig_info(sig, NULL, t, false);
	return fatal_signal_pending(t);
}

/**
 * ptrace_signal() - the tracer sees a signal before the thread does
 * @sig: just dequeued
 * @info: about it; what the tracer made of it
 *
 * Return: the signal to take instead, or 0.
 */
int ptrace_signal(int sig, struct siginfo *info)
{
	struct task_struct *t = current;

	sig = ptrace_stop(sig, CLD_TRAPPED, 0, info);
	if (!sig)
		return 0;
	if (sig != info->si_signo) {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		info->si_code = SI_USER;
		info->kill.pid = t->parent->tgid;
		info->kill.uid = (s32)t->parent->cred->uid;
	}
	if (t->blocked & sigmask(sig)) {
		send_sig_info(sig, info, t, false);
		return 0;
	}
	return sig;
}

/**
 * do_jobctl_trap() - stop for the tracer because of the group's stop
 *
 * Or because it asked for that (PTRACE_INTERRUPT), or a new thread begins.
 */
void do_jobctl_trap(void)
{
	struct task_struct *t = current;
	int sig = (int)(t->jobctl & JOBCTL_STOP_SIGMASK);

	if (!(t->ptrace & PT_SEIZED)) {
		t->jobctl &= ~JOBCTL_TRAP_NOTIFY;
		ptrace_stop(sig, CLD_STOPPED, 0, NULL);
		return;
	}
	if (!t->signal->stop_code)
		sig = SIGTRAP;
	notify_by(sig, sig | PTRACE_EVENT_STOP << 8, CLD_STOPPED, 0);
}

/**
 * ptrace_trap_notify() - a seized thread is to tell that its group's stop
 *	changed
 */
void ptrace_trap_notify(struct task_struct *t)
{
	if (set_jobctl_pending(t, JOBCTL_TRAP_NOTIFY))
		signal_wake_up(t, t->jobctl & JOBCTL_LISTENING ? __TASK_TRACED :
								 0);
}

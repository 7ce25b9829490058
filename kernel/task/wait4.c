/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children: wait4, waitpid, waitid. One scan of the children
 * tells whether there is news, whether any could come, or none ever (ECHILD).
 *
 * A tracer waits for those that it traces as if they were its children, and
 * for each thread of them. When a traced process has ended, its tracer is
 * told first; only then is there a zombie for its parent.
 */
#include <ashlar/err.h>
#include <ashlar/list.h>
#include <kernel/fs/fcntl.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/exit.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>

#define WNOHANG 0x1
#define WUNTRACED 0x2
#define WSTOPPED WUNTRACED
#define WEXITED 0x4
#define WCONTINUED 0x8
#define WNOWAIT 0x1000000
#define __WNOTHREAD 0x20000000
#define __WALL 0x40000000
#define __WCLONE (int)0x80000000

enum { P_ALL, P_PID, P_PGID, P_PIDFD };

struct wait_opts {
	int options;
	int type; /* P_ALL, P_PID, P_PGID */
	pid_t nr;
	bool nonblock; /* a pidfd's: -EAGAIN instead of waiting */
	/* out */
	int status; /* as wait4 gives it */
	int code, value; /* si_code, si_status */
	pid_t pid;
	u32 uid;
	struct rusage_counts ru;
};

static bool eligible(const struct wait_opts *wo, const struct task_struct *p,
		     bool traced)
{
	if (wo->type == P_PID && p->pid != wo->nr)
		return false;
	if (wo->type == P_PGID && p->signal->pgrp != wo->nr)
		return false;
	if (wo->options & __WNOTHREAD && !traced &&
	    p->parent_tid != current->pid)
		return false;
	if (traced || wo->options & __WALL)
		return true;
	return (p->exit_signal != SIGCHLD) == !!(wo->options & __WCLONE);
}

static void about(struct wait_opts *wo, struct task_struct *p)
{
	wo->pid = p->pid;
	wo->uid = p->cred->uid;
	thread_group_rusage(p, &wo->ru);
}

/* The tracer has been told: it is @p's parent's turn. */
static void reap(struct wait_opts *wo, struct task_struct *p)
{
	if (p != p->group_leader || !p->ptrace || !ptrace_reparented(p)) {
		if (p == p->group_leader)
			add_rusage(&current->signal->children, &wo->ru);
		release_task(p);
		return;
	}
	ptrace_unlink(p);
	if (do_notify_parent(p, p->exit_signal))
		release_task(p);
}

/* True if other threads of @p's process are left, so that it may not go yet. */
static bool delay_group_leader(const struct task_struct *p)
{
	return p == p->group_leader &&
	       (p->signal->nr_threads ||
		p->thread_node.next != p->thread_node.prev);
}

static bool wait_zombie(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;
	int status = p->exit_code;

	if (p->exit_state != EXIT_ZOMBIE || delay_group_leader(p) ||
	    !(wo->options & WEXITED))
		return false;
	about(wo, p);
	add_rusage(&wo->ru, &sig->children);
	if (sig->group_exit)
		status = sig->group_exit_code;
	wo->status = status;
	wo->code = !(status & 0x7f) ? CLD_EXITED :
		   status & 0x80    ? CLD_DUMPED :
				      CLD_KILLED;
	wo->value = status & 0x7f ?: status >> 8 & 0xff;
	if (!(wo->options & WNOWAIT))
		reap(wo, p);
	return true;
}

/* True if @p is stopped for its tracer, the task that waits here. */
static bool wait_traced(struct wait_opts *wo, struct task_struct *p)
{
	if (p->state != TASK_TRACED || p->jobctl & JOBCTL_LISTENING ||
	    !p->exit_code)
		return false;
	about(wo, p);
	wo->status = p->exit_code << 8 | 0x7f;
	wo->code = CLD_TRAPPED;
	wo->value = p->exit_code;
	if (!(wo->options & WNOWAIT))
		p->exit_code = 0;
	return true;
}

static bool wait_stopped(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;

	if (!(wo->options & WSTOPPED) || !sig->stopped || sig->stop_reported)
		return false;
	about(wo, p);
	wo->status = sig->stop_code << 8 | 0x7f;
	wo->code = CLD_STOPPED;
	wo->value = sig->stop_code;
	if (!(wo->options & WNOWAIT))
		sig->stop_reported = true;
	return true;
}

static bool wait_continued(struct wait_opts *wo, struct task_struct *p)
{
	struct signal_struct *sig = p->signal;

	if (!(wo->options & WCONTINUED) || !sig->continued)
		return false;
	about(wo, p);
	wo->status = 0xffff;
	wo->code = CLD_CONTINUED;
	wo->value = SIGCONT;
	if (!(wo->options & WNOWAIT))
		sig->continued = false;
	return true;
}

/*
 * One child, or one that we trace (@traced). 1: news, in @wo; 0: some may
 * come; -ECHILD: none that would be for us.
 */
static long consider(struct wait_opts *wo, struct task_struct *p, bool traced)
{
	if (p->exit_state == EXIT_DEAD || !eligible(wo, p, traced))
		return -ECHILD;
	if (!traced && p->ptrace) {
		/* Our own tracee tells its stops only once. */
		traced = !ptrace_reparented(p);
		if (!traced && p->exit_state == EXIT_ZOMBIE)
			return 0; /* its tracer comes first */
	}
	if (wait_zombie(wo, p))
		return 1;
	if (p->exit_state == EXIT_ZOMBIE && !delay_group_leader(p))
		return -ECHILD; /* WEXITED was not asked for */
	if (traced ? wait_traced(wo, p) : wait_stopped(wo, p))
		return 1;
	return wait_continued(wo, p);
}

/* The one task that is asked for, found by its number. */
static long scan_one(struct wait_opts *wo, const struct task_struct *me)
{
	struct task_struct *p = find_task_by_pid(wo->nr);
	long ret = -ECHILD;

	if (!p)
		return ret;
	if (p == p->group_leader && p->real_parent == me)
		ret = consider(wo, p, false);
	if (ret != 1 && p->ptrace && p->parent == me)
		ret = max(ret, consider(wo, p, true));
	return ret;
}

/* 1: news, in @wo; 0: some may come; -ECHILD: none ever. */
static long scan_children(struct wait_opts *wo)
{
	struct task_struct *me = current->group_leader, *p;
	long ret = -ECHILD, one;

	if (wo->type == P_PID)
		return scan_one(wo, me);
	list_for_each_entry(p, &me->children, sibling) {
		one = consider(wo, p, false);
		if (one == 1)
			return one;
		ret = max(ret, one);
	}
	list_for_each_entry(p, &me->ptraced, ptrace_entry) {
		one = consider(wo, p, true);
		if (one == 1)
			return one;
		ret = max(ret, one);
	}
	return ret;
}

/* 1, or what the call returns. */
static long do_wait(struct wait_opts *wo)
{
	struct wait_queue_head *q = &current->signal->wait_chldexit;
	struct wait_queue_entry w;
	long ret = scan_children(wo);

	if (ret || wo->options & WNOHANG)
		return ret;
	if (wo->nonblock)
		return -EAGAIN;
	init_wait_entry(&w);
	for (;;) {
		prepare_to_wait(q, &w, TASK_INTERRUPTIBLE);
		ret = scan_children(wo);
		if (ret)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		schedule();
	}
	finish_wait(q, &w);
	return ret;
}

static long kernel_wait4(pid_t pid, int __user *status, int options,
			 struct rusage32 __user *ru)
{
	struct wait_opts wo = { .options = options | WEXITED };
	long ret;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL))
		return -EINVAL;
	if (pid == (pid_t)0x80000000)
		return -ESRCH;
	if (pid == -1) {
		wo.type = P_ALL;
	} else if (pid > 0) {
		wo.type = P_PID;
		wo.nr = pid;
	} else {
		wo.type = P_PGID;
		wo.nr = pid ? -pid : current->signal->pgrp;
	}
	ret = do_wait(&wo);
	if (ret <= 0)
		return ret;
	if (status && put_user(wo.status, status))
		return -EFAULT;
	if (ru && put_rusage(&wo.ru, ru))
		return -EFAULT;
	return wo.pid;
}

SYSCALL_DEFINE(wait4, pid_t pid, int __user *status, int options,
	       struct rusage32 __user *ru)
{
	return kernel_wait4(pid, status, options, ru);
}

SYSCALL_DEFINE(waitpid, pid_t pid, int __user *status, int options)
{
	return kernel_wait4(pid, status, options, NULL);
}

static int waitid_target(struct wait_opts *wo, int type, pid_t id)
{
	struct pid *pid;
	u32 flags;

	wo->nr = id;
	wo->type = type;
	switch (type) {
	case P_ALL:
		return 0;
	case P_PID:
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		if (!id)
			wo->nr = current->signal->pgrp;
		return 0;
	case P_PIDFD:
		if (id < 0)
			return -EINVAL;
		pid = pidfd_get_pid((unsigned int)id, &flags);
		if (IS_ERR(pid))
			return (int)PTR_ERR(pid);
		wo->type = P_PID;
		wo->nr = pid->nr;
		put_pid(pid);
		wo->nonblock = flags & O_NONBLOCK;
		return 0;
	}
	return -EINVAL;
}

SYSCALL_DEFINE(waitid, int type, pid_t id, struct siginfo __user *infop,
	       int options, struct rusage32 __user *ru)
{
	struct wait_opts wo = { .options = options };
	s32 info[6] = { 0 }; /* signo, errno, code, pid, uid, status */
	long ret;
	int err;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
			__WNOTHREAD | __WCLONE | __WALL) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	err = waitid_target(&wo, type, id);
	if (err)
		return err;
	ret = do_wait(&wo);
	if (ret < 0)
		return ret;
	if (ret) {
		info[0] = SIGCHLD;
		info[2] = wo.code;
		info[3] = wo.pid;
		info[4] = (s32)wo.uid;
		info[5] = wo.value;
		if (ru && put_rusage(&wo.ru, ru))
			return -EFAULT;
	}
	if (infop && copy_to_user(infop, info, sizeof(info)))
		return -EFAULT;
	return 0;
}

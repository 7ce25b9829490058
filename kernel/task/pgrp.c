/* SPDX-License-Identifier: MIT */
/*
 * Process numbers as programs ask for them, process groups and sessions.
 *
 *   session ⊇ process groups ⊇ processes ⊇ threads
 */
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>

SYSCALL_DEFINE(getpid, void)
{
	return current->tgid;
}

SYSCALL_DEFINE(gettid, void)
{
	return current->pid;
}

SYSCALL_DEFINE(getppid, void)
{
	return current->group_leader->real_parent->tgid;
}

/* The process @pid, 0 meaning the running one, or NULL. */
static struct task_struct *process(pid_t pid)
{
	struct task_struct *t = pid ? find_task_by_pid(pid) : current;

	return t && t->exit_state != EXIT_DEAD ? t : NULL;
}

SYSCALL_DEFINE(getpgid, pid_t pid)
{
	struct task_struct *t = process(pid);

	return t ? t->signal->pgrp : -ESRCH;
}

SYSCALL_DEFINE(getpgrp, void)
{
	return current->signal->pgrp;
}

SYSCALL_DEFINE(getsid, pid_t pid)
{
	struct task_struct *t = process(pid);

	return t ? t->signal->session : -ESRCH;
}

static bool group_in_session(pid_t pgrp, pid_t session)
{
	struct task_struct *p;

	for_each_process(p) {
		if (p->signal->pgrp == pgrp && p->signal->session == session)
			return true;
	}
	return false;
}

/* 0 if the running process may put @t into the group @pgid, else -errno. */
static int may_setpgid(struct task_struct *t, pid_t pgid)
{
	struct task_struct *me = current->group_leader;

	if (t != t->group_leader)
		return -EINVAL;
	if (t->real_parent == me) {
		if (t->signal->session != me->signal->session)
			return -EPERM;
		if (t->did_exec)
			return -EACCES;
	} else if (t != me) {
		return -ESRCH;
	}
	if (t->signal->leader)
		return -EPERM;
	if (pgid != t->pid && !group_in_session(pgid, me->signal->session))
		return -EPERM;
	return 0;
}

SYSCALL_DEFINE(setpgid, pid_t pid, pid_t pgid)
{
	struct task_struct *t;
	int err;

	if (!pid)
		pid = current->tgid;
	if (!pgid)
		pgid = pid;
	if (pgid < 0)
		return -EINVAL;
	t = process(pid);
	if (!t)
		return -ESRCH;
	err = may_setpgid(t, pgid);
	if (!err && t->signal->pgrp != pgid)
		set_signal_pgrp(t->signal, find_pid(pgid));
	return err;
}

SYSCALL_DEFINE(setsid, void)
{
	struct task_struct *me = current->group_leader, *p;
	struct signal_struct *sig = me->signal;

	if (sig->leader)
		return -EPERM;
	for_each_process(p) {
		if (p->signal->pgrp == me->pid)
			return -EPERM;
	}
	sig->leader = true;
	set_signal_session(sig, me->thread_pid);
	set_signal_pgrp(sig, me->thread_pid);
	sig->tty = NULL;
	return sig->session;
}

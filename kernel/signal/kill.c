/* SPDX-License-Identifier: MIT */
/*
 * The calls that send a signal: their targets, and what permits it.
 *
 *   kill, rt_sigqueueinfo, pidfd_send_signal    a process, one of its threads
 *   kill with pid 0, < -1, -1                   its group, a group, all
 *   tkill, tgkill, rt_tgsigqueueinfo            this thread
 *
 * A target must have the sender's user, or the sender CAP_KILL; SIGCONT goes
 * to all of the session. What a program says about a signal that it queues may
 * not look like kill() or the kernel, but to itself.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <kernel/fs/fdtable.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include "internal.h"

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

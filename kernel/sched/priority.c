/* SPDX-License-Identifier: MIT */
/*
 * How much of the processor a task gets: nice values, and the sched_ family.
 * There is one processor, so affinity is a formality that is checked.
 */
#include <ashlar/mm_types.h>
#include <ashlar/resource.h>
#include <ashlar/string.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>

#define PRIO_PROCESS 0
#define PRIO_PGRP 1
#define PRIO_USER 2
#define SCHED_DEADLINE 6 /* known by name only */
#define SCHED_RESET_ON_FORK 0x40000000
#define SCHED_FLAG_RESET_ON_FORK 1u

#define MEMBARRIER_GLOBAL 1u
#define MEMBARRIER_GLOBAL_EXPEDITED 2u
#define MEMBARRIER_REGISTER_GLOBAL_EXPEDITED 4u
#define MEMBARRIER_PRIVATE_EXPEDITED 8u
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 16u
#define MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE 32u
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 64u
#define MEMBARRIER_ALL 127

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS_SHIFT 13
#define IOPRIO_LEVELS 8
enum { IOPRIO_NONE, IOPRIO_RT, IOPRIO_BE, IOPRIO_IDLE };

#define RR_INTERVAL (100 * NSEC_PER_MSEC)
#define FAIR_INTERVAL (4 * NSEC_PER_MSEC)

struct sched_attr {
	u32 size, sched_policy;
	u64 sched_flags;
	s32 sched_nice;
	u32 sched_priority;
	u64 sched_runtime, sched_deadline, sched_period;
	u32 sched_util_min, sched_util_max;
};
#define SCHED_ATTR_SIZE_VER0 48

static struct task_struct *find_process(pid_t pid)
{
	return pid ? find_task_by_pid(pid) : current;
}

/* True if the running task may change how @t runs. */
static bool owns(const struct task_struct *t)
{
	const struct cred *c = current->cred;

	return c->euid == t->cred->euid || c->euid == t->cred->uid ||
	       capable(CAP_SYS_NICE);
}

/* ---- nice ---- */

/* RLIMIT_NICE counts from 1 (nice 19) to 40 (nice -20). */
static bool can_nice(const struct task_struct *t, int nice)
{
	return nice >= task_nice(t) ||
	       (unsigned long)(20 - nice) <= t->signal->rlim[RLIMIT_NICE].cur ||
	       capable(CAP_SYS_NICE);
}

static int set_nice(struct task_struct *t, int nice)
{
	const struct cred *c = current->cred;

	if (c->uid != t->cred->uid && c->euid != t->cred->uid &&
	    c->euid != t->cred->euid && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (!can_nice(t, nice))
		return -EACCES;
	sched_change_prio(t, t->policy, t->rt_priority, DEFAULT_PRIO + nice);
	return 0;
}

SYSCALL_DEFINE(nice, int increment)
{
	int nice = task_nice(current) + clamp(increment, -40, 40);

	nice = clamp(nice, -20, 19);
	if (increment < 0 && !can_nice(current, nice))
		return -EPERM;
	sched_change_prio(current, current->policy, current->rt_priority,
			  DEFAULT_PRIO + nice);
	return 0;
}

struct who {
	int which;
	u32 id;
};

static int resolve_who(struct who *w, int which, int who)
{
	w->which = which;
	w->id = (u32)who;
	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	if (!who)
		w->id = which == PRIO_PROCESS ? (u32)current->pid :
			which == PRIO_PGRP    ? (u32)current->signal->pgrp :
						current->cred->uid;
	return 0;
}

static bool is_meant(const struct who *w, const struct task_struct *t)
{
	switch (w->which) {
	case PRIO_PROCESS:
		return t->pid == (pid_t)w->id;
	case PRIO_PGRP:
		return t->signal->pgrp == (pid_t)w->id;
	}
	return t->cred->uid == w->id;
}

SYSCALL_DEFINE(setpriority, int which, int who, int nice)
{
	struct task_struct *p, *t;
	struct who w;
	int err = resolve_who(&w, which, who);

	if (err)
		return err;
	nice = clamp(nice, -20, 19);
	err = -ESRCH;
	for_each_process(p) {
		for_each_thread(p, t) {
			int e;

			if (!is_meant(&w, t))
				continue;
			e = set_nice(t, nice);
			if (e || err == -ESRCH)
				err = e;
		}
	}
	return err;
}

/* 20 - nice: never negative. */
SYSCALL_DEFINE(getpriority, int which, int who)
{
	struct task_struct *p, *t;
	struct who w;
	int best = -ESRCH, err = resolve_who(&w, which, who);

	if (err)
		return err;
	for_each_process(p) {
		for_each_thread(p, t) {
			if (is_meant(&w, t))
				best = max(best, 20 - task_nice(t));
		}
	}
	return best;
}

/* ---- of disks ---- */

/* Kept and told, for there are no disks. */
static int check_ioprio(u32 prio)
{
	u32 class = prio >> IOPRIO_CLASS_SHIFT;
	u32 level = prio & ((1u << IOPRIO_CLASS_SHIFT) - 1);

	switch (class) {
	case IOPRIO_RT:
		if (!capable(CAP_SYS_ADMIN) && !capable(CAP_SYS_NICE))
			return -EPERM;
		/* fall through */
	case IOPRIO_BE:
		return level < IOPRIO_LEVELS ? 0 : -EINVAL;
	case IOPRIO_IDLE:
		return 0;
	case IOPRIO_NONE:
		return level ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int set_ioprio(struct task_struct *t, u32 prio)
{
	const struct cred *c = current->cred;

	if (t->cred->uid != c->euid && t->cred->uid != c->uid &&
	    !capable(CAP_SYS_NICE))
		return -EPERM;
	t->ioprio = (u16)prio;
	return 0;
}

SYSCALL_DEFINE(ioprio_set, int which, int who, u32 prio)
{
	struct task_struct *p, *t;
	struct who w;
	int err = check_ioprio(prio);

	if (!err)
		err = resolve_who(&w, which - IOPRIO_WHO_PROCESS, who);
	if (err)
		return err;
	err = -ESRCH;
	for_each_process(p) {
		for_each_thread(p, t) {
			if (!is_meant(&w, t))
				continue;
			err = set_ioprio(t, prio);
			if (err)
				return err;
		}
	}
	return err;
}

/* An I/O priority that was not set follows from the nice value. */
static u32 effective_ioprio(const struct task_struct *t)
{
	u32 class = rt_task(t)		    ? IOPRIO_RT :
		    t->policy == SCHED_IDLE ? IOPRIO_IDLE :
					      IOPRIO_BE;

	if (t->ioprio)
		return t->ioprio;
	return class << IOPRIO_CLASS_SHIFT | (u32)(task_nice(t) + 20) / 5;
}

/* Of several tasks the smallest number, which is the highest priority. */
SYSCALL_DEFINE(ioprio_get, int which, int who)
{
	struct task_struct *p, *t;
	struct who w;
	int best = -ESRCH;
	int err = resolve_who(&w, which - IOPRIO_WHO_PROCESS, who);

	if (err)
		return err;
	for_each_process(p) {
		for_each_thread(p, t) {
			int prio = (int)effective_ioprio(t);

			if (!is_meant(&w, t))
				continue;
			if (which == IOPRIO_WHO_PROCESS)
				return t->ioprio;
			best = best < 0 ? prio : min(best, prio);
		}
	}
	return best;
}

/* ---- policies ---- */

static bool rt_policy(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool fair_policy(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH ||
	       policy == SCHED_IDLE;
}

static bool may_set(const struct task_struct *t, int policy, int prio)
{
	unsigned long limit = t->signal->rlim[RLIMIT_RTPRIO].cur;

	if (capable(CAP_SYS_NICE))
		return true;
	if (!owns(t))
		return false;
	if (rt_policy(policy) && prio > t->rt_priority)
		return limit && (unsigned long)prio <= limit;
	if (t->policy == SCHED_IDLE && policy != SCHED_IDLE)
		return can_nice(t, task_nice(t) - 1);
	return true;
}

static int set_scheduler(struct task_struct *t, int policy, int prio, int nice,
			 bool reset_on_fork)
{
	if (!rt_policy(policy) && !fair_policy(policy))
		return -EINVAL;
	if (rt_policy(policy) ? prio < 1 || prio >= MAX_RT_PRIO : prio != 0)
		return -EINVAL;
	if (!may_set(t, policy, prio))
		return -EPERM;
	if (t->sched_reset_on_fork && !reset_on_fork && !capable(CAP_SYS_NICE))
		return -EPERM;
	t->sched_reset_on_fork = reset_on_fork;
	sched_change_prio(t, policy, prio, DEFAULT_PRIO + nice);
	return 0;
}

static int get_task_and_prio(pid_t pid, const int __user *param, int *prio,
			     struct task_struct **t)
{
	if (pid < 0 || !param)
		return -EINVAL;
	if (get_user(*prio, param))
		return -EFAULT;
	*t = find_process(pid);
	return *t ? 0 : -ESRCH;
}

SYSCALL_DEFINE(sched_setscheduler, pid_t pid, int policy,
	       const int __user *param)
{
	struct task_struct *t;
	int prio, err;

	if (policy < 0)
		return -EINVAL;
	err = get_task_and_prio(pid, param, &prio, &t);
	return err   ?:
		       set_scheduler(t, policy & ~SCHED_RESET_ON_FORK, prio,
				     task_nice(t),
				     policy & SCHED_RESET_ON_FORK);
}

SYSCALL_DEFINE(sched_setparam, pid_t pid, const int __user *param)
{
	struct task_struct *t;
	int prio, err = get_task_and_prio(pid, param, &prio, &t);

	return err   ?:
		       set_scheduler(t, t->policy, prio, task_nice(t),
				     t->sched_reset_on_fork);
}

SYSCALL_DEFINE(sched_getscheduler, pid_t pid)
{
	struct task_struct *t = pid < 0 ? NULL : find_process(pid);

	if (pid < 0)
		return -EINVAL;
	if (!t)
		return -ESRCH;
	return t->policy | (t->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

SYSCALL_DEFINE(sched_getparam, pid_t pid, int __user *param)
{
	struct task_struct *t;

	if (pid < 0 || !param)
		return -EINVAL;
	t = find_process(pid);
	if (!t)
		return -ESRCH;
	return put_user(t->rt_priority, param);
}

SYSCALL_DEFINE(sched_setattr, pid_t pid, struct sched_attr __user *uattr,
	       u32 flags)
{
	struct sched_attr a;
	struct task_struct *t;
	u32 size;

	if (pid < 0 || flags || !uattr)
		return -EINVAL;
	if (get_user(size, &uattr->size))
		return -EFAULT;
	size = size ?: SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
		return -E2BIG;
	memset(&a, 0, sizeof(a));
	if (copy_from_user(&a, uattr, min(size, (u32)sizeof(a))))
		return -EFAULT;
	if ((s32)a.sched_policy < 0 ||
	    a.sched_flags & ~(u64)SCHED_FLAG_RESET_ON_FORK)
		return -EINVAL;
	t = find_process(pid);
	if (!t)
		return -ESRCH;
	a.sched_nice = clamp(a.sched_nice, -20, 19);
	if (rt_policy((int)a.sched_policy))
		a.sched_nice = task_nice(t);
	else if (!can_nice(t, a.sched_nice))
		return -EPERM;
	return set_scheduler(t, (int)a.sched_policy, (int)a.sched_priority,
			     a.sched_nice, a.sched_flags);
}

SYSCALL_DEFINE(sched_getattr, pid_t pid, struct sched_attr __user *uattr,
	       u32 size, u32 flags)
{
	struct sched_attr a;
	struct task_struct *t;

	if (pid < 0 || !uattr || flags || size < SCHED_ATTR_SIZE_VER0 ||
	    size > PAGE_SIZE)
		return -EINVAL;
	t = find_process(pid);
	if (!t)
		return -ESRCH;
	memset(&a, 0, sizeof(a));
	a.size = min(size, (u32)sizeof(a));
	a.sched_policy = (u32)t->policy;
	a.sched_flags = t->sched_reset_on_fork;
	if (rt_task(t))
		a.sched_priority = (u32)t->rt_priority;
	else
		a.sched_nice = task_nice(t);
	return copy_to_user(uattr, &a, a.size) ? -EFAULT : 0;
}

SYSCALL_DEFINE(sched_get_priority_max, int policy)
{
	if (rt_policy(policy))
		return MAX_RT_PRIO - 1;
	return fair_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

SYSCALL_DEFINE(sched_get_priority_min, int policy)
{
	if (rt_policy(policy))
		return 1;
	return fair_policy(policy) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

/* A task's time slice in ns, or -errno. */
static s64 rr_interval(pid_t pid)
{
	struct task_struct *t = pid < 0 ? NULL : find_process(pid);

	if (pid < 0)
		return -EINVAL;
	if (!t)
		return -ESRCH;
	if (t->policy == SCHED_FIFO)
		return 0;
	return t->policy == SCHED_RR ? RR_INTERVAL : FAIR_INTERVAL;
}

SYSCALL_DEFINE(sched_rr_get_interval, pid_t pid, struct timespec32 __user *to)
{
	s64 ns = rr_interval(pid);

	return ns < 0 ? (long)ns : put_timespec32((u64)ns, to);
}

SYSCALL_DEFINE(sched_rr_get_interval_time64, pid_t pid,
	       struct timespec64 __user *to)
{
	s64 ns = rr_interval(pid);

	return ns < 0 ? (long)ns : put_timespec64((u64)ns, to);
}

SYSCALL_DEFINE(sched_yield, void)
{
	sched_yield_for(1);
	return 0;
}

/* ---- processors ---- */

SYSCALL_DEFINE(sched_setaffinity, pid_t pid, u32 len, const u8 __user *mask)
{
	struct task_struct *t;
	u32 first = 0;

	if (copy_from_user(&first, mask, min(len, (u32)sizeof(first))))
		return -EFAULT;
	t = find_process(pid);
	if (!t)
		return -ESRCH;
	if (!owns(t))
		return -EPERM;
	return first & 1 ? 0 : -EINVAL;
}

SYSCALL_DEFINE(sched_getaffinity, pid_t pid, u32 len, u32 __user *mask)
{
	if (len < sizeof(u32) || len & (sizeof(u32) - 1))
		return -EINVAL;
	if (!find_process(pid))
		return -ESRCH;
	return put_user(1u, mask) ? -EFAULT : (long)sizeof(u32);
}

/* There is no other processor whose memory accesses were out of order; but a
 * program must say first that it will ask. */
SYSCALL_DEFINE(membarrier, u32 cmd, u32 flags, int cpu)
{
	u32 *registered = &current->signal->membarrier;

	(void)cpu;
	if (flags)
		return -EINVAL;
	switch (cmd) {
	case 0:
		return MEMBARRIER_ALL;
	case MEMBARRIER_REGISTER_GLOBAL_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
	case MEMBARRIER_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE:
		*registered |= cmd;
		return 0;
	case MEMBARRIER_GLOBAL:
	case MEMBARRIER_GLOBAL_EXPEDITED:
		return 0;
	case MEMBARRIER_PRIVATE_EXPEDITED:
	case MEMBARRIER_PRIVATE_EXPEDITED_SYNC_CORE:
		return *registered & cmd << 1 ? 0 : -EPERM;
	}
	return -EINVAL;
}

SYSCALL_DEFINE(getcpu, u32 __user *cpu, u32 __user *node)
{
	if ((cpu && put_user(0u, cpu)) || (node && put_user(0u, node)))
		return -EFAULT;
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* What a process may use, and what it has used. */
#include <ashlar/err.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <ashlar/string.h>
#include <ashlar/tune.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fdtable.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

struct rlimit64 {
	u64 cur, max;
};

/* ---- limits ---- */

/* Reads as "none" for programs that know 32 bits with a sign. */
#define OLD_INFINITY 0x7fffffffu

/* The process whose limits the running one may look at and change; ERR_PTR. */
static struct task_struct *limits_of(pid_t pid)
{
	struct task_struct *t = pid ? find_task_by_pid(pid) : current;
	const struct cred *c = current->cred, *tc;

	if (!t)
		return ERR_PTR(-ESRCH);
	tc = t->cred;
	if (t == current || capable(CAP_SYS_RESOURCE) ||
	    (c->uid == tc->euid && c->uid == tc->suid && c->uid == tc->uid &&
	     c->gid == tc->egid && c->gid == tc->sgid && c->gid == tc->gid))
		return t;
	return ERR_PTR(-EPERM);
}

static int set_limit(struct task_struct *t, u32 resource,
		     const struct rlimit *new)
{
	struct rlimit *old = &t->signal->rlim[resource];

	if (new->cur > new->max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE &&
	    new->max > (unsigned long)sysctl_nr_open)
		return -EPERM;
	if (new->max > old->max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	*old = *new;
	if (resource == RLIMIT_CPU && !old->cur)
		old->cur = 1; /* 0 s would be over at once */
	return 0;
}

static unsigned long limit_from_64(u64 v)
{
	return v >= RLIM_INFINITY ? RLIM_INFINITY : (unsigned long)v;
}

static u64 limit_to_64(unsigned long v)
{
	return v == RLIM_INFINITY ? ~0ull : v;
}

SYSCALL_DEFINE(prlimit64, pid_t pid, u32 resource,
	       const struct rlimit64 __user *new_rlim,
	       struct rlimit64 __user *old_rlim)
{
	struct rlimit64 new64, old64;
	struct rlimit new;
	struct task_struct *t;
	int err;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (new_rlim && copy_from_user(&new64, new_rlim, sizeof(new64)))
		return -EFAULT;
	t = limits_of(pid);
	if (IS_ERR(t))
		return PTR_ERR(t);
	old64.cur = limit_to_64(t->signal->rlim[resource].cur);
	old64.max = limit_to_64(t->signal->rlim[resource].max);
	if (new_rlim) {
		new.cur = limit_from_64(new64.cur);
		new.max = limit_from_64(new64.max);
		err = set_limit(t, resource, &new);
		if (err)
			return err;
	}
	if (old_rlim && copy_to_user(old_rlim, &old64, sizeof(old64)))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(setrlimit, u32 resource, const struct rlimit __user *rlim)
{
	struct rlimit new;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	if (copy_from_user(&new, rlim, sizeof(new)))
		return -EFAULT;
	return set_limit(current, resource, &new);
}

SYSCALL_DEFINE(getrlimit, u32 resource, struct rlimit __user *rlim)
{
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return copy_to_user(rlim, &current->signal->rlim[resource],
			    sizeof(*rlim)) ?
		       -EFAULT :
		       0;
}

SYSCALL_DEFINE(old_getrlimit, u32 resource, struct rlimit __user *rlim)
{
	struct rlimit v;

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	v = current->signal->rlim[resource];
	v.cur = min(v.cur, (unsigned long)OLD_INFINITY);
	v.max = min(v.max, (unsigned long)OLD_INFINITY);
	return copy_to_user(rlim, &v, sizeof(v)) ? -EFAULT : 0;
}

/**
 * check_cpu_limit() - signals for a process that has run too long
 *
 * SIGXCPU at the soft limit and every second after it, SIGKILL at the hard
 * one. On the way back to user mode, after a timer interrupt.
 */
void check_cpu_limit(void)
{
	struct rlimit *limit = &current->signal->rlim[RLIMIT_CPU];
	u64 utime, stime;
	u32 seconds, rest;

	current->tif &= ~TIF_CPU_LIMIT;
	thread_group_cputime(current, &utime, &stime);
	seconds = ns_to_seconds(utime + stime, &rest);
	if (seconds >= limit->max) {
		send_sig(SIGKILL, current);
	} else if (seconds >= limit->cur) {
		limit->cur++;
		send_sig(SIGXCPU, current);
	}
}

/* ---- use ---- */

static struct timeval32 to_timeval(u64 ns)
{
	struct timeval32 tv;
	u32 nsec;

	tv.tv_sec = (s32)ns_to_seconds(ns, &nsec);
	tv.tv_usec = (s32)(nsec / NSEC_PER_USEC);
	return tv;
}

/**
 * put_rusage() - tell a program what was used
 * @ru: counts
 * @to: the program's struct
 *
 * Return: 0 or -EFAULT.
 */
int put_rusage(const struct rusage_counts *ru, struct rusage32 __user *to)
{
	struct rusage32 r;

	memset(&r, 0, sizeof(r));
	r.ru_utime = to_timeval(ru->utime);
	r.ru_stime = to_timeval(ru->stime);
	r.ru_maxrss = (s32)ru->maxrss;
	r.ru_minflt = (s32)ru->min_flt;
	r.ru_majflt = (s32)ru->maj_flt;
	r.ru_inblock = (s32)(ru->read_bytes >> SECTOR_SHIFT);
	r.ru_oublock = (s32)(ru->write_bytes >> SECTOR_SHIFT);
	r.ru_nvcsw = (s32)ru->nvcsw;
	r.ru_nivcsw = (s32)ru->nivcsw;
	return copy_to_user(to, &r, sizeof(r)) ? -EFAULT : 0;
}

static void add_present_rss(struct rusage_counts *ru)
{
	struct mm_struct *mm = current->mm;
	unsigned long rss;

	if (!mm)
		return;
	rss = max(mm->hiwater_rss, get_mm_rss(mm));
	ru->maxrss = max(ru->maxrss, rss << (PAGE_SHIFT - 10));
}

SYSCALL_DEFINE(getrusage, int who, struct rusage32 __user *to)
{
	struct rusage_counts ru;

	switch (who) {
	case RUSAGE_SELF:
		thread_group_rusage(current, &ru);
		add_present_rss(&ru);
		break;
	case RUSAGE_THREAD:
		ru = current->ru;
		add_present_rss(&ru);
		break;
	case RUSAGE_CHILDREN:
		ru = current->signal->children;
		break;
	default:
		return -EINVAL;
	}
	return put_rusage(&ru, to);
}

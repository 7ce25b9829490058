/* SPDX-License-Identifier: MIT */
/*
 * A process in numbers: status for people, stat and statm for programs,
 * limits. The fields are proc(5)'s; those about what this kernel has not
 * (seccomp, huge pages …) say so with their "none" value.
 */
#include <ashlar/errno.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <i386.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/clock.h>
#include <kernel/time/itimer.h>
#include "proc.h"

#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static char state_letter(const struct task_struct *t)
{
	if (t->exit_state & EXIT_DEAD)
		return 'X';
	if (t->exit_state & EXIT_ZOMBIE)
		return 'Z';
	switch (t->state) {
	case TASK_RUNNING:
		return 'R';
	case TASK_INTERRUPTIBLE:
		return 'S';
	case TASK_STOPPED:
		return 'T';
	case TASK_TRACED:
		return 't';
	default:
		return 'D';
	}
}

static const char *state_name(char letter)
{
	switch (letter) {
	case 'X':
		return "X (dead)";
	case 'Z':
		return "Z (zombie)";
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'T':
		return "T (stopped)";
	case 't':
		return "t (tracing stop)";
	default:
		return "D (disk sleep)";
	}
}

static pid_t parent_pid(const struct task_struct *t)
{
	return t->real_parent ? t->real_parent->tgid : 0;
}

/* ---- status ---- */

static void status_ids(struct seq_file *m, const struct task_struct *t)
{
	const struct cred *c = t->cred;
	unsigned int i;

	seq_printf(m, "Uid:\t%u\t%u\t%u\t%u\n", c->uid, c->euid, c->suid,
		   c->fsuid);
	seq_printf(m, "Gid:\t%u\t%u\t%u\t%u\n", c->gid, c->egid, c->sgid,
		   c->fsgid);
	seq_printf(m, "FDSize:\t%u\n", t->files ? files_capacity(t->files) : 0);
	seq_puts(m, "Groups:\t");
	for (i = 0; i < c->ngroups; i++)
		seq_printf(m, i ? " %u" : "%u", c->groups[i]);
	seq_puts(m, " \n");
	seq_printf(m, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
		   t->tgid, t->pid, t->signal->pgrp, t->signal->session);
}

static void status_mm(struct seq_file *m, const struct mm_struct *mm)
{
	unsigned long text = PAGE_ALIGN(mm->end_code) -
			     ALIGN_DOWN(mm->start_code, PAGE_SIZE);
	unsigned long lib = ((unsigned long)mm->exec_vm << PAGE_SHIFT);
	unsigned long rss = get_mm_rss(mm);

	text = min(text, lib);
	seq_printf(m, "VmPeak:\t%8lu kB\n",
		   KB(max(mm->hiwater_vm, mm->total_vm)));
	seq_printf(m, "VmSize:\t%8lu kB\n", KB(mm->total_vm));
	seq_printf(m, "VmLck:\t%8lu kB\n", KB(mm->locked_vm));
	seq_printf(m, "VmPin:\t%8lu kB\n", 0ul);
	seq_printf(m, "VmHWM:\t%8lu kB\n", KB(max(mm->hiwater_rss, rss)));
	seq_printf(m, "VmRSS:\t%8lu kB\n", KB(rss));
	seq_printf(m, "RssAnon:\t%8lu kB\n", KB(mm->rss_anon));
	seq_printf(m, "RssFile:\t%8lu kB\n", KB(mm->rss_file));
	seq_printf(m, "RssShmem:\t%8lu kB\n", KB(mm->rss_shmem));
	seq_printf(m, "VmData:\t%8lu kB\n", KB(mm->data_vm));
	seq_printf(m, "VmStk:\t%8lu kB\n", KB(mm->stack_vm));
	seq_printf(m, "VmExe:\t%8lu kB\n", text >> 10);
	seq_printf(m, "VmLib:\t%8lu kB\n", (lib - text) >> 10);
	seq_printf(m, "VmPTE:\t%8lu kB\n", KB(mm->nr_ptes));
	seq_printf(m, "VmSwap:\t%8lu kB\n", KB(mm->swap_ents));
	seq_printf(m, "HugetlbPages:\t%8lu kB\n",
		   KB(mm->hugetlb_usage << HPAGE_PMD_ORDER));
	seq_puts(m, "CoreDumping:\t0\n");
	seq_printf(m, "THP_enabled:\t%d\n", port_has_pse && !mm->thp_disable);
}

static void status_signals(struct seq_file *m, struct task_struct *t)
{
	sigset_t ignored, caught;

	collect_sigign_sigcatch(t, &ignored, &caught);
	seq_printf(m, "Threads:\t%d\n", t->signal->nr_threads);
	seq_printf(m, "SigQ:\t%u/%lu\n", sigqueue_count(t->cred->uid),
		   t->signal->rlim[RLIMIT_SIGPENDING].cur);
	seq_printf(m, "SigPnd:\t%016llx\n", t->pending.signal);
	seq_printf(m, "ShdPnd:\t%016llx\n", t->signal->shared_pending.signal);
	seq_printf(m, "SigBlk:\t%016llx\n", t->blocked);
	seq_printf(m, "SigIgn:\t%016llx\n", ignored);
	seq_printf(m, "SigCgt:\t%016llx\n", caught);
}

static void status_caps(struct seq_file *m, const struct task_struct *t)
{
	const struct cred *c = t->cred;

	seq_printf(m, "CapInh:\t%016llx\n", c->cap_inheritable);
	seq_printf(m, "CapPrm:\t%016llx\n", c->cap_permitted);
	seq_printf(m, "CapEff:\t%016llx\n", c->cap_effective);
	seq_printf(m, "CapBnd:\t%016llx\n", c->cap_bset);
	seq_printf(m, "CapAmb:\t%016llx\n", c->cap_ambient);
	seq_printf(m, "NoNewPrivs:\t%d\nSeccomp:\t0\nSeccomp_filters:\t0\n",
		   t->no_new_privs);
	seq_puts(m, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n"
		    "Mems_allowed:\t1\nMems_allowed_list:\t0\n");
	seq_printf(m, "voluntary_ctxt_switches:\t%lu\n", t->ru.nvcsw);
	seq_printf(m, "nonvoluntary_ctxt_switches:\t%lu\n", t->ru.nivcsw);
}

int show_pid_status(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm;

	seq_printf(m, "Name:\t%s\n", t->comm);
	if (t->fs)
		seq_printf(m, "Umask:\t%04o\n", t->fs->umask);
	seq_printf(m, "State:\t%s\n", state_name(state_letter(t)));
	seq_printf(m, "Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n", t->tgid,
		   t->pid, parent_pid(t));
	seq_printf(m, "TracerPid:\t%d\n", t->ptrace ? t->parent->pid : 0);
	status_ids(m, t);
	mm = get_task_mm(t);
	if (mm) {
		status_mm(m, mm);
		mmput(mm);
	}
	status_signals(m, t);
	status_caps(m, t);
	return 0;
}

/* ---- what it is doing ---- */

/* The system call of a sleeping task: number, arguments, stack, place. */
int show_pid_syscall(struct seq_file *m, struct task_struct *t)
{
	const struct pt_regs *regs = task_pt_regs(t);

	if (!ptrace_may_access(t, PTRACE_MODE_ATTACH_FSCREDS))
		return -EPERM;
	if (t->exit_state)
		seq_puts(m, "-1 0x0 0x0\n");
	else if (t == current || t->on_rq)
		seq_puts(m, "running\n");
	else if ((s32)regs->orig_ax < 0)
		seq_printf(m, "-1 0x%x 0x%x\n", regs->sp, regs->ip);
	else
		seq_printf(m, "%u 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x 0x%x\n",
			   regs->orig_ax, regs->bx, regs->cx, regs->dx,
			   regs->si, regs->di, regs->bp, regs->sp, regs->ip);
	return 0;
}

/*
 * What it has read and written, also in threads that ended and in children
 * that were waited for, and what of it concerned disks.
 */
int show_pid_io(struct seq_file *m, struct task_struct *t)
{
	struct rusage_counts sum = t->ru;

	if (!proc_may_access(t))
		return -EACCES;
	if (t == t->group_leader) {
		thread_group_rusage(t, &sum);
		add_rusage(&sum, &t->signal->children);
	}
	seq_printf(m, "rchar: %llu\nwchar: %llu\nsyscr: %lu\nsyscw: %lu\n",
		   sum.rchar, sum.wchar, sum.syscr, sum.syscw);
	seq_printf(m,
		   "read_bytes: %llu\nwrite_bytes: %llu\n"
		   "cancelled_write_bytes: %llu\n",
		   sum.read_bytes, sum.write_bytes, sum.cancelled_write_bytes);
	return 0;
}

/* ---- stat ---- */

static u64 ticks(u64 ns)
{
	return ns / (1000000000u / USER_HZ);
}

/* The whole process's counts, with the threads that ended. */
static void group_faults(struct task_struct *t, unsigned long *minor,
			 unsigned long *major)
{
	struct task_struct *p;

	*minor = t->signal->dead.min_flt;
	*major = t->signal->dead.maj_flt;
	for_each_thread(t, p) {
		*minor += p->ru.min_flt;
		*major += p->ru.maj_flt;
	}
}

static void stat_times(struct seq_file *m, struct task_struct *t)
{
	const struct signal_struct *s = t->signal;
	u64 utime, stime;

	thread_group_cputime(t, &utime, &stime);
	seq_printf(m, " %llu %llu %llu %llu", ticks(utime), ticks(stime),
		   ticks(s->children.utime), ticks(s->children.stime));
	seq_printf(m, " %d %d %d 0 %llu", t->static_prio - 100,
		   t->static_prio - 120, s->nr_threads,
		   ticks(t->start_boottime));
}

static void stat_mm(struct seq_file *m, struct task_struct *t,
		    struct mm_struct *mm)
{
	bool show = mm && proc_may_access(t);

	seq_printf(m, " %lu %lu %lu", mm ? mm->total_vm << PAGE_SHIFT : 0,
		   mm ? get_mm_rss(mm) : 0, t->signal->rlim[RLIMIT_RSS].cur);
	seq_printf(m, " %lu %lu %lu 0 0", show ? mm->start_code : 0,
		   show ? mm->end_code : 0, show ? mm->start_stack : 0);
}

int show_pid_stat(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);
	unsigned long minor, major;
	sigset_t ignored, caught;
	bool show = mm && proc_may_access(t);

	collect_sigign_sigcatch(t, &ignored, &caught);
	group_faults(t, &minor, &major);
	seq_printf(m, "%d (%s) %c %d %d %d %d %d %u", t->pid, t->comm,
		   state_letter(t), parent_pid(t), t->signal->pgrp,
		   t->signal->session,
		   t->signal->tty ? (int)tty_devnum(t->signal->tty) : 0,
		   t->signal->tty ? t->signal->tty->pgrp : -1, t->flags);
	seq_printf(m, " %lu %lu %lu %lu", minor, t->signal->children.min_flt,
		   major, t->signal->children.maj_flt);
	stat_times(m, t);
	stat_mm(m, t, mm);
	seq_printf(m, " %u %u %u %u", (u32)(t->pending.signal & 0x7fffffff),
		   (u32)(t->blocked & 0x7fffffff), (u32)(ignored & 0x7fffffff),
		   (u32)(caught & 0x7fffffff));
	seq_printf(m, " 0 0 0 %d 0 %d %d 0 0 0", t->exit_signal, t->rt_priority,
		   t->policy);
	if (show)
		seq_printf(m, " %lu %lu %lu %lu %lu %lu %lu", mm->start_data,
			   mm->end_data, mm->start_brk, mm->arg_start,
			   mm->arg_end, mm->env_start, mm->env_end);
	else
		seq_puts(m, " 0 0 0 0 0 0 0");
	seq_printf(m, " %d\n", show && t->exit_state ? t->exit_code : 0);
	if (mm)
		mmput(mm);
	return 0;
}

int show_pid_statm(struct seq_file *m, struct task_struct *t)
{
	struct mm_struct *mm = get_task_mm(t);
	unsigned long text;

	if (!mm) {
		seq_puts(m, "0 0 0 0 0 0 0\n");
		return 0;
	}
	text = (PAGE_ALIGN(mm->end_code) -
		ALIGN_DOWN(mm->start_code, PAGE_SIZE)) >>
	       PAGE_SHIFT;
	seq_printf(m, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, get_mm_rss(mm),
		   (unsigned long)(mm->rss_file + mm->rss_shmem), text,
		   mm->data_vm + mm->stack_vm);
	mmput(mm);
	return 0;
}

/* ---- limits ---- */

static const struct {
	const char *name, *unit;
} limit_names[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = { "Max cpu time", "seconds" },
	[RLIMIT_FSIZE] = { "Max file size", "bytes" },
	[RLIMIT_DATA] = { "Max data size", "bytes" },
	[RLIMIT_STACK] = { "Max stack size", "bytes" },
	[RLIMIT_CORE] = { "Max core file size", "bytes" },
	[RLIMIT_RSS] = { "Max resident set", "bytes" },
	[RLIMIT_NPROC] = { "Max processes", "processes" },
	[RLIMIT_NOFILE] = { "Max open files", "files" },
	[RLIMIT_MEMLOCK] = { "Max locked memory", "bytes" },
	[RLIMIT_AS] = { "Max address space", "bytes" },
	[RLIMIT_LOCKS] = { "Max file locks", "locks" },
	[RLIMIT_SIGPENDING] = { "Max pending signals", "signals" },
	[RLIMIT_MSGQUEUE] = { "Max msgqueue size", "bytes" },
	[RLIMIT_NICE] = { "Max nice priority", NULL },
	[RLIMIT_RTPRIO] = { "Max realtime priority", NULL },
	[RLIMIT_RTTIME] = { "Max realtime timeout", "us" },
};

static void show_limit(struct seq_file *m, unsigned long v)
{
	if (v == RLIM_INFINITY)
		seq_printf(m, "%-20s ", "unlimited");
	else
		seq_printf(m, "%-20lu ", v);
}

int show_pid_limits(struct seq_file *m, struct task_struct *t)
{
	unsigned int i;

	seq_printf(m, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		   "Hard Limit", "Units");
	for (i = 0; i < RLIM_NLIMITS; i++) {
		seq_printf(m, "%-25s ", limit_names[i].name);
		show_limit(m, t->signal->rlim[i].cur);
		show_limit(m, t->signal->rlim[i].max);
		if (limit_names[i].unit)
			seq_printf(m, "%-10s\n", limit_names[i].unit);
		else
			seq_putc(m, '\n');
	}
	return 0;
}

/* ---- timers ---- */

static bool may_see_slack(const struct task_struct *task)
{
	return task == current || capable(CAP_SYS_NICE);
}

int show_timerslack(struct seq_file *m, struct task_struct *task)
{
	if (!may_see_slack(task))
		return -EPERM;
	seq_printf(m, "%llu\n", (unsigned long long)task->timer_slack);
	return 0;
}

ssize_t write_timerslack(const char *text, size_t len, struct task_struct *task)
{
	long ns;

	if (!proc_parse_long(text, &ns) || ns < 0)
		return -EINVAL;
	if (!may_see_slack(task))
		return -EPERM;
	task->timer_slack = ns ? (u64)ns : task->default_timer_slack;
	return (ssize_t)len;
}

int show_pid_timers(struct seq_file *m, struct task_struct *task)
{
	show_posix_timers(m, task);
	return 0;
}

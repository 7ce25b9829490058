/* SPDX-License-Identifier: MIT */
/*
 * The end of a task.
 *
 *   do_exit: gives back address space, files, …      (may sleep)
 *      │
 *   exit_notify: children to a new parent, SIGCHLD   (no sleep from here on)
 *      │      thread, or nobody will wait: release_task at once
 *      │      else EXIT_ZOMBIE until wait4: release_task
 *      ▼
 *   TASK_DEAD: schedule() never returns; the next task drops the last
 *              reference, and the stack is freed
 *
 * A process ends with its last thread: a leader that ends before the others
 * stays as a zombie nobody may reap until they are gone.
 */
#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/tune.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/ipc/ipc.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/sched/futex.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/exit.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/itimer.h>
#include <mach/irqflags.h>

/* ---- numbers ---- */

/**
 * add_rusage() - one use of resources on top of another
 * @to: the sum; its maxrss is the larger one
 * @from: what is added
 */
void add_rusage(struct rusage_counts *to, const struct rusage_counts *from)
{
	to->utime += from->utime;
	to->stime += from->stime;
	to->exec += from->exec;
	to->rchar += from->rchar;
	to->wchar += from->wchar;
	to->syscr += from->syscr;
	to->syscw += from->syscw;
	to->read_bytes += from->read_bytes;
	to->write_bytes += from->write_bytes;
	to->cancelled_write_bytes += from->cancelled_write_bytes;
	to->min_flt += from->min_flt;
	to->maj_flt += from->maj_flt;
	to->nvcsw += from->nvcsw;
	to->nivcsw += from->nivcsw;
	to->maxrss = max(to->maxrss, from->maxrss);
}

/**
 * thread_group_rusage() - what all threads of a process used
 * @t: any of them
 * @sum: out; with those that ended
 */
void thread_group_rusage(struct task_struct *t, struct rusage_counts *sum)
{
	struct task_struct *each;

	*sum = t->signal->dead;
	for_each_thread(t, each)
		add_rusage(sum, &each->ru);
}

/**
 * task_cputime() - the time of one thread
 * @t: the thread
 * @utime: out, ns in its program
 * @stime: out, ns in the kernel
 */
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
	*utime = t->ru.utime;
	*stime = t->ru.stime;
}

/**
 * thread_group_cputime() - the time of all threads of a process
 * @t: any of them
 * @utime: out, ns in the program
 * @stime: out, ns in the kernel
 */
void thread_group_cputime(struct task_struct *t, u64 *utime, u64 *stime)
{
	struct rusage_counts sum;

	thread_group_rusage(t, &sum);
	*utime = sum.utime;
	*stime = sum.stime;
}

/* ---- leaving ---- */

static bool thread_group_empty(struct task_struct *t)
{
	return t->thread_node.next == t->thread_node.prev;
}

/* The last thread of @leader's process has ended. */
static void reap_or_keep(struct task_struct *leader)
{
	wake_up(&leader->thread_pid->wait_pidfd);
	if (do_notify_parent(leader, leader->exit_signal))
		release_task(leader);
}

/* A thread of @leader's process is gone: wake those who wait for the last. */
static void thread_released(struct task_struct *leader)
{
	struct signal_struct *sig = leader->signal;

	if (sig->group_exec_task)
		wake_up_process(sig->group_exec_task);
	else if (leader->exit_state == EXIT_ZOMBIE &&
		 thread_group_empty(leader))
		reap_or_keep(leader);
}

/**
 * release_task() - forget a task that has ended
 * @t: a zombie that was waited for, or a task that no parent waits for
 */
void release_task(struct task_struct *t)
{
	struct task_struct *leader = t->group_leader;
	struct signal_struct *sig = t->signal;
	struct pid *pid = t->thread_pid;
	unsigned long flags;

	if (t->ptrace)
		ptrace_unlink(t);
	flags = local_irq_save();

	add_rusage(&sig->dead, &t->ru);
	list_del_init(&t->thread_node);
	if (t == t->group_leader) {
		list_del_init(&t->tasks);
		list_del_init(&t->sibling);
	}
	nr_threads--;
	pid->task = NULL;
	t->exit_state = EXIT_DEAD;
	local_irq_restore(flags);
	flush_sigqueue(&t->pending);
	if (list_empty(&sig->thread_head))
		flush_sigqueue(&sig->shared_pending);
	put_pid(pid);
	if (t != leader)
		thread_released(leader);
	put_task_struct(t);
}

static struct task_struct *find_new_reaper(struct task_struct *father)
{
	struct task_struct *p = father->real_parent;

	for (; p != &init_task && p != child_reaper; p = p->real_parent) {
		if (p->signal->is_child_subreaper && p->signal->nr_threads)
			return p;
	}
	return child_reaper;
}

static void tell_parent_death(struct task_struct *child)
{
	struct task_struct *t;

	for_each_thread(child, t) {
		if (t->pdeath_signal)
			send_sig_user(t->pdeath_signal, t);
	}
}

/* A thread ends: the children it made are another thread's of its process. As
 * on Linux, that is the death that PR_SET_PDEATHSIG tells of. */
static void pass_on_children(struct task_struct *father)
{
	struct task_struct *heir, *child, *t;

	for_each_thread(father, heir) {
		if (!(heir->flags & PF_EXITING))
			break;
	}
	if (&heir->thread_node == &father->signal->thread_head)
		return;
	list_for_each_entry(child, &father->group_leader->children, sibling) {
		if (child->parent_tid != father->pid)
			continue;
		for_each_thread(child, t)
			t->parent_tid = heir->pid;
		tell_parent_death(child);
	}
}

static void reparent(struct task_struct *child, struct task_struct *father,
		     struct task_struct *reaper)
{
	struct task_struct *t;
	unsigned long flags = local_irq_save();

	list_move_tail(&child->sibling, &reaper->children);
	for_each_thread(child, t) {
		t->real_parent = reaper;
		if (!t->ptrace)
			t->parent = reaper;
		t->parent_tid = reaper->pid;
	}
	local_irq_restore(flags);
	tell_parent_death(child);
	child->exit_signal = SIGCHLD; /* whatever it asked its parent for */
	kill_orphaned_pgrp(child, father);
	if (child->exit_state == EXIT_ZOMBIE && !child->ptrace &&
	    thread_group_empty(child))
		reap_or_keep(child);
}

static void forget_original_parent(struct task_struct *father)
{
	struct task_struct *child, *next, *reaper;

	if (list_empty(&father->children))
		return;
	reaper = find_new_reaper(father);
	list_for_each_entry_safe(child, next, &father->children, sibling)
		reparent(child, father, reaper);
}

/* A traced task ends: its tracer hears of it before its parent. */
static void notify_tracer(struct task_struct *t)
{
	bool for_parent = t == t->group_leader && thread_group_empty(t) &&
			  !ptrace_reparented(t);

	wake_up(&t->thread_pid->wait_pidfd);
	do_notify_parent(t, for_parent ? t->exit_signal : SIGCHLD);
}

/* Nothing from here to the last schedule() may sleep. */
static void exit_notify(struct task_struct *t, bool group_dead)
{
	struct task_struct *leader = t->group_leader;
	struct signal_struct *sig = t->signal;

	if (group_dead) {
		exit_ptrace(leader);
		forget_original_parent(leader);
		kill_orphaned_pgrp(leader, NULL);
	} else if (t->made_children) {
		pass_on_children(t);
	}
	t->exit_state = EXIT_ZOMBIE;
	if (t->ptrace)
		notify_tracer(t);
	else if (t != leader)
		release_task(t);
	else if (thread_group_empty(t))
		reap_or_keep(t);
	if (sig->group_exec_task)
		wake_up_process(sig->group_exec_task);
}

/* ---- what a task gives back ---- */

/**
 * mm_release() - the running task leaves its address space
 * @t: current
 *
 * Those who wait for that hear of it: the parent in vfork, joiners on
 * clear_child_tid, waiters on robust futexes.
 */
void mm_release(struct task_struct *t)
{
	if (unlikely(t->robust_list)) {
		exit_robust_list(t);
		t->robust_list = 0;
	}
	if (unlikely(!list_empty(&t->pi_locks)))
		exit_pi_state(t);
	if (t->clear_child_tid) {
		if (t->mm && atomic_read(&t->mm->mm_users) > 1) {
			put_user(0u, (u32 __user *)t->clear_child_tid);
			futex_wake_address(t->clear_child_tid, 1);
		}
		t->clear_child_tid = 0;
	}
	if (t->vfork_done) {
		struct completion *done = t->vfork_done;

		t->vfork_done = NULL;
		complete(done);
	}
}

static void exit_mm(struct task_struct *t)
{
	struct mm_struct *mm = t->mm;
	unsigned long rss;

	mm_release(t);
	if (!mm)
		return;
	rss = max(mm->hiwater_rss, get_mm_rss(mm));
	t->ru.maxrss = max(t->ru.maxrss, rss << (PAGE_SHIFT - 10));
	mmgrab(mm); /* its tables stay loaded until the next switch */
	t->mm = NULL;
	mmput(mm);
}

static void exit_files(struct task_struct *t)
{
	struct files_struct *files = t->files;
	struct fs_struct *fs = t->fs;

	t->files = NULL;
	if (files)
		put_files(files);
	t->fs = NULL;
	if (fs)
		put_fs(fs);
}

/* A fault on the way out: keep what is left from doing more harm. */
static void __attribute__((noreturn)) park_forever(void)
{
	printk(KERN_ALERT "Fixing recursive fault but reboot is needed!\n");
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}

static void check_may_exit(struct task_struct *t, long code)
{
	if (t == &init_task)
		panic("Attempted to kill the idle task!");
	if (t->flags & PF_EXITING)
		park_forever();
	if (t->signal->nr_threads == 1 && t->group_leader == child_reaper)
		panic("Attempted to kill init! exitcode=0x%08x",
		      t->signal->group_exit_code ?: (int)code);
}

/**
 * do_exit() - end the running task
 * @code: as wait4 gives it
 */
void do_exit(long code)
{
	struct task_struct *t = current;
	struct signal_struct *sig = t->signal;
	bool group_dead;

	check_may_exit(t, code);
	local_irq_enable();
	if (unlikely(ptrace_event_enabled(t, PTRACE_EVENT_EXIT))) {
		/* Whatever ends it, its tracer may look at it once more. */
		t->pending.signal &= ~sigmask(SIGKILL);
		ptrace_event(PTRACE_EVENT_EXIT, (u32)code);
	}
	t->flags |= PF_EXITING;
	exit_signals();
	sched_update_current();
	group_dead = --sig->nr_threads == 0;
	t->exit_code = (int)code;
	if (group_dead)
		exit_itimers(sig);
	exit_mm(t);
	if (group_dead)
		exit_sem(sig);
	exit_files(t);
	if (group_dead && sig->leader)
		disassociate_ctty(true);
	exit_notify(t, group_dead);
	local_irq_disable();
	t->state = TASK_DEAD;
	schedule();
	panic("a dead task runs: %s, pid %d", t->comm, t->pid);
}

/**
 * do_group_exit() - end the running process
 * @code: as wait4 gives it; one that was decided on before wins
 */
void do_group_exit(long code)
{
	struct signal_struct *sig = current->signal;

	if (sig->group_exit) {
		code = sig->group_exit_code;
	} else if (sig->group_exec_task) {
		code = 0; /* execve of another thread ends this one alone */
	} else {
		sig->group_exit = true;
		sig->group_exit_code = (int)code;
		if (!thread_group_empty(current))
			zap_other_threads(current);
	}
	do_exit(code);
}

SYSCALL_DEFINE(exit, int code)
{
	do_exit((code & 0xff) << 8);
}

SYSCALL_DEFINE(exit_group, int code)
{
	do_group_exit((code & 0xff) << 8);
}

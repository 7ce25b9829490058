/* SPDX-License-Identifier: MIT */
/*
 * The end of a process when memory is used up: mm/oom_kill.c chose an address
 * space; here every process that uses it is killed, and the log says which. A
 * program that decides this itself has process_mrelease.
 */
#include <ashlar/err.h>
#include <ashlar/mmap.h>
#include <ashlar/oom.h>
#include <ashlar/tune.h>
#include <ashlar/vmstat.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/version.h>

#define K(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static void log_victim(struct task_struct *t, struct mm_struct *mm,
		       const char *message)
{
	printk(KERN_ERR
	       "%s: Killed process %d (%s) total-vm:%lukB, "
	       "anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB, UID:%u "
	       "pgtables:%lukB oom_score_adj:%d\n",
	       message, t->pid, t->comm, K(mm->total_vm), K(mm->rss_anon),
	       K(mm->rss_file), K(mm->rss_shmem), t->cred->uid, K(mm->nr_ptes),
	       t->signal->oom_score_adj);
}

static bool uses(struct task_struct *p, const struct mm_struct *mm)
{
	struct task_struct *t;

	for_each_thread(p, t) {
		if (t->mm == mm)
			return true;
	}
	return false;
}

/* The first process that has a space, or NULL. */
static struct task_struct *user_of(const struct mm_struct *mm)
{
	struct task_struct *p;

	for_each_process(p) {
		if (p != child_reaper && uses(p, mm))
			return p;
	}
	return NULL;
}

/* ---- the report ---- */

static void log_invoked(gfp_t gfp, unsigned int order)
{
	char flags[GFP_TEXT];

	format_gfp(flags, sizeof(flags), gfp, order);
	printk(KERN_WARNING "%s invoked oom-killer: gfp_mask=%s, order=%u, "
			    "oom_score_adj=%d\n",
	       current->comm, flags, order, current->signal->oom_score_adj);
	printk("CPU: 0 PID: %d Comm: %s Not tainted %s\n", current->pid,
	       current->comm, UTS_RELEASE);
	dump_stack((u32)__builtin_frame_address(0));
}

static void log_task(struct task_struct *p)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	for_each_thread(p, t) {
		mm = mm ? mm : t->mm;
	}
	if (!mm)
		return;
	printk("[%7d] %5d %5d %8lu %8lu %8lu %8lu         %5d %s\n", p->pid,
	       (int)p->cred->uid, p->tgid, mm->total_vm, get_mm_rss(mm),
	       mm->nr_ptes << PAGE_SHIFT, mm->swap_ents,
	       p->signal->oom_score_adj, p->comm);
}

static void log_tasks(struct mm_struct *victim, bool tasks)
{
	struct task_struct *p;

	if (tasks) {
		printk("Tasks state (memory values in pages):\n");
		printk("[  pid  ]   uid  tgid total_vm      rss pgtables_bytes "
		       "swapents oom_score_adj name\n");
		for_each_process(p) {
			log_task(p);
		}
	}
	p = victim ? user_of(victim) : NULL;
	if (p)
		printk("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),"
		       "cpuset=/,mems_allowed=0,global_oom,task_memcg=/,"
		       "task=%s,pid=%d,uid=%u\n",
		       p->comm, p->pid, p->cred->uid);
}

static void log_reaped(struct mm_struct *mm)
{
	const struct task_struct *p = user_of(mm);

	if (p)
		printk("oom_reaper: reaped process %d (%s), now "
		       "anon-rss:%lukB, file-rss:%lukB, shmem-rss:%lukB\n",
		       p->pid, p->comm, K(mm->rss_anon), K(mm->rss_file),
		       K(mm->rss_shmem));
}

/* ---- the end ---- */

static void kill_users(struct mm_struct *mm, const char *message)
{
	struct task_struct *p;
	bool logged = false;

	for_each_process(p) {
		if (p == child_reaper || !uses(p, mm))
			continue;
		if (!logged)
			log_victim(p, mm, message);
		logged = true;
		p->signal->oom_killed = true;
		p->flags |= PF_OOM_VICTIM;
		send_sig_info(SIGKILL, NULL, p, true);
	}
}

static bool running_task_dies(void)
{
	return (current->flags & PF_EXITING) || fatal_signal_pending(current);
}

/* True for the first process, and for spaces that no task runs in yet. */
static bool spared(struct mm_struct *mm)
{
	struct task_struct *p;

	if (child_reaper && uses(child_reaper, mm))
		return true;
	for_each_process(p) {
		if (uses(p, mm))
			return false;
	}
	return true;
}

static struct mm_struct *running_space(void)
{
	return current->mm;
}

/* True if every thread that runs in @mm is on its way to its end. */
static bool all_users_die(const struct mm_struct *mm)
{
	struct task_struct *p, *t;

	for_each_process(p) {
		if (p->signal->group_exit)
			continue;
		for_each_thread(p, t) {
			if (t->mm == mm && !(t->flags & PF_EXITING))
				return false;
		}
	}
	return true;
}

/* The space of a process that ends; 0 or -errno. */
static int release_memory(struct task_struct *p)
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;
	int err;

	for_each_thread(p, t) {
		mm = get_task_mm(t);
		if (mm)
			break;
	}
	if (!mm)
		return -ESRCH;
	if (!all_users_die(mm))
		err = -EINVAL;
	else
		err = oom_reap(mm) ? 0 : -EAGAIN;
	mmput(mm);
	return err;
}

SYSCALL_DEFINE(process_mrelease, int pidfd, u32 flags)
{
	struct pid *pid;
	int err = -ESRCH;

	if (flags)
		return -EINVAL;
	pid = pidfd_get_pid((unsigned int)pidfd, NULL);
	if (IS_ERR(pid))
		return PTR_ERR(pid);
	if (pid->task)
		err = release_memory(pid->task);
	put_pid(pid);
	return err;
}

/**
 * oom_init() - let the core end processes when there is no memory left
 */
void oom_init(void)
{
	static const struct oom_hooks hooks = {
		.kill = kill_users,
		.invoked = log_invoked,
		.report = log_tasks,
		.reaped = log_reaped,
		.dying = running_task_dies,
		.spared = spared,
		.running = running_space,
	};

	oom_killer_enable(&hooks);
}

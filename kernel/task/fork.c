/* SPDX-License-Identifier: MIT */
/*
 * New tasks. A task is a copy of the one that asks, part by part either its
 * own or shared; copy_process() makes the parts in the order of the list and
 * gives them back in the opposite one if it cannot make the next:
 *
 *   task_struct, stack, credentials, files, fs, handlers, process data,
 *   address space, registers, number
 *
 * Nothing can fail after that, so a task that was linked runs.
 *
 * Lists of tasks change with interrupts off, for interrupts walk them.
 *
 * Simpler than in Linux: no namespaces; a child belongs to its
 * parent's process (its leader), not to one of its threads.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/init.h>
#include <kernel/sched/futex.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/clone.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/process.h>
#include <kernel/task/ptrace.h>
#include <kernel/time/clock.h>
#include <kernel/time/itimer.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>

LIST_HEAD(all_tasks);
int nr_threads;
unsigned long total_forks;
int max_threads;
struct task_struct *child_reaper = &init_task;

static struct kmem_cache *task_struct_cachep, *signal_cachep, *sighand_cachep;

/**
 * fork_init() - caches, and how many tasks there may be
 *
 * As in Linux an eighth of memory may go into kernel stacks.
 */
void fork_init(void)
{
	unsigned long threads =
		totalram_pages() / (THREAD_SIZE / PAGE_SIZE * 8);
	unsigned long flags = SLAB_HWCACHE_ALIGN | SLAB_PANIC;
	struct rlimit *rlim = init_task.signal->rlim;

	max_threads = (int)clamp(threads, 20ul, 32768ul);
	rlim[RLIMIT_NPROC].cur = (unsigned long)max_threads / 2;
	rlim[RLIMIT_NPROC].max = (unsigned long)max_threads / 2;
	rlim[RLIMIT_SIGPENDING] = rlim[RLIMIT_NPROC];
	task_struct_cachep = kmem_cache_create(
		"task_struct", sizeof(struct task_struct), 0, flags, NULL);
	signal_cachep = kmem_cache_create(
		"signal_cache", sizeof(struct signal_struct), 0, flags, NULL);
	sighand_cachep = kmem_cache_create(
		"sighand_cache", sizeof(struct sighand_struct), 0, flags, NULL);
	pid_init();
	cred_init();
	futex_init();
	oom_init();
}

/* ---- parts that are shared ---- */

/**
 * alloc_sighand() - a table of handlers, not filled
 *
 * May sleep. Return: it with one reference, or NULL without memory.
 */
struct sighand_struct *alloc_sighand(void)
{
	struct sighand_struct *s = kmem_cache_alloc(sighand_cachep, GFP_KERNEL);

	if (s)
		atomic_set(&s->count, 1);
	return s;
}

/**
 * put_sighand() - give a reference to handlers back
 * @s: the table; the last reference frees it
 */
void put_sighand(struct sighand_struct *s)
{
	if (atomic_dec_and_test(&s->count))
		kmem_cache_free(sighand_cachep, s);
}

/**
 * put_signal_struct() - a task that belonged to a process is gone
 * @sig: the process's; the last of its tasks frees it
 */
void put_signal_struct(struct signal_struct *sig)
{
	if (!atomic_dec_and_test(&sig->count))
		return;
	put_pid(sig->pgrp_pid);
	put_pid(sig->session_pid);
	kmem_cache_free(signal_cachep, sig);
}

static int copy_sighand(struct task_struct *p, u64 flags)
{
	struct sighand_struct *s;
	unsigned int i;

	if (flags & CLONE_SIGHAND) {
		atomic_inc(&p->sighand->count);
		return 0;
	}
	s = alloc_sighand();
	if (!s)
		return -ENOMEM;
	memcpy(s->action, p->sighand->action, sizeof(s->action));
	for (i = 0; flags & CLONE_CLEAR_SIGHAND && i < NSIG; i++) {
		if (s->action[i].sa_handler != SIG_IGN)
			s->action[i].sa_handler = SIG_DFL;
	}
	p->sighand = s;
	return 0;
}

static int copy_signal(struct task_struct *p, u64 flags)
{
	struct signal_struct *old = p->signal, *sig;

	if (flags & CLONE_THREAD) {
		atomic_inc(&old->count);
		return 0;
	}
	sig = kmem_cache_zalloc(signal_cachep, GFP_KERNEL);
	if (!sig)
		return -ENOMEM;
	atomic_set(&sig->count, 1);
	INIT_LIST_HEAD(&sig->thread_head);
	INIT_LIST_HEAD(&sig->shared_pending.list);
	INIT_LIST_HEAD(&sig->sem_undos);
	init_waitqueue_head(&sig->wait_chldexit);
	itimers_init(sig);
	memcpy(sig->rlim, old->rlim, sizeof(sig->rlim));
	sig->membarrier = old->membarrier;
	sig->oom_score_adj = old->oom_score_adj;
	sig->oom_score_adj_min = old->oom_score_adj_min;
	if (old->pgrp_pid) { /* not what task 0 makes */
		set_signal_pgrp(sig, old->pgrp_pid);
		set_signal_session(sig, old->session_pid);
	}
	p->signal = sig;
	return 0;
}

static int copy_files(struct task_struct *p, u64 flags)
{
	if (!p->files)
		return 0;
	if (flags & CLONE_FILES) {
		get_files(p->files);
		return 0;
	}
	p->files = dup_files(p->files);
	return p->files ? 0 : -ENOMEM;
}

static int copy_fs_struct(struct task_struct *p, u64 flags)
{
	if (!p->fs)
		return 0;
	if (flags & CLONE_FS) {
		get_fs(p->fs);
		return 0;
	}
	p->fs = copy_fs(p->fs);
	return p->fs ? 0 : -ENOMEM;
}

static int copy_mm(struct task_struct *p, u64 flags)
{
	struct mm_struct *mm;

	p->ru = (struct rusage_counts){ 0 };
	p->active_mm = NULL;
	if (!p->mm)
		return 0;
	if (flags & CLONE_VM) {
		mmget(p->mm);
		p->active_mm = p->mm;
		return 0;
	}
	mm = dup_mm(p->mm);
	if (IS_ERR(mm)) {
		p->mm = NULL;
		return (int)PTR_ERR(mm);
	}
	mm->oom_score_adj = p->signal->oom_score_adj;
	p->mm = mm;
	p->active_mm = mm;
	return 0;
}

/* ---- task_struct ---- */

static void free_task(struct task_struct *t)
{
	thread_free(t);
	free_thread_stack(t->stack);
	kmem_cache_free(task_struct_cachep, t);
}

/**
 * put_task_struct() - give a reference back; the last frees the task
 * @t: the task
 */
void put_task_struct(struct task_struct *t)
{
	if (!atomic_dec_and_test(&t->usage))
		return;
	free_cred(t->cred);
	put_sighand(t->sighand);
	put_signal_struct(t->signal);
	free_task(t);
}

static struct task_struct *dup_task_struct(void)
{
	struct task_struct *p, *orig = current;

	p = kmem_cache_alloc(task_struct_cachep, GFP_KERNEL);
	if (!p)
		return NULL;
	*p = *orig;
	p->thread.fpu = NULL;
	p->thread.io_bitmap = NULL;
	p->stack = alloc_thread_stack();
	if (!p->stack)
		goto no_stack;
	p->cred = copy_cred(orig->cred);
	if (!p->cred)
		goto no_cred;
	return p;
no_cred:
	free_thread_stack(p->stack);
no_stack:
	kmem_cache_free(task_struct_cachep, p);
	return NULL;
}

/* Clear what a new task does not inherit. */
static void init_task_fields(struct task_struct *p,
			     const struct kernel_clone_args *args)
{
	u64 flags = args->flags;

	p->tif = 0;
	p->state = TASK_UNINTERRUPTIBLE;
	p->exit_state = 0;
	p->exit_code = 0;
	p->pdeath_signal = 0;
	p->flags &= ~(PF_SUPERPRIV | PF_IDLE | PF_KTHREAD);
	p->flags |= args->fn ? PF_KTHREAD : PF_FORKNOEXEC;
	/* One for whoever reaps it, one until it has left the processor. */
	atomic_set(&p->usage, 2);
	INIT_LIST_HEAD(&p->pending.list);
	p->pending.signal = 0;
	p->restore_sigmask = false;
	p->restart_block.fn = NULL;
	p->default_timer_slack = p->timer_slack;
	p->real_blocked = 0;
	if ((flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		p->sas_ss_sp = p->sas_ss_size = 0;
	INIT_LIST_HEAD(&p->children);
	INIT_LIST_HEAD(&p->sibling);
	INIT_LIST_HEAD(&p->tasks);
	INIT_LIST_HEAD(&p->pi_locks);
	p->vfork_done = NULL;
	p->did_exec = false;
	p->made_children = false;
	p->robust_list = 0;
	p->set_child_tid = flags & CLONE_CHILD_SETTID ? args->child_tid : 0;
	p->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? args->child_tid : 0;
	p->kmap.top = 0;
	if (args->name)
		set_task_comm(p, args->name);
	sched_fork(p);
}

/* ---- may there be another? ---- */

static bool over_nproc(void)
{
	struct task_struct *p, *t;
	unsigned long n = 0;

	if (rlimit(RLIMIT_NPROC) == RLIM_INFINITY || !current->cred->uid ||
	    capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN))
		return false;
	for_each_process(p) {
		for_each_thread(p, t)
			n += t->cred->uid == current->cred->uid;
	}
	return n >= rlimit(RLIMIT_NPROC);
}

static int check_flags(u64 flags)
{
	if ((flags & CLONE_THREAD && !(flags & CLONE_SIGHAND)) ||
	    (flags & CLONE_SIGHAND && !(flags & CLONE_VM)) ||
	    (flags & CLONE_FS && flags & (CLONE_NEWNS | CLONE_NEWUSER)) ||
	    (flags & CLONE_THREAD && flags & (CLONE_NEWUSER | CLONE_NEWPID)) ||
	    (flags & CLONE_PIDFD && flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if (flags & CLONE_PARENT && current->group_leader == child_reaper)
		return -EINVAL; /* process 1 has no sisters */
	if (flags & CLONE_NAMESPACES & ~(u64)CLONE_NEWUSER &&
	    !capable(CAP_SYS_ADMIN) && !(flags & CLONE_NEWUSER))
		return -EPERM;
	return flags & CLONE_NAMESPACES ? -EINVAL : 0;
}

/* ---- into the lists ---- */

static void link_process(struct task_struct *p, struct task_struct *parent,
			 pid_t parent_tid)
{
	struct signal_struct *sig = p->signal;

	p->group_leader = p;
	p->tgid = p->pid;
	p->real_parent = parent;
	p->parent_tid = parent_tid;
	if (!sig->pgrp_pid) {
		set_signal_pgrp(sig, init_task.thread_pid);
		set_signal_session(sig, init_task.thread_pid);
	}
	sig->is_child_subreaper = false;
	sig->tty = current->signal->tty;
	list_add_tail(&p->sibling, &parent->children);
	list_add_tail(&p->tasks, &all_tasks);
}

static void link_task(struct task_struct *p, struct pid *pid,
		      const struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	struct task_struct *leader = current->group_leader;
	unsigned long irq = local_irq_save();

	p->thread_pid = pid;
	p->pid = pid->nr;
	pid->task = p;
	p->start_time = p->start_boottime = ktime_get();
	if (flags & CLONE_THREAD) {
		p->exit_signal = -1;
		p->group_leader = leader;
		p->tgid = leader->tgid;
		p->real_parent = leader->real_parent;
		p->parent_tid = current->parent_tid;
	} else if (flags & CLONE_PARENT) {
		p->exit_signal = leader->exit_signal;
		link_process(p, leader->real_parent, current->parent_tid);
	} else if (args->fn) {
		/* Whichever starts one, it is no child that is waited for. */
		link_process(p, &init_task, init_task.pid);
	} else {
		p->exit_signal = args->exit_signal;
		link_process(p, leader, current->pid);
		current->made_children = true;
	}
	ptrace_init_task(p, args->event || flags & CLONE_PTRACE);
	list_add_tail(&p->thread_node, &p->signal->thread_head);
	p->signal->nr_threads++;
	nr_threads++;
	total_forks++;
	local_irq_restore(irq);
}

/* Copy or share all parts of @p; on an error none is left. */
static int copy_parts(struct task_struct *p,
		      const struct kernel_clone_args *args)
{
	u64 flags = args->flags;
	int err;

	err = copy_files(p, flags);
	if (err)
		return err;
	err = copy_fs_struct(p, flags);
	if (err)
		goto no_fs;
	err = copy_sighand(p, flags);
	if (err)
		goto no_sighand;
	err = copy_signal(p, flags);
	if (err)
		goto no_signal;
	err = copy_mm(p, flags);
	if (err)
		goto no_mm;
	err = copy_thread(p, args->fn ? NULL : task_pt_regs(current),
			  args->stack, args->fn, args->fn_arg);
	if (err)
		goto no_thread;
	return 0;
no_thread:
	if (p->mm)
		mmput(p->mm);
no_mm:
	put_signal_struct(p->signal);
no_signal:
	put_sighand(p->sighand);
no_sighand:
	if (p->fs)
		put_fs(p->fs);
no_fs:
	if (p->files)
		put_files(p->files);
	return err;
}

static void drop_parts(struct task_struct *p)
{
	if (p->mm)
		mmput(p->mm);
	put_signal_struct(p->signal);
	put_sighand(p->sighand);
	if (p->fs)
		put_fs(p->fs);
	if (p->files)
		put_files(p->files);
}

static int copy_tls(struct task_struct *p, const struct kernel_clone_args *args)
{
	struct user_desc info;

	if (!(args->flags & CLONE_SETTLS))
		return 0;
	if (copy_from_user(&info, (void __user *)args->tls, sizeof(info)))
		return -EFAULT;
	return do_set_thread_area(p, &info, false);
}

/* pidfd and parent_tid: what the parent is told before the child is linked. */
static int tell_parent(struct pid *pid, const struct kernel_clone_args *args)
{
	struct file *file;
	int fd;

	if (args->flags & CLONE_PARENT_SETTID)
		put_user((u32)pid->nr, (u32 __user *)args->parent_tid);
	if (!(args->flags & CLONE_PIDFD))
		return 0;
	fd = pidfd_prepare(pid, O_RDWR | O_CLOEXEC, &file);
	if (fd < 0)
		return fd;
	if (put_user((u32)fd, (u32 __user *)args->pidfd)) {
		put_unused_fd((unsigned int)fd);
		fput(file);
		return -EFAULT;
	}
	fd_install((unsigned int)fd, file);
	return 0;
}

static struct task_struct *copy_process(const struct kernel_clone_args *args)
{
	struct task_struct *p;
	struct pid *pid;
	int err = check_flags(args->flags);

	if (err)
		return ERR_PTR(err);
	/* A group stop or a death must not miss the new thread. */
	recalc_sigpending();
	if (signal_pending(current))
		return ERR_PTR(-ERESTARTNOINTR);
	if (over_nproc() || nr_threads >= max_threads)
		return ERR_PTR(-EAGAIN);
	p = dup_task_struct();
	if (!p)
		return ERR_PTR(-ENOMEM);
	init_task_fields(p, args);
	err = copy_parts(p, args);
	if (err)
		goto no_parts;
	err = copy_tls(p, args);
	if (err)
		goto no_pid;
	pid = alloc_pid(args->set_tid);
	err = IS_ERR(pid) ? (int)PTR_ERR(pid) : 0;
	if (err)
		goto no_pid;
	err = tell_parent(pid, args);
	if (err)
		goto no_pidfd;
	err = fatal_signal_pending(current) ? -EINTR : 0;
	if (err) /* or it would escape what ends its parent */
		goto no_pidfd;
	link_task(p, pid, args);
	return p;
no_pidfd:
	put_pid(pid);
no_pid:
	drop_parts(p);
no_parts:
	free_cred(p->cred);
	free_task(p);
	return ERR_PTR(err);
}

/* What the tracer is told of a clone, if it wants to hear of that kind. */
static int clone_event(const struct kernel_clone_args *args)
{
	int event = args->flags & CLONE_VFORK	 ? PTRACE_EVENT_VFORK :
		    args->exit_signal != SIGCHLD ? PTRACE_EVENT_CLONE :
						   PTRACE_EVENT_FORK;

	if (args->flags & CLONE_UNTRACED ||
	    !ptrace_event_enabled(current, event))
		return 0;
	return event;
}

/**
 * kernel_clone() - make a task and let it run
 * @args: what is shared and where it starts
 *
 * Context: may sleep; CLONE_VFORK until the child has a program of its own
 * or is gone. Return: its number, or -EAGAIN (too many), -ENOMEM, -EINVAL,
 * -EPERM, -EFAULT.
 */
long kernel_clone(struct kernel_clone_args *args)
{
	struct completion vfork;
	struct task_struct *p;
	long nr;

	args->event = clone_event(args);
	p = copy_process(args);
	if (IS_ERR(p))
		return PTR_ERR(p);
	nr = p->pid;
	if (args->flags & CLONE_VFORK) {
		init_completion(&vfork);
		p->vfork_done = &vfork;
		get_task_struct(p);
	}
	wake_up_new_task(p);
	if (unlikely(args->event))
		ptrace_event(args->event, (u32)nr);
	if (args->flags & CLONE_VFORK) {
		if (wait_for_completion_killable(&vfork))
			p->vfork_done = NULL;
		else
			ptrace_event(PTRACE_EVENT_VFORK_DONE, (u32)nr);
		put_task_struct(p);
	}
	return nr;
}

/**
 * kernel_thread() - a task that runs a function of the kernel
 * @fn: the function; must not return
 * @arg: its argument
 * @name: at most 15 characters
 *
 * Return: its number or -errno.
 */
pid_t kernel_thread(int (*fn)(void *arg), void *arg, const char *name)
{
	struct kernel_clone_args args = {
		.flags = CLONE_VM | CLONE_UNTRACED,
		.exit_signal = SIGCHLD,
		.fn = fn,
		.fn_arg = arg,
		.name = name,
	};
	pid_t pid = (pid_t)kernel_clone(&args);

	if (pid == 1)
		child_reaper = find_task_by_pid(1);
	return pid;
}

/* ---- what others ask ---- */

/**
 * get_task_mm() - a task's address space
 * @t: the task
 *
 * Return: it with a user reference (mmput), or NULL.
 */
struct mm_struct *get_task_mm(struct task_struct *t)
{
	struct mm_struct *mm = t->mm;

	if (mm)
		mmget(mm);
	return mm;
}

/**
 * set_task_comm() - name a task
 * @t: the task
 * @name: cut to 15 characters
 */
void set_task_comm(struct task_struct *t, const char *name)
{
	memset(t->comm, 0, sizeof(t->comm));
	ashlar_strscpy(t->comm, name, sizeof(t->comm));
}

/**
 * port_rlimit() - a limit of the running process, for address spaces
 * @resource: RLIMIT_*
 */
unsigned long port_rlimit(unsigned int resource)
{
	if (resource == RLIMIT_MEMLOCK && capable(CAP_IPC_LOCK))
		return RLIM_INFINITY;
	return rlimit(resource);
}

/** port_reclaiming() - true while the running task reclaims memory */
bool *port_reclaiming(void)
{
	return &current->reclaiming;
}

/**
 * port_rlimit_max() - to where it may raise that limit
 * @resource: RLIMIT_*
 */
unsigned long port_rlimit_max(unsigned int resource)
{
	return current->signal->rlim[resource].max;
}

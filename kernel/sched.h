/* SPDX-License-Identifier: MIT */
/*
 * Tasks: everything the kernel knows about one thread, and what threads of
 * a process share. Names as in Linux.
 *
 *   task_struct ── mm        address space          (CLONE_VM)
 *              ├── files     descriptors            (CLONE_FILES)
 *              ├── fs        cwd, root, umask       (CLONE_FS)
 *              ├── sighand   handlers               (CLONE_SIGHAND)
 *              └── signal    what makes a process   (CLONE_THREAD)
 *
 * The kernel is not preempted: a task in kernel mode runs until it sleeps,
 * calls cond_resched() or returns to its program. Interrupts come at any time
 * (but where they are off) and only wake tasks, count, and fill ring buffers:
 * they allocate nothing and take no core lock.
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <ashlar/types.h>
#include <i386.h> /* struct thread_struct, struct pt_regs */
#include <kernel/signal.h>
#include <kernel/wait.h>
#include <mach/percpu.h>

typedef int pid_t;

#define HZ 1000 /* timer interrupts a second */
#define USER_HZ 100 /* what times and /proc count in */

/* task_struct::state */
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_STOPPED 4
#define EXIT_ZOMBIE 16
#define EXIT_DEAD 32

/* task_struct::flags */
#define PF_EXITING 0x4u
#define PF_FORKNOEXEC 0x40u
#define PF_KTHREAD 0x200000u
#define PF_OOM_VICTIM 0x400000u

/* task_struct::tif, what is to be done before user mode; also read by entry.S
 * (TASK_TIF, TASK_* offsets are checked at build time). */
#define TIF_NEED_RESCHED 0x1u
#define TIF_SIGPENDING 0x2u

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable;
	u32 ngroups;
	u32 groups[32];
};

struct fs_struct { /* kernel/fs */
	atomic_t count;
	int umask;
	struct dentry *root, *pwd;
	struct mount *root_mnt, *pwd_mnt;
};

struct files_struct; /* kernel/fs/file.c */
struct tty_struct; /* kernel/drivers/tty.h */
struct shm_attachments;
struct restart_block {
	long (*fn)(struct restart_block *r);
	u64 expires; /* ns */
	u32 a, b, c, d;
};

struct rlimit {
	unsigned long cur, max; /* soft and hard; RLIM_INFINITY */
};

struct rusage_counts {
	u64 utime, stime; /* ns */
	unsigned long min_flt, maj_flt, nvcsw, nivcsw, maxrss; /* maxrss: KB */
};

/* A timer: @fn runs in the timer interrupt. Code: kernel/timer.c. */
struct timer {
	struct rb_node node;
	u64 expires; /* ns of CLOCK_MONOTONIC */
	void (*fn)(struct timer *t);
	bool active;
};

struct itimer {
	struct timer timer; /* ITIMER_REAL */
	u64 interval; /* ns */
	u64 value; /* ns left: ITIMER_VIRTUAL, ITIMER_PROF */
};

struct signal_struct {
	atomic_t count; /* tasks */
	int nr_threads; /* alive */
	struct list_head thread_head; /* task_struct::thread_node */
	struct sigpending shared_pending;
	struct wait_queue_head wait_chldexit;
	int group_exit_code;
	bool group_exit; /* exit_group, or a fatal signal */
	struct task_struct *group_exec_task; /* execve waits for the others */
	int group_stop_count;
	bool stopped, stop_reported, cont_reported;
	int stop_code;
	pid_t pgrp, session;
	bool leader; /* of its session */
	struct tty_struct *tty; /* controlling, or NULL */
	struct rlimit rlim[RLIM_NLIMITS];
	struct itimer itimer[3];
	struct list_head posix_timers;
	struct rusage_counts dead; /* of threads that ended */
	struct rusage_counts children; /* waited for */
	short oom_score_adj, oom_score_adj_min;
	bool is_child_subreaper;
};

struct task_struct {
	/* The port's part first: its assembly knows these two offsets. */
	unsigned int tif; /* TIF_* */
	struct thread_struct thread; /* registers while it does not run */

	void *stack; /* lowest byte of its kernel stack */
	volatile long state; /* TASK_*; 0: wants to run */
	int exit_state; /* EXIT_* */
	int exit_code; /* as wait4 gives it */
	int exit_signal; /* to the parent; -1: a thread, nobody is told */
	int pdeath_signal;
	unsigned int flags; /* PF_* */
	atomic_t usage;
	pid_t pid, tgid;
	char comm[16];

	struct mm_struct *mm; /* NULL: kernel thread */
	struct mm_struct *active_mm; /* loaded while it runs */
	struct files_struct *files;
	struct fs_struct *fs;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct cred *cred; /* its own copy */

	sigset_t blocked, saved_sigmask;
	bool restore_sigmask;
	struct sigpending pending;
	u32 sas_ss_sp, sas_ss_size, sas_ss_flags;
	struct restart_block restart_block;

	struct task_struct *real_parent, *parent, *group_leader;
	struct list_head children, sibling; /* of the leader: processes */
	struct list_head thread_node; /* signal->thread_head */
	struct list_head tasks; /* all_tasks: group leaders */
	struct list_head pid_chain; /* hash of pids: every thread */
	struct wait_queue_entry *vfork_done; /* parent waits in vfork */
	bool vfork_waiting;

	struct list_head run_list; /* run queue */
	int static_prio; /* 120 + nice */
	int policy, rt_priority;
	unsigned int time_slice; /* timer interrupts left */
	u64 vruntime;
	u64 start_time, start_boottime; /* ns of CLOCK_MONOTONIC */
	u64 exec_start;
	struct rusage_counts ru;

	u32 set_child_tid, clear_child_tid, robust_list; /* user addresses */
	bool did_exec, no_new_privs, dumpable;
	int securebits;
	u32 personality;
	u32 syscall_nr; /* running, for /proc and restart */
};

DECLARE_PER_CPU(struct task_struct *, current_task);
#define current (*this_cpu_ptr(current_task))

extern struct task_struct init_task; /* the idle task, pid 0 */
extern struct list_head all_tasks; /* group leaders, by age */
extern int nr_threads; /* in the system */
extern unsigned long total_forks;

#define for_each_process(p) list_for_each_entry(p, &all_tasks, tasks)
#define for_each_thread(p, t) \
	list_for_each_entry(t, &(p)->signal->thread_head, thread_node)

static inline bool signal_pending(struct task_struct *t)
{
	return t->tif & TIF_SIGPENDING;
}

static inline unsigned long rlimit(unsigned int which)
{
	return current->signal->rlim[which].cur;
}

/* A fatal signal is on its way: waits that nothing else ends may end. */
bool fatal_signal_pending(struct task_struct *t);

/* ---- kernel/sched.c ---- */
void schedule(void); /* give the CPU away; sleeps if state says so */
void sched_init(void);
void wake_up_process(struct task_struct *t); /* any context */
void wake_up_state(struct task_struct *t, unsigned int states);
void wake_up_new_task(struct task_struct *t);
void scheduler_tick(bool user); /* from the timer interrupt */
void schedule_tail(struct task_struct *prev); /* a new task's first step */
/* Sleep in the state that is set, until @expires (ns of CLOCK_MONOTONIC) at
 * the latest; whether it was reached. */
bool schedule_until(u64 expires);
unsigned long nr_running(void);
unsigned long long nr_context_switches(void);
void get_avenrun(unsigned long loads[3]); /* fixed point, 11 bits */
u64 idle_time_ns(void);

static inline void set_current_state(long state)
{
	current->state = state;
}

static inline void cond_resched(void)
{
	if (current->tif & TIF_NEED_RESCHED)
		schedule();
}

/* ---- kernel/fork.c, exit.c, exec.c, kthread.c ---- */
struct kernel_clone_args {
	u64 flags; /* CLONE_* */
	u32 pidfd, child_tid, parent_tid; /* user addresses */
	int exit_signal;
	u32 stack, stack_size, tls; /* stack: its lowest byte + stack_size */
	int (*fn)(void *arg); /* kernel thread */
	void *fn_arg;
};
long kernel_clone(struct kernel_clone_args *args); /* pid or -errno */
pid_t kernel_thread(int (*fn)(void *arg), void *arg, const char *name);
void do_exit(long code) __attribute__((noreturn));
void do_group_exit(long code) __attribute__((noreturn));
void put_task_struct(struct task_struct *t);
struct task_struct *find_task_by_pid(pid_t pid); /* any thread; no reference */
/* Kernel strings; for process 1. */
int kernel_execve(const char *path, const char *const *argv,
		  const char *const *envp);
/* @t's address space with a user reference, or NULL. */
struct mm_struct *get_task_mm(struct task_struct *t);

/* ---- kernel/cred.c ---- */
#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_IPC_LOCK 14
#define CAP_IPC_OWNER 15
#define CAP_SYS_RAWIO 17
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_LAST_CAP 40

static inline bool capable(int cap)
{
	return current->cred->cap_effective & (1ull << cap);
}

/* ---- kernel/time.c, timer.c ---- */
u64 ktime_get(void); /* ns since boot, never back */
u64 ktime_get_real(void); /* ns since 1970 */
void timer_setup(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, u64 expires);
bool timer_stop(struct timer *t); /* was it still to come? */

/* ---- kernel/printk.c ---- */
int printk(const char *fmt, ...) __printf_like(1, 2);
void panic(const char *fmt, ...) __printf_like(1, 2)
	__attribute__((noreturn));

#endif

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

#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <ashlar/types.h>
#include <i386.h> /* struct thread_struct, struct pt_regs */
#include <kernel/sched/wait.h>
#include <kernel/sched/workqueue.h>
#include <kernel/signal/signal.h>
#include <mach/percpu.h>

typedef int pid_t;

#define HZ 1000 /* timer interrupts a second */
#define USER_HZ 100 /* what times and /proc count in */

/* task_struct::state */
#define TASK_RUNNING 0
#define TASK_INTERRUPTIBLE 1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_STOPPED 4
#define TASK_DEAD 64 /* switched away from for the last time */
#define TASK_WAKEKILL 256 /* with another: SIGKILL wakes it */
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_KILLABLE (TASK_UNINTERRUPTIBLE | TASK_WAKEKILL)

/* task_struct::exit_state */
#define EXIT_ZOMBIE 16
#define EXIT_DEAD 32

/* task_struct::flags */
#define PF_IDLE 0x2u
#define PF_EXITING 0x4u
#define PF_FORKNOEXEC 0x40u
#define PF_SUPERPRIV 0x100u
#define PF_KTHREAD 0x200000u
#define PF_OOM_VICTIM 0x400000u

/* task_struct::tif, what is to be done before user mode; also read by entry.S
 * (TASK_TIF, TASK_* offsets are checked at build time). */
#define TIF_NEED_RESCHED 0x1u
#define TIF_SIGPENDING 0x2u
#define TIF_CPU_LIMIT 0x4u

/* task_struct::policy */
#define SCHED_NORMAL 0
#define SCHED_FIFO 1
#define SCHED_RR 2
#define SCHED_BATCH 3
#define SCHED_IDLE 5

#define MAX_RT_PRIO 100 /* 1 … 99; nice tasks are 100 … 139 */
#define DEFAULT_PRIO 120

#define CRED_GROUPS 32 /* supplementary ones a task may have */

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable;
	u64 cap_bset, cap_ambient;
	int securebits;
	u32 ngroups;
	u32 groups[CRED_GROUPS];
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
	u64 exec; /* ns on the processor, exact; utime + stime count ticks */
	unsigned long min_flt, maj_flt, nvcsw, nivcsw, maxrss; /* maxrss: KB */
};

/* A timer: @fn runs in the timer interrupt. Code: kernel/time/timer.c. */
struct timer {
	struct rb_node node;
	u64 expires; /* ns of CLOCK_MONOTONIC */
	void (*fn)(struct timer *t);
	bool active;
	bool wall; /* a time of CLOCK_REALTIME: moves when that is set */
	u8 round; /* of the setting that it has moved with */
	u64 wall_offset; /* when it ran out: CLOCK_REALTIME - MONOTONIC */
};

struct itimer {
	struct timer timer; /* ITIMER_REAL */
	struct work_struct work; /* sends the signal */
	u64 interval; /* ns */
	u64 value; /* ns left: ITIMER_VIRTUAL, ITIMER_PROF */
};

/*
 * A process number that is in use: by a thread, by a process group, by a
 * session, by an open pidfd. Only the last of them sets it free.
 */
struct pid {
	atomic_t count;
	pid_t nr;
	struct task_struct *task; /* NULL: reaped, or only a group's */
	struct list_head chain; /* hash by number */
	struct wait_queue_head wait_pidfd;
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
	bool stopped; /* every thread; stop_code is the signal */
	bool stop_reported, continued; /* to the parent; and not yet */
	bool tell_continued; /* SIGCHLD, by the first thread that runs */
	bool init_killable; /* process 1 met a fault of its own */
	int stop_code; /* != 0 from a stop signal to SIGCONT */
	pid_t pgrp, session; /* changed by kernel/task/pid.c alone */
	struct pid *pgrp_pid, *session_pid; /* hold these numbers */
	bool leader; /* of its session */
	struct tty_struct *tty; /* controlling, or NULL */
	struct rlimit rlim[RLIM_NLIMITS];
	struct itimer itimer[3];
	struct list_head posix_timers;
	struct list_head sem_undos; /* kernel/ipc/sem.c */
	struct rusage_counts dead; /* of threads that ended */
	struct rusage_counts children; /* waited for */
	short oom_score_adj, oom_score_adj_min;
	bool is_child_subreaper;
	u32 membarrier; /* kinds that it has registered for */
	bool oom_killed;
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
	struct pid *thread_pid;
	char comm[16];

	struct mm_struct *mm; /* NULL: kernel thread */
	struct mm_struct *active_mm; /* loaded while it runs */
	struct files_struct *files;
	struct fs_struct *fs;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct cred *cred; /* its own copy */

	sigset_t blocked, saved_sigmask, real_blocked;
	bool restore_sigmask;
	struct sigpending pending;
	u32 sas_ss_sp, sas_ss_size, sas_ss_flags;
	struct restart_block restart_block;

	struct task_struct *real_parent, *parent, *group_leader;
	struct list_head children, sibling; /* of the leader: processes */
	struct list_head thread_node; /* signal->thread_head */
	struct list_head tasks; /* all_tasks: group leaders */
	struct kmap_ctrl kmap; /* local windows while it does not run */
	struct completion *vfork_done; /* a parent waits in vfork */

	struct rb_node run_node; /* run queue, by vruntime */
	struct list_head run_list; /* or by real-time priority */
	bool on_rq; /* runs or wants to */
	bool in_uninterruptible; /* counted as load while it sleeps */
	bool sched_reset_on_fork;
	int static_prio; /* 120 + nice */
	int policy, rt_priority;
	u16 ioprio; /* ioprio_set; 0: none */
	unsigned int time_slice; /* SCHED_RR: timer interrupts left */
	u64 vruntime; /* weighted ns, see kernel/sched/sched.c */
	u64 slice_start; /* ru.exec when it was last chosen */
	u64 exec_start; /* ns of CLOCK_MONOTONIC: accounted until then */
	u64 start_time, start_boottime; /* ns of CLOCK_MONOTONIC */
	struct rusage_counts ru;

	u32 set_child_tid, clear_child_tid, robust_list; /* user addresses */
	struct list_head pi_locks; /* PI futexes it holds */
	bool did_exec, no_new_privs;
	u32 personality;
	u64 timer_slack, default_timer_slack; /* ns; kept for prctl */
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

/* Would a signal end a sleep in @state? */
static inline bool signal_pending_state(unsigned int state,
					struct task_struct *t)
{
	if (likely(!signal_pending(t)))
		return false;
	return (state & TASK_INTERRUPTIBLE) ||
	       ((state & TASK_WAKEKILL) && fatal_signal_pending(t));
}

/* ---- kernel/sched/sched.c ---- */
void schedule(void); /* give the CPU away; sleeps if state says so */
void sched_init(void);
void wake_up_process(struct task_struct *t); /* any context */
bool wake_up_state(struct task_struct *t, unsigned int states);
void wake_up_new_task(struct task_struct *t);
void scheduler_tick(bool user); /* from the timer interrupt */
void schedule_tail(struct task_struct *prev); /* a new task's first step */
/* Sleep in the state that is set, until @expires (ns of CLOCK_MONOTONIC) at
 * the latest; whether it was reached. */
bool schedule_until(u64 expires);
bool schedule_until_wall(u64 expires); /* moves when the clock is set */
void sched_fork(struct task_struct *p);
void sched_update_current(void); /* accounts current up to now */
void sched_change_prio(struct task_struct *p, int policy, int rt_priority,
		       int static_prio);
void sched_yield_current(void);
unsigned long nr_running(void);
unsigned long nr_uninterruptible(void);
unsigned long long nr_context_switches(void);
void get_avenrun(unsigned long loads[3]); /* fixed point, 11 bits */

/* Where the processor's time went, by timer interrupts; ns. */
struct kernel_cpustat {
	u64 user, nice, system, irq, idle;
};
extern struct kernel_cpustat kernel_cpustat;

static inline u64 idle_time_ns(void)
{
	return kernel_cpustat.idle;
}

static inline void set_current_state(long state)
{
	current->state = state;
}

static inline bool need_resched(void)
{
	return READ_ONCE(current->tif) & TIF_NEED_RESCHED;
}

static inline void cond_resched(void)
{
	if (unlikely(need_resched()))
		schedule();
}

static inline bool rt_task(const struct task_struct *t)
{
	return t->policy == SCHED_FIFO || t->policy == SCHED_RR;
}

static inline int task_nice(const struct task_struct *t)
{
	return t->static_prio - DEFAULT_PRIO;
}

/* ---- kernel/task/pid.c ---- */
struct pid *alloc_pid(void); /* with one reference, or ERR_PTR */
void get_pid(struct pid *pid);
void put_pid(struct pid *pid);
struct pid *find_pid(pid_t nr); /* no reference; NULL */
struct task_struct *find_task_by_pid(pid_t pid); /* any thread; no reference */
/* The process with the smallest number >= @pid; no reference; NULL. */
struct task_struct *next_process(pid_t pid);
void set_signal_pgrp(struct signal_struct *sig, struct pid *pid);
void set_signal_session(struct signal_struct *sig, struct pid *pid);
extern pid_t last_pid; /* the number given out last */
extern int pid_max;

/* ---- kernel/task/fork.c, exit.c, wait4.c, exec.c, kthread.c ---- */
struct kernel_clone_args {
	u64 flags; /* CLONE_* */
	u32 pidfd, child_tid, parent_tid; /* user addresses */
	int exit_signal;
	u32 stack; /* the child's stack pointer; 0: the parent's */
	u32 tls; /* struct user_desc __user * */
	int (*fn)(void *arg); /* kernel thread */
	void *fn_arg;
	const char *name; /* of a kernel thread */
};
long kernel_clone(struct kernel_clone_args *args); /* pid or -errno */
pid_t kernel_thread(int (*fn)(void *arg), void *arg, const char *name);
void do_exit(long code) __attribute__((noreturn));
void do_group_exit(long code) __attribute__((noreturn));
void release_task(struct task_struct *t);
void put_task_struct(struct task_struct *t);
/* Kernel strings; for process 1. Returns only if it failed. */
int kernel_execve(const char *path, const char *const *argv,
		  const char *const *envp);
/* @t's address space with a user reference, or NULL. */
struct mm_struct *get_task_mm(struct task_struct *t);
void set_task_comm(struct task_struct *t, const char *name);
void task_cputime(struct task_struct *t, u64 *utime, u64 *stime); /* ns */
/* Of all threads of a process, ended ones too. */
void thread_group_cputime(struct task_struct *t, u64 *utime, u64 *stime);
void thread_group_rusage(struct task_struct *t, struct rusage_counts *sum);
void add_rusage(struct rusage_counts *to, const struct rusage_counts *from);

static inline void get_task_struct(struct task_struct *t)
{
	atomic_inc(&t->usage);
}

extern struct task_struct *child_reaper; /* process 1 */
extern int max_threads; /* kernel.threads-max, by memory */

/* ---- kernel/task/resource.c ---- */
void check_cpu_limit(void); /* RLIMIT_CPU of current */

/* ---- kernel/task/cred.c ---- */
#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_IPC_LOCK 14
#define CAP_IPC_OWNER 15
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_WAKE_ALARM 35
#define CAP_LAST_CAP 40
#define CAP_FULL_SET ((1ull << (CAP_LAST_CAP + 1)) - 1)

static inline bool capable(int cap)
{
	return current->cred->cap_effective & (1ull << cap);
}

bool in_group_p(u32 gid); /* fsgid or a supplementary group */
/* ptrace_may_access(): to read or to change, by which of the user numbers */
#define PTRACE_MODE_READ 0x1u
#define PTRACE_MODE_ATTACH 0x2u
#define PTRACE_MODE_FSCREDS 0x8u
#define PTRACE_MODE_REALCREDS 0x10u
#define PTRACE_MODE_READ_FSCREDS (PTRACE_MODE_READ | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_READ_REALCREDS (PTRACE_MODE_READ | PTRACE_MODE_REALCREDS)
#define PTRACE_MODE_ATTACH_FSCREDS (PTRACE_MODE_ATTACH | PTRACE_MODE_FSCREDS)
#define PTRACE_MODE_ATTACH_REALCREDS \
	(PTRACE_MODE_ATTACH | PTRACE_MODE_REALCREDS)

bool ptrace_may_access(const struct task_struct *task, unsigned int mode);
/* @task's space with a user reference, NULL if it has none, or
 * ERR_PTR(-EACCES). */
struct mm_struct *mm_access(struct task_struct *task, unsigned int mode);
/* The running task, which was @old, is somebody else: its space is closed. */
void cred_changed(const struct cred *old);

/* ---- kernel/time/time.c, timer.c ---- */
#define NSEC_PER_SEC 1000000000u
#define NSEC_PER_MSEC 1000000u
#define NSEC_PER_USEC 1000u
#define TICK_NSEC (NSEC_PER_SEC / HZ)

u64 ktime_get(void); /* ns since boot, never back */
u64 ktime_get_real(void); /* ns since 1970 */
u64 ktime_get_coarse(void); /* of the last timer interrupt */
u64 ktime_get_real_coarse(void); /* for time stamps of files */
void timer_interrupt(struct pt_regs *regs);
void timer_setup(struct timer *t, void (*fn)(struct timer *t));
void timer_start(struct timer *t, u64 expires);
bool timer_stop(struct timer *t); /* was it still to come? */
u64 timer_forward(struct timer *t, u64 interval);
void timers_clock_set(s64 delta); /* CLOCK_REALTIME went so far ahead, ns */
void run_timers(u64 now);
int posix_clock_read(int clock, u64 *ns); /* any CLOCK_*; 0 or -EINVAL */
void msleep(unsigned int ms);

/* @ns as seconds and the rest; one division, for @ns < 2^32 s. */
static inline u64 ns_to_seconds(u64 ns, u32 *rest)
{
	u32 sec;

	if (unlikely((u32)(ns >> 32) >= NSEC_PER_SEC)) {
		*rest = (u32)(ns % NSEC_PER_SEC);
		return ns / NSEC_PER_SEC;
	}
	__asm__("divl %4"
		: "=a"(sec), "=d"(*rest)
		: "0"((u32)ns), "1"((u32)(ns >> 32)), "rm"(NSEC_PER_SEC)
		: "cc");
	return sec;
}

/* Clock ticks of USER_HZ, as times(2) and /proc count them. */
static inline u64 nsec_to_clock_t(u64 ns)
{
	return ns / (NSEC_PER_SEC / USER_HZ);
}

/* ---- kernel/printk.c ---- */
int printk(const char *fmt, ...) __printf_like(1, 2);
void panic(const char *fmt, ...) __printf_like(1, 2) __attribute__((noreturn));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Tasks: everything the kernel knows about one thread. Names as in Linux.
 *
 *   task_struct ── mm        address space          (CLONE_VM)
 *              ├── files     descriptors            (CLONE_FILES)
 *              ├── fs        cwd, root, umask       (CLONE_FS)
 *              ├── sighand   handlers               (CLONE_SIGHAND)
 *              └── signal    what makes a process   (CLONE_THREAD)
 */
#ifndef KERNEL_TASK_TASK_H
#define KERNEL_TASK_TASK_H

#include <ashlar/atomic.h>
#include <ashlar/compiler.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/types.h>
#include <i386.h> /* struct thread_struct */
#include <kernel/signal/signal.h>
#include <kernel/task/resource.h>
#include <mach/percpu.h>

struct completion;
struct cred;
struct files_struct;
struct fs_struct;
struct mm_struct;
struct pid;
struct signal_struct;

typedef int pid_t;

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
/* Of a traced task, in its system calls and between its instructions. */
#define TIF_SYSCALL_TRACE 0x8u
#define TIF_SYSCALL_EMU 0x10u
#define TIF_SINGLESTEP 0x20u
#define TIF_FORCED_TF 0x40u /* the trap flag is not the program's own */

struct restart_block {
	long (*fn)(struct restart_block *r);
	u64 expires; /* ns */
	u32 a, b, c, d;
};

struct task_struct {
	/* The port's part first: its assembly knows these two offsets. */
	unsigned int tif; /* TIF_* */
	struct thread_struct thread; /* registers while it does not run */

	void *stack; /* lowest byte of its kernel stack */
	volatile long state; /* TASK_*; 0: wants to run */
	int exit_state; /* EXIT_* */
	int exit_code; /* as wait4 gives it */
	int exit_signal; /* to the parent; -1: a thread, sends none */
	int pdeath_signal;
	unsigned int flags; /* PF_* */
	bool reclaiming; /* memory: it may use the reserve */
	bool in_memstall, in_iowait; /* for kernel/sched/psi.c */
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

	u32 ptrace, ptrace_options; /* PT_*, PTRACE_O_* */
	u32 ptrace_message; /* PTRACE_GETEVENTMSG */
	u32 jobctl; /* JOBCTL_* */
	struct siginfo *last_siginfo; /* why it is TASK_TRACED, or NULL */
	bool ptracer_capable; /* the tracer may trace what gains rights */
	struct list_head ptraced; /* of the leader: whom it traces */
	struct list_head ptrace_entry; /* in the tracer's ptraced */

	struct task_struct *real_parent; /* leader of its parent's process */
	struct task_struct *parent; /* tracer's leader, or real_parent */
	struct task_struct *group_leader;
	pid_t parent_tid; /* the thread whose child it is, for __WNOTHREAD */
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
	u32 mempolicy; /* <ashlar/mempolicy.h> */
	unsigned int time_slice; /* SCHED_RR: timer interrupts left */
	u64 vruntime; /* weighted ns, see kernel/sched/sched.c */
	u64 slice_start; /* ru.exec when it was last chosen */
	u64 exec_start; /* ns of CLOCK_MONOTONIC: accounted until then */
	u64 start_time, start_boottime; /* ns of CLOCK_MONOTONIC */
	struct rusage_counts ru;

	u32 set_child_tid, clear_child_tid, robust_list; /* user addresses */
	struct list_head pi_locks; /* PI futexes it holds */
	bool did_exec, no_new_privs, made_children;
	u32 personality; /* kernel/task/personality.h */
	u64 timer_slack, default_timer_slack; /* ns; kept for prctl */
	u32 syscall_nr; /* running, for /proc and restart */
};

DECLARE_PER_CPU(struct task_struct *, current_task);
#define current (*this_cpu_ptr(current_task))

extern struct task_struct init_task; /* the idle task, pid 0 */
extern struct list_head all_tasks; /* group leaders, by age */
extern int nr_threads; /* in the system */
extern unsigned long total_forks;

extern struct task_struct *child_reaper; /* process 1 */
extern int max_threads; /* kernel.threads-max, by memory */

#define for_each_process(p) list_for_each_entry(p, &all_tasks, tasks)

static inline void get_task_struct(struct task_struct *t)
{
	atomic_inc(&t->usage);
}
void put_task_struct(struct task_struct *t);
/* @t's address space with a user reference, or NULL. */
struct mm_struct *get_task_mm(struct task_struct *t);
void set_task_comm(struct task_struct *t, const char *name);

static inline bool signal_pending(struct task_struct *t)
{
	return t->tif & TIF_SIGPENDING;
}

/* A fatal signal is on its way: waits that nothing else ends may end. */
bool fatal_signal_pending(struct task_struct *t);

#endif

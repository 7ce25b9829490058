/* SPDX-License-Identifier: MIT */
/* New tasks. Code: kernel/task/fork.c, clone.c. */
#ifndef KERNEL_TASK_CLONE_H
#define KERNEL_TASK_CLONE_H

#include <kernel/task/task.h>

struct sighand_struct;
struct signal_struct;

#define CLONE_NEWTIME 0x80u
#define CSIGNAL 0xffu
#define CLONE_VM 0x100u
#define CLONE_FS 0x200u
#define CLONE_FILES 0x400u
#define CLONE_SIGHAND 0x800u
#define CLONE_PIDFD 0x1000u
#define CLONE_PTRACE 0x2000u
#define CLONE_VFORK 0x4000u
#define CLONE_PARENT 0x8000u
#define CLONE_THREAD 0x10000u
#define CLONE_NEWNS 0x20000u
#define CLONE_SYSVSEM 0x40000u
#define CLONE_SETTLS 0x80000u
#define CLONE_PARENT_SETTID 0x100000u
#define CLONE_CHILD_CLEARTID 0x200000u
#define CLONE_DETACHED 0x400000u
#define CLONE_UNTRACED 0x800000u
#define CLONE_CHILD_SETTID 0x1000000u
#define CLONE_NEWCGROUP 0x2000000u
#define CLONE_NEWUTS 0x4000000u
#define CLONE_NEWIPC 0x8000000u
#define CLONE_NEWUSER 0x10000000u
#define CLONE_NEWPID 0x20000000u
#define CLONE_NEWNET 0x40000000u
#define CLONE_IO 0x80000000u
#define CLONE_CLEAR_SIGHAND 0x100000000ull
#define CLONE_INTO_CGROUP 0x200000000ull

#define CLONE_NAMESPACES                                                \
	(CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
	 CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

struct kernel_clone_args {
	u64 flags; /* CLONE_* */
	u32 pidfd, child_tid, parent_tid; /* user addresses */
	int exit_signal;
	u32 stack; /* the child's stack pointer; 0: the parent's */
	u32 tls; /* struct user_desc __user * */
	int (*fn)(void *arg); /* kernel thread */
	void *fn_arg;
	const char *name; /* of a kernel thread */
	pid_t set_tid; /* its number; 0: any */
	int event; /* PTRACE_EVENT_* that the tracer asked for, or 0 */
};
long kernel_clone(struct kernel_clone_args *args); /* pid or -errno */
pid_t kernel_thread(int (*fn)(void *arg), void *arg, const char *name);

/* The last user of handlers, process data, credentials. kernel/task/fork.c */
void put_sighand(struct sighand_struct *sighand);
struct sighand_struct *alloc_sighand(void);
void put_signal_struct(struct signal_struct *sig);

#endif

/* SPDX-License-Identifier: MIT */
/* What fork, exit and exec share among themselves. */
#ifndef KERNEL_PID_H
#define KERNEL_PID_H

#include <kernel/sched.h>

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

void pid_init(void);

/* A task leaves @mm: vfork's parent goes on, clear_child_tid is cleared,
 * robust futexes are let go. @t is current. kernel/task/exit.c */
void mm_release(struct task_struct *t);
/* The thread is off all lists and hashes. kernel/task/exit.c */
void unhash_process(struct task_struct *t);
/* The last user of handlers, process data, credentials. kernel/task/fork.c */
void put_sighand(struct sighand_struct *sighand);
struct sighand_struct *alloc_sighand(void);
void put_signal_struct(struct signal_struct *sig);
void free_cred(struct cred *cred); /* kernel/task/cred.c */
struct cred *copy_cred(const struct cred *old); /* NULL: no memory */
void cred_init(void);
/* A pidfd for @pid: the descriptor, not yet installed, and its file. */
int pidfd_prepare(struct pid *pid, u32 flags, struct file **file);

void oom_init(void); /* kernel/memory/oom.c */

/* cred::securebits */
#define SECURE_NOROOT 0x1
#define SECURE_NO_SETUID_FIXUP 0x4
#define SECURE_KEEP_CAPS 0x10

/* ---- kernel/sched/futex.c ---- */
void futex_init(void);
void exit_robust_list(struct task_struct *t);
void exit_pi_state(struct task_struct *t);
long futex_wake_address(u32 uaddr, int nr); /* of current's, private */

/* ---- kernel/binfmt_*.c, exec.c: a program on its way ---- */
#define BINPRM_BUF_SIZE 256

struct linux_binprm {
	struct file *file; /* marked as executed */
	const char *filename; /* as it was called: AT_EXECFN */
	const char *interp; /* the file that runs: a script's interpreter */
	char *interp_buf, *fd_name; /* kmalloc'ed, or NULL */
	struct mm_struct *mm; /* being filled; NULL once it is current's */
	unsigned long p; /* top of what lies on the new stack */
	unsigned long arg_start; /* lowest byte of the last argument pushed */
	unsigned long exec; /* user address of the file's name */
	unsigned long page_addr; /* of page, 0: none */
	struct page *page; /* last page of the new stack that was written */
	int argc, envc;
	unsigned int depth; /* scripts that call scripts */
	unsigned long arg_min; /* the arguments must stay above */
	struct cred *cred; /* as it will be */
	bool secure; /* AT_SECURE */
	bool unreadable; /* by the caller: it or its interpreter */
	bool past_return; /* the old program is gone */
	bool fd_path_closed; /* /dev/fd/N will be closed */
	u8 buf[BINPRM_BUF_SIZE]; /* the file's beginning, zero-filled */
};

int load_elf_binary(struct linux_binprm *bprm);
int load_script(struct linux_binprm *bprm);
/* Point of no return: the other threads end, the new space is loaded. */
int begin_new_exec(struct linux_binprm *bprm);
struct file *open_exec(int dfd, const char *name, int flags);
int copy_string_kernel(struct linux_binprm *bprm, const char *s);
int remove_arg_zero(struct linux_binprm *bprm);

#endif

/* SPDX-License-Identifier: MIT */
/* A tracer's steps, for the programs that test tracing. */
#ifndef TRACE_H
#define TRACE_H

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define STOPPED(sig) ((sig) << 8 | 0x7f)
#define EVENT(e) ((SIGTRAP | (e) << 8) << 8 | 0x7f)
#define SYSCALL_STOP STOPPED(SIGTRAP | 0x80)
#define KILLED(sig) (sig)
#define EXITED(code) ((code) << 8)
#define R_ORIG_EAX offsetof(struct user_regs_struct, orig_eax)
#define R_EIP offsetof(struct user_regs_struct, eip)
#define R_EAX offsetof(struct user_regs_struct, eax)
#define R_EFLAGS offsetof(struct user_regs_struct, eflags)
#define DR(n) (offsetof(struct user, u_debugreg) + 4 * (n))

/* The system call itself: glibc's ptrace hides what it returns. */
static inline long trace(long request, pid_t pid, unsigned long addr,
			 void *data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}
#define DATA(n) ((void *)(unsigned long)(n))

static inline long peekuser(pid_t pid, unsigned long addr)
{
	long word = -1;

	need(trace(PTRACE_PEEKUSR, pid, addr, &word) == 0);
	return word;
}

/* The next news of @pid. */
static inline int next(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, __WALL) != pid)
		return -errno;
	return status;
}

static inline int go(long request, pid_t pid, int sig)
{
	need(trace(request, pid, 0, DATA(sig)) == 0);
	return next(pid);
}

static inline void end(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, __WALL) == pid)
		;
}

/* A child that is traced and has stopped once; the parent gets here, too. */
static inline pid_t traced(void (*fn)(void))
{
	pid_t pid = fork();

	need(pid >= 0);
	if (pid == 0) {
		if (trace(PTRACE_TRACEME, 0, 0, NULL))
			_exit(99);
		raise(SIGSTOP);
		fn();
		_exit(0);
	}
	is(next(pid), STOPPED(SIGSTOP));
	return pid;
}

/* What a child does that has nothing to do. */
static __attribute__((noinline, unused)) void nothing(void)
{
	__asm__ volatile("nop; nop; nop; nop" ::: "memory");
}

#endif

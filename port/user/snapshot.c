/* SPDX-License-Identifier: MIT */
/*
 * A copy of the process, for who looks at it: one moment, in which nothing
 * moves, while the process goes on.
 *
 *   reader ── signal ──► the process   all threads held (hold.c)
 *                         └ vfork ──► a helper, in the same memory
 *                         │            └ fork ──► the copy: no descriptors,
 *                         │ ◄─ ends ─┘            no signals; waits until the
 *                         waits for it            reader ends it, or is gone
 *
 * The helper's end makes the copy no child of the process: that sees neither a
 * child it did not start nor a SIGCHLD. fork() of the C library would run
 * handlers and take locks; these are the kernel's calls alone.
 */
#include <ashlar/port.h>
#include <ashlar/root.h>
#include <linux/sched.h>
#include <sys/wait.h>
#include "sys.h"
#include "user.h"

#define SECONDS_MOST 150

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static void block_signals(u64 mask, u64 *before)
{
	sys6(SYS_rt_sigprocmask, 2 /* SIG_SETMASK */, (long)&mask, (long)before,
	     sizeof(mask), 0, 0);
}

/* Others may wait for the end of what comes through a descriptor. */
static void close_all(void)
{
	int fd;

	if (!sys_is_error(sys6(SYS_close_range, 0, ~0u, 0, 0, 0, 0)))
		return;
	for (fd = 0; fd < 1024; fd++)
		sys6(SYS_close, fd, 0, 0, 0, 0, 0);
}

static __attribute__((__noreturn__)) void end(void)
{
	for (;;)
		sys6(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

/* What the copy does until it is killed. */
static __attribute__((__noreturn__)) void be_copy(int for_pid)
{
	const struct timespec pause = { 0, 100000000 };
	int i;

	close_all();
	ashlar_snapshot.is_copy = ashlar_snapshot.serial + 1;
	for (i = 0; i < SECONDS_MOST * 10; i++) {
		if (sys6(SYS_kill, for_pid, 0, 0, 0, 0, 0) == -ESRCH)
			end();
		sys6(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
	}
	end();
}

/* Inline: the helper must not return from what the process returns from. */
static __always_inline long clone_as(unsigned long flags)
{
	return sys6(SYS_clone, (long)flags, 0, 0, 0, 0, 0);
}

/**
 * snapshot_make() - make a copy of the process
 * @for_pid: the reader: the copy ends when it is gone
 *
 * Context: all other threads are held. The answer is in ashlar_snapshot.
 */
void snapshot_make(int for_pid)
{
	volatile long copy = -EAGAIN;
	long helper;
	u64 before = 0;

	block_signals(~0ull, &before);
	helper = clone_as(CLONE_VM | CLONE_VFORK);
	if (helper == 0) {
		copy = clone_as(0);
		if (copy == 0)
			be_copy(for_pid);
		end();
	}
	if (helper < 0)
		copy = helper;
	else
		while (sys6(SYS_wait4, helper, 0, __WALL, 0, 0, 0) == -EINTR)
			;
	block_signals(before, NULL);
	ashlar_snapshot.pid = (s32)copy;
	__atomic_fetch_add(&ashlar_snapshot.serial, 1, __ATOMIC_RELEASE);
}

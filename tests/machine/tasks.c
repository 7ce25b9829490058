/* SPDX-License-Identifier: MIT */
/*
 * What tasks may ask about each other and about the machine: shared parts,
 * another's descriptors, barriers, priorities, segments. Every expectation was
 * recorded on Linux 6.1.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND };
enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP };
#define IOPRIO(class, level) ((class) << 13 | (level))

static char stack[16384];

static int wait_long(void *unused)
{
	while (!unused)
		pause();
	return 0;
}

static void test_kcmp(void)
{
	pid_t me = getpid(), child;
	int a = open("/dev/null", O_RDONLY), b = open("/dev/null", O_RDONLY);
	int again = dup(a);

	child = clone(wait_long, stack + sizeof(stack), CLONE_FS | SIGCHLD,
		      NULL);
	need(child > 0);
	is(syscall(SYS_kcmp, me, me, KCMP_FILE, a, again), 0);
	is(syscall(SYS_kcmp, me, child, KCMP_FILE, a, a), 0);
	is(syscall(SYS_kcmp, me, me, KCMP_FILE, a, b) > 0, 1);
	is(syscall(SYS_kcmp, me, me, KCMP_FILE, a, b) +
		   syscall(SYS_kcmp, me, me, KCMP_FILE, b, a),
	   3);
	is(syscall(SYS_kcmp, me, me, KCMP_FILE, a, 900), -EBADF);
	is(syscall(SYS_kcmp, me, child, KCMP_FS, 0, 0), 0);
	is(syscall(SYS_kcmp, me, child, KCMP_VM, 0, 0) > 0, 1);
	is(syscall(SYS_kcmp, me, child, KCMP_FILES, 0, 0) > 0, 1);
	is(syscall(SYS_kcmp, me, child, KCMP_SIGHAND, 0, 0) > 0, 1);
	is(syscall(SYS_kcmp, me, 30000, KCMP_VM, 0, 0), -ESRCH);
	is(syscall(SYS_kcmp, me, me, 99, 0, 0), -EINVAL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(a);
	close(b);
	close(again);
}

/* A child's pipe, taken out of it. */
static void test_pidfd_getfd(void)
{
	int ends[2], fd, pidfd;
	char byte = 0;
	pid_t child;

	need(pipe(ends) == 0);
	child = fork();
	if (child == 0) {
		dup2(ends[1], 77);
		write(ends[1], "r", 1);
		wait_long(NULL);
	}
	need(read(ends[0], &byte, 1) == 1);
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 77, 0);
	is(fd >= 0, 1);
	is(write(fd, "x", 1), 1);
	is(read(ends[0], &byte, 1), 1);
	is(byte, 'x');
	is(fcntl(fd, F_GETFD), FD_CLOEXEC);
	is(syscall(SYS_pidfd_getfd, pidfd, 78, 0), -EBADF);
	is(syscall(SYS_pidfd_getfd, pidfd, 77, 1), -EINVAL);
	is(syscall(SYS_pidfd_getfd, fd, 77, 0), -EBADF);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	is(syscall(SYS_pidfd_getfd, pidfd, 77, 0), -ESRCH);
	close(fd);
	close(pidfd);
	close(ends[0]);
	close(ends[1]);
}

static long membarrier(int cmd, unsigned int flags)
{
	return value(syscall(SYS_membarrier, cmd, flags, 0));
}

static void test_membarrier(void)
{
	long all = membarrier(MEMBARRIER_CMD_QUERY, 0);
	pid_t child;
	int status;

	is(all & 0x7f, 0x7f);
	is(membarrier(MEMBARRIER_CMD_GLOBAL, 0), 0);
	is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), -EPERM);
	is(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0), 0);
	is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0), 0);
	is(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0), -EPERM);
	is(membarrier(MEMBARRIER_CMD_GLOBAL, 1), -EINVAL);
	is(membarrier(1 << 20, 0), -EINVAL);
	child = fork();
	if (child == 0)
		_exit(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0) != 0);
	waitpid(child, &status, 0);
	is(status, 0); /* a child is registered, too */
}

static void test_ioprio(void)
{
	int best = IOPRIO(2, 3), set = SYS_ioprio_set, get = SYS_ioprio_get;

	is(syscall(get, IOPRIO_WHO_PROCESS, 0), 0);
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, best), 0);
	is(syscall(get, IOPRIO_WHO_PROCESS, 0), best);
	is(syscall(get, IOPRIO_WHO_PROCESS, getpid()), best);
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, IOPRIO(2, 8)), -EINVAL);
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, IOPRIO(0, 1)), -EINVAL);
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, IOPRIO(4, 0)), -EINVAL);
	is(syscall(set, IOPRIO_WHO_PROCESS, 30000, best), -ESRCH);
	is(syscall(get, 0, 0), -EINVAL);
	is(syscall(get, 4, 0), -EINVAL);
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, IOPRIO(3, 0)), 0);
	is(syscall(get, IOPRIO_WHO_PROCESS, 0), IOPRIO(3, 0));
	is(syscall(set, IOPRIO_WHO_PROCESS, 0, 0), 0);
}

static void test_no_segment(void)
{
	struct user_desc d;
	unsigned int entry;

	memset(&d, 0, sizeof(d));
	d.entry_number = -1u;
	is(syscall(SYS_set_thread_area, &d), 0);
	entry = d.entry_number;
	is(syscall(SYS_get_thread_area, &d), 0);
	is(d.entry_number, entry);
	is(d.read_exec_only, 1);
	is(d.seg_not_present, 1);
}

static void test_setns(void)
{
	int fd = open("/dev/null", O_RDONLY);

	is(syscall(SYS_setns, 900, 0), -EBADF);
	is(syscall(SYS_setns, fd, 0), -EINVAL);
	close(fd);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "kcmp", test_kcmp },
		{ "pidfd_getfd", test_pidfd_getfd },
		{ "membarrier", test_membarrier },
		{ "ioprio", test_ioprio },
		{ "set_thread_area", test_no_segment },
		{ "setns", test_setns },
	};
	unsigned int i;

	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		int before = checks_failed;

		tests[i].run();
		check(checks_failed == before, tests[i].name, "see above");
	}
	return checks_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * What tasks may ask about each other and about the machine: shared parts,
 * another's descriptors, barriers, priorities, segments, capabilities, timers.
 * Every expectation was recorded on Linux 6.1.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

enum {
	KCMP_FILE,
	KCMP_VM,
	KCMP_FILES,
	KCMP_FS,
	KCMP_SIGHAND,
	KCMP_IO,
	KCMP_SYSVSEM
};
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

/* A program's semaphores that are undone, and what disks know of it. */
static void test_kcmp_rest(void)
{
	struct sembuf up = { 0, 1, SEM_UNDO };
	pid_t me = getpid(), child = fork();
	int id = semget(IPC_PRIVATE, 1, 0600);

	while (child == 0)
		pause();
	need(child > 0 && id >= 0);
	is(syscall(SYS_kcmp, me, child, KCMP_IO, 0, 0), 0);
	is(syscall(SYS_kcmp, me, child, KCMP_SYSVSEM, 0, 0), 0);
	is(semop(id, &up, 1), 0);
	is(syscall(SYS_kcmp, me, child, KCMP_SYSVSEM, 0, 0) > 0, 1);
	is(syscall(SYS_kcmp, me, me, KCMP_SYSVSEM, 0, 0), 0);
	is(syscall(SYS_kcmp, me, child, KCMP_IO, 0, 0), 0);
	kill(child, SIGKILL);
	is(waitpid(child, NULL, 0), child);
	is(semctl(id, 0, IPC_RMID), 0);
}

/* The line of a report of ours that begins so, after its title. */
static const char *line_of(const char *path, const char *title)
{
	static char text[4096];
	int fd = open(path, O_RDONLY);
	int n = fd < 0 ? -1 : (int)read(fd, text, sizeof(text) - 1);
	char *at;

	close(fd);
	need(n >= 0);
	text[n] = 0;
	at = strstr(text, title);
	return at ? at + strlen(title) : "";
}

static void set_caps(unsigned int permitted, unsigned int inheritable)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = {
		{ permitted, permitted, inheritable }, { 0, 0, 0 }
	};

	need(syscall(SYS_capset, &h, d) == 0);
}

#define AMBIENT(what, cap) prctl(PR_CAP_AMBIENT, what, cap, 0, 0)
#define RAISE PR_CAP_AMBIENT_RAISE
#define IS_SET PR_CAP_AMBIENT_IS_SET

static void with_ambient(void)
{
	need(prctl(PR_SET_KEEPCAPS, 1) == 0);
	need(setresuid(1000, 1000, 1000) == 0);
	set_caps(1 << CAP_KILL | 1 << CAP_CHOWN, 1 << CAP_KILL);
	is(AMBIENT(RAISE, CAP_CHOWN), -EPERM);
	is(AMBIENT(RAISE, 63), -EINVAL);
	is(AMBIENT(9, CAP_KILL), -EINVAL);
	is(prctl(PR_CAP_AMBIENT, RAISE, CAP_KILL, 1, 0), -EINVAL);
	is(AMBIENT(RAISE, CAP_KILL), 0);
	is(AMBIENT(IS_SET, CAP_KILL), 1);
	is(AMBIENT(PR_CAP_AMBIENT_CLEAR_ALL, 1), -EINVAL);
	is(AMBIENT(IS_SET, CAP_KILL), 1);
	is(strncmp(line_of("/proc/self/status", "CapAmb:\t"),
		   "0000000000000020", 16),
	   0);
	set_caps(1 << CAP_KILL, 0);
	is(AMBIENT(IS_SET, CAP_KILL), 0);
	set_caps(1 << CAP_KILL, 1 << CAP_KILL);
	is(AMBIENT(RAISE, CAP_KILL), 0);
	is(AMBIENT(PR_CAP_AMBIENT_LOWER, CAP_KILL), 0);
	is(AMBIENT(IS_SET, CAP_KILL), 0);
	is(AMBIENT(RAISE, CAP_KILL), 0);
	if (checks_failed)
		_exit(1);
}

/* What an ambient capability becomes in a program: @owner its set-user-ID. */
static int ambient_after_exec(int owner)
{
	char self[100] = "", *argv[] = { "tasks", "caps", NULL };
	int status = -1;
	pid_t pid;

	need(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	need(chown(self, owner, 0) == 0 && chmod(self, 04755) == 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		with_ambient();
		execv(self, argv);
		_exit(99);
	}
	is(waitpid(pid, &status, 0), pid);
	need(chown(self, 0, 0) == 0 && chmod(self, 0755) == 0);
	return WEXITSTATUS(status);
}

/* In the program: 1 ambient, 2 permitted, 4 effective. */
static int capabilities(void)
{
	static const char *const titles[] = { "CapAmb:\t", "CapPrm:\t",
					      "CapEff:\t" };
	int i, seen = 0;

	for (i = 0; i < 3; i++)
		if (strtoull(line_of("/proc/self/status", titles[i]), NULL,
			     16) &
		    1 << CAP_KILL)
			seen |= 1 << i;
	return seen;
}

static void test_ambient(void)
{
	is(ambient_after_exec(1000), 7);
	is(ambient_after_exec(1001), 0);
	need(prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE) == 0);
	set_caps(~0u, 1 << CAP_KILL);
	is(AMBIENT(RAISE, CAP_KILL), -EPERM);
	need(prctl(PR_SET_SECUREBITS, 0) == 0);
	is(AMBIENT(RAISE, CAP_KILL), 0);
	is(AMBIENT(PR_CAP_AMBIENT_CLEAR_ALL, 0), 0);
}

static void test_timers_file(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct sigevent sig = { .sigev_notify = SIGEV_SIGNAL,
				.sigev_signo = SIGUSR1,
				.sigev_value = { .sival_int = 0x1234 } };
	char want[400];
	timer_t a, b;

	is(*line_of("/proc/self/timers", ""), 0);
	need(timer_create(CLOCK_MONOTONIC, &none, &a) == 0);
	need(timer_create(CLOCK_REALTIME, &sig, &b) == 0);
	sprintf(want,
		"ID: 1\nsignal: 10/00001234\nnotify: signal/pid.%d\n"
		"ClockID: 0\nID: 0\nsignal: 0/00000000\nnotify: none/pid.%d\n"
		"ClockID: 1\n",
		getpid(), getpid());
	check(strcmp(line_of("/proc/self/timers", ""), want) == 0,
	      "/proc/PID/timers", "%s", line_of("/proc/self/timers", ""));
	timer_delete(a);
	timer_delete(b);
}

static int write_slack(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	need(fd >= 0);
	ret = value(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

static void test_slack(void)
{
	static const char path[] = "/proc/self/timerslack_ns";

	is(atoi(line_of(path, "")), 50000);
	is(write_slack(path, "70000"), 5);
	is(prctl(PR_GET_TIMERSLACK), 70000);
	is(write_slack(path, "0\n"), 2);
	is(prctl(PR_GET_TIMERSLACK), 50000);
	is(write_slack(path, "x"), -EINVAL);
	is(access("/proc/thread-self/timerslack_ns", F_OK), -ENOENT);
	is(access("/proc/thread-self/timers", F_OK), -ENOENT);
}

static void test_mrelease(void)
{
	pid_t child = fork();
	int fd, i;

	while (child == 0)
		pause();
	fd = syscall(SYS_pidfd_open, child, 0);
	need(fd >= 0);
	is(syscall(SYS_process_mrelease, fd, 1), -EINVAL);
	is(syscall(SYS_process_mrelease, fd, 0), -EINVAL);
	is(syscall(SYS_process_mrelease, 900, 0), -EBADF);
	kill(child, SIGKILL);
	i = value(syscall(SYS_process_mrelease, fd, 0));
	is(i == 0 || i == -ESRCH, 1);
	is(waitpid(child, NULL, 0), child);
	is(syscall(SYS_process_mrelease, fd, 0), -ESRCH);
	close(fd);
}

#define CROWD 400

static void *in_crowd(void *start)
{
	int i;

	pthread_barrier_wait(start);
	for (i = 0; i < 20; i++) {
		void *page = mmap(NULL, 4096, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || munmap(page, 4096))
			return NULL;
	}
	return start;
}

/* More tasks want one sleeping lock than yield= keeps account of. */
static void test_crowd(void)
{
	static pthread_t threads[CROWD];
	pthread_barrier_t start;
	pthread_attr_t attr;
	int i, made = 0, right = 0;
	void *result;

	is(pthread_attr_init(&attr), 0);
	is(pthread_attr_setstacksize(&attr, 16384), 0);
	is(pthread_barrier_init(&start, NULL, CROWD), 0);
	for (i = 0; i < CROWD; i++)
		made += !pthread_create(&threads[i], &attr, in_crowd, &start);
	is(made, CROWD);
	for (i = 0; i < CROWD; i++)
		right += !pthread_join(threads[i], &result) && result;
	is(right, CROWD);
}

/* ---- several futexes at once ---- */

#define WORDS 3
#define FUTEX_32 2
#define FUTEX_PRIVATE 128

struct word {
	unsigned long long val, uaddr;
	unsigned int flags, reserved;
};

static unsigned int *words; /* shared with children */

static struct word *all_words(unsigned int flags)
{
	static struct word v[WORDS];

	for (unsigned int i = 0; i < WORDS; i++)
		v[i] = (struct word){ words[i], (unsigned long)&words[i],
				      FUTEX_32 | flags, 0 };
	return v;
}

static long waitv(const struct word *v, unsigned int nr, unsigned int flags,
		  const long long *timeout, int clock)
{
	return syscall(449, v, nr, flags, timeout, clock);
}

/* A child that wakes the last word until its parent has been woken. */
static pid_t waker(int nr, int op)
{
	pid_t child = fork();

	if (child)
		return child;
	while (!syscall(SYS_futex, &words[nr], op, 1, NULL, NULL, 0))
		usleep(1000);
	_exit(0);
}

static void *wake_private(void *nr)
{
	while (!syscall(SYS_futex, &words[(long)nr], 1 | FUTEX_PRIVATE, 1, NULL,
			NULL, 0))
		usleep(1000);
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

static void test_waitv(void)
{
	long long past[2] = { 1, 0 }, wrong[2] = { 1, 1000000000 }, now[2];
	struct sigaction on_alarm = { .sa_handler = nothing };
	struct word *v;
	struct timespec t;
	pthread_t thread;
	pid_t child;

	words = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(words != MAP_FAILED);
	v = all_words(0);
	is(waitv(v, WORDS, 1, NULL, 0), -EINVAL);
	is(waitv(v, 0, 0, NULL, 0), -EINVAL);
	is(waitv(v, 129, 0, NULL, 0), -EINVAL);
	is(waitv(NULL, 1, 0, NULL, 0), -EINVAL);
	is(waitv((void *)8, 1, 0, NULL, 0), -EFAULT);
	is(waitv(v, WORDS, 0, past, CLOCK_BOOTTIME), -EINVAL);
	is(waitv(v, WORDS, 0, wrong, CLOCK_MONOTONIC), -EINVAL);
	is(waitv(v, WORDS, 0, past, CLOCK_MONOTONIC), -ETIMEDOUT);
	is(waitv(v, WORDS, 0, past, CLOCK_REALTIME), -ETIMEDOUT);
	v[2].val = 1;
	is(waitv(v, WORDS, 0, NULL, 0), -EAGAIN);
	v[2].val = 1ull << 32;
	is(waitv(v, WORDS, 0, NULL, 0), -EAGAIN);
	v = all_words(0);
	v[1].reserved = 1;
	is(waitv(v, WORDS, 0, NULL, 0), -EINVAL);
	v = all_words(1);
	is(waitv(v, WORDS, 0, NULL, 0), -EINVAL);
	v = all_words(0);
	v[1].uaddr += 2;
	is(waitv(v, WORDS, 0, NULL, 0), -EINVAL);
	v[1].uaddr = 0;
	is(waitv(v, WORDS, 0, NULL, 0), -EFAULT);

	child = waker(2, 1);
	is(waitv(all_words(0), WORDS, 0, NULL, 0), 2);
	is(waitpid(child, NULL, 0), child);
	need(!pthread_create(&thread, NULL, wake_private, (void *)1));
	is(waitv(all_words(FUTEX_PRIVATE), WORDS, 0, NULL, 0), 1);
	pthread_join(thread, NULL);
	clock_gettime(CLOCK_REALTIME, &t);
	now[0] = t.tv_sec;
	now[1] = t.tv_nsec / 2;
	is(waitv(all_words(0), WORDS, 0, now, CLOCK_REALTIME), -ETIMEDOUT);
	sigaction(SIGALRM, &on_alarm, NULL);
	alarm(1);
	is(waitv(all_words(0), WORDS, 0, NULL, 0), -EINTR);
	munmap(words, 4096);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "kcmp", test_kcmp },
		{ "kcmp of what is made late", test_kcmp_rest },
		{ "ambient capabilities", test_ambient },
		{ "/proc/PID/timers", test_timers_file },
		{ "/proc/PID/timerslack_ns", test_slack },
		{ "process_mrelease", test_mrelease },
		{ "a crowd for one lock", test_crowd },
		{ "pidfd_getfd", test_pidfd_getfd },
		{ "membarrier", test_membarrier },
		{ "ioprio", test_ioprio },
		{ "set_thread_area", test_no_segment },
		{ "setns", test_setns },
		{ "futex_waitv", test_waitv },
	};
	unsigned int i;

	if (argc > 1 && strcmp(argv[1], "caps") == 0)
		return capabilities();
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		int before = checks_failed;

		tests[i].run();
		check(checks_failed == before, tests[i].name, "see above");
	}
	return checks_done();
}

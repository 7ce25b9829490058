/* SPDX-License-Identifier: MIT */
/*
 * Signals as programs see them: what a handler is told, in which order and on
 * which stack it runs, what of a system call goes on afterwards, how stopping
 * and ending look to the parent, and timers. Every expectation was recorded on
 * Linux 6.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static volatile int got; /* handlers that ran */
static int order[16]; /* their signals */
static siginfo_t last;
static char alternate[65536];

static void caught(int sig, siginfo_t *info, void *context)
{
	(void)context;
	order[got++ & 15] = sig;
	last = *info;
}

static void handle(int sig, int flags)
{
	struct sigaction act = { .sa_flags = SA_SIGINFO | flags };

	act.sa_sigaction = caught;
	need(sigaction(sig, &act, NULL) == 0);
	got = 0;
}

static void block(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(how, &set, NULL);
}

static void sleep_ms(int ms)
{
	struct timespec ts = { 0, ms * 1000000l };

	while (nanosleep(&ts, &ts) < 0)
		;
}

/* SIGALRM once, or every so often. */
static void ring_after(int us, int every)
{
	struct itimerval it = { { 0, every }, { 0, us } };

	need(setitimer(ITIMER_REAL, &it, NULL) == 0);
}

static int child_status(pid_t pid, int options)
{
	int status = -1;

	while (waitpid(pid, &status, options) < 0 && errno == EINTR)
		;
	return status;
}

static pid_t sleeper(void)
{
	pid_t pid = fork();

	while (pid == 0)
		pause();
	return pid;
}

/* ---- what a handler is told ---- */

static void test_info(void)
{
	union sigval value = { .sival_int = 42 };

	handle(SIGUSR1, 0);
	kill(getpid(), SIGUSR1);
	check(got == 1 && last.si_code == SI_USER && last.si_pid == getpid(),
	      "kill", "got %d code %d", got, last.si_code);
	raise(SIGUSR1);
	check(last.si_code == SI_TKILL, "raise", "code %d", last.si_code);
	sigqueue(getpid(), SIGUSR1, value);
	check(last.si_code == SI_QUEUE && last.si_value.sival_int == 42,
	      "sigqueue", "code %d", last.si_code);
}

/* Frames are built from the lowest signal up, so handlers run from the top
 * down; queued signals come each, others once. */
static void test_order(void)
{
	static const int expected[] = { 35, 35, 34, 12, 10 };
	sigset_t all, old, pending;

	handle(SIGRTMIN, 0);
	handle(SIGRTMIN + 1, 0);
	handle(SIGUSR2, 0);
	handle(SIGUSR1, 0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	kill(getpid(), SIGRTMIN + 1);
	kill(getpid(), SIGRTMIN + 1);
	kill(getpid(), SIGRTMIN);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	sigpending(&pending);
	check(sigismember(&pending, SIGUSR2) && got == 0, "pending", "%d", got);
	sigprocmask(SIG_SETMASK, &old, NULL);
	check(got == 5 && memcmp(order, expected, sizeof(expected)) == 0,
	      "order", "%d: %d %d %d %d %d", got, order[0], order[1], order[2],
	      order[3], order[4]);
}

static void test_flags(void)
{
	struct sigaction act;

	handle(SIGUSR1, (int)SA_RESETHAND | 0x400);
	raise(SIGUSR1);
	sigaction(SIGUSR1, NULL, &act);
	check(act.sa_handler == SIG_DFL, "resethand", "%p", act.sa_handler);
	check((act.sa_flags & ~0x04000000) == (int)(SA_RESETHAND | SA_SIGINFO),
	      "unknown flags are cleared", "%x", act.sa_flags);
}

static void expect_errno(const char *name, long ret, int expected)
{
	check(ret == -1 && errno == expected, name, "%ld, errno %d", ret,
	      errno);
}

static void test_errors(void)
{
	struct sigaction act = { .sa_handler = SIG_IGN };
	sigset_t set;

	expect_errno("sigaction KILL", sigaction(SIGKILL, &act, NULL), EINVAL);
	expect_errno("sigaction 65", sigaction(65, &act, NULL), EINVAL);
	expect_errno("kill 65", kill(getpid(), 65), EINVAL);
	expect_errno("kill nobody", kill(0x7ffffff, 0), ESRCH);
	expect_errno("kill no group", kill(-0x7ffffff, 9), ESRCH);
	expect_errno("kill lowest", kill((pid_t)0x80000000, 0), ESRCH);
	expect_errno("tkill 0", syscall(SYS_tkill, 0, 9), EINVAL);
	expect_errno("tgkill other", syscall(SYS_tgkill, 1, getpid(), 0),
		     getpid() == 1 ? 0 : ESRCH);
	expect_errno("mask size", syscall(SYS_rt_sigprocmask, 0, &set, NULL, 4),
		     EINVAL);
	expect_errno("mask how", syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8),
		     EINVAL);
	expect_errno("mask address", syscall(SYS_rt_sigprocmask, 0, 8, NULL, 8),
		     EFAULT);
}

static void test_wait(void)
{
	union sigval value = { .sival_int = 77 };
	struct timespec ts = { 0, 10000000 };
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	block(SIG_BLOCK, SIGRTMIN + 2);
	expect_errno("sigtimedwait", sigtimedwait(&set, &info, &ts), EAGAIN);
	sigqueue(getpid(), SIGRTMIN + 2, value);
	check(sigtimedwait(&set, &info, &ts) == SIGRTMIN + 2 &&
		      info.si_value.sival_int == 77,
	      "sigtimedwait gets", "value %d", info.si_value.sival_int);
	pid = fork();
	if (pid == 0) {
		sleep_ms(20);
		kill(getppid(), SIGRTMIN + 2);
		_exit(0);
	}
	check(sigwaitinfo(&set, &info) == SIGRTMIN + 2 && info.si_pid == pid,
	      "sigwaitinfo", "pid %d", info.si_pid);
	child_status(pid, 0);
	handle(SIGALRM, 0);
	ring_after(10000, 0);
	expect_errno("sigwaitinfo interrupted", sigwaitinfo(&set, &info),
		     EINTR);
	block(SIG_UNBLOCK, SIGRTMIN + 2);
}

/* ---- faults and stacks ---- */

static void fault(void)
{
	*(volatile int *)16 = 1;
}

static int deeper(int n)
{
	volatile char here[4096];

	here[0] = (char)n;
	return n < 1 << 30 ? deeper(n + 1) + here[0] : 0;
}

static void leave(int sig)
{
	_exit(sig);
}

static void test_fault_blocked(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		handle(SIGSEGV, 0);
		block(SIG_BLOCK, SIGSEGV);
		fault();
		_exit(0);
	}
	status = child_status(pid, 0);
	check(status == SIGSEGV, "a blocked fault ends", "status %x", status);
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_IGN);
		fault();
		_exit(0);
	}
	status = child_status(pid, 0);
	check(status == SIGSEGV, "an ignored fault ends", "status %x", status);
}

static volatile int flags_inside, changed;

static void on_alternate(int sig)
{
	stack_t ss;

	(void)sig;
	sigaltstack(NULL, &ss);
	flags_inside = ss.ss_flags;
	ss.ss_flags = SS_DISABLE;
	changed = sigaltstack(&ss, NULL) == 0 ? 0 : errno;
	got = (char *)&ss >= alternate &&
	      (char *)&ss < alternate + sizeof(alternate);
}

static void test_stack(void)
{
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	struct sigaction act = { .sa_flags = SA_ONSTACK };
	pid_t pid;
	int status;

	need(sigaltstack(&ss, NULL) == 0);
	act.sa_handler = on_alternate;
	sigaction(SIGUSR1, &act, NULL);
	got = 0;
	raise(SIGUSR1);
	check(got == 1 && flags_inside == SS_ONSTACK && changed == EPERM,
	      "alternate stack", "%d flags %d errno %d", got, flags_inside,
	      changed);
	pid = fork();
	if (pid == 0) {
		act.sa_handler = leave;
		sigaction(SIGSEGV, &act, NULL);
		_exit(deeper(0));
	}
	status = child_status(pid, 0);
	check(status == SIGSEGV << 8, "overflow is caught", "%x", status);
	pid = fork();
	if (pid == 0) {
		act.sa_flags = 0;
		sigaction(SIGSEGV, &act, NULL);
		_exit(deeper(0));
	}
	status = child_status(pid, 0);
	check(status == SIGSEGV, "overflow without a stack", "%x", status);
	ss.ss_size = 100;
	expect_errno("small stack", sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_flags = 8;
	expect_errno("stack flags", sigaltstack(&ss, NULL), EINVAL);
}

/* A frame of our own making: the worst it may do is end us. Of zeroes no
 * stack can be loaded (SIGILL), and other nonsense faults (SIGSEGV). */
static void test_frames(void)
{
	static unsigned int junk[300];
	unsigned int fill, call;
	int status;
	pid_t pid;

	for (call = 0; call < 4; call++) {
		fill = call & 1 ? 0xdeadbeef : 0;
		pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 300; i++)
				junk[i] = fill;
			__asm__ volatile(
				"mov %0, %%esp; int $0x80" ::"r"(junk + 20),
				"a"(call & 2 ? 119 : 173));
			_exit(0);
		}
		status = child_status(pid, 0);
		check(status == (fill ? SIGSEGV : SIGILL), "a false frame",
		      "call %u: %x", call, status);
	}
}

static volatile double inside;

static void calculate(int sig)
{
	(void)sig;
	inside = 3.25;
	for (int i = 0; i < 100; i++)
		inside = inside * 1.01;
	got++;
}

static void test_fpu(void)
{
	struct sigaction act = { .sa_handler = calculate };
	double a, b;
	int wrong = 0;

	got = 0;
	sigaction(SIGALRM, &act, NULL);
	ring_after(1000, 1000);
	while (got < 20 && !wrong) {
		a = b = 1;
		for (int i = 0; i < 50; i++) {
			a = a * 1.5 + 0.25;
			__asm__ volatile("" : "+t"(b));
			b = b * 1.5 + 0.25;
		}
		wrong = a != b;
	}
	ring_after(0, 0);
	check(!wrong, "numbers survive handlers", "after %d", got);
}

/* ---- system calls that are interrupted ---- */

static void test_restart(void)
{
	struct timespec ts = { 1, 0 }, left = { 9, 9 };
	struct pollfd fd;
	sigset_t none;
	int pipes[2];
	char c;
	pid_t pid;

	need(pipe(pipes) == 0);
	handle(SIGALRM, SA_RESTART);
	pid = fork();
	if (pid == 0) {
		sleep_ms(60);
		_exit(write(pipes[1], "x", 1) != 1);
	}
	ring_after(20000, 0);
	check(read(pipes[0], &c, 1) == 1 && got == 1, "read goes on", "%d",
	      got);
	child_status(pid, 0);
	ring_after(20000, 0);
	expect_errno("nanosleep", nanosleep(&ts, &left), EINTR);
	check(left.tv_sec == 0 && left.tv_nsec > 800000000,
	      "what is left of a sleep", "%ld", left.tv_nsec);
	fd = (struct pollfd){ pipes[0], POLLIN, 0 };
	ring_after(20000, 0);
	expect_errno("poll", poll(&fd, 1, 1000), EINTR);
	ring_after(20000, 0);
	expect_errno("pause", pause(), EINTR);
	handle(SIGALRM, 0);
	ring_after(20000, 0);
	expect_errno("read", read(pipes[0], &c, 1), EINTR);
	block(SIG_BLOCK, SIGALRM);
	sigemptyset(&none);
	ring_after(20000, 0);
	expect_errno("sigsuspend", sigsuspend(&none), EINTR);
	block(SIG_UNBLOCK, SIGALRM);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- stopping and ending, as the parent sees it ---- */

static void expect_child(const char *name, int code, int status)
{
	check(last.si_code == code && last.si_status == status, name,
	      "code %d status %d", last.si_code, last.si_status);
}

static void test_stop(void)
{
	struct timespec ts = { 0, 100000000 };
	pid_t pid;
	int status;

	handle(SIGCHLD, 0);
	pid = fork();
	if (pid == 0)
		_exit(nanosleep(&ts, NULL) ? 5 : 6);
	sleep_ms(20);
	kill(pid, SIGSTOP);
	status = child_status(pid, WUNTRACED);
	check(status == (SIGSTOP << 8 | 0x7f), "stopped", "%x", status);
	expect_child("SIGCHLD says stopped", CLD_STOPPED, SIGSTOP);
	check(waitpid(pid, &status, WUNTRACED | WNOHANG) == 0,
	      "stopped is told once", "%x", status);
	kill(pid, SIGCONT);
	status = child_status(pid, WCONTINUED);
	check(status == 0xffff, "continued", "%x", status);
	status = child_status(pid, 0);
	check(status == 6 << 8, "the sleep goes on", "%x", status);
	expect_child("SIGCHLD says exited", CLD_EXITED, 6);
}

static void test_stopped_signals(void)
{
	pid_t pid;
	int status;

	pid = sleeper();
	kill(pid, SIGSTOP);
	child_status(pid, WUNTRACED);
	kill(pid, SIGTERM);
	sleep_ms(10);
	check(waitpid(pid, &status, WNOHANG) == 0, "a stopped one waits", "%x",
	      status);
	kill(pid, SIGCONT);
	status = child_status(pid, 0);
	check(status == SIGTERM, "and ends when it goes on", "%x", status);
	pid = sleeper();
	kill(pid, SIGSTOP);
	child_status(pid, WUNTRACED);
	kill(pid, SIGKILL);
	status = child_status(pid, 0);
	check(status == SIGKILL, "SIGKILL ends a stopped one", "%x", status);
	expect_child("SIGCHLD says killed", CLD_KILLED, SIGKILL);
}

static void test_no_zombie(void)
{
	struct sigaction act = { .sa_handler = SIG_IGN };
	pid_t pid;

	sigaction(SIGCHLD, &act, NULL);
	pid = fork();
	if (pid == 0)
		_exit(3);
	expect_errno("SIGCHLD ignored", waitpid(pid, NULL, 0), ECHILD);
	handle(SIGCHLD, SA_NOCLDSTOP);
	pid = sleeper();
	kill(pid, SIGSTOP);
	child_status(pid, WUNTRACED);
	check(got == 0, "SA_NOCLDSTOP", "%d", got);
	kill(pid, SIGKILL);
	child_status(pid, 0);
	signal(SIGCHLD, SIG_DFL);
}

/* The default of every signal: ignore, stop, or end with its number. */
static void test_defaults(void)
{
	struct rlimit no_core = { 0, 0 };
	int sig, status, expected;
	pid_t pid;

	setrlimit(RLIMIT_CORE, &no_core);
	for (sig = 1; sig <= 64; sig++) {
		if (sig == 32 || sig == 33)
			continue; /* the C library's */
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0); /* not orphaned: may stop */
			signal(sig, SIG_DFL);
			kill(getpid(), sig);
			_exit(0);
		}
		status = child_status(pid, WUNTRACED);
		if (WIFSTOPPED(status)) {
			kill(pid, SIGKILL);
			child_status(pid, 0);
		}
		expected = sig;
		if (sig == SIGCHLD || sig == SIGCONT || sig == SIGURG ||
		    sig == SIGWINCH)
			expected = 0;
		else if (sig >= SIGSTOP && sig <= SIGTTOU)
			expected = sig << 8 | 0x7f;
		if (status != expected)
			check(0, "default", "signal %d: %x", sig, status);
	}
	check(1, "defaults", " ");
}

/* A core file where the limit allows one: ELF, of type core, and as much of
 * the stack in it as to find a word there. */
static void test_core(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	volatile unsigned int word[2] = { 0x600d0000, 0 };
	static unsigned int core[1 << 16];
	unsigned int i, found = 0;
	int status, fd;
	ssize_t n;
	pid_t pid = fork();

	if (pid == 0) {
		word[1] = word[0] | 0xc0de;
		need(chdir("/tmp") == 0);
		need(setrlimit(RLIMIT_CORE, &all) == 0);
		fault();
		_exit(word[1] == 0);
	}
	status = child_status(pid, 0);
	check(status == (SIGSEGV | 0x80), "core dumped", "%x", status);
	fd = open("/tmp/core", O_RDONLY);
	n = read(fd, core, sizeof(core));
	unlink("/tmp/core");
	check(n > 4096 && core[0] == 0x464c457f && (core[4] & 0xffff) == 4,
	      "an ELF core", "%zd bytes", n);
	lseek(fd, -(off_t)sizeof(core), SEEK_END); /* the last area */
	n = read(fd, core, sizeof(core));
	close(fd);
	for (i = 0; n > 0 && i < (size_t)n / 4; i++)
		found += core[i] == 0x600dc0de;
	check(found > 0, "with the stack", "in %zd bytes", n);
}

static void test_signalfd(void)
{
	struct signalfd_siginfo info = { 0 };
	struct pollfd p = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	block(SIG_BLOCK, SIGUSR2);
	p.fd = signalfd(-1, &set, SFD_NONBLOCK);
	need(p.fd >= 0);
	expect_errno("signalfd early", read(p.fd, &info, sizeof(info)), EAGAIN);
	kill(getpid(), SIGUSR2);
	check(poll(&p, 1, 1000) == 1, "signalfd is ready", "%x", p.revents);
	check(read(p.fd, &info, sizeof(info)) == sizeof(info) &&
		      info.ssi_signo == SIGUSR2 &&
		      (pid_t)info.ssi_pid == getpid(),
	      "signalfd", "signal %u", info.ssi_signo);
	close(p.fd);
	block(SIG_UNBLOCK, SIGUSR2);
}

/* ---- threads ---- */

static void *wait_for_signal(void *unused)
{
	block(SIG_UNBLOCK, SIGUSR1);
	for (int i = 0; i < 100 && !got; i++)
		usleep(10000);
	return unused;
}

static void test_threads(void)
{
	pthread_t thread;
	pid_t pid;
	int status;

	handle(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	pthread_create(&thread, NULL, wait_for_signal, NULL);
	sleep_ms(20);
	kill(getpid(), SIGUSR1);
	pthread_join(thread, NULL);
	check(got == 1, "the thread that does not block takes it", "%d", got);
	block(SIG_UNBLOCK, SIGUSR1);
	pid = fork();
	if (pid == 0) {
		got = 0;
		pthread_create(&thread, NULL, wait_for_signal, NULL);
		sleep_ms(10);
		raise(SIGSTOP);
		kill(getpid(), SIGTERM);
		for (;;)
			pause();
	}
	status = child_status(pid, WUNTRACED);
	check(status == (SIGSTOP << 8 | 0x7f), "all threads stop", "%x",
	      status);
	kill(pid, SIGCONT);
	status = child_status(pid, 0);
	check(status == SIGTERM, "all threads end", "%x", status);
}

/* ---- timers ---- */

static void spin_until_caught(void)
{
	for (unsigned int i = 0; !got && i < 4000000000u; i++)
		;
}

static void test_itimers(void)
{
	struct itimerval it = { { 0, 0 }, { 0, 20000 } };

	handle(SIGALRM, 0);
	ring_after(5000, 5000);
	while (got < 5)
		pause();
	getitimer(ITIMER_REAL, &it);
	check(it.it_interval.tv_usec == 5000 && it.it_value.tv_usec <= 5000,
	      "getitimer", "%ld", (long)it.it_value.tv_usec);
	ring_after(0, 0);
	it = (struct itimerval){ { 0, 0 }, { 0, 20000 } };
	handle(SIGVTALRM, 0);
	setitimer(ITIMER_VIRTUAL, &it, NULL);
	spin_until_caught();
	check(got == 1 && last.si_code == SI_KERNEL, "ITIMER_VIRTUAL", "%d",
	      last.si_code);
	handle(SIGPROF, 0);
	setitimer(ITIMER_PROF, &it, NULL);
	spin_until_caught();
	check(got == 1, "ITIMER_PROF", "%d", got);
	alarm(100);
	check(alarm(0) == 100, "alarm", "not 100");
	it.it_value.tv_usec = 1000000;
	expect_errno("setitimer", setitimer(ITIMER_REAL, &it, NULL), EINVAL);
}

static void test_timers(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL };
	struct itimerspec its = { { 0, 5000000 }, { 0, 5000000 } };
	timer_t timer;
	int overrun;

	ev.sigev_signo = SIGRTMIN;
	ev.sigev_value.sival_int = 99;
	handle(SIGRTMIN, 0);
	need(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
	block(SIG_BLOCK, SIGRTMIN);
	timer_settime(timer, 0, &its, NULL);
	sleep_ms(52);
	block(SIG_UNBLOCK, SIGRTMIN);
	overrun = timer_getoverrun(timer);
	check(got >= 1 && last.si_code == SI_TIMER &&
		      last.si_value.sival_int == 99,
	      "timer_create", "code %d", last.si_code);
	check(overrun >= 8, "overruns", "%d", overrun);
	need(timer_delete(timer) == 0);
	expect_errno("timer_delete", timer_delete(timer), EINVAL);
	its = (struct itimerspec){ { 0, 0 }, { 0, 10000000 } };
	need(timer_create(CLOCK_PROCESS_CPUTIME_ID, &ev, &timer) == 0);
	got = 0;
	timer_settime(timer, 0, &its, NULL);
	spin_until_caught();
	check(got == 1, "a processor clock's timer", "%d", got);
	timer_delete(timer);
}

static void test_timerfd(void)
{
	struct itimerspec its = { { 0, 10000000 }, { 0, 10000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	unsigned long long n = 0;

	need(fd >= 0);
	timerfd_settime(fd, 0, &its, NULL);
	expect_errno("timerfd early", read(fd, &n, 8), EAGAIN);
	sleep_ms(35);
	check(read(fd, &n, 8) == 8 && n >= 3, "timerfd", "%llu", n);
	expect_errno("timerfd short", read(fd, &n, 4), EINVAL);
	close(fd);
}

int main(void)
{
	test_info();
	test_order();
	test_flags();
	test_errors();
	test_wait();
	test_fault_blocked();
	test_stack();
	test_frames();
	test_fpu();
	test_restart();
	test_stop();
	test_stopped_signals();
	test_no_zombie();
	test_defaults();
	test_core();
	test_signalfd();
	test_threads();
	test_itimers();
	test_timers();
	test_timerfd();
	return checks_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * The right to trace, the events that stop a traced thread, and what becomes
 * of it when its tracer lets go, ends, or is waited for by another. Every
 * expectation was recorded on Linux 6.1.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include "trace.h"

static void on_signal(int sig)
{
	(void)sig;
}

/* ---- who may ask ---- */

static void test_who(void)
{
	pid_t pid, other;
	int status;

	is(trace(PTRACE_ATTACH, 30000, 0, NULL), -ESRCH);
	is(trace(PTRACE_ATTACH, getpid(), 0, NULL), -EPERM);
	is(trace(PTRACE_PEEKDATA, getppid() ? getppid() : 1, 0, NULL), -ESRCH);
	pid = traced(nothing);
	is(trace(PTRACE_ATTACH, pid, 0, NULL), -EPERM);
	is(trace(PTRACE_SEIZE, pid, 0, NULL), -EPERM);
	is(trace(12345, pid, 0, NULL), -EIO);
	is(trace(PTRACE_INTERRUPT, pid, 0, NULL), -EIO);
	is(trace(PTRACE_LISTEN, pid, 0, NULL), -EIO);
	is(trace(PTRACE_CONT, pid, 0, DATA(65)), -EIO);
	other = fork();
	if (other == 0) {
		/* Not its tracer. */
		_exit(trace(PTRACE_CONT, pid, 0, NULL) == -1 &&
		      errno == ESRCH &&
		      trace(PTRACE_ATTACH, pid, 0, NULL) == -1 &&
		      errno == EPERM);
	}
	need(waitpid(other, &status, 0) == other);
	is(status, EXITED(1));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
	is(trace(PTRACE_CONT, pid, 0, NULL), -ESRCH);
	is(waitpid(pid, &status, __WALL), -ECHILD);

	/* Twice is once too often. */
	pid = fork();
	if (pid == 0) {
		trace(PTRACE_TRACEME, 0, 0, NULL);
		_exit(trace(PTRACE_TRACEME, 0, 0, NULL) == -1 &&
		      errno == EPERM);
	}
	is(next(pid), EXITED(1));

	/* Another user's. */
	other = fork();
	if (other == 0) {
		pause();
		_exit(0);
	}
	pid = fork();
	if (pid == 0) {
		need(setresgid(50, 50, 50) == 0 && setresuid(50, 50, 50) == 0);
		_exit(trace(PTRACE_ATTACH, other, 0, NULL) == -1 &&
		      errno == EPERM && trace(PTRACE_SEIZE, 1, 0, NULL) == -1 &&
		      errno == EPERM);
	}
	is(next(pid), EXITED(1));
	end(other);
}

/* ---- events ---- */

static int run_thread(void *unused)
{
	(void)unused;
	return 0;
}

static void make_children(void)
{
	static char stack[8192];
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	waitpid(pid, NULL, 0);
	pid = vfork();
	if (pid == 0)
		_exit(8);
	waitpid(pid, NULL, 0);
	clone(run_thread, stack + sizeof(stack),
	      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		      CLONE_SYSVSEM,
	      NULL);
	usleep(1000);
	_exit(9);
}

/* Continue @pid past its child's SIGCHLD to the event. */
static int go_event(pid_t pid)
{
	int status = go(PTRACE_CONT, pid, 0);

	while (status == STOPPED(SIGCHLD))
		status = go(PTRACE_CONT, pid, 0);
	return status;
}

static pid_t event_child(pid_t pid)
{
	unsigned long message = 0;

	is(trace(PTRACE_GETEVENTMSG, pid, 0, &message), 0);
	return (pid_t)message;
}

static void events(int seized)
{
	long options = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		       PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORKDONE |
		       PTRACE_O_TRACEEXIT;
	int first = seized ? EVENT(PTRACE_EVENT_STOP) : STOPPED(SIGSTOP);
	pid_t pid, child;

	if (seized) {
		pid = fork();
		if (pid == 0) {
			raise(SIGSTOP);
			make_children();
		}
		need(waitpid(pid, NULL, WUNTRACED) == pid);
		is(trace(PTRACE_SEIZE, pid, 0, DATA(options)), 0);
		is(next(pid), STOPPED(SIGSTOP) | PTRACE_EVENT_STOP << 16);
		kill(pid, SIGCONT);
		is(go(PTRACE_CONT, pid, 0), EVENT(PTRACE_EVENT_STOP));
		is(go(PTRACE_CONT, pid, 0), STOPPED(SIGCONT));
	} else {
		pid = traced(make_children);
		is(trace(PTRACE_SETOPTIONS, pid, 0, DATA(options)), 0);
	}
	is(go_event(pid), EVENT(PTRACE_EVENT_FORK));
	child = event_child(pid);
	is(next(child), first);
	is(go(PTRACE_CONT, child, 0), EVENT(PTRACE_EVENT_EXIT));
	is(event_child(child), EXITED(7));
	is(go(PTRACE_CONT, child, 0), EXITED(7));
	is(go_event(pid), EVENT(PTRACE_EVENT_VFORK));
	child = event_child(pid);
	is(next(child), first);
	is(trace(PTRACE_CONT, pid, 0, NULL), 0);
	is(go(PTRACE_CONT, child, 0), EVENT(PTRACE_EVENT_EXIT));
	is(go(PTRACE_CONT, child, 0), EXITED(8));
	is(next(pid), EVENT(PTRACE_EVENT_VFORK_DONE));
	is(event_child(pid), child);
	is(go_event(pid), EVENT(PTRACE_EVENT_CLONE));
	child = event_child(pid);
	is(next(child), first);
	is(go(PTRACE_CONT, child, 0), EVENT(PTRACE_EVENT_EXIT));
	is(go(PTRACE_CONT, child, 0), EXITED(0)); /* a thread's end is told */
	is(go_event(pid), EVENT(PTRACE_EVENT_EXIT));
	is(event_child(pid), EXITED(9));
	is(go(PTRACE_CONT, pid, 0), EXITED(9));
}

static void test_events(void)
{
	events(0);
}

static void test_events_seized(void)
{
	events(1);
}

static void run_again(void)
{
	execl("/proc/self/exe", "ptrace", "nothing", NULL);
	_exit(98);
}

static void test_exec(void)
{
	siginfo_t info;
	pid_t pid = traced(run_again);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, SI_USER);
	is(info.si_pid, pid);
	is(peekuser(pid, R_ORIG_EAX), SYS_execve);
	is(peekuser(pid, R_EAX), 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));

	pid = traced(run_again);
	is(trace(PTRACE_SETOPTIONS, pid, 0,
		 DATA(PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD)),
	   0);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX), SYS_execve);
	is(go(PTRACE_SYSCALL, pid, 0), EVENT(PTRACE_EVENT_EXEC));
	is(event_child(pid), pid);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX), SYS_execve);
	is(peekuser(pid, R_EAX), 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

static void *exec_in_thread(void *unused)
{
	run_again();
	return unused;
}

static void thread_execs(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exec_in_thread, NULL);
	for (;;)
		pause();
}

/* execve in a thread: it takes the leader's number, and that is told. */
static void test_exec_thread(void)
{
	pid_t pid = traced(thread_execs), thread, got;
	int status;

	is(trace(PTRACE_SETOPTIONS, pid, 0,
		 DATA(PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE)),
	   0);
	is(go(PTRACE_CONT, pid, 0), EVENT(PTRACE_EVENT_CLONE));
	thread = event_child(pid);
	is(next(thread), STOPPED(SIGSTOP));
	is(trace(PTRACE_CONT, pid, 0, NULL), 0);
	is(trace(PTRACE_CONT, thread, 0, NULL), 0);
	got = waitpid(-1, &status, __WALL);
	is(got, pid);
	is(status, EVENT(PTRACE_EVENT_EXEC));
	is(event_child(pid), thread);
	is(trace(PTRACE_CONT, thread, 0, NULL), -ESRCH);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* ---- attaching, letting go ---- */

static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGUSR1, on_signal);
		for (;;)
			pause();
	}
	usleep(20000);
	return pid;
}

static int status_line(pid_t pid, const char *name, char *value, int size)
{
	char path[64], line[256];
	FILE *f;
	int found = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, strlen(name)))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(value, size, "%s", line + strlen(name));
		found = 1;
	}
	if (f)
		fclose(f);
	return found;
}

static void test_attach(void)
{
	pid_t pid = sleeping_child();
	char value[64], want[64];
	siginfo_t info;
	int status;

	is(status_line(pid, "TracerPid:\t", value, sizeof(value)), 1);
	is(strcmp(value, "0"), 0);
	is(trace(PTRACE_ATTACH, pid, 0, NULL), 0);
	is(next(pid), STOPPED(SIGSTOP));
	snprintf(want, sizeof(want), "%d", getpid());
	status_line(pid, "TracerPid:\t", value, sizeof(value));
	is(strcmp(value, want), 0);
	status_line(pid, "State:\t", value, sizeof(value));
	is(strcmp(value, "t (tracing stop)"), 0);
	/* The interrupted call goes on. */
	is(trace(PTRACE_CONT, pid, 0, NULL), 0);
	usleep(20000);
	is(waitpid(pid, &status, WNOHANG | __WALL), 0);
	is(trace(PTRACE_GETREGS, pid, 0, &info), -ESRCH);
	kill(pid, SIGUSR1);
	is(next(pid), STOPPED(SIGUSR1));
	is(trace(PTRACE_DETACH, pid, 0, DATA(SIGUSR1)), 0);
	status_line(pid, "TracerPid:\t", value, sizeof(value));
	is(strcmp(value, "0"), 0);
	is(trace(PTRACE_CONT, pid, 0, NULL), -ESRCH);

	/* Again, stopped before and after. */
	kill(pid, SIGSTOP);
	is(waitpid(pid, &status, WUNTRACED), pid);
	is(trace(PTRACE_ATTACH, pid, 0, NULL), 0);
	is(waitpid(pid, &status, WNOHANG | __WALL), pid);
	is(status, STOPPED(SIGSTOP));
	is(trace(PTRACE_DETACH, pid, 0, NULL), 0);
	usleep(20000);
	status_line(pid, "State:\t", value, sizeof(value));
	is(strcmp(value, "T (stopped)"), 0);
	kill(pid, SIGCONT);
	usleep(20000);
	status_line(pid, "State:\t", value, sizeof(value));
	is(strcmp(value, "S (sleeping)"), 0);
	end(pid);
}

static void test_seize(void)
{
	pid_t pid = sleeping_child();
	siginfo_t info;
	int status;

	is(trace(PTRACE_SEIZE, pid, 1, NULL), -EIO);
	is(trace(PTRACE_SEIZE, pid, 0, DATA(0x40000000)), -EIO);
	is(trace(PTRACE_SEIZE, pid, 0, DATA(PTRACE_O_TRACESYSGOOD)), 0);
	usleep(20000);
	is(waitpid(pid, &status, WNOHANG | __WALL), 0);
	is(trace(PTRACE_INTERRUPT, pid, 0, NULL), 0);
	is(next(pid), EVENT(PTRACE_EVENT_STOP));
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, SIGTRAP | PTRACE_EVENT_STOP << 8);
	is(trace(PTRACE_CONT, pid, 0, NULL), 0);
	usleep(20000);
	/* A stop of the group. */
	kill(pid, SIGSTOP);
	is(next(pid), STOPPED(SIGSTOP));
	is(go(PTRACE_CONT, pid, SIGSTOP),
	   STOPPED(SIGSTOP) | PTRACE_EVENT_STOP << 16);
	is(trace(PTRACE_LISTEN, pid, 0, NULL), 0);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), -ESRCH);
	is(waitpid(pid, &status, WNOHANG | __WALL), 0);
	kill(pid, SIGCONT);
	is(next(pid), EVENT(PTRACE_EVENT_STOP));
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGCONT));
	is(trace(PTRACE_CONT, pid, 0, DATA(SIGCONT)), 0);
	usleep(20000);
	/* Interrupted while listening. */
	kill(pid, SIGSTOP);
	is(next(pid), STOPPED(SIGSTOP));
	is(go(PTRACE_CONT, pid, SIGSTOP) & 0xff, 0x7f);
	is(trace(PTRACE_LISTEN, pid, 0, NULL), 0);
	is(trace(PTRACE_INTERRUPT, pid, 0, NULL), 0);
	is(next(pid), STOPPED(SIGSTOP) | PTRACE_EVENT_STOP << 16);
	is(trace(PTRACE_DETACH, pid, 0, NULL), 0);
	kill(pid, SIGCONT);
	end(pid);

	/* execve of one that was seized sends no SIGTRAP. */
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		run_again();
	}
	is(trace(PTRACE_SEIZE, pid, 0, NULL), 0);
	is(next(pid), EXITED(0));
}

/* An attached thread's part in a stop of its group. */
static void test_group_stop(void)
{
	pid_t pid = traced(nothing);

	is(go(PTRACE_CONT, pid, SIGSTOP), STOPPED(SIGSTOP));
	is(trace(PTRACE_GETSIGINFO, pid, 0, (char[128]){ 0 }), -EINVAL);
	kill(pid, SIGCONT);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGCONT));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* The tracer ends: its tracees run on, or die with it. */
static void tracer_ends(int kill_too)
{
	pid_t pid = sleeping_child(), tracer;
	char value[64];
	int status;

	tracer = fork();
	if (tracer == 0) {
		if (trace(PTRACE_SEIZE, pid, 0,
			  DATA(kill_too ? PTRACE_O_EXITKILL : 0)) ||
		    trace(PTRACE_INTERRUPT, pid, 0, NULL))
			_exit(1);
		_exit(next(pid) == EVENT(PTRACE_EVENT_STOP) ? 0 : 2);
	}
	need(waitpid(tracer, &status, 0) == tracer);
	is(status, 0);
	usleep(20000);
	if (kill_too) {
		is(waitpid(pid, &status, 0), pid);
		is(status, KILLED(SIGKILL));
	} else {
		status_line(pid, "State:\t", value, sizeof(value));
		is(strcmp(value, "S (sleeping)"), 0);
		end(pid);
	}
}

static void test_tracer_ends(void)
{
	tracer_ends(0);
}

static void test_exitkill(void)
{
	tracer_ends(1);
}

/* A parent hears of its child's end after the tracer. */
static void test_two_waiters(void)
{
	int ends[2], status;
	pid_t pid = sleeping_child(), tracer;
	char c;

	need(pipe(ends) == 0);
	tracer = fork();
	if (tracer == 0) {
		if (trace(PTRACE_SEIZE, pid, 0, NULL))
			_exit(1);
		write(ends[1], "s", 1);
		usleep(150000);
		_exit(next(pid) == KILLED(SIGTERM) ? 0 : 2);
	}
	need(read(ends[0], &c, 1) == 1);
	kill(pid, SIGTERM);
	usleep(50000);
	/* Its tracer has stopped it before it could die; */
	is(waitpid(pid, &status, WNOHANG), 0);
	is(waitpid(tracer, &status, 0), tracer);
	is(status, EXITED(2)); /* a stop; with the tracer the signal went */
	usleep(20000);
	is(waitpid(pid, &status, WNOHANG), 0);
	end(pid);

	pid = sleeping_child();
	tracer = fork();
	if (tracer == 0) {
		if (trace(PTRACE_SEIZE, pid, 0, NULL))
			_exit(1);
		write(ends[1], "s", 1);
		usleep(150000);
		_exit(next(pid) == KILLED(SIGKILL) ? 0 : 2);
	}
	need(read(ends[0], &c, 1) == 1);
	kill(pid, SIGKILL);
	usleep(50000);
	is(waitpid(pid, &status, WNOHANG), 0);
	is(waitpid(tracer, &status, 0), tracer);
	is(status, EXITED(0));
	is(waitpid(pid, &status, WNOHANG), pid);
	is(status, KILLED(SIGKILL));
	close(ends[0]);
	close(ends[1]);
}

/* waitid's words for a stop. */
static void test_waitid(void)
{
	siginfo_t info;
	pid_t pid = traced(nothing);

	is(trace(PTRACE_CONT, pid, 0, DATA(SIGSTOP)), 0);
	is(waitid(P_PID, pid, &info, WSTOPPED | WNOWAIT), 0);
	is(info.si_code, CLD_TRAPPED);
	is(info.si_status, SIGSTOP);
	is(info.si_pid, pid);
	is(waitid(P_PID, pid, &info, WSTOPPED), 0);
	is(info.si_code, CLD_TRAPPED);
	info.si_pid = 1;
	is(waitid(P_PID, pid, &info, WSTOPPED | WNOHANG), 0);
	is(info.si_pid, 0);
	end(pid);
}

/* Set-user-ID programs do not get their rights from an unprivileged tracer. */
static void run_suid(void)
{
	execl("/tmp/suid", "suid", "euid", NULL);
	_exit(98);
}

static void test_suid(void)
{
	int in = open("/proc/self/exe", O_RDONLY), out, n, status;
	char buf[4096];
	pid_t pid;

	mkdir("/tmp", 01777);
	out = open("/tmp/suid", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	need(in >= 0 && out >= 0);
	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		need(write(out, buf, (size_t)n) == n);
	close(in);
	close(out);
	need(chmod("/tmp/suid", 04755) == 0);

	pid = fork();
	if (pid == 0) {
		need(setresgid(50, 50, 50) == 0 && setresuid(50, 50, 50) == 0);
		run_suid();
	}
	need(waitpid(pid, &status, 0) == pid);
	is(status, EXITED(0)); /* its euid: root */

	pid = fork();
	if (pid == 0) {
		need(setresgid(50, 50, 50) == 0 && setresuid(50, 50, 50) == 0);
		pid = traced(run_suid);
		if (go(PTRACE_CONT, pid, 0) != STOPPED(SIGTRAP))
			_exit(97);
		status = go(PTRACE_CONT, pid, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 96);
	}
	need(waitpid(pid, &status, 0) == pid);
	is(status, EXITED(50));

	/* Root's tracer may. */
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		need(setresgid(50, 50, 50) == 0 && setresuid(50, 50, 50) == 0);
		run_suid();
	}
	need(waitpid(pid, &status, WUNTRACED) == pid);
	is(trace(PTRACE_SEIZE, pid, 0, NULL), 0);
	is(next(pid) & 0xffff, STOPPED(SIGSTOP));
	kill(pid, SIGCONT);
	status = go(PTRACE_CONT, pid, 0);
	while (WIFSTOPPED(status))
		status = go(PTRACE_CONT, pid, 0);
	is(status, EXITED(0));
	unlink("/tmp/suid");
}

/* What /proc says of a thread's call. */
static void test_proc_syscall(void)
{
	char path[64], line[256] = "";
	int ends[2], fd;
	long nr, arg;
	pid_t pid;

	need(pipe(ends) == 0);
	pid = fork();
	if (pid == 0) {
		char c;

		read(ends[0], &c, 1);
		_exit(0);
	}
	usleep(20000);
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	fd = open(path, O_RDONLY);
	is(fd >= 0, 1);
	is(read(fd, line, sizeof(line) - 1) > 0, 1);
	close(fd);
	is(sscanf(line, "%ld %lx", &nr, &arg), 2);
	is(nr, SYS_read);
	is(arg, ends[0]);
	end(pid);
	fd = open("/proc/self/syscall", O_RDONLY);
	memset(line, 0, sizeof(line));
	is(read(fd, line, sizeof(line) - 1) > 0, 1);
	is(strncmp(line, "running", 7) == 0 || line[0] == '3', 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "who", test_who },
		{ "events", test_events },
		{ "events, seized", test_events_seized },
		{ "exec", test_exec },
		{ "exec in a thread", test_exec_thread },
		{ "attach and detach", test_attach },
		{ "seize, interrupt, listen", test_seize },
		{ "stop of the group", test_group_stop },
		{ "the tracer ends", test_tracer_ends },
		{ "the tracer ends, its tracees die", test_exitkill },
		{ "two who wait for one", test_two_waiters },
		{ "waitid", test_waitid },
		{ "set-user-ID under a tracer", test_suid },
		{ "/proc/PID/syscall", test_proc_syscall },
	};
	unsigned int i;

	if (argc > 1 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc > 1 && strcmp(argv[1], "euid") == 0)
		return (int)geteuid();
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		int before = checks_failed;

		tests[i].run();
		check(checks_failed == before, tests[i].name, "see above");
	}
	return checks_done();
}

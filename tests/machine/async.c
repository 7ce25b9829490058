/* SPDX-License-Identifier: MIT */
/*
 * Files that speak up by themselves: O_ASYNC and its owners, and leases. Every
 * answer is Linux's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

#define RT (SIGRTMIN + 3)
#define GETOWNER_UIDS 17

static char buf[400000];
static siginfo_t last;

static void block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, RT);
	sigaddset(&set, RT + 1);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The next signal that waits for this process, described by last; or 0. */
static int next(void)
{
	struct timespec now = { 0, 0 };
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, RT);
	sigaddset(&set, RT + 1);
	memset(&last, 0, sizeof(last));
	sig = sigtimedwait(&set, &last, &now);
	return sig < 0 ? 0 : sig;
}

/* How many there were, all the same. */
static int count(int sig)
{
	int n = 0, s;

	while ((s = next()) == sig)
		n++;
	return s ? -s : n;
}

/* Signals of @fd are queued, and sent to this process. */
static void listen_to(int fd)
{
	is(fcntl(fd, F_SETOWN, getpid()), 0);
	is(fcntl(fd, F_SETSIG, RT), 0);
	is(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK), 0);
}

static void is_told(int line, int fd, int code, int band)
{
	int sig = next();

	if (sig != RT || last.si_code != code || last.si_fd != fd ||
	    last.si_band != band || last.si_errno)
		check(0, "told",
		      "line %d: signal %d code %d fd %d (%d) band %lx", line,
		      sig, last.si_code, last.si_fd, fd, last.si_band);
}

#define TOLD(fd, code, band) is_told(__LINE__, fd, code, band)
#define IN (POLLIN_ | 0x40)
#define POLLIN_ 1
#define OUT (4 | 0x100 | 0x200)
#define HUP (16 | 8)

/* ---- whom ---- */

static void check_owner(void)
{
	struct f_owner_ex ex = { 7, 0 };
	unsigned int ids[2] = { 9, 9 };
	int p[2], q[2], dead;

	need(pipe(p) == 0 && pipe(q) == 0);
	is(fcntl(p[0], F_GETOWN), 0);
	is(fcntl(p[0], F_GETSIG), 0);
	is(fcntl(p[0], GETOWNER_UIDS, ids), 0);
	is(ids[0] + ids[1], 0);
	is(fcntl(p[0], F_GETOWN_EX, &ex), 0);
	is(ex.type, F_OWNER_TID);
	is(ex.pid, 0);
	is(fcntl(p[0], F_SETSIG, 65), -EINVAL);
	is(fcntl(p[0], F_SETSIG, -1), -EINVAL);
	is(fcntl(p[0], F_SETSIG, 64), 0);
	is(fcntl(p[0], F_GETSIG), 64);
	is(fcntl(p[1], F_GETSIG), 0);
	is(fcntl(p[0], F_SETOWN, 0x80000000), -EINVAL);
	is(fcntl(p[0], F_SETOWN, 30000), -ESRCH);
	is(fcntl(p[0], F_SETOWN, -30000), -ESRCH);
	is(fcntl(p[0], F_SETOWN, -getpgrp()), 0);
	is(fcntl(p[0], F_GETOWN), -getpgrp());
	is(fcntl(p[0], F_GETOWN_EX, &ex), 0);
	is(ex.type, F_OWNER_PGRP);
	is(ex.pid, getpgrp());
	ex = (struct f_owner_ex){ 3, getpid() };
	is(fcntl(p[0], F_SETOWN_EX, &ex), -EINVAL);
	ex.type = -1;
	is(fcntl(p[0], F_SETOWN_EX, &ex), -EINVAL);
	ex = (struct f_owner_ex){ F_OWNER_PID, 30000 };
	is(fcntl(p[0], F_SETOWN_EX, &ex), -ESRCH);
	ex.pid = -1;
	is(fcntl(p[0], F_SETOWN_EX, &ex), -ESRCH);
	is(syscall(SYS_fcntl64, p[0], F_SETOWN_EX, 8), -EFAULT);
	is(syscall(SYS_fcntl64, p[0], F_GETOWN_EX, 8), -EFAULT);
	is(syscall(SYS_fcntl64, p[0], GETOWNER_UIDS, 8), -EFAULT);
	is(fcntl(p[0], F_SETOWN, 0), 0);
	is(fcntl(p[0], F_GETOWN), 0);
	/* A task that ended is told nothing, nor a later one of its number. */
	dead = fork();
	if (!dead)
		_exit(0);
	is(fcntl(p[0], F_SETOWN, dead), 0);
	is(fcntl(p[0], F_SETFL, O_ASYNC), 0);
	is(fcntl(p[0], F_GETOWN), dead);
	need(waitpid(dead, NULL, 0) == dead);
	is(fcntl(p[0], F_GETOWN), 0);
	is(write(p[1], "x", 1), 1);
	is(next(), 0);
	close(p[0]);
	close(p[1]);
	close(q[0]);
	close(q[1]);
}

/* The flag: who can do something about it keeps it. */
static void check_flag(void)
{
	int p[2], file = open("/tmp/file", O_CREAT | O_RDWR | O_ASYNC, 0600);
	int on = 1, path = open("/tmp/file", O_PATH);

	need(file >= 0 && pipe(p) == 0);
	is(fcntl(file, F_GETFL) & O_ASYNC, O_ASYNC);
	is(fcntl(file, F_SETFL, 0), 0);
	is(fcntl(file, F_GETFL) & O_ASYNC, O_ASYNC);
	close(file);
	file = open("/tmp/file", O_RDWR);
	is(fcntl(file, F_SETFL, O_ASYNC), 0);
	is(fcntl(file, F_GETFL) & O_ASYNC, 0);
	is(ioctl(file, FIOASYNC, &on), -ENOTTY);
	is(ioctl(p[0], FIOASYNC, 8), -EFAULT);
	is(ioctl(p[0], FIOASYNC, &on), 0);
	is(fcntl(p[0], F_GETFL), O_ASYNC);
	is(fcntl(p[0], F_SETFL, 0), 0);
	is(fcntl(p[0], F_GETFL), 0);
	on = 0;
	is(ioctl(p[0], FIOASYNC, &on), 0);
	is(fcntl(path, F_SETOWN, getpid()), -EBADF);
	is(fcntl(path, F_GETOWN), -EBADF);
	close(path);
	close(file);
	close(p[0]);
	close(p[1]);
	unlink("/tmp/file");
}

/* ---- of what ---- */

static void check_pipe(void)
{
	int p[2];

	need(pipe(p) == 0);
	is(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK), 0);
	is(write(p[1], "x", 1), 1);
	is(next(), 0); /* no owner was chosen */
	is(fcntl(p[0], F_SETOWN, getpid()), 0);
	is(write(p[1], "x", 1), 1);
	is(next(), SIGIO);
	is(last.si_code, SI_KERNEL);
	is(last.si_pid, 0);
	is(write(p[1], "x", 1), 1);
	is(write(p[1], "x", 1), 1);
	is(count(SIGIO), 1);
	is(fcntl(p[0], F_SETSIG, RT), 0);
	is(write(p[1], "x", 1), 1);
	is(write(p[1], "x", 1), 1);
	TOLD(p[0], POLL_IN, IN);
	TOLD(p[0], POLL_IN, IN);
	is(next(), 0);
	is(read(p[0], buf, 100), 6);
	is(next(), 0);
	listen_to(p[1]);
	is(read(p[0], buf, 100), -EAGAIN);
	TOLD(p[1], POLL_OUT, OUT);
	is(write(p[1], buf, sizeof(buf)), 65536);
	TOLD(p[0], POLL_IN, IN);
	is(read(p[0], buf, 100), 100);
	TOLD(p[1], POLL_OUT, OUT);
	close(p[1]);
	TOLD(p[0], POLL_IN, IN);
	is(next(), 0);
	close(p[0]);
	/* The reader goes. */
	need(pipe(p) == 0);
	listen_to(p[1]);
	close(p[0]);
	TOLD(p[1], POLL_OUT, OUT);
	close(p[1]);
}

static void check_fifo(void)
{
	int both, other;

	need(mkfifo("/tmp/fifo", 0600) == 0);
	both = open("/tmp/fifo", O_RDWR);
	other = open("/tmp/fifo", O_RDWR | O_NONBLOCK);
	need(both >= 0 && other >= 0);
	listen_to(both);
	is(write(both, "x", 1), 1);
	TOLD(both, POLL_IN, IN);
	is(write(other, "x", 1), 1);
	TOLD(both, POLL_IN, IN);
	is(read(other, buf, 2), 2);
	TOLD(both, POLL_OUT, OUT);
	is(next(), 0);
	close(both);
	is(write(other, "x", 1), 1);
	is(next(), 0);
	close(other);
	unlink("/tmp/fifo");
}

/* The signal names the descriptor that asked, though it be closed. */
static void check_descriptor(void)
{
	int p[2], copy;

	need(pipe(p) == 0);
	copy = dup(p[0]);
	listen_to(copy);
	close(copy);
	is(write(p[1], "x", 1), 1);
	TOLD(copy, POLL_IN, IN);
	is(fcntl(p[0], F_SETFL, 0), 0);
	is(write(p[1], "x", 1), 1);
	is(next(), 0);
	is(fcntl(p[0], F_SETFL, O_ASYNC), 0);
	is(write(p[1], "x", 1), 1);
	TOLD(p[0], POLL_IN, IN);
	/* In a child the open file is the same one, and so is its owner. */
	if (!fork()) {
		write(p[1], "x", 1);
		_exit(next());
	}
	need(wait(&copy) > 0);
	is(copy, 0);
	TOLD(p[0], POLL_IN, IN);
	is(fcntl(p[0], F_SETSIG, SIGCHLD), 0);
	is(fcntl(p[0], F_SETSIG, 0), 0);
	is(write(p[1], "x", 1), 1);
	is(next(), SIGIO);
	is(last.si_code, SI_KERNEL);
	close(p[0]);
	is(next(), 0);
	close(p[1]);
}

/* Where no more can be queued SIGIO comes instead. */
static void check_overflow(void)
{
	struct rlimit none = { 0, 0 }, old;
	int p[2];

	need(pipe(p) == 0 && getrlimit(RLIMIT_SIGPENDING, &old) == 0);
	listen_to(p[0]);
	none.rlim_max = old.rlim_max;
	need(setrlimit(RLIMIT_SIGPENDING, &none) == 0);
	is(write(p[1], "x", 1), 1);
	is(next(), SIGIO);
	is(next(), 0);
	need(setrlimit(RLIMIT_SIGPENDING, &old) == 0);
	is(write(p[1], "x", 1), 1);
	TOLD(p[0], POLL_IN, IN);
	close(p[0]);
	close(p[1]);
}

/* Read from a signalfd. */
static void check_signalfd(void)
{
	struct signalfd_siginfo i;
	int p[2], fd;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, RT);
	fd = signalfd(-1, &set, SFD_NONBLOCK);
	need(pipe(p) == 0 && fd >= 0);
	listen_to(p[0]);
	is(write(p[1], "x", 1), 1);
	is(read(fd, &i, sizeof(i)), sizeof(i));
	is(i.ssi_signo, RT);
	is(i.ssi_code, POLL_IN);
	is(i.ssi_fd, p[0]);
	is(i.ssi_band, IN);
	is(i.ssi_pid, 0);
	close(fd);
	close(p[0]);
	close(p[1]);
}

/* ---- sockets ---- */

static void check_stream(int type)
{
	int s[2], pid, n = 0;

	need(socketpair(AF_UNIX, type, 0, s) == 0);
	listen_to(s[0]);
	is(write(s[1], "x", 1), 1);
	TOLD(s[0], POLL_IN, IN);
	is(read(s[0], buf, 10), 1);
	is(next(), 0);
	while (write(s[0], buf, 10000) == 10000)
		n++;
	is(next(), 0);
	while (read(s[1], buf, 10000) == 10000 && --n)
		;
	TOLD(s[0], POLL_OUT, OUT);
	is(next(), 0);
	is(ioctl(s[0], 0x8903, &pid), 0);
	is(pid, getpid());
	pid = -getpgrp();
	is(ioctl(s[0], 0x8901, &pid), 0);
	is(ioctl(s[0], 0x8904, &n), 0);
	is(n, pid);
	pid = 30000;
	is(ioctl(s[0], 0x8902, &pid), -ESRCH);
	is(ioctl(s[0], 0x8902, 8), -EFAULT);
	is(fcntl(s[0], F_SETOWN, getpid()), 0);
	is(shutdown(s[1], SHUT_RD), 0);
	is(next(), 0);
	is(shutdown(s[1], SHUT_WR), 0);
	TOLD(s[0], POLL_IN, IN);
	is(shutdown(s[1], SHUT_RDWR), 0);
	TOLD(s[0], POLL_HUP, HUP);
	close(s[1]);
	TOLD(s[0], POLL_HUP, HUP);
	is(next(), 0);
	close(s[0]);
}

static void check_datagram(void)
{
	int s[2];

	need(socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == 0);
	listen_to(s[0]);
	is(write(s[1], "x", 1), 1);
	TOLD(s[0], POLL_IN, IN);
	is(shutdown(s[1], SHUT_RDWR), 0);
	close(s[1]);
	is(next(), 0);
	close(s[0]);
}

static void check_listening(void)
{
	struct sockaddr_un a = { AF_UNIX, "/tmp/sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c;

	need(bind(s, (void *)&a, sizeof(a)) == 0 && listen(s, 5) == 0);
	listen_to(s);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	is(connect(c, (void *)&a, sizeof(a)), 0);
	TOLD(s, POLL_IN, IN);
	close(c);
	is(next(), 0);
	close(s);
	unlink(a.sun_path);
}

/* A reader that sleeps need not be told. */
static void check_sleeper(void)
{
	int s[2];

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	is(fcntl(s[0], F_SETOWN, getpid()), 0);
	is(fcntl(s[0], F_SETSIG, RT), 0);
	is(fcntl(s[0], F_SETFL, O_ASYNC), 0);
	if (!fork()) {
		usleep(30000);
		write(s[1], "x", 1);
		_exit(0);
	}
	is(read(s[0], buf, 10), 1);
	is(next(), 0);
	need(wait(NULL) > 0);
	close(s[0]);
	close(s[1]);
}

/* ---- terminals ---- */

static void check_terminal(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), n = -1, zero = 0;
	struct termios raw;
	char name[32];
	int slave;

	need(master >= 0 && ioctl(master, TIOCGPTN, &n) == 0 &&
	     ioctl(master, TIOCSPTLCK, &zero) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", n);
	slave = open(name, O_RDWR | O_NOCTTY);
	need(slave >= 0);
	is(fcntl(slave, F_SETFL, O_ASYNC | O_NONBLOCK), 0);
	is(fcntl(slave, F_GETOWN), getpid()); /* by itself */
	is(fcntl(slave, F_SETSIG, RT), 0);
	is(write(master, "ab", 2), 2);
	usleep(20000);
	is(next(), 0); /* no line yet */
	is(write(master, "c\n", 2), 2);
	usleep(20000);
	TOLD(slave, POLL_IN, IN);
	is(next(), 0);
	need(tcgetattr(slave, &raw) == 0);
	cfmakeraw(&raw);
	need(tcsetattr(slave, TCSANOW, &raw) == 0);
	is(count(RT) >= 0, 1);
	is(read(slave, buf, 100), 4);
	is(write(master, "ab", 2), 2);
	usleep(20000);
	TOLD(slave, POLL_IN, IN);
	is(next(), 0);
	is(write(slave, "x", 1), 1);
	is(next(), 0);
	close(master);
	is(fcntl(slave, F_GETFL) & O_ASYNC, 0);
	is(fcntl(slave, F_SETFL, O_ASYNC), -ENOTTY);
	close(slave);
	is(count(RT) >= 0, 1);
}

/* ---- threads, groups, other users ---- */

static void *thread(void *arg)
{
	struct f_owner_ex ex = { F_OWNER_TID, (int)syscall(SYS_gettid) };
	int fd = *(int *)arg;

	is(fcntl(fd, F_SETOWN_EX, &ex), 0);
	is(fcntl(fd, F_GETOWN), ex.pid);
	is(write(((int *)arg)[1], "x", 1), 1);
	is(next(), RT);
	ex.type = F_OWNER_PID;
	is(fcntl(fd, F_SETOWN_EX, &ex), 0);
	is(fcntl(fd, F_GETOWN), 0); /* a thread is no process */
	is(write(((int *)arg)[1], "x", 1), 1);
	ex.type = F_OWNER_TID;
	is(fcntl(fd, F_SETOWN_EX, &ex), 0);
	return NULL;
}

static void check_thread(void)
{
	pthread_t t;
	int p[2];

	need(pipe(p) == 0);
	listen_to(p[0]);
	need(pthread_create(&t, NULL, thread, p) == 0);
	need(pthread_join(t, NULL) == 0);
	is(next(), RT); /* of its process */
	is(write(p[1], "x", 1), 1);
	is(next(), 0); /* the thread is gone */
	close(p[0]);
	close(p[1]);
}

/* A child of user @uid, and of a group of its own, waits to be told of @fd:
 * what it got. */
static int told_to_child(int p[2], int uid, int setter)
{
	int go[2], ready[2], pid, status;

	need(pipe(go) == 0 && pipe(ready) == 0);
	pid = fork();
	if (!pid) {
		setpgid(0, 0);
		need(setresuid(uid, uid, uid) == 0);
		write(ready[1], "x", 1);
		read(go[0], buf, 1);
		_exit(next());
	}
	need(read(ready[0], buf, 1) == 1);
	if (setter)
		need(setresuid(setter, setter, 0) == 0);
	is(fcntl(p[0], F_SETOWN, -pid), 0);
	if (setter)
		need(setresuid(0, 0, 0) == 0);
	is(write(p[1], "x", 1), 1);
	need(write(go[1], "x", 1) == 1 && waitpid(pid, &status, 0) == pid);
	is(fcntl(p[0], F_GETOWN), 0);
	close(go[0]);
	close(go[1]);
	close(ready[0]);
	close(ready[1]);
	return WEXITSTATUS(status);
}

static void check_users(void)
{
	unsigned int ids[2];
	int p[2];

	need(pipe(p) == 0);
	listen_to(p[0]);
	is(told_to_child(p, 0, 0), RT);
	is(told_to_child(p, 1000, 0), RT);
	is(told_to_child(p, 1000, 1000), RT);
	is(told_to_child(p, 1000, 1001), 0);
	is(fcntl(p[0], GETOWNER_UIDS, ids), 0);
	is(ids[0], 1001);
	is(ids[1], 1001);
	is(next(), 0);
	close(p[0]);
	close(p[1]);
}

/* ---- leases ---- */

#define LEASED "/tmp/leased"

static int leased(int flags)
{
	int fd = open(LEASED, flags | O_CREAT, 0600);

	need(fd >= 0);
	return fd;
}

/* The row of /proc/locks that says LEASE, from there on; or "". */
static const char *lease_row(void)
{
	int fd = open("/proc/locks", O_RDONLY);
	long n = read(fd, buf, 4000);
	char *row, *end;

	close(fd);
	need(n >= 0);
	buf[n] = 0;
	row = strstr(buf, "LEASE");
	if (!row)
		return "";
	end = strstr(row, " 0 EOF");
	need(end);
	*end = 0;
	return row;
}

static void has_row(int line, const char *want, int pid)
{
	const char *row = lease_row();
	char text[60];

	snprintf(text, sizeof(text), "LEASE  %s %d ", want, pid);
	if (strncmp(row, text, strlen(text)) != 0)
		check(0, "/proc/locks", "line %d: \"%s\"", line, row);
}

#define ROW(want) has_row(__LINE__, want, getpid())

static void check_lease_rules(void)
{
	int r = leased(O_RDONLY), w, p[2], path = open(LEASED, O_PATH);

	need(pipe(p) == 0);
	is(fcntl(r, F_GETLEASE), F_UNLCK);
	is(fcntl(r, F_SETLEASE, F_UNLCK), -EAGAIN);
	is(fcntl(r, F_SETLEASE, 3), -EINVAL);
	is(fcntl(p[0], F_SETLEASE, F_RDLCK), -EINVAL);
	is(fcntl(path, F_SETLEASE, F_RDLCK), -EBADF);
	is(fcntl(r, F_SETLEASE, F_RDLCK), 0);
	is(fcntl(r, F_GETLEASE), F_RDLCK);
	is(fcntl(r, F_GETOWN), getpid());
	is(fcntl(r, F_GETFL) & O_ASYNC, O_ASYNC);
	ROW("ACTIVE    READ");
	is(fcntl(r, F_SETLEASE, F_WRLCK), 0);
	is(fcntl(r, F_GETLEASE), F_WRLCK);
	ROW("ACTIVE    WRITE");
	is(fcntl(r, F_SETLEASE, F_UNLCK), 0);
	is(fcntl(r, F_GETLEASE), F_UNLCK);
	is(fcntl(r, F_GETOWN), 0);
	is(fcntl(r, F_GETFL) & O_ASYNC, 0);
	is(strlen(lease_row()), 0);
	/* The file is open elsewhere, too. */
	w = leased(O_RDONLY);
	is(fcntl(r, F_SETLEASE, F_WRLCK), -EAGAIN);
	is(fcntl(r, F_SETLEASE, F_RDLCK), 0);
	is(fcntl(w, F_SETLEASE, F_RDLCK), 0);
	is(fcntl(r, F_SETLEASE, F_WRLCK), -EAGAIN);
	is(fcntl(r, F_GETLEASE), F_RDLCK);
	close(w);
	is(fcntl(r, F_SETLEASE, F_UNLCK), 0);
	w = leased(O_WRONLY);
	is(fcntl(r, F_SETLEASE, F_RDLCK), -EAGAIN);
	is(fcntl(w, F_SETLEASE, F_RDLCK), -EAGAIN);
	is(fcntl(w, F_SETLEASE, F_WRLCK), -EAGAIN);
	close(r);
	is(fcntl(w, F_SETLEASE, F_WRLCK), 0);
	close(dup(w));
	is(fcntl(w, F_GETLEASE), F_WRLCK);
	close(w);
	is(strlen(lease_row()), 0);
	/* Others' files. */
	r = leased(O_RDONLY);
	need(fchown(r, 1, 1) == 0 && seteuid(2) == 0);
	is(fcntl(r, F_SETLEASE, F_RDLCK), -EACCES);
	is(fcntl(r, F_SETLEASE, F_UNLCK), -EACCES);
	need(seteuid(0) == 0);
	is(fcntl(r, F_SETLEASE, F_RDLCK), 0);
	close(r);
	close(path);
	close(p[0]);
	close(p[1]);
	unlink(LEASED);
}

/* How a child fared: its open, or truncate if @flags is -1. */
static int breaker(int flags)
{
	int pid = fork();

	if (pid)
		return pid;
	if (flags < 0)
		_exit(truncate(LEASED, 1) ? errno : 0);
	_exit(open(LEASED, flags) < 0 ? errno : 0);
}

static int fate(int pid)
{
	int status;

	need(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void check_lease_break(void)
{
	int fd = leased(O_RDONLY), pid, status;

	is(fcntl(fd, F_SETSIG, RT), 0);
	is(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	is(fate(breaker(O_RDONLY)), 0);
	is(next(), 0);
	is(fate(breaker(O_WRONLY | O_NONBLOCK)), EWOULDBLOCK);
	TOLD(fd, POLL_MSG, 0x441);
	ROW("BREAKING  UNLCK");
	is(fcntl(fd, F_GETLEASE), F_UNLCK);
	is(fate(breaker(O_RDWR | O_NONBLOCK)), EWOULDBLOCK);
	is(next(), 0); /* told once */
	is(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	is(fate(breaker(O_WRONLY | O_NONBLOCK)), 0);
	/* An open that waits. */
	is(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	is(fcntl(fd, F_GETSIG), 0);
	pid = breaker(O_WRONLY);
	usleep(30000);
	is(waitpid(pid, &status, WNOHANG), 0);
	is(next(), SIGIO);
	is(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	is(fate(pid), 0);
	/* So does truncate; and a signal ends it. */
	is(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	pid = breaker(-1);
	usleep(30000);
	is(waitpid(pid, &status, WNOHANG), 0);
	is(next(), SIGIO);
	kill(pid, SIGTERM);
	is(fate(pid), -SIGTERM);
	is(fcntl(fd, F_GETLEASE), F_UNLCK);
	is(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	is(fcntl(fd, F_GETLEASE), F_UNLCK); /* still */
	/* What closes the file ends it. */
	pid = breaker(-1);
	usleep(30000);
	close(fd);
	is(fate(pid), 0);
	unlink(LEASED);
	is(count(SIGIO) >= 0, 1);
}

/* A reader needs only that the holder becomes a reader, too. */
static void check_lease_downgrade(void)
{
	int fd = leased(O_RDWR), pid, status;

	is(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	pid = breaker(O_RDONLY);
	usleep(30000);
	is(next(), SIGIO);
	ROW("BREAKING  READ");
	is(fcntl(fd, F_GETLEASE), F_RDLCK);
	is(waitpid(pid, &status, WNOHANG), 0);
	is(fcntl(fd, F_SETLEASE, F_RDLCK), -EAGAIN); /* open for writing */
	is(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
	is(fate(pid), 0);
	close(fd);
	fd = leased(O_RDONLY);
	is(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	pid = breaker(O_RDONLY);
	usleep(30000);
	is(fcntl(fd, F_SETLEASE, F_RDLCK), 0);
	is(fate(pid), 0);
	is(fcntl(fd, F_GETLEASE), F_RDLCK);
	close(fd);
	unlink(LEASED);
	is(count(SIGIO), 1);
}

static void set_knob(const char *name, const char *value)
{
	int fd = open(name, O_WRONLY);

	need(fd >= 0 && write(fd, value, strlen(value)) > 0);
	close(fd);
}

/* Without a word from the holder it happens after a while. */
static void check_lease_time(void)
{
	int fd = leased(O_RDONLY);

	set_knob("/proc/sys/fs/lease-break-time", "1");
	is(fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	is(fate(breaker(O_RDONLY)), 0);
	is(fcntl(fd, F_GETLEASE), F_RDLCK);
	is(fate(breaker(O_WRONLY)), 0);
	is(fcntl(fd, F_GETLEASE), F_UNLCK);
	set_knob("/proc/sys/fs/lease-break-time", "45");
	set_knob("/proc/sys/fs/leases-enable", "0");
	is(fcntl(fd, F_SETLEASE, F_RDLCK), -EINVAL);
	set_knob("/proc/sys/fs/leases-enable", "1");
	close(fd);
	unlink(LEASED);
	is(count(SIGIO) >= 0, 1);
}

int main(void)
{
	block();
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, NULL);
	check_owner();
	check_flag();
	check_pipe();
	check_fifo();
	check_descriptor();
	check_overflow();
	check_signalfd();
	check_stream(SOCK_STREAM);
	check_stream(SOCK_SEQPACKET);
	check_datagram();
	check_listening();
	check_sleeper();
	check_terminal();
	check_thread();
	check_users();
	check_lease_rules();
	check_lease_break();
	check_lease_downgrade();
	check_lease_time();
	check(!checks_done(), "async", "see above");
	return checks_done();
}

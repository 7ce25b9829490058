/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: reading and writing, copies, locks, waiting for several at
 * once, and sockets between processes. Every answer is Linux's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

static void *volatile bad_address = (void *)8;
#define bad ((void *)bad_address)

static char buf[300000];
static volatile int many = 100000, minus = -1; /* for counts that lie */
static int file; /* "x", open for reading and writing */
static volatile int signals;

static void count(int sig)
{
	(void)sig;
	signals++;
}

/* What a child's checks said is what it exits with. */
static void is_child_good(void)
{
	int status;

	need(wait(&status) > 0);
	is(status, 0);
}

static void check_bytes(void)
{
	int fd;

	is(write(file, "hello world", 11), 11);
	is(lseek(file, 0, SEEK_SET), 0);
	is(read(file, buf, 5), 5);
	is(read(file, bad, 5), -EFAULT);
	is(write(file, bad, 5), -EFAULT);
	is(read(99, buf, 1), -EBADF);
	is(write(-1, buf, 1), -EBADF);
	is(lseek(file, -1, SEEK_SET), -EINVAL);
	is(lseek(file, 5, 9), -EINVAL);
	is(lseek(file, 2, SEEK_END), 13);
	is(lseek(file, 0, SEEK_DATA), 0);
	is(lseek(file, 0, SEEK_HOLE), 11);
	is(lseek(file, 100, SEEK_DATA), -ENXIO);
	is(pread(file, buf, 5, 6), 5);
	is(pread(file, buf, 5, -1), -EINVAL);
	is(pread(file, buf, 5, 100), 0);
	is(pwrite(file, "Z", 1, 20), 1);
	is(pread(file, buf, 30, 0), 21);
	is(ftruncate(file, -1), -EINVAL);
	is(ftruncate(file, 100), 0);
	is(truncate("none", 1), -ENOENT);
	is(truncate(".", 1), -EISDIR);
	need((fd = open("x", O_WRONLY)) >= 0);
	is(read(fd, buf, 1), -EBADF);
	close(fd);
	need((fd = open("x", O_RDONLY)) >= 0);
	is(write(fd, buf, 1), -EBADF);
	is(ftruncate(fd, 3), -EINVAL);
	close(fd);
	need((fd = open("x", O_WRONLY | O_APPEND)) >= 0);
	is(pwrite(fd, "end", 3, 0), 3);
	is(lseek(fd, 0, SEEK_END), 103);
	close(fd);
	need((fd = open(".", O_RDONLY)) >= 0);
	is(read(fd, buf, 10), -EISDIR);
	is(getdents64(fd, buf, 10), -EINVAL);
	is(getdents64(fd, bad, 100), -EFAULT);
	is(getdents64(file, buf, 100), -ENOTDIR);
	close(fd);
}

static void check_vectors(void)
{
	struct iovec v[3] = { { buf, 3 }, { buf + 3, 4 }, { bad, 4 } };

	is(lseek(file, 0, SEEK_SET), 0);
	is(readv(file, v, 2), 7);
	is(readv(file, v, 3), 7);
	is(readv(file, v, 0), 0);
	is(readv(file, v, minus), -EINVAL);
	is(readv(file, v, many), -EINVAL);
	is(readv(file, bad, 2), -EFAULT);
	is(writev(file, v, 2), 7);
	is(preadv(file, v, 2, 0), 7);
	is(pwritev(file, v, 2, -3), -EINVAL);
	v[1].iov_len = -1;
	is(readv(file, v, 2), -EINVAL);
}

static void check_limits(void)
{
	struct rlimit few = { 50, 50 };

	signal(SIGXFSZ, count);
	setrlimit(RLIMIT_FSIZE, &few);
	is(ftruncate(file, 10), 0);
	is(pwrite(file, "1234567890", 10, 45), 5);
	is(pwrite(file, "1234567890", 10, 50), -EFBIG);
	is(signals, 1);
	is(ftruncate(file, 51), -EFBIG);
	is(signals, 2);
	setrlimit(RLIMIT_NOFILE, &few);
	while (dup(0) >= 0)
		;
	is(errno, EMFILE);
	is(open("x", 0), -EMFILE);
	is(socketpair(AF_UNIX, SOCK_STREAM, 0, (int *)buf), -EMFILE);
	is(dup2(0, 50), -EBADF);
}

static void check_copies(void)
{
	is(dup(99), -EBADF);
	is(dup2(99, 5), -EBADF);
	is(dup2(file, -1), -EBADF);
	is(dup2(file, 100000), -EBADF);
	is(dup2(file, file), file);
	is(dup3(file, file, 0), -EINVAL);
	is(dup3(file, 300, O_CLOEXEC), 300);
	is(fcntl(300, F_GETFD), FD_CLOEXEC);
	is(dup3(file, 31, 123), -EINVAL);
	is(fcntl(file, F_DUPFD, 40), 40);
	is(fcntl(file, F_DUPFD, 100000), -EINVAL);
	is(fcntl(file, F_DUPFD_CLOEXEC, 41), 41);
	is(fcntl(file, F_SETFL, O_APPEND | O_NONBLOCK), 0);
	is(fcntl(file, F_GETFL), O_LARGEFILE | O_RDWR | O_APPEND | O_NONBLOCK);
	is(fcntl(file, 999), -EINVAL);
	is(fcntl(file, F_SETFL, 0), 0);
	is(close(40), 0);
	is(close(40), -EBADF);
	is(syscall(SYS_close_range, 41, 300, 0), 0);
	is(fcntl(41, F_GETFD), -EBADF);
	is(fcntl(300, F_GETFD), -EBADF);
	is(syscall(SYS_close_range, 60, 41, 0), -EINVAL);
	is(ioctl(file, 0x1234, buf), -ENOTTY);
	is(ioctl(file, TCGETS, buf), -ENOTTY);
	is(ioctl(99, TCGETS, buf), -EBADF);
}

static int set_lock(int type, int start, int len)
{
	struct flock l = { .l_type = (short)type,
			   .l_start = start,
			   .l_len = len };

	return fcntl(file, F_SETLK, &l);
}

static void locks_of_another(void)
{
	struct flock l = { .l_type = F_RDLCK, .l_start = 5, .l_len = 1 };
	int fd;

	is(set_lock(F_RDLCK, 5, 1), -EAGAIN);
	is(fcntl(file, F_GETLK, &l), 0);
	is(l.l_type, F_WRLCK);
	is(l.l_start, 0);
	is(l.l_len, 10);
	is(l.l_pid, getppid());
	is(set_lock(F_RDLCK, 12, 5), 0);
	need((fd = open("x", O_RDWR)) >= 0);
	is(flock(fd, LOCK_EX | LOCK_NB), -EAGAIN);
	exit(checks_done());
}

static void unlocked_for_another(void)
{
	is(set_lock(F_WRLCK, 0, 0), 0);
	exit(checks_done());
}

/* Another type is a new lock: whoever asks for it has no old one meanwhile. */
static void check_flock_change(void)
{
	int a = open("x", O_RDWR), b = open("x", O_RDWR), status, pid;

	need(a >= 0 && b >= 0);
	is(flock(a, LOCK_SH), 0);
	is(flock(b, LOCK_SH), 0);
	is(flock(a, LOCK_SH | LOCK_NB), 0);
	is(flock(a, LOCK_EX | LOCK_NB), -EAGAIN);
	is(flock(b, LOCK_EX | LOCK_NB), 0);
	is(flock(a, LOCK_SH | LOCK_NB), -EAGAIN);
	is(flock(b, LOCK_SH), 0);
	is(flock(a, LOCK_SH), 0);
	pid = fork();
	if (!pid)
		_exit(flock(a, LOCK_EX)); /* waits, and holds nothing */
	usleep(30000);
	is(waitpid(pid, &status, WNOHANG), 0);
	is(flock(b, LOCK_EX | LOCK_NB), 0);
	is(flock(b, LOCK_UN), 0);
	need(waitpid(pid, &status, 0) == pid);
	is(status, 0);
	is(flock(b, LOCK_SH | LOCK_NB), -EAGAIN);
	close(a);
	is(flock(b, LOCK_SH | LOCK_NB), 0);
	close(b);
}

static void check_locks(void)
{
	int fd;

	is(set_lock(F_WRLCK, 0, 30), 0);
	is(set_lock(F_UNLCK, 10, 10), 0);
	is(flock(file, LOCK_EX), 0);
	if (fork() == 0)
		locks_of_another();
	is_child_good();
	is(flock(file, LOCK_UN), 0);
	is(flock(99, LOCK_EX), -EBADF);
	is(set_lock(99, 0, 1), -EINVAL);
	is(set_lock(F_RDLCK, -5, 1), -EINVAL);
	/* Closing any descriptor of the file gives up the process's locks. */
	need((fd = open("x", O_RDONLY)) >= 0);
	close(fd);
	if (fork() == 0)
		unlocked_for_another();
	is_child_good();
}

/* A number of /proc/sys: what it was; @set, unless NULL, is written to it. */
static const char *knob(const char *path, const char *set)
{
	static char was[64];
	int fd = open(path, O_RDWR), n;

	need(fd >= 0 && (n = (int)read(fd, was, sizeof(was) - 1)) > 0);
	was[n] = '\0';
	if (set)
		is(pwrite(fd, set, strlen(set), 0), strlen(set));
	close(fd);
	return was;
}

/* fs.nr_open: no limit may be higher, and no table grows beyond. */
static void check_nr_open(void)
{
	struct rlimit old, more;

	if (fork()) {
		is_child_good();
		return;
	}
	need(!getrlimit(RLIMIT_NOFILE, &old));
	more = old;
	more.rlim_max = more.rlim_cur = 2000000;
	is(setrlimit(RLIMIT_NOFILE, &more), -EPERM);
	is(atoi(knob("/proc/sys/fs/nr_open", "4000000")), 1048576);
	is(setrlimit(RLIMIT_NOFILE, &more), 0);
	is(atoi(knob("/proc/sys/fs/nr_open", "8192")), 4000000);
	is(dup2(0, 8191), 8191);
	is(dup2(0, 300000), -EBADF);
	is(fcntl(0, F_DUPFD, 300000), -EMFILE);
	is(dup2(0, 2000000), -EBADF);
	is(setrlimit(RLIMIT_NOFILE, &more), -EPERM);
	is(atoi(knob("/proc/sys/fs/nr_open", "1048576")), 8192);
	is(dup2(0, 300000), 300000);
	exit(checks_done());
}

/* kernel.printk: its first number is the console's level. */
static void check_printk(void)
{
	char was[64];

	strcpy(was, knob("/proc/sys/kernel/printk", "5 4\n"));
	check(!strncmp(knob("/proc/sys/kernel/printk", was), "5\t4\t1\t7\n", 8),
	      "kernel.printk", "%s", was);
	check(!strcmp(knob("/proc/sys/kernel/printk", NULL), was),
	      "kernel.printk", "not as it was");
}

static void check_poll(void)
{
	struct pollfd p[4] = { { .events = POLLIN },
			       { .events = POLLOUT },
			       { file, POLLIN | POLLOUT, 0 },
			       { 77, POLLIN, 0 } };
	struct timeval tv = { 0, 10000 };
	int fd[2];
	fd_set set;

	need(pipe(fd) == 0);
	p[0].fd = fd[0];
	p[1].fd = fd[1];
	is(poll(p, 4, 0), 3);
	is(p[0].revents, 0);
	is(p[1].revents, POLLOUT);
	is(p[2].revents, POLLIN | POLLOUT);
	is(p[3].revents, POLLNVAL);
	is(poll(bad, 1, 0), -EFAULT);
	is(poll(p, (nfds_t)many, 0), -EINVAL);
	is(poll(p, 1, 10), 0);
	FD_ZERO(&set);
	FD_SET(fd[0], &set);
	is(select(fd[0] + 1, &set, NULL, NULL, &tv), 0);
	is(tv.tv_usec, 0);
	FD_SET(50, &set);
	is(select(51, &set, NULL, NULL, NULL), -EBADF);
	is(select(-1, NULL, NULL, NULL, NULL), -EINVAL);
	is(select(10, bad, NULL, NULL, NULL), -EFAULT);
	close(fd[1]);
	is(poll(p, 1, -1), 1);
	is(p[0].revents, POLLHUP);
	is(read(fd[0], buf, 1), 0);
	close(fd[0]);
}

static void add(int ep, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	is(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
}

static void check_epoll(void)
{
	struct epoll_event ev = { .events = EPOLLIN }, out[4];
	int ep = epoll_create1(EPOLL_CLOEXEC), e = eventfd(3, EFD_NONBLOCK);
	unsigned long long n = 1;
	int fd[2];

	add(ep, e, EPOLLIN);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), -EEXIST);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), -EPERM);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), -EINVAL);
	is(epoll_ctl(file, EPOLL_CTL_ADD, e, &ev), -EINVAL);
	is(epoll_wait(ep, out, 4, 0), 1);
	is(out[0].data.fd, e);
	is(epoll_wait(ep, out, 0, 0), -EINVAL);
	is(read(e, &n, 8), 8);
	is(n, 3);
	is(read(e, &n, 8), -EAGAIN);
	is(epoll_wait(ep, out, 4, 10), 0);
	ev.events |= EPOLLET; /* told once for each change */
	is(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev), 0);
	is(write(e, &n, 8), 8);
	is(epoll_wait(ep, out, 4, 0), 1);
	is(epoll_wait(ep, out, 4, 0), 0);
	is(write(e, &n, 8), 8);
	is(epoll_wait(ep, out, 4, 0), 1);
	is(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL), 0);
	is(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL), -ENOENT);
	need(pipe(fd) == 0);
	add(ep, fd[0], EPOLLIN);
	if (fork() == 0) {
		usleep(20000);
		_exit(write(fd[1], "k", 1) != 1);
	}
	is(epoll_wait(ep, out, 4, 2000), 1);
	is_child_good();
	close(fd[0]); /* and is watched no more */
	is(epoll_wait(ep, out, 4, 0), 0);
	close(fd[1]);
	close(e);
	close(ep);
}

/* A child that waits for @fd in a set of its own: exits with what it heard. */
static pid_t watcher(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	pid_t pid = fork();
	char path[40], state[40];
	int ep, stat = -1;

	if (pid == 0) {
		ep = epoll_create1(0);
		need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) == 0);
		_exit(epoll_wait(ep, &ev, 1, 1000));
	}
	do {
		if (stat >= 0)
			close(stat);
		usleep(20000);
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		need((stat = open(path, O_RDONLY)) >= 0);
		need(read(stat, state, sizeof(state)) > 20);
	} while (!strstr(state, ") S"));
	close(stat);
	return pid;
}

/* Of two sets only one hears; and what cannot be asked for. */
static void check_exclusive(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE };
	int ep = epoll_create1(0), other = epoll_create1(0);
	int e = eventfd(0, 0), status, heard = 0, i;
	unsigned long long one = 1;

	watcher(e);
	watcher(e);
	is(write(e, &one, 8), 8);
	for (i = 0; i < 2; i++) {
		need(wait(&status) > 0);
		heard += WEXITSTATUS(status);
	}
	is(heard, 1);
	is(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), 0);
	is(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev), -EINVAL);
	ev.events = EPOLLIN;
	is(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev), -EINVAL);
	is(epoll_ctl(ep, EPOLL_CTL_DEL, e, NULL), 0);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, other, &ev), -EINVAL);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT;
	is(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev), -EINVAL);
	close(other);
	close(ep);
	close(e);
}

static long set_knob(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	long n = value(write(fd, text, strlen(text)));

	close(fd);
	return n;
}

/* How large a pipe may be made by who is not the administrator. */
static void check_pipe_size(void)
{
	static const char knob[] = "/proc/sys/fs/pipe-max-size";
	int fd[2];

	need(pipe(fd) == 0);
	is(set_knob(knob, "banana"), -EINVAL);
	is(set_knob(knob, "131072"), 6);
	is(fcntl(fd[0], F_SETPIPE_SZ, 262144), 262144);
	is(fcntl(fd[0], F_SETPIPE_SZ, 65536), 65536);
	if (fork() == 0) {
		need(setuid(7) == 0);
		is(fcntl(fd[0], F_SETPIPE_SZ, 262144), -EPERM);
		is(fcntl(fd[0], F_SETPIPE_SZ, 131072), 131072);
		_exit(checks_done());
	}
	is_child_good();
	is(set_knob(knob, "1048576"), 7);
	close(fd[0]);
	close(fd[1]);
}

/* ---- sockets ---- */

static void check_pair(void)
{
	int s[2], i;
	char c;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	is(write(s[0], "hello", 5), 5);
	is(ioctl(s[1], FIONREAD, &i), 0);
	is(i, 5);
	is(recv(s[1], buf, 2, MSG_PEEK), 2);
	is(read(s[1], buf, 3), 3);
	is(write(s[0], "xy", 2), 2);
	is(read(s[1], buf, 100), 4);
	is(recv(s[1], buf, 10, MSG_DONTWAIT), -EAGAIN);
	is(lseek(s[0], 0, 0), -ESPIPE);
	if (fork() == 0) {
		close(s[0]);
		while (read(s[1], &c, 1) == 1 && write(s[1], &c, 1) == 1)
			;
		_exit(0);
	}
	close(s[1]);
	for (i = 0; i < 1000; i++) {
		c = (char)i;
		need(write(s[0], &c, 1) == 1 && read(s[0], &c, 1) == 1);
		need(c == (char)i);
	}
	is(shutdown(s[0], SHUT_WR), 0);
	is(read(s[0], &c, 1), 0);
	is(write(s[0], "a", 1), -EPIPE);
	is_child_good();
	close(s[0]);
}

/* More than the socket holds: writer and reader take turns. */
static void check_flow(void)
{
	long sum = 0, n;
	int s[2], i;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	if (fork() == 0) {
		for (i = 0; i < 10; i++)
			need(write(s[1], buf, sizeof(buf)) == sizeof(buf));
		_exit(0);
	}
	close(s[1]);
	while ((n = read(s[0], buf, 77777)) > 0)
		sum += n;
	is(sum, 10 * sizeof(buf));
	is_child_good();
	close(s[0]);
}

static void check_server(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	struct sockaddr *name = (struct sockaddr *)&a;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), s, c;
	struct ucred who;
	socklen_t len = sizeof(who);

	is(listen(server, 5), -EINVAL);
	is(bind(server, name, sizeof(a)), 0);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	is(bind(s, name, sizeof(a)), -EADDRINUSE);
	is(connect(s, name, sizeof(a)), -ECONNREFUSED);
	is(listen(server, 1), 0);
	is(connect(s, name, sizeof(a)), 0);
	is(connect(s, name, sizeof(a)), -EISCONN);
	need((c = accept(server, NULL, NULL)) >= 0);
	is(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &who, &len), 0);
	is(who.pid, getpid());
	is(write(c, "srv", 3), 3);
	is(read(s, buf, 10), 3);
	close(c);
	is(read(s, buf, 10), 0);
	close(s);
	close(server);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	is(connect(s, name, sizeof(a)), -ECONNREFUSED);
	is(unlink("sock"), 0);
	is(connect(s, name, sizeof(a)), -ENOENT);
	close(s);
	is(getsockopt(file, SOL_SOCKET, SO_TYPE, buf, &len), -ENOTSOCK);
}

static void check_datagrams(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0name" };
	struct sockaddr *name = (struct sockaddr *)&a;
	int to = socket(AF_UNIX, SOCK_DGRAM, 0);
	int from = socket(AF_UNIX, SOCK_DGRAM, 0);

	is(bind(to, name, 7), 0);
	is(bind(from, name, 7), -EADDRINUSE);
	is(send(from, "x", 1, 0), -ENOTCONN);
	is(sendto(from, "first", 5, 0, name, 7), 5);
	is(sendto(from, "2nd", 3, 0, name, 7), 3);
	is(recv(to, buf, 3, MSG_TRUNC), 5);
	is(recv(to, buf, 100, 0), 3);
	is(connect(from, name, 7), 0);
	is(send(from, "", 0, 0), 0);
	is(recv(to, buf, 10, 0), 0);
	close(to);
	is(send(from, "x", 1, 0), -ECONNREFUSED);
	close(from);
}

/* A descriptor travels. */
static void check_rights(void)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec v = { buf, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int s[2], p[2], got;

	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0 && pipe(p) == 0);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &p[1], sizeof(int));
	is(sendmsg(s[0], &m, 0), 1);
	close(p[1]);
	memset(&control, 0, sizeof(control));
	is(recvmsg(s[1], &m, 0), 1);
	memcpy(&got, CMSG_DATA(c), sizeof(int));
	is(write(got, "via", 3), 3);
	is(read(p[0], buf, 10), 3);
	close(got);
	is(read(p[0], buf, 10), 0);
	close(p[0]);
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	char folder[] = "/tmp/descriptors.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	need(mkdtemp(folder) && chdir(folder) == 0);
	need((file = open("x", O_CREAT | O_RDWR, 0644)) >= 0);
	check_bytes();
	check_vectors();
	check_copies();
	check_locks();
	check_flock_change();
	check_nr_open();
	check_printk();
	check_poll();
	check_epoll();
	check_exclusive();
	check_pipe_size();
	check_pair();
	check_flow();
	check_server();
	check_datagrams();
	check_rights();
	check_limits();
	check(!checks_done(), "descriptors", "see above");
	return checks_done();
}

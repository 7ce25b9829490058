/* SPDX-License-Identifier: MIT */
/*
 * What epoll says of each kind of file as it goes from empty to full and to
 * closed: a line for each step, compared with edges.expect, which was recorded
 * on Linux ("edges record" prints it).
 *
 *   pipe: write        in I I I - I I          out - - - - - -
 *   kind  step         what is watched         │ │ │ │ │ │
 *             level, edge, edge for IN, edge for OUT, one shot, exclusive
 *
 *   I in, O out, P priority, R peer shut down, E error, H hung up; -: nothing
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define ALL (EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)
#define NR_MODES 6
#define ONE_SHOT 4
#define MAX_WATCHED 3

static const uint32_t modes[NR_MODES] = {
	ALL,
	ALL | EPOLLET,
	EPOLLIN | EPOLLET,
	EPOLLOUT | EPOLLET,
	ALL | EPOLLONESHOT,
	EPOLLIN | EPOLLOUT | EPOLLEXCLUSIVE,
};

static struct watched {
	const char *name;
	int fd;
	int set[NR_MODES];
} watched[MAX_WATCHED];

static int nr_watched;
static const char *kind;
static FILE *expected; /* NULL: print what there is */
static char buf[1 << 20];

static void watch(const char *name, int fd)
{
	struct watched *w = &watched[nr_watched++];
	struct epoll_event e = { .data.fd = fd };
	int i;

	w->name = name;
	w->fd = fd;
	for (i = 0; i < NR_MODES; i++) {
		need((w->set[i] = epoll_create1(EPOLL_CLOEXEC)) >= 0);
		e.events = modes[i];
		if (epoll_ctl(w->set[i], EPOLL_CTL_ADD, fd, &e)) {
			close(w->set[i]);
			w->set[i] = -errno;
		}
	}
}

static void begin(const char *name)
{
	int i;

	while (nr_watched)
		for (nr_watched--, i = 0; i < NR_MODES; i++)
			close(watched[nr_watched].set[i]);
	kind = name;
}

static char *describe(char *to, int set)
{
	static const struct {
		uint32_t bit;
		char letter;
	} names[] = {
		{ EPOLLIN, 'I' },    { EPOLLOUT, 'O' }, { EPOLLPRI, 'P' },
		{ EPOLLRDHUP, 'R' }, { EPOLLERR, 'E' }, { EPOLLHUP, 'H' }
	};
	struct epoll_event e;
	unsigned int i;
	int n = set < 0 ? -1 : epoll_wait(set, &e, 1, 0);

	*to++ = ' ';
	if (n <= 0)
		*to++ = n ? 'x' : '-';
	for (i = 0; n > 0 && i < sizeof(names) / sizeof(names[0]); i++)
		if (e.events & names[i].bit)
			*to++ = names[i].letter;
	*to = '\0';
	return to;
}

/* What has been done, and what all sets say now. */
static void step(const char *name)
{
	static char line[500], want[500];
	char *at = line + snprintf(line, 100, "%s: %s", kind, name);
	int i, k;

	for (i = 0; i < nr_watched; i++) {
		at += snprintf(at, 40, "\t%s", watched[i].name);
		for (k = 0; k < NR_MODES; k++)
			at = describe(at, watched[i].set[k]);
	}
	if (!expected) {
		puts(line);
		return;
	}
	do {
		if (!fgets(want, sizeof(want), expected))
			want[0] = '\0';
	} while (want[0] == '#');
	want[strcspn(want, "\n")] = '\0';
	if (strcmp(line, want))
		check(0, kind, "%s, not %s", line, want);
}

static void arm_again(void)
{
	struct epoll_event e = { .events = modes[ONE_SHOT] };
	int i;

	for (i = 0; i < nr_watched; i++)
		epoll_ctl(watched[i].set[ONE_SHOT], EPOLL_CTL_MOD,
			  watched[i].fd, &e);
	step("armed again");
}

static void drain(int fd)
{
	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void fill(int fd, size_t size)
{
	while (write(fd, buf, size) > 0)
		;
}

static void rest(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static void spliced(int from, int to)
{
	struct iovec v = { buf, 3 };
	int other[2];

	need(pipe2(other, O_NONBLOCK) == 0);
	need(write(other[1], "123456", 6) == 6);
	step("before tee");
	tee(other[0], to, 2, SPLICE_F_NONBLOCK);
	step("tee in");
	tee(other[0], to, 2, SPLICE_F_NONBLOCK);
	step("tee more in");
	splice(other[0], NULL, to, NULL, 2, SPLICE_F_NONBLOCK);
	step("splice in");
	vmsplice(to, &v, 1, SPLICE_F_NONBLOCK);
	step("vmsplice in");
	tee(from, other[1], 2, SPLICE_F_NONBLOCK);
	step("tee out");
	splice(from, NULL, other[1], NULL, 100, SPLICE_F_NONBLOCK);
	step("splice out");
	close(other[0]);
	close(other[1]);
}

static void pipe_bytes(int from, int to)
{
	step("empty");
	step("again");
	need(write(to, "a", 1) == 1);
	step("write");
	step("again");
	need(write(to, "b", 1) == 1);
	step("write more");
	need(read(from, buf, 1) == 1);
	step("read part");
	need(read(from, buf, 1) == 1);
	step("read all");
	read(from, buf, 1);
	step("read nothing");
	arm_again();
	fill(to, 4096);
	step("fill");
	write(to, buf, 4096);
	step("write in vain");
	need(read(from, buf, 10) == 10);
	step("read ten bytes");
	need(read(from, buf, 4086) == 4086);
	step("read a page");
	arm_again();
	need(write(to, buf, 10) == 10);
	step("write ten bytes");
	drain(from);
	step("drain");
	spliced(from, to);
}

static void pipes(void)
{
	int p[2];

	begin("pipe");
	need(pipe2(p, O_NONBLOCK) == 0);
	watch("in", p[0]);
	watch("out", p[1]);
	pipe_bytes(p[0], p[1]);
	arm_again();
	need(write(p[1], "c", 1) == 1);
	step("write");
	close(p[1]);
	step("writer gone");
	drain(p[0]);
	step("drain");
	close(p[0]);
	begin("pipe without a reader");
	need(pipe2(p, O_NONBLOCK) == 0);
	watch("out", p[1]);
	step("empty");
	fill(p[1], 4096);
	step("fill");
	close(p[0]);
	step("reader gone");
	write(p[1], "a", 1);
	step("write in vain");
	close(p[1]);
}

static void fifos(void)
{
	int r, w;

	begin("fifo");
	need(mkfifo("/tmp/fifo", 0600) == 0);
	need((r = open("/tmp/fifo", O_RDONLY | O_NONBLOCK)) >= 0);
	watch("in", r);
	step("no writer");
	need((w = open("/tmp/fifo", O_WRONLY | O_NONBLOCK)) >= 0);
	watch("out", w);
	step("writer");
	pipe_bytes(r, w);
	close(w);
	step("writer gone");
	need((w = open("/tmp/fifo", O_WRONLY | O_NONBLOCK)) >= 0);
	step("another writer");
	need(write(w, "a", 1) == 1);
	step("write");
	close(w);
	step("writer gone");
	close(r);
	begin("fifo for both");
	need((r = open("/tmp/fifo", O_RDWR | O_NONBLOCK)) >= 0);
	watch("both", r);
	pipe_bytes(r, r);
	close(r);
	unlink("/tmp/fifo");
}

static void socket_bytes(const int s[2], size_t chunk)
{
	step("empty");
	step("again");
	need(write(s[1], "abcd", 4) == 4);
	step("b writes");
	step("again");
	need(write(s[1], "efgh", 4) == 4);
	step("b writes more");
	need(read(s[0], buf, 2) == 2);
	step("a reads part");
	drain(s[0]);
	step("a drains");
	read(s[0], buf, 1);
	step("a reads nothing");
	need(recv(s[0], buf, 1, MSG_PEEK) == -1);
	arm_again();
	fill(s[0], chunk);
	step("a fills");
	write(s[0], buf, chunk);
	step("a writes in vain");
	need(read(s[1], buf, chunk) > 0);
	step("b reads a chunk");
	drain(s[1]);
	step("b drains");
	arm_again();
}

static void ends(const char *name, int type)
{
	int s[2];

	begin(name);
	need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
	watch("a", s[0]);
	watch("b", s[1]);
	need(write(s[1], "x", 1) == 1);
	step("b writes");
	shutdown(s[1], SHUT_WR);
	step("b shuts writing");
	drain(s[0]);
	step("a drains");
	shutdown(s[0], SHUT_RD);
	step("a shuts reading");
	need(write(s[0], "x", 1) == 1);
	step("a writes");
	shutdown(s[1], SHUT_RD);
	step("b shuts reading");
	close(s[1]);
	step("b closes");
	drain(s[0]);
	step("a drains");
	close(s[0]);
}

static void sockets(const char *name, int type, size_t chunk)
{
	int s[2];

	begin(name);
	need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
	watch("a", s[0]);
	watch("b", s[1]);
	socket_bytes(s, chunk);
	need(write(s[1], "x", 1) == 1);
	step("b writes");
	close(s[1]);
	step("b closes");
	drain(s[0]);
	step("a drains");
	close(s[0]);
	ends(name, type);
	begin(name);
	need(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s) == 0);
	watch("a", s[0]);
	need(write(s[0], "x", 1) == 1);
	step("a writes");
	close(s[1]);
	step("b closes with something unread");
	drain(s[0]);
	step("a drains");
	close(s[0]);
}

static int connected(int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0edge" };
	int s = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	need(s >= 0 && connect(s, (struct sockaddr *)&a, 7) == 0);
	return s;
}

static void listening(const char *name, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0edge" };
	int s, c[2];

	begin(name);
	need((s = socket(AF_UNIX, type | SOCK_NONBLOCK, 0)) >= 0);
	watch("a", s);
	step("fresh");
	need(bind(s, (struct sockaddr *)&a, 7) == 0);
	step("bind");
	need(listen(s, 5) == 0);
	step("listen");
	c[0] = connected(type);
	watch("c", c[0]);
	step("connect");
	step("again");
	c[1] = connected(type);
	step("connect another");
	close(accept(s, NULL, NULL));
	step("accept, close");
	arm_again();
	close(accept(s, NULL, NULL));
	step("accept, close");
	accept(s, NULL, NULL);
	step("accept in vain");
	close(c[0]);
	c[0] = connected(type);
	step("connect");
	shutdown(s, SHUT_RDWR);
	step("shut down");
	close(s);
	step("close");
	close(c[0]);
	close(c[1]);
}

static void unconnected(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0edge" };
	int s, c;

	begin("dgram by name");
	need((s = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) >= 0);
	need(bind(s, (struct sockaddr *)&a, 7) == 0);
	watch("a", s);
	step("fresh");
	c = connected(SOCK_DGRAM);
	watch("c", c);
	step("connect");
	need(write(c, "a", 1) == 1);
	step("write");
	need(write(c, "a", 1) == 1);
	step("write more");
	fill(c, 1);
	step("fill");
	need(read(s, buf, 1) == 1);
	step("read one");
	drain(s);
	step("drain");
	close(s);
	step("close");
	close(c);
}

static void eventfds(const char *name, int flags)
{
	uint64_t n = 1;
	int e;

	begin(name);
	need((e = eventfd(0, EFD_NONBLOCK | flags)) >= 0);
	watch("e", e);
	step("empty");
	step("again");
	need(write(e, &n, 8) == 8);
	step("write");
	step("again");
	need(write(e, &n, 8) == 8);
	step("write more");
	arm_again();
	need(read(e, &n, 8) == 8);
	step("read");
	read(e, &n, 8);
	step("read again");
	n = ~0ull - 1;
	need(write(e, &n, 8) == 8);
	step("fill");
	write(e, &n, 8);
	step("write in vain");
	arm_again();
	need(read(e, &n, 8) == 8);
	step("read");
	close(e);
}

static void set_timer(int t, int first, int interval)
{
	struct itimerspec s = { { 0, interval * 1000000L },
				{ 0, first * 1000000L } };

	need(timerfd_settime(t, 0, &s, NULL) == 0);
}

static void timerfds(void)
{
	struct itimerspec s;
	uint64_t n;
	int t;

	begin("timerfd");
	need((t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) >= 0);
	watch("t", t);
	step("not set");
	set_timer(t, 20, 0);
	step("set");
	rest(60);
	step("ran out");
	set_timer(t, 20, 0);
	step("set unread");
	rest(60);
	step("ran out");
	need(read(t, &n, 8) == 8);
	step("read");
	set_timer(t, 20, 20);
	arm_again();
	rest(30);
	step("interval");
	rest(60);
	step("unread intervals");
	rest(60);
	step("unread intervals");
	need(read(t, &n, 8) == 8);
	step("read");
	rest(60);
	step("interval");
	need(timerfd_gettime(t, &s) == 0);
	step("looked at");
	rest(60);
	step("interval");
	set_timer(t, 0, 0);
	step("stopped");
	close(t);
}

static void signalfds(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int s;

	begin("signalfd");
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGRTMIN);
	need(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	need((s = signalfd(-1, &set, SFD_NONBLOCK)) >= 0);
	watch("s", s);
	step("empty");
	need(kill(getpid(), SIGUSR1) == 0);
	step("signal");
	step("again");
	need(kill(getpid(), SIGUSR1) == 0);
	step("the same signal");
	need(kill(getpid(), SIGRTMIN) == 0);
	step("another");
	need(kill(getpid(), SIGRTMIN) == 0);
	step("another of that");
	need(read(s, &info, sizeof(info)) > 0);
	step("read one");
	arm_again();
	drain(s);
	step("drain");
	need(kill(getpid(), SIGUSR2) == 0 || 1);
	step("not of the set");
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	need(kill(getpid(), SIGHUP) == 0);
	step("one more");
	need(signalfd(s, &set, 0) == s);
	step("in the set now");
	drain(s);
	close(s);
}

static void pidfds(void)
{
	int p[2], fd;
	pid_t pid;

	begin("pidfd");
	need(pipe(p) == 0);
	pid = fork();
	if (pid == 0) {
		close(p[1]);
		read(p[0], buf, 1);
		_exit(0);
	}
	need((fd = (int)syscall(SYS_pidfd_open, pid, 0)) >= 0);
	watch("p", fd);
	step("alive");
	kill(pid, SIGSTOP);
	rest(20);
	step("stopped");
	kill(pid, SIGCONT);
	rest(20);
	step("runs on");
	close(p[1]);
	rest(50);
	step("ended");
	step("again");
	arm_again();
	need(wait(NULL) == pid);
	step("waited for");
	close(fd);
	close(p[0]);
}

static void raw(int fd)
{
	struct termios t;

	need(tcgetattr(fd, &t) == 0);
	cfmakeraw(&t);
	need(tcsetattr(fd, TCSANOW, &t) == 0);
}

static int open_slave(int m)
{
	int s, zero = 0;
	char name[40];

	need(ioctl(m, TIOCSPTLCK, &zero) == 0 && ioctl(m, TIOCGPTN, &s) == 0);
	snprintf(name, sizeof(name), "/dev/pts/%d", s);
	need((s = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0);
	return s;
}

/* Bytes of a terminal go through a worker on Linux. */
static void terminal_step(const char *name)
{
	rest(20);
	step(name);
}

static void terminals(int is_raw)
{
	int m, s;

	begin(is_raw ? "raw terminal" : "terminal");
	need((m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK)) >= 0);
	s = open_slave(m);
	if (is_raw)
		raw(s);
	watch("master", m);
	watch("slave", s);
	terminal_step("empty");
	terminal_step("again");
	need(write(s, "a", 1) == 1);
	terminal_step("slave writes");
	need(write(s, "b", 1) == 1);
	terminal_step("slave writes more");
	need(read(m, buf, 1) == 1);
	terminal_step("master reads part");
	drain(m);
	terminal_step("master drains");
	need(write(m, "a", 1) == 1);
	terminal_step("master writes");
	need(write(m, "\n", 1) == 1);
	terminal_step("master writes a line's end");
	drain(m);
	terminal_step("master drains");
	arm_again();
	need(read(s, buf, 1) == 1);
	terminal_step("slave reads part");
	drain(s);
	terminal_step("slave drains");
	close(s);
	terminal_step("slave closes");
	drain(m);
	s = open_slave(m);
	terminal_step("slave opens again");
	watch("slave", s);
	terminal_step("empty");
	close(m);
	terminal_step("master closes");
	close(s);
}

static void *touch(void *page)
{
	*(volatile char *)page = 1;
	return NULL;
}

static void userfaultfds(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .range = { (unsigned long)page, 4096 },
					.mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .range = { (unsigned long)page,
						   4096 } };
	struct uffd_msg msg;
	pthread_t thread;
	int u;

	begin("userfaultfd");
	need((u = (int)syscall(SYS_userfaultfd, O_NONBLOCK)) >= 0);
	watch("u", u);
	step("fresh");
	need(ioctl(u, UFFDIO_API, &api) == 0);
	arm_again();
	need(ioctl(u, UFFDIO_REGISTER, &area) == 0);
	step("watches an area");
	need(pthread_create(&thread, NULL, touch, page) == 0);
	rest(50);
	step("fault");
	step("again");
	need(read(u, &msg, sizeof(msg)) == sizeof(msg));
	step("read");
	arm_again();
	need(ioctl(u, UFFDIO_ZEROPAGE, &zero) == 0);
	step("answered");
	pthread_join(thread, NULL);
	close(u);
	munmap(page, 4096);
}

static void nested(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	uint64_t n = 1;
	int ep, ev;

	begin("epoll");
	need((ep = epoll_create1(0)) >= 0);
	need((ev = eventfd(0, EFD_NONBLOCK)) >= 0);
	watch("set", ep);
	step("empty");
	need(epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e) == 0);
	step("watches");
	need(write(ev, &n, 8) == 8);
	step("ready");
	step("again");
	need(write(ev, &n, 8) == 8);
	step("ready once more");
	need(epoll_wait(ep, &e, 1, 0) == 1);
	step("collected");
	arm_again();
	need(read(ev, &n, 8) == 8);
	step("read");
	e.events = EPOLLIN | EPOLLET;
	need(epoll_ctl(ep, EPOLL_CTL_MOD, ev, &e) == 0);
	step("by edges");
	need(write(ev, &n, 8) == 8);
	step("ready");
	need(epoll_wait(ep, &e, 1, 0) == 1);
	step("collected");
	close(ev);
	step("gone");
	close(ep);
}

static void mounts(void)
{
	int f;

	begin("mounts");
	need(mkdir("/tmp/m", 0700) == 0);
	need((f = open("/proc/self/mounts", O_RDONLY)) >= 0);
	watch("m", f);
	step("as it was");
	step("again");
	need(mount("none", "/tmp/m", "tmpfs", 0, "") == 0);
	step("mount");
	step("again");
	drain(f);
	step("read");
	arm_again();
	need(umount("/tmp/m") == 0);
	step("umount");
	close(f);
	rmdir("/tmp/m");
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	if (argc < 2 || strcmp(argv[1], "record"))
		need((expected = fopen("/t/edges.expect", "r")));
	pipes();
	fifos();
	sockets("stream", SOCK_STREAM, 4096);
	sockets("dgram", SOCK_DGRAM, 1000);
	sockets("seqpacket", SOCK_SEQPACKET, 1000);
	listening("listening stream", SOCK_STREAM);
	listening("listening seqpacket", SOCK_SEQPACKET);
	unconnected();
	eventfds("eventfd", 0);
	eventfds("semaphore", EFD_SEMAPHORE);
	timerfds();
	signalfds();
	pidfds();
	terminals(1);
	terminals(0);
	userfaultfds();
	nested();
	mounts();
	check(!checks_done(), "edges", "see above");
	return checks_done();
}

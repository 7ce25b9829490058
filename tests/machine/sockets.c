/* SPDX-License-Identifier: MIT */
/*
 * Sockets between processes, in detail: what travels beside the bytes, what
 * poll says of each state, options that have an effect. Every answer is
 * Linux's.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char buf[5000];
static struct ucred sender; /* of the last message that told */
static int arrived[4]; /* descriptors that came with it */

static int events(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | POLLRDHUP, 0 };

	poll(&p, 1, 0);
	return p.revents;
}

static void pair(int type, int s[2])
{
	need(socketpair(AF_UNIX, type, 0, s) == 0);
}

static void close_pair(const int s[2])
{
	close(s[0]);
	close(s[1]);
}

/* ---- control messages ---- */

union control {
	char bytes[200];
	struct cmsghdr align;
};

static long send_with(int s, int type, const void *data, size_t len)
{
	union control c = { .bytes = { 0 } };
	struct iovec v = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c.bytes,
			    .msg_controllen = CMSG_SPACE(len) };

	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = type;
	c.align.cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(&c.align), data, len);
	return sendmsg(s, &m, 0);
}

static long send_fds(int s, const int *fds, int n)
{
	return send_with(s, SCM_RIGHTS, fds, (size_t)n * sizeof(int));
}

/* Bytes; how many descriptors came is in *@fds, flags are in *@out. */
static long receive(int s, size_t room, int flags, int *fds, int *out)
{
	union control c;
	struct iovec v = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c.bytes,
			    .msg_controllen = room };
	long n = recvmsg(s, &m, flags | MSG_DONTWAIT);
	struct cmsghdr *h;

	*fds = 0;
	*out = m.msg_flags;
	sender.pid = 0;
	if (n < 0)
		return n;
	for (h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		if (h->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(h), sizeof(sender));
			continue;
		}
		*fds = (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(arrived, CMSG_DATA(h), (size_t)*fds * sizeof(int));
	}
	return n;
}

static void check_rights(void)
{
	int s[2], p[2], n, flags;

	pair(SOCK_STREAM, s);
	need(pipe(p) == 0);
	is(write(s[0], "abc", 3), 3);
	is(send_fds(s[0], p, 2), 1);
	is(write(s[0], "def", 3), 3);
	is(receive(s[1], 100, MSG_PEEK, &n, &flags), 4);
	is(n, 2);
	close_pair(arrived);
	is(receive(s[1], 100, MSG_CMSG_CLOEXEC, &n, &flags), 4);
	is(n, 2); /* and what was sent after them waits */
	is(fcntl(arrived[0], F_GETFD), FD_CLOEXEC);
	is(write(arrived[1], "through", 7), 7);
	is(read(p[0], buf, 10), 7);
	close_pair(arrived);
	is(read(s[1], buf, 10), 3);
	is(send_fds(s[0], p, 2), 1);
	is(receive(s[1], CMSG_LEN(sizeof(int)), 0, &n, &flags), 1);
	is(n, 1);
	is(flags, MSG_CTRUNC);
	close(arrived[0]);
	is(send_fds(s[0], p, 2), 1);
	is(receive(s[1], 0, 0, &n, &flags), 1);
	is(flags, MSG_CTRUNC);
	p[1] = 999;
	is(send_fds(s[0], p, 2), -EBADF);
	close_pair(s);
	close(p[0]);
}

/* A socket in a message is open; with the message it goes. */
static void check_sockets_sent(void)
{
	int s[2], inner[2], n, flags, i;

	pair(SOCK_STREAM, s);
	pair(SOCK_STREAM, inner);
	is(send_fds(s[0], &inner[0], 1), 1);
	close(inner[0]);
	is(write(inner[1], "hello", 5), 5);
	is(receive(s[1], 100, 0, &n, &flags), 1);
	is(n, 1);
	is(read(arrived[0], buf, 10), 5);
	for (i = 0; i < 3; i++) /* each waits in the one before */
		is(send_fds(s[0], &arrived[0], 1), 1);
	close(arrived[0]);
	is(recv(inner[1], buf, 1, MSG_DONTWAIT), -EAGAIN);
	close_pair(s);
	is(read(inner[1], buf, 1), 0);
	close(inner[1]);
	pair(SOCK_STREAM, s);
	for (i = 0; i < 3; i++) {
		pair(SOCK_STREAM, inner);
		is(send_fds(inner[0], &s[0], 1), 1);
		is(send_fds(inner[0], &s[1], 1), 1);
		close_pair(s);
		s[0] = inner[0];
		s[1] = inner[1];
	}
	close_pair(s);
}

static void check_credentials(int type)
{
	struct ucred me = { getpid(), getuid(), getgid() };
	int s[2], one = 1, n, flags;
	pid_t child;

	pair(type, s);
	is(send_with(s[0], SCM_CREDENTIALS, &me, sizeof(me)), 1);
	is(receive(s[1], 100, 0, &n, &flags), 1);
	is(sender.pid, 0);
	is(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, 4), 0);
	is(write(s[0], "plain", 5), 5);
	is(receive(s[1], 100, 0, &n, &flags), 5);
	is(sender.pid, me.pid);
	is(send_fds(s[0], &one, 1), 1);
	is(receive(s[1], 100, 0, &n, &flags), 1);
	is(n, 1);
	is(sender.uid, me.uid);
	close(arrived[0]);
	is(write(s[0], "mine", 4), 4);
	child = fork();
	if (child == 0) {
		need(setgid(7) == 0 && setuid(7) == 0);
		is(send_with(s[0], SCM_CREDENTIALS, &me, sizeof(me)), -EPERM);
		me = (struct ucred){ getpid(), 7, 7 };
		is(send_with(s[0], SCM_CREDENTIALS, &me, sizeof(me)), 1);
		_exit(checks_done());
	}
	need(wait(&n) == child);
	is(n, 0);
	is(receive(s[1], 100, 0, &n, &flags), 4); /* not those of another */
	is(receive(s[1], 100, 0, &n, &flags), 1);
	is(sender.pid, child);
	is(sender.uid, 7);
	close_pair(s);
}

static void check_nonsense(void)
{
	struct iovec v = { buf, 1 };
	union control c = { .bytes = { 0 } };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = c.bytes,
			    .msg_controllen = sizeof(struct cmsghdr) };
	int s[2];

	pair(SOCK_STREAM, s);
	is(sendmsg(s[0], &m, 0), -EINVAL);
	c.align.cmsg_len = sizeof(struct cmsghdr);
	is(sendmsg(s[0], &m, 0), 1);
	c.align.cmsg_level = SOL_SOCKET;
	c.align.cmsg_type = 77;
	is(sendmsg(s[0], &m, 0), -EINVAL);
	c.align.cmsg_len = 1000;
	is(sendmsg(s[0], &m, 0), -EINVAL);
	m.msg_controllen = 0;
	m.msg_iovlen = 2000;
	is(sendmsg(s[0], &m, 0), -EMSGSIZE);
	close_pair(s);
}

/* ---- bytes and states ---- */

static void check_peek(void)
{
	int s[2], n;

	pair(SOCK_STREAM, s);
	is(write(s[0], "0123456789", 10), 10);
	is(write(s[0], "abcde", 5), 5);
	is(recv(s[1], buf, 100, MSG_PEEK), 15);
	is(recv(s[1], buf, 12, MSG_PEEK), 12);
	is(memcmp(buf, "0123456789ab", 12), 0);
	is(ioctl(s[1], FIONREAD, &n), 0);
	is(n, 15);
	is(recv(s[1], buf, 12, 0), 12);
	is(recv(s[1], buf, 12, MSG_PEEK), 3);
	is(recv(s[1], buf, 12, 0), 3);
	close_pair(s);
}

static void check_shutdown(int type)
{
	const int ends = POLLIN | POLLOUT | POLLRDHUP;
	int s[2];

	pair(type, s);
	is(events(s[0]), POLLOUT);
	is(write(s[0], "last", 4), 4);
	is(shutdown(s[0], SHUT_WR), 0);
	is(events(s[0]), POLLOUT);
	is(events(s[1]), ends);
	is(write(s[0], "x", 1), -EPIPE);
	is(recv(s[1], buf, 10, 0), 4);
	is(recv(s[1], buf, 10, 0), 0);
	is(write(s[1], "back", 4), 4);
	is(read(s[0], buf, 10), 4);
	is(shutdown(s[0], SHUT_RD), 0);
	is(events(s[0]), ends | POLLHUP);
	is(events(s[1]), ends | POLLHUP);
	is(write(s[1], "x", 1), -EPIPE);
	is(shutdown(s[0], 3), -EINVAL);
	close_pair(s);
	s[0] = socket(AF_UNIX, type, 0);
	is(events(s[0]), POLLOUT | POLLHUP);
	is(shutdown(s[0], SHUT_RDWR), 0);
	is(events(s[0]), ends | POLLHUP);
	close(s[0]);
}

/* Closed by a peer that had not read all: that is told, too. */
static void check_reset(void)
{
	int s[2];

	pair(SOCK_STREAM, s);
	is(write(s[0], "unread", 6), 6);
	is(write(s[1], "here", 4), 4);
	close(s[1]);
	is(events(s[0]), POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
	is(read(s[0], buf, 2), 2);
	is(read(s[0], buf, 10), 2);
	is(read(s[0], buf, 10), -ECONNRESET);
	is(read(s[0], buf, 10), 0);
	close(s[0]);
}

/* Many small messages take memory, and are stopped by that. */
static void check_small(int type)
{
	int s[2], n = 0;

	pair(type, s);
	while (n < 50000 && send(s[0], "x", 1, MSG_DONTWAIT) == 1)
		n++;
	is(n > 5 && n < 10000, 1);
	is(errno, EAGAIN);
	is(events(s[0]), 0);
	while (recv(s[1], buf, 10, MSG_DONTWAIT) > 0)
		;
	is(events(s[0]), POLLOUT);
	close_pair(s);
}

/* ---- options and names ---- */

static void check_timeouts(void)
{
	struct timeval tv = { 0, 40000 }, back, bad = { 0, 2000000 };
	socklen_t len = sizeof(back);
	int s[2], i;

	pair(SOCK_STREAM, s);
	is(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof(bad)), -EDOM);
	is(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, 4), -EINVAL);
	is(setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	is(getsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &back, &len), 0);
	is(back.tv_sec, 0);
	is(back.tv_usec / 10000, 4);
	is(recv(s[1], buf, 10, 0), -EAGAIN);
	is(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)), 0);
	for (i = 0; i < 1000 && send(s[0], buf, sizeof(buf), 0) > 0; i++)
		;
	is(errno, EAGAIN);
	is(i < 1000, 1);
	close_pair(s);
}

static void check_options(void)
{
	socklen_t len = sizeof(int);
	int s[2], v = 4000, n;

	pair(SOCK_DGRAM, s);
	is(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &v, 4), 0);
	is(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, &len), 0);
	is(n, 8000);
	is(send(s[0], buf, 5000, 0), 5000);
	is(send(s[0], buf, 5000, MSG_DONTWAIT), -EAGAIN);
	v = 1;
	is(setsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &v, 4), 0);
	is(getsockopt(s[0], SOL_SOCKET, SO_KEEPALIVE, &n, &len), 0);
	is(n, 1);
	is(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &v, 4), -ENOPROTOOPT);
	is(setsockopt(s[0], SOL_SOCKET, 9999, &v, 4), -ENOPROTOOPT);
	is(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &v, 3), -EINVAL);
	is(getsockopt(s[0], SOL_SOCKET, 9999, &n, &len), -ENOPROTOOPT);
	close_pair(s);
	is(socket(AF_UNIX, 11, 0), -EINVAL);
	is(socket(AF_UNIX, SOCK_RDM, 0), -ESOCKTNOSUPPORT);
	is(socket(AF_UNIX, SOCK_STREAM, 5), -EPROTONOSUPPORT);
}

/* A name of the kernel's choice; and a peer that hears only its own peer. */
static void check_names(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct sockaddr *name = (struct sockaddr *)&a;
	socklen_t len = sizeof(a), first;
	int s[3], i;

	for (i = 0; i < 3; i++)
		s[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
	is(bind(s[0], name, sizeof(sa_family_t)), 0);
	is(bind(s[1], name, sizeof(sa_family_t)), 0);
	is(getsockname(s[0], name, &len), 0);
	is(len, offsetof(struct sockaddr_un, sun_path) + 6);
	is(a.sun_path[0], 0);
	first = len;
	is(connect(s[1], name, first), 0);
	len = sizeof(a);
	is(getsockname(s[1], name, &len), 0);
	is(connect(s[0], name, len), 0);
	is(connect(s[2], name, len), -EPERM);
	is(sendto(s[2], "x", 1, 0, name, len), -EPERM);
	is(send(s[0], "x", 1, 0), 1);
	is(read(s[1], buf, 10), 1);
	for (i = 0; i < 3; i++)
		close(s[i]);
}

/* What a message counts for, what may be sent before the first is read. */
static void check_memory(void)
{
	static const int sizes[] = { 1, 256, 257, 768, 769, 3840 };
	static const int counts[] = { 704, 704, 1216, 1216, 2240, 4288 };
	int types[] = { SOCK_STREAM, SOCK_DGRAM }, s[2], n, i, t;
	socklen_t len = sizeof(n);

	for (t = 0; t < 2; t++) {
		for (i = 0; i < 6; i++) {
			pair(types[t], s);
			is(send(s[0], buf, (size_t)sizes[i], 0), sizes[i]);
			is(ioctl(s[0], TIOCOUTQ, &n), 0);
			is(n, counts[i]);
			is(ioctl(s[1], TIOCOUTQ, &n), 0);
			is(n, 0);
			is(read(s[1], buf, sizeof(buf)), sizes[i]);
			is(ioctl(s[0], TIOCOUTQ, &n), 0);
			is(n, 0);
			close_pair(s);
		}
		pair(types[t], s);
		is(getsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &n, &len), 0);
		is(n, 180224);
		for (i = 0; send(s[0], "x", 1, MSG_DONTWAIT) == 1;)
			i++;
		is(errno, EAGAIN);
		is(i, 256);
		is(events(s[0]), 0);
		/* Room for one is room to send, and not yet to be told of. */
		is(read(s[1], buf, 1), 1);
		is(events(s[0]), 0);
		is(send(s[0], "x", 1, MSG_DONTWAIT), 1);
		for (i = 0; i < 193; i++)
			is(read(s[1], buf, 1), 1);
		is(events(s[0]), POLLOUT);
		close_pair(s);
	}
}

/* A sender that sleeps for want of room goes on when there is some. */
static void check_wait_for_room(int type)
{
	int s[2], status, i;

	pair(type, s);
	while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	if (!fork()) {
		signal(SIGPIPE, SIG_IGN);
		is(send(s[0], "x", 1, 0), 1);
		_exit(checks_done());
	}
	usleep(20000);
	for (i = 0; i < 256; i++)
		is(read(s[1], buf, 1), 1);
	need(wait(&status) > 0);
	is(status, 0);
	is(read(s[1], buf, 1), 1);
	while (send(s[0], "x", 1, MSG_DONTWAIT) == 1)
		;
	if (!fork()) {
		close(s[1]);
		signal(SIGPIPE, SIG_IGN);
		is(send(s[0], "x", 1, 0),
		   type == SOCK_STREAM ? -ECONNRESET : -ECONNREFUSED);
		_exit(checks_done());
	}
	usleep(20000);
	close(s[1]);
	need(wait(&status) > 0);
	is(status, 0);
	close(s[0]);
}

static void check_queue_limit(void)
{
	struct sockaddr_un a = { AF_UNIX, "/tmp/queue" };
	int to = socket(AF_UNIX, SOCK_DGRAM, 0), from, n = 0, knob;

	need(bind(to, (void *)&a, sizeof(a)) == 0);
	from = socket(AF_UNIX, SOCK_DGRAM, 0);
	need(connect(from, (void *)&a, sizeof(a)) == 0);
	while (send(from, "x", 1, MSG_DONTWAIT) == 1)
		n++;
	is(n, 11);
	close(to);
	unlink(a.sun_path);
	knob = open("/proc/sys/net/unix/max_dgram_qlen", O_RDWR);
	is(read(knob, buf, 10), 3);
	is(pwrite(knob, "3", 1, 0), 1);
	to = socket(AF_UNIX, SOCK_DGRAM, 0);
	need(bind(to, (void *)&a, sizeof(a)) == 0);
	need(connect(from, (void *)&a, sizeof(a)) == 0);
	for (n = 0; send(from, "x", 1, MSG_DONTWAIT) == 1; n++)
		;
	is(n, 4);
	is(pwrite(knob, "10", 2, 0), 2);
	close(knob);
	close(to);
	close(from);
	unlink(a.sun_path);
}

static int buffer(int s, int name, int n)
{
	int get = name == SO_RCVBUF || name == SO_RCVBUFFORCE ? SO_RCVBUF :
								SO_SNDBUF;
	socklen_t len = sizeof(n);

	if (setsockopt(s, SOL_SOCKET, name, &n, len))
		return -errno;
	need(getsockopt(s, SOL_SOCKET, get, &n, &len) == 0);
	return n;
}

static void check_buffers(void)
{
	int s[2];

	pair(SOCK_STREAM, s);
	is(buffer(s[0], SO_SNDBUF, 0), 4480);
	is(buffer(s[0], SO_SNDBUF, 5000), 10000);
	is(buffer(s[0], SO_SNDBUF, 1000000), 360448);
	is(buffer(s[0], SO_SNDBUF, -1), 360448);
	is(buffer(s[0], SO_RCVBUF, 1), 2240);
	is(buffer(s[0], SO_SNDBUFFORCE, 1000000), 2000000);
	is(buffer(s[0], SO_RCVBUFFORCE, -5), 2240);
	need(seteuid(1) == 0);
	is(buffer(s[0], SO_SNDBUFFORCE, 5000), -EPERM);
	need(seteuid(0) == 0);
	close_pair(s);
	is(socketpair(AF_INET, SOCK_STREAM, 0, s), -EOPNOTSUPP);
}

/* A path that fills the address, and a socket that would connect to itself. */
static void check_long_name(void)
{
	struct sockaddr_un a = { AF_UNIX, "" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c;
	char name[112] = "";
	socklen_t len = sizeof(name);

	is(chdir("/tmp"), 0);
	memset(a.sun_path, 'x', 108);
	is(bind(s, (void *)&a, 110), 0);
	is(getsockname(s, (void *)name, &len), 0);
	is(len, 111);
	is(name[109], 'x');
	is(name[110], 0);
	is(listen(s, 1), 0);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	is(connect(c, (void *)&a, 110), 0);
	is(connect(s, (void *)&a, 110), -EINVAL);
	close(c);
	c = socket(AF_UNIX, SOCK_STREAM, 0);
	is(bind(c, (void *)&(struct sockaddr_un){ AF_UNIX, "/tmp/c" }, 110), 0);
	is(connect(s, (void *)&(struct sockaddr_un){ AF_UNIX, "/tmp/c" }, 110),
	   -ECONNREFUSED);
	close(c);
	close(s);
	unlink("/tmp/c");
}

int main(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };
	int i;

	signal(SIGPIPE, SIG_IGN);
	check_rights();
	check_sockets_sent();
	check_credentials(SOCK_STREAM);
	check_credentials(SOCK_DGRAM);
	check_nonsense();
	check_peek();
	for (i = 0; i < 2; i++) {
		check_shutdown(types[i]);
		check_small(types[i]);
	}
	check_small(SOCK_DGRAM);
	check_reset();
	check_timeouts();
	check_options();
	check_names();
	check_memory();
	check_wait_for_room(SOCK_STREAM);
	check_wait_for_room(SOCK_DGRAM);
	check_queue_limit();
	check_buffers();
	check_long_name();
	check(!checks_done(), "sockets", "see above");
	return checks_done();
}

/* SPDX-License-Identifier: MIT */
/*
 * The urgent byte of a stream between sockets: where reading stops, what poll
 * and SIOCATMARK say, who hears of it. Every answer is Linux's.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"

static int a, b; /* a writes, b reads */
static char text[100];
static volatile int urgent;

static void count(int sig)
{
	(void)sig;
	urgent++;
}

static void new_pair(void)
{
	int fd[2];

	if (a) {
		close(a);
		close(b);
	}
	need(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd));
	a = fd[0];
	b = fd[1];
}

static long asks(int fd, int what)
{
	int n = -1;

	return ioctl(fd, what, &n) ? -errno : n;
}

static int at_mark(void)
{
	return (int)asks(b, SIOCATMARK);
}

static int events(void)
{
	struct pollfd p = { b, POLLIN | POLLPRI, 0 };

	poll(&p, 1, 0);
	return p.revents;
}

static void puts_in(const char *what, int flags)
{
	is(send(a, what, strlen(what), flags), strlen(what));
}

/* What a read with these flags says; "" if there is nothing. */
static void reads_line(int line, const char *want, int flags)
{
	ssize_t n = recv(b, text, sizeof(text) - 1, flags);

	text[n > 0 ? n : 0] = '\0';
	if (strcmp(text, want) || (n <= 0 && errno != EAGAIN))
		check(0, "read", "line %d: %zd '%s', not '%s'", line, n, text,
		      want);
}

#define reads(want, flags) reads_line(__LINE__, want, flags)

static void check_stops(void)
{
	new_pair();
	is(recv(b, text, 9, MSG_OOB), -EINVAL);
	is(send(a, "", 0, MSG_OOB), -EOPNOTSUPP);
	puts_in("abc", MSG_OOB);
	is(asks(b, FIONREAD), 3);
	is(events(), POLLIN | POLLPRI);
	is(at_mark(), 0);
	reads("ab", MSG_PEEK);
	reads("c", MSG_PEEK | MSG_OOB);
	reads("ab", 0);
	is(at_mark(), 1);
	reads("c", MSG_OOB);
	is(at_mark(), 0);
	is(events(), POLLIN); /* its place */
	is(asks(b, FIONREAD), 0);
	is(recv(b, text, 9, MSG_OOB), -EINVAL);
	reads("", 0);
	is(events(), 0);
}

static void check_what_follows(void)
{
	new_pair();
	puts_in("abc", MSG_OOB);
	puts_in("de", 0);
	reads("ab", 0);
	reads("de", MSG_PEEK); /* passes it, and leaves it */
	is(at_mark(), 1);
	reads("de", 0); /* loses it */
	is(recv(b, text, 9, MSG_OOB), -EINVAL);
	new_pair();
	puts_in("abc", MSG_OOB);
	puts_in("de", 0);
	reads("c", MSG_OOB);
	is(asks(b, FIONREAD), 4);
	is(events(), POLLIN);
	reads("ab", 0); /* its place still stops */
	reads("de", 0);
	is(events(), 0);
	new_pair();
	puts_in("ab", MSG_OOB);
	puts_in("cd", MSG_OOB);
	reads("abc", 0);
	is(at_mark(), 1);
	reads("d", MSG_OOB);
	reads("", MSG_PEEK);
	reads("", 0);
}

static void check_inline(void)
{
	int on = 1;

	new_pair();
	is(setsockopt(b, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)), 0);
	puts_in("abc", MSG_OOB);
	puts_in("de", 0);
	is(recv(b, text, 9, MSG_OOB), -EINVAL);
	is(events(), POLLIN | POLLPRI);
	reads("ab", 0);
	is(at_mark(), 1);
	reads("cde", MSG_PEEK);
	is(at_mark(), 1);
	reads("cde", 0);
	is(at_mark(), 0);
	is(events(), 0);
}

static void check_signal(void)
{
	struct sigaction sa = { .sa_handler = count };

	sigaction(SIGURG, &sa, NULL);
	new_pair();
	puts_in("x", MSG_OOB);
	is(urgent, 0);
	is(fcntl(b, F_SETOWN, getpid()), 0);
	puts_in("x", MSG_OOB);
	is(urgent, 1);
	puts_in("x", 0);
	is(urgent, 1);
	close(b);
	is(send(a, "x", 1, MSG_OOB | MSG_NOSIGNAL), -EPIPE);
	b = dup(a);
}

static void check_other_types(void)
{
	int fd[2], type[2] = { SOCK_DGRAM, SOCK_SEQPACKET }, i;

	for (i = 0; i < 2; i++) {
		need(!socketpair(AF_UNIX, type[i] | SOCK_NONBLOCK, 0, fd));
		is(send(fd[0], "x", 1, MSG_OOB), -EOPNOTSUPP);
		is(recv(fd[1], text, 1, MSG_OOB), -EOPNOTSUPP);
		is(asks(fd[1], SIOCATMARK), 0);
		close(fd[0]);
		close(fd[1]);
	}
	need((fd[0] = socket(AF_UNIX, SOCK_STREAM, 0)) >= 0);
	is(send(fd[0], "x", 1, MSG_OOB), -ENOTCONN);
	is(recv(fd[0], text, 1, MSG_OOB), -EINVAL);
}

int main(void)
{
	check_stops();
	check_what_follows();
	check_inline();
	check_signal();
	check_other_types();
	check(!checks_done(), "oob", "see above");
	return checks_done();
}

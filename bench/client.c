/* SPDX-License-Identifier: MIT */
/*
 * client SOCKET CONNECTIONS REQUESTS PATH… - a crowd at a web server.
 *
 * Each connection to the unix socket is kept, and has one request under way:
 * the paths in turn. Prints requests a second and the milliseconds in which 99
 * of 100 were answered. An answer that is not 200, or is cut short, ends it.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bench.h"

enum { MOST = 64, ROOM = 1 << 20 };

static struct connection {
	double since;
	size_t got;
	char answer[ROOM];
} connection[MOST];

static struct pollfd sock[MOST];
static char **path;
static long paths, requests, asked, answered;
static double *latency;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "client: %s\n", what);
	exit(1);
}

static int connect_to(const char *name)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	must(strlen(name) < sizeof(to.sun_path), "too long a name");
	strcpy(to.sun_path, name);
	must(!connect(fd, (struct sockaddr *)&to, sizeof(to)), "no server");
	return fd;
}

static void ask(int nr)
{
	char text[512];
	int length;

	if (asked == requests) {
		sock[nr].events = 0;
		return;
	}
	length = snprintf(text, sizeof(text),
			  "GET %s HTTP/1.1\r\nHost: localhost\r\n"
			  "Accept-Encoding: gzip\r\n\r\n",
			  path[asked++ % paths]);
	connection[nr].got = 0;
	connection[nr].since = bench_clock(CLOCK_MONOTONIC);
	must(send(sock[nr].fd, text, (size_t)length, MSG_NOSIGNAL) == length,
	     "the server has closed a connection");
}

/* True if all of an answer has come. */
static int complete(const struct connection *c)
{
	const char *body = memmem(c->answer, c->got, "\r\n\r\n", 4), *field;

	if (!body)
		return 0;
	must(!strncmp(c->answer, "HTTP/1.1 200", 12), c->answer);
	body += 4;
	field = memmem(c->answer, (size_t)(body - c->answer),
		       "\r\nContent-Length: ", 18);
	if (field)
		return (size_t)(body - c->answer) +
			       strtoul(field + 18, NULL, 10) ==
		       c->got;
	return !memcmp(c->answer + c->got - 5, "0\r\n\r\n", 5);
}

static void hear(int nr)
{
	struct connection *c = &connection[nr];
	ssize_t n = recv(sock[nr].fd, c->answer + c->got, ROOM - 1 - c->got, 0);

	must(n > 0, "an answer was cut short");
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!complete(c))
		return;
	latency[answered++] = bench_clock(CLOCK_MONOTONIC) - c->since;
	ask(nr);
}

static int order(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	int i, connections = argc > 4 ? atoi(argv[2]) : 0;
	double start;

	must(connections > 0 && connections <= MOST,
	     "usage: client SOCKET CONNECTIONS REQUESTS PATH...");
	requests = atol(argv[3]);
	path = argv + 4;
	paths = argc - 4;
	latency = bench_checked(calloc((size_t)requests, sizeof(*latency)));
	for (i = 0; i < connections; i++)
		sock[i] = (struct pollfd){ connect_to(argv[1]), POLLIN, 0 };
	start = bench_clock(CLOCK_MONOTONIC);
	for (i = 0; i < connections; i++)
		ask(i);
	while (answered < requests) {
		must(poll(sock, (nfds_t)connections, 10000) > 0, "no answer");
		for (i = 0; i < connections; i++)
			if (sock[i].revents)
				hear(i);
	}
	start = bench_clock(CLOCK_MONOTONIC) - start;
	qsort(latency, (size_t)requests, sizeof(*latency), order);
	printf("%.0f %.3f\n", (double)requests / start,
	       latency[requests * 99 / 100] * 1e3);
	return 0;
}

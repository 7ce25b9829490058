/* SPDX-License-Identifier: MIT */
/*
 * A very small HTTP server: one page, for a few clients that are not trusted.
 *
 *   accept ─► READING ─ a whole request ─► WRITING ─ all sent ─► CLOSING
 *                │      or too long: 431        │                    │
 *                └── too slow ──► gone ◄────────┴── too slow, or at ─┘ its end
 *
 * No client waits for another: nothing blocks. Each has a few seconds from its
 * connection to its end, and a request of a few kilobytes; when all places are
 * taken, who came first goes. A page that was made is good for a second, so
 * that whoever asks without pause does not make us look without pause.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "metrics.h"

#define CLIENTS 32
#define REQUEST_MOST 4096
#define CLIENT_MS 5000
#define PAGE_MS 1000

enum state { READING, WRITING, CLOSING };

struct client {
	int fd; /* -1: the place is free */
	enum state state;
	int64_t end; /* ms */
	size_t nr_in, nr_out, sent;
	char in[REQUEST_MOST];
	char *out;
};

struct server {
	const struct listener *l;
	char *(*make)(void *arg, size_t *len);
	void *arg;
	char *page;
	size_t page_len;
	int64_t page_end; /* ms: it is too old from then on */
	struct client client[CLIENTS];
};

static volatile sig_atomic_t ending;

static void end(int signal)
{
	(void)signal;
	ending = 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- the socket ---- */

/* Of a socket that a server left behind; others stay, and bind() fails. */
static void remove_stale(const struct sockaddr_un *at)
{
	struct stat st;
	int fd;

	if (lstat(at->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) &&
	    errno == ECONNREFUSED)
		unlink(at->sun_path);
	close(fd);
}

static int open_unix(struct listener *l, const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	remove_stale(&at);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 || bind(l->fd, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	l->path = path;
	return listen(l->fd, CLIENTS);
}

static int open_port(struct listener *l, unsigned long port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int on = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(l->fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(l->fd, CLIENTS) ||
	    getsockname(l->fd, (struct sockaddr *)&at, &len))
		return -1;
	printf("http://127.0.0.1:%d/metrics\n", ntohs(at.sin_port));
	return 0;
}

/**
 * listener_open() - be there for clients
 * @l: filled; closed by listener_close() in any case
 * @where: a port of this machine alone (0: any that is free), or the path of a
 * UNIX socket
 *
 * Return: true, or false after a word.
 */
bool listener_open(struct listener *l, const char *where)
{
	char *rest;
	unsigned long port = strtoul(where, &rest, 10);
	bool is_port = *where >= '0' && *where <= '9' && !*rest;
	int err;

	*l = (struct listener){ .fd = -1 };
	if (is_port && port > 65535) {
		complain("%s is no port: the last is 65535", where);
		return false;
	}
	err = is_port ? open_port(l, port) : open_unix(l, where);
	if (err)
		complain("cannot listen at %s: %s", where, strerror(errno));
	else if (!is_port)
		printf("%s\n", where);
	fflush(stdout);
	return !err;
}

void listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->path)
		unlink(l->path);
}

/* ---- a client ---- */

static void drop(struct client *c)
{
	close(c->fd);
	free(c->out);
	*c = (struct client){ .fd = -1 };
}

static void answer(struct client *c, const char *status, const char *type,
		   const char *body, size_t len)
{
	int head;

	c->out = malloc(len + 256);
	if (!c->out) {
		drop(c);
		return;
	}
	head = sprintf(c->out,
		       "HTTP/1.1 %s\r\nContent-Type: %s\r\n"
		       "Content-Length: %zu\r\nConnection: close\r\n\r\n",
		       status, type, len);
	memcpy(c->out + head, body, len);
	c->nr_out = (size_t)head + len;
	c->state = WRITING;
}

static void refuse(struct client *c, const char *status)
{
	answer(c, status, "text/plain", "GET /metrics\n", 13);
}

static bool have_page(struct server *s)
{
	if (s->page && now_ms() < s->page_end)
		return true;
	free(s->page);
	s->page = s->make(s->arg, &s->page_len);
	s->page_end = now_ms() + PAGE_MS;
	return s->page != NULL;
}

static void obey(struct server *s, struct client *c)
{
	char *path = c->in + 4, *version, *line = strpbrk(c->in, "\r\n");

	*line = 0;
	version = strchr(c->in, ' ');
	version = version ? strchr(version + 1, ' ') : NULL;
	if (!version || strncmp(version, " HTTP/1.", 8)) {
		refuse(c, "400 Bad Request");
		return;
	}
	*version = 0;
	if (strncmp(c->in, "GET ", 4))
		refuse(c, "405 Method Not Allowed\r\nAllow: GET");
	else if (strcmp(path, "/metrics") && strncmp(path, "/metrics?", 9))
		refuse(c, "404 Not Found");
	else if (!have_page(s))
		refuse(c, "500 Internal Server Error");
	else
		answer(c, "200 OK",
		       "application/openmetrics-text; version=1.0.0; "
		       "charset=utf-8",
		       s->page, s->page_len);
}

/* The rest of a request that was refused is read and forgotten. */
static void hear(struct server *s, struct client *c)
{
	size_t room = sizeof(c->in) - 1 - c->nr_in;
	ssize_t n;

	if (c->state == CLOSING) {
		room = sizeof(c->in) - 1;
		c->nr_in = 0;
	}
	n = recv(c->fd, c->in + c->nr_in, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	if (c->state == CLOSING)
		return;
	c->nr_in += (size_t)n;
	c->in[c->nr_in] = 0;
	if (memchr(c->in, 0, c->nr_in))
		refuse(c, "400 Bad Request");
	else if (strstr(c->in, "\r\n\r\n") || strstr(c->in, "\n\n"))
		obey(s, c);
	else if (c->nr_in == sizeof(c->in) - 1)
		refuse(c, "431 Request Header Fields Too Large");
}

static void tell(struct client *c)
{
	ssize_t n = send(c->fd, c->out + c->sent, c->nr_out - c->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		drop(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent < c->nr_out)
		return;
	shutdown(c->fd, SHUT_WR);
	c->state = CLOSING;
}

/* ---- all of them ---- */

static struct client *place(struct server *s)
{
	struct client *first = s->client, *c;

	for (c = s->client; c < s->client + CLIENTS; c++) {
		if (c->fd < 0)
			return c;
		if (c->end < first->end)
			first = c;
	}
	drop(first);
	return first;
}

static void welcome(struct server *s)
{
	int fd = accept4(s->l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *c;

	if (fd < 0) { /* with no file left, wait for one */
		poll(NULL, 0, 10);
		return;
	}
	c = place(s);
	*c = (struct client){ .fd = fd, .end = now_ms() + CLIENT_MS };
}

/* A client that is too slow is dropped. Returns ms until the next one is. */
static int64_t send_away(struct server *s)
{
	int64_t now = now_ms(), wait = CLIENT_MS;
	struct client *c;

	for (c = s->client; c < s->client + CLIENTS; c++) {
		if (c->fd < 0)
			continue;
		if (c->end <= now)
			drop(c);
		else
			wait = min(wait, c->end - now);
	}
	return wait;
}

static void serve_once(struct server *s, const sigset_t *others)
{
	struct pollfd p[CLIENTS + 1] = { { .fd = s->l->fd, .events = POLLIN } };
	int64_t wait = send_away(s);
	struct timespec t = { wait / 1000, wait % 1000 * 1000000 };
	int i;

	for (i = 0; i < CLIENTS; i++) {
		p[i + 1].fd = s->client[i].fd;
		p[i + 1].events = s->client[i].state == WRITING ? POLLOUT :
								  POLLIN;
	}
	if (ppoll(p, ARRAY_SIZE(p), &t, others) <= 0)
		return;
	for (i = 0; i < CLIENTS; i++) {
		if (!p[i + 1].revents)
			continue;
		if (s->client[i].state == WRITING)
			tell(&s->client[i]);
		else
			hear(s, &s->client[i]);
	}
	if (p[0].revents)
		welcome(s);
}

/**
 * listener_serve() - answer clients until a signal ends it
 * @l: the listener
 * @make: makes a page: text that is to be freed, and its length; or NULL
 * @arg: for @make
 *
 * Return: true after SIGINT or SIGTERM; false: there is no memory.
 */
bool listener_serve(const struct listener *l,
		    char *(*make)(void *arg, size_t *len), void *arg)
{
	struct server *s = calloc(1, sizeof(*s));
	struct sigaction act = { .sa_handler = end };
	sigset_t ends, others;
	int i;

	if (!s)
		return false;
	*s = (struct server){ .l = l, .make = make, .arg = arg };
	for (i = 0; i < CLIENTS; i++)
		s->client[i].fd = -1;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &others);
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	while (!ending)
		serve_once(s, &others);
	for (i = 0; i < CLIENTS; i++)
		if (s->client[i].fd >= 0)
			drop(&s->client[i]);
	free(s->page);
	free(s);
	return true;
}

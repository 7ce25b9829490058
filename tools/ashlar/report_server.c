/* SPDX-License-Identifier: MIT */
/*
 * Takes records from the processes that are checked.
 *
 *   a process                               this
 *   connect, send one record ── socket ──►  look at it, print it
 *   wait, a limited time     ◄─ 1 byte ───
 *
 * The socket's name is abstract: there is no file to be left behind, and the
 * kernel says who has connected. Whoever says nothing, or anything else than
 * one whole record, is dropped; so is another user's process.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "report_server.h"

#define CLIENT_MS 5000 /* from connecting to having sent a record */
#define BACKLOG 128

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * report_server_open() - listen under a name that nobody can guess
 * @s: take and arg are set
 *
 * Return: false after a complaint.
 */
bool report_server_open(struct report_server *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	unsigned long number = 0;
	size_t n;

	s->nr = 0;
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = (unsigned long)now_ms();
	snprintf(s->name, sizeof(s->name), "ashlar-%d-%lx", getpid(), number);
	n = strlen(s->name);
	memcpy(a.sun_path + 1, s->name, n);
	s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0);
	if (s->fd >= 0 &&
	    bind(s->fd, (const struct sockaddr *)&a,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) ==
		    0 &&
	    listen(s->fd, BACKLOG) == 0)
		return true;
	complain("cannot listen for reports: %s", strerror(errno));
	if (s->fd >= 0)
		close(s->fd);
	return false;
}

static void drop(struct report_server *s, unsigned int i)
{
	close(s->client[i].fd);
	s->client[i] = s->client[--s->nr];
}

void report_server_close(struct report_server *s)
{
	while (s->nr)
		drop(s, 0);
	close(s->fd);
}

/* True if a process of ours is at the other end. */
static bool is_ours(int fd, pid_t *pid)
{
	struct ucred who;
	socklen_t size = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
		return false;
	*pid = who.pid;
	return who.uid == geteuid() || geteuid() == 0;
}

static void take_client(struct report_server *s)
{
	struct report_client *c = &s->client[s->nr];

	c->fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c->fd < 0)
		return;
	c->until = now_ms() + CLIENT_MS;
	if (is_ours(c->fd, &c->pid))
		s->nr++;
	else
		close(c->fd);
}

/* Ends a string of a record and leaves only what is text in it. */
static void make_text(char *s, size_t size)
{
	size_t i;

	s[size - 1] = 0;
	for (i = 0; s[i]; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			s[i] = '?';
}

/* A clock that is coarse may seem to run back. */
static void make_past(struct report_stack *s)
{
	if (s->ms_ago >> 63)
		s->ms_ago = 0;
}

/* False for what is no record; in one, all strings end and counts fit. */
static bool make_sound(struct report_record *r, ssize_t size)
{
	if (size != (ssize_t)sizeof(*r) || r->magic != REPORT_MAGIC ||
	    r->version != REPORT_VERSION || r->size != sizeof(*r))
		return false;
	make_text(r->thread, sizeof(r->thread));
	make_text(r->other_thread, sizeof(r->other_thread));
	make_text(r->kind, sizeof(r->kind));
	make_text(r->sentence, sizeof(r->sentence));
	make_text(r->call, sizeof(r->call));
	make_past(&r->alloc);
	make_past(&r->free);
	r->window_bytes = min(r->window_bytes, (u32)REPORT_WINDOW);
	return true;
}

static void hear(struct report_server *s, struct report_client *c)
{
	struct report_record r;
	/* One byte more is asked for, to tell a larger record from this one. */
	char rest;
	struct iovec part[2] = { { &r, sizeof(r) }, { &rest, 1 } };
	struct msghdr message = { .msg_iov = part, .msg_iovlen = 2 };
	ssize_t n = recvmsg(c->fd, &message, 0);

	if (!make_sound(&r, n))
		return;
	s->take(&r, c->pid, s->arg);
	(void)send(c->fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void hear_all(struct report_server *s, const struct pollfd *p)
{
	long now = now_ms(); /* hearing one may take longer than CLIENT_MS */
	unsigned int i;

	for (i = s->nr; i-- > 0;) {
		if (p[i].revents)
			hear(s, &s->client[i]);
		if (p[i].revents || now > s->client[i].until)
			drop(s, i);
	}
}

/**
 * report_server_wait() - take what comes, until something happens
 * @s: open
 * @also: another descriptor to wait for, or -1
 * @timeout: ms; -1: for ever
 *
 * Return: false if neither a process came nor spoke, nor @also is ready.
 */
bool report_server_wait(struct report_server *s, int also, int timeout)
{
	struct pollfd p[REPORT_CLIENTS_MAX + 2];
	unsigned int i, nr = s->nr;
	int ready;

	for (i = 0; i < nr; i++)
		p[i] = (struct pollfd){ .fd = s->client[i].fd,
					.events = POLLIN };
	p[nr] = (struct pollfd){ .fd = also, .events = POLLIN };
	p[nr + 1] = (struct pollfd){ .fd = nr < REPORT_CLIENTS_MAX ? s->fd : -1,
				     .events = POLLIN };
	if (nr && (timeout < 0 || timeout > CLIENT_MS))
		timeout = CLIENT_MS;
	ready = poll(p, nr + 2, timeout);
	if (ready < 0)
		return true; /* a signal */
	hear_all(s, p);
	if (p[nr + 1].revents)
		take_client(s);
	return ready > 0;
}

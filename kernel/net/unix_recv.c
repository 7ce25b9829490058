/* SPDX-License-Identifier: MIT */
/*
 * Receiving through local sockets: the oldest message of the queue leaves it
 * while its bytes are copied, and comes back if some are left, or were only
 * looked at (MSG_PEEK).
 *
 * Two readers of one stream at once may each put the rest of a message back:
 * the bytes are all there, but not in their order.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include "internal.h"

/** unix_at_end() - true if nothing will ever come */
bool unix_at_end(const struct unix_sock *s)
{
	if (s->shut_read)
		return true;
	return s->type != SOCK_DGRAM && s->peer &&
	       (s->peer->closed || s->peer->shut_write);
}

/* 1: there is something; 0: end; -errno. */
static int wait_for_data(struct unix_sock *s, u32 flags)
{
	int err;

	if (s->type != SOCK_DGRAM && !s->peer)
		return s->type == SOCK_STREAM ? -EINVAL : -ENOTCONN;
	if (s->error && (s->type != SOCK_STREAM || list_empty(&s->queue)))
		return socket_error(s);
	if (!list_empty(&s->queue))
		return 1;
	if (unix_at_end(s) && !(s->type == SOCK_DGRAM && flags & MSG_DONTWAIT))
		return 0;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	s->nr_waiting += s->type == SOCK_STREAM;
	err = wait_until(&s->wait, s->rcvtimeo,
			 !list_empty(&s->queue) || s->error || unix_at_end(s));
	s->nr_waiting -= s->type == SOCK_STREAM;
	if (err)
		return err;
	return list_empty(&s->queue) && unix_at_end(s) && !s->error ?
		       0 :
		       wait_for_data(s, flags | MSG_DONTWAIT);
}

/* Off the queue, for the copy to the program may sleep. */
static struct unix_msg *take_msg(struct unix_sock *s)
{
	struct unix_msg *m = list_first_entry(&s->queue, struct unix_msg, list);

	unix_dequeue(s, m);
	return m;
}

/*
 * Back, if some of it is to be read again. Files that were not seen here
 * meanwhile may have become part of a circle.
 */
static void leave_msg(struct unix_sock *s, struct unix_msg *m, bool again)
{
	if (!again || s->closed) {
		unix_free_msg(m);
		wake_up(&s->room);
		return;
	}
	if (scm_would_circle(m->scm.files, s)) {
		scm_free(m->scm.files);
		m->scm.files = NULL;
	}
	unix_enqueue(s, m, true);
	wake_up_poll(&s->wait, WAKE_SLEEPERS); /* readers who missed it */
}

/* What came with a message: it keeps it, or not. */
static void take_scm(struct unix_msg *m, struct scm *scm, bool keep)
{
	if (scm)
		*scm = m->scm;
	if (!scm)
		return;
	if (!keep)
		m->scm.files = NULL;
	else if (m->scm.files)
		m->scm.files->users++;
}

static ssize_t copy_msg(struct unix_msg *m, struct iov_iter *to)
{
	size_t n = min((size_t)(m->len - m->off), to->count);

	if (copy_to_iter(m->data + m->off, n, to) != n)
		return -EFAULT;
	return (ssize_t)n;
}

static ssize_t recv_packet(struct unix_sock *s, struct iov_iter *to, u32 *flags,
			   struct unix_address *from, struct scm *scm)
{
	u32 in = *flags, whole;
	struct unix_msg *m;
	ssize_t n;

	*flags = 0;
	n = wait_for_data(s, in);
	if (n <= 0)
		return n;
	m = take_msg(s);
	if (from)
		*from = m->from;
	whole = m->len;
	if (whole > to->count)
		*flags |= MSG_TRUNC;
	n = copy_msg(m, to);
	if (n >= 0)
		take_scm(m, scm, in & MSG_PEEK);
	leave_msg(s, m, in & MSG_PEEK);
	return n >= 0 && in & MSG_TRUNC ? (ssize_t)whole : n;
}

/* Bytes of several messages are one answer, but not those of two senders. */
static bool goes_with(const struct unix_sock *s, const struct unix_msg *m,
		      const struct scm *scm)
{
	return !s->passcred || !scm ||
	       memcmp(&m->scm.cred, &scm->cred, sizeof(scm->cred)) == 0;
}

/* The first message's bytes: how many; @peeked keeps it for later. */
static ssize_t recv_piece(struct unix_sock *s, struct iov_iter *to,
			  struct scm *scm, struct list_head *peeked)
{
	struct unix_msg *m = take_msg(s);
	ssize_t n = copy_msg(m, to);

	if (n < 0) {
		leave_msg(s, m, true);
		return n;
	}
	take_scm(m, scm, peeked);
	if (peeked) {
		list_add(&m->list, peeked);
		return n;
	}
	m->off += (u32)n;
	leave_msg(s, m, m->off < m->len);
	return n;
}

static ssize_t recv_stream(struct unix_sock *s, struct iov_iter *to, u32 *flags,
			   struct unix_address *from, struct scm *scm)
{
	u32 in = *flags, wait = in;
	struct unix_msg *m, *next;
	ssize_t n = 0, done = 0;
	enum unix_mark mark;
	LIST_HEAD(peeked); /* the last comes first */

	*flags = 0;
	while (to->count && !(done && s->error)) {
		n = wait_for_data(s, wait);
		if (n <= 0)
			break;
		mark = unix_pass_mark(s, done, in & MSG_PEEK ? &peeked : NULL);
		if (mark == UNIX_AGAIN)
			continue;
		if (mark == UNIX_STOP)
			break;
		m = list_first_entry(&s->queue, struct unix_msg, list);
		if (done && !goes_with(s, m, scm))
			break;
		if (from && !done)
			*from = m->from;
		n = recv_piece(s, to, scm, in & MSG_PEEK ? &peeked : NULL);
		if (n < 0)
			break;
		done += n;
		if (scm && scm->files)
			break;
		if (!(in & MSG_WAITALL) || in & MSG_PEEK)
			wait |= MSG_DONTWAIT;
	}
	list_for_each_entry_safe(m, next, &peeked, list) {
		list_del(&m->list);
		leave_msg(s, m, true);
	}
	return done ? done : n;
}

/** unix_recv() - receive bytes, and files with them: bytes, or -errno */
ssize_t unix_recv(struct unix_sock *s, struct iov_iter *to, u32 *flags,
		  struct unix_address *from, struct scm *scm)
{
	if (*flags & MSG_OOB) {
		if (s->type != SOCK_STREAM)
			return -EOPNOTSUPP;
		if (scm)
			*scm = (struct scm){ .cred = s->peer_cred };
		return unix_recv_urgent(s, to, flags);
	}
	if (s->type == SOCK_STREAM)
		return recv_stream(s, to, flags, from, scm);
	return recv_packet(s, to, flags, from, scm);
}

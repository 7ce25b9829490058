/* SPDX-License-Identifier: MIT */
/*
 * Sending through local sockets: a message for each datagram, and for each
 * piece of a stream, goes to the queue of the socket that will read it.
 *
 *   has_wmem?  what @s sent and nobody read yet counts for less than sndbuf
 *   make_msg   memory, and the program's bytes: may sleep
 *   can_take?  of datagrams only max_queued wait, but for a peer's
 *   deliver    does not sleep any more
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm_types.h>
#include <ashlar/slab.h>
#include <kernel/fs/fasync.h>
#include <kernel/signal/signal.h>
#include "internal.h"

#define STREAM_CHUNK 16384u /* a stream's longest message */

/* Memory that Linux takes for a message on this machine: a header, and the
 * bytes with their own header in a piece of the slab, or in pages. */
#define SKB_SIZE 192u
#define SKB_SHARED_SIZE 256u
#define SKB_MAX_HEAD (4096u - SKB_SHARED_SIZE)
#define SKB_MAX_ALLOC (4 * 4096u - SKB_SHARED_SIZE)
#define SKB_MAX_PAGED (17 * 4096u)

static u32 msg_truesize(const struct unix_sock *s, u32 len)
{
	u32 most = s->type == SOCK_STREAM ? SKB_MAX_HEAD : SKB_MAX_ALLOC;
	u32 paged = 0, head;

	if (len > most)
		paged = (u32)PAGE_ALIGN(min(len - most, SKB_MAX_PAGED));
	head = ALIGN(len - min(paged, len), 64u) + SKB_SHARED_SIZE;
	return SKB_SIZE + paged + (1u << (32 - __builtin_clz(head - 1)));
}

/* True if @s may send another message: the last one may go beyond. */
static bool has_wmem(const struct unix_sock *s)
{
	return s->wmem < s->sndbuf || s->shut_write || s->error;
}

/* True if @to takes it, or never will. */
static bool can_take(const struct unix_sock *s, const struct unix_sock *to)
{
	return s->shut_write || to->closed || to->shut_read ||
	       !is_crowded(s, to);
}

static struct unix_msg *make_msg(struct unix_sock *s, struct iov_iter *from,
				 u32 len, const struct scm *scm)
{
	struct unix_msg *m = kmalloc(sizeof(*m) + len, GFP_KERNEL);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->len = len;
	m->off = 0;
	m->from = s->addr;
	m->scm = *scm;
	if (copy_from_iter(m->data, len, from) == len) {
		m->sender = sock_get(s);
		m->truesize = msg_truesize(s, len);
		s->wmem += m->truesize;
		return m;
	}
	kfree(m);
	return ERR_PTR(-EFAULT);
}

/* Until what @s sent has been read far enough. 0 or -errno. */
static int wait_for_wmem(struct unix_sock *s, u32 flags)
{
	if (has_wmem(s))
		return 0;
	note_nospace(s);
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	return wait_until(&s->wait, s->sndtimeo, has_wmem(s));
}

static int wait_for_peer(struct unix_sock *s, struct unix_sock *to, u32 flags)
{
	if (can_take(s, to))
		return 0;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	return wait_until(&to->room, s->sndtimeo, can_take(s, to));
}

static int deliver(struct unix_sock *s, struct unix_sock *to,
		   struct unix_msg *m, u32 flags)
{
	int err = wait_for_peer(s, to, flags);

	if (err)
		return err;
	if (s->shut_write)
		return -EPIPE;
	if (to->closed && s->type == SOCK_DGRAM)
		return -ECONNREFUSED;
	if (to->closed || to->shut_read)
		return -EPIPE;
	if (scm_would_circle(m->scm.files, to))
		return -ETOOMANYREFS;
	unix_enqueue(to, m, false);
	if (flags & MSG_OOB)
		unix_urge(to, m);
	wake_up_poll(&to->wait, READABLE);
	unix_signal_reader(to, POLL_IN);
	return 0;
}

static ssize_t send_one(struct unix_sock *s, struct unix_sock *to,
			struct iov_iter *from, u32 len, const struct scm *scm,
			u32 flags)
{
	int err = wait_for_wmem(s, flags);
	struct unix_msg *m;

	if (err)
		return err;
	if (s->error)
		return socket_error(s);
	if (s->shut_write)
		return -EPIPE;
	m = make_msg(s, from, len, scm);
	if (IS_ERR(m))
		return (ssize_t)PTR_ERR(m);
	err = deliver(s, to, m, flags);
	if (!err)
		return (ssize_t)len;
	unix_put_msg(m);
	return err;
}

/* How many bytes go next, and whether they are what MSG_OOB means: the last. */
static u32 next_piece(const struct unix_sock *s, size_t left, u32 *flags)
{
	u32 most = min(STREAM_CHUNK, s->sndbuf / 2 - 64);

	if (!(*flags & MSG_OOB))
		return (u32)min(left, (size_t)most);
	if (left == 1)
		return 1;
	*flags &= ~MSG_OOB;
	return (u32)min(left - 1, (size_t)most);
}

static ssize_t send_stream(struct unix_sock *s, struct iov_iter *from,
			   const struct scm *scm, u32 flags)
{
	struct unix_sock *to = s->peer;
	struct scm part = *scm; /* files go with the first bytes */
	ssize_t n = 0, done = 0;
	u32 now, len;

	if (!to)
		return -ENOTCONN;
	sock_get(to);
	if (s->shut_write || to->closed)
		n = -EPIPE; /* its error, if it has one, is told later */
	else if (!from->count)
		scm_free(scm->files);
	while (from->count && n >= 0) {
		now = flags;
		len = next_piece(s, from->count, &now);
		n = send_one(s, to, from, len, &part, now);
		if (n < 0)
			break;
		done += n;
		part.files = NULL;
	}
	unix_put(to);
	if (n == -EPIPE && !done && !(flags & MSG_NOSIGNAL))
		send_sig_self(SIGPIPE);
	return done ? done : n;
}

static ssize_t send_packet(struct unix_sock *s, struct iov_iter *from,
			   const struct unix_address *addr,
			   const struct scm *scm, u32 flags)
{
	struct unix_sock *to = s->peer;
	ssize_t n;

	if (from->count > s->sndbuf - 32)
		return -EMSGSIZE;
	if (addr)
		to = unix_find_socket(addr, s->type);
	else if (to)
		sock_get(to);
	if (!to)
		return -ENOTCONN;
	if (IS_ERR(to))
		return (ssize_t)PTR_ERR(to);
	if (s->type == SOCK_DGRAM && listens_to_other(to, s)) {
		unix_put(to);
		return -EPERM;
	}
	n = send_one(s, to, from, (u32)from->count, scm, flags);
	if (n == -ECONNREFUSED && s->peer == to && to->closed) {
		unix_drop_peer(s);
	}
	unix_put(to);
	if (n == -EPIPE && !(flags & MSG_NOSIGNAL))
		send_sig_self(SIGPIPE);
	return n;
}

/** unix_send() - send bytes, and files with them: bytes sent, or -errno */
ssize_t unix_send(struct unix_sock *s, struct iov_iter *from,
		  const struct unix_address *addr, const struct scm *scm,
		  u32 flags)
{
	struct scm own;
	int err = 0;

	if (!scm) {
		scm_own(&own);
		scm = &own;
	}
	if (flags & MSG_OOB && (s->type != SOCK_STREAM || !from->count))
		return -EOPNOTSUPP;
	if (s->error && s->type != SOCK_STREAM)
		return socket_error(s);
	if (!s->peer)
		err = unix_autobind_for_creds(s);
	if (err)
		return err;
	if (s->type == SOCK_DGRAM)
		return send_packet(s, from, addr, scm, flags);
	if (s->type == SOCK_SEQPACKET)
		return send_packet(s, from, NULL, scm, flags);
	if (addr)
		return s->peer ? -EISCONN : -EOPNOTSUPP;
	return send_stream(s, from, scm, flags);
}

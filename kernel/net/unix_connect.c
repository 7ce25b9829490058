/* SPDX-License-Identifier: MIT */
/*
 * Connections of local sockets: listen, connect, accept, shutdown.
 *
 *   connect ─→ a new socket, its peer ─→ server->pending ─→ accept
 *
 * Bytes may be sent before the connection is accepted. A datagram socket only
 * remembers where its datagrams go, which need not point back.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <kernel/fs/fasync.h>
#include <kernel/signal/signal.h>
#include "internal.h"

/** unix_listen() - wait for connections; 0 or -errno */
int unix_listen(struct unix_sock *s, int backlog)
{
	if (s->type == SOCK_DGRAM)
		return -EOPNOTSUPP;
	if (s->addr.len <= FAMILY_LEN || s->peer)
		return -EINVAL;
	s->listening = true;
	s->backlog = (u32)clamp(backlog, 0, 4096);
	return 0;
}

static bool has_room(const struct unix_sock *server)
{
	return server->closed || server->npending <= server->backlog;
}

/* A socket that @server will get from accept(). */
static int enqueue_connection(struct unix_sock *s, struct unix_sock *server)
{
	struct unix_sock *n = unix_alloc(s->type);

	if (IS_ERR(n))
		return (int)PTR_ERR(n);
	if (!server->listening || server->closed) {
		unix_put(n);
		return -ECONNREFUSED;
	}
	if (s->peer || s->listening) {
		unix_put(n);
		return s->peer ? -EISCONN : -EINVAL;
	}
	n->addr = server->addr;
	n->cred = server->cred;
	unix_pair(s, n);
	list_add_tail(&n->pending_entry, &server->pending);
	server->npending++;
	wake_up_poll(&server->wait, READABLE);
	unix_signal_reader(server, POLL_IN);
	return 0;
}

static int connect_stream(struct unix_sock *s, struct unix_sock *server,
			  bool nonblock)
{
	int err;

	if (!server->listening)
		return -ECONNREFUSED;
	if (!has_room(server) && nonblock)
		return -EAGAIN;
	err = wait_until(&server->room, s->sndtimeo, has_room(server));
	return err ? err : enqueue_connection(s, server);
}

/** unix_connect() - choose a peer; AF_UNSPEC lets it go. 0 or -errno */
int unix_connect(struct unix_sock *s, const struct unix_address *addr,
		 bool nonblock)
{
	struct unix_sock *other;
	int err;

	if (addr->name.sun_family == AF_UNSPEC && s->type == SOCK_DGRAM) {
		unix_drop_peer(s);
		return 0;
	}
	if (addr->name.sun_family != AF_UNIX)
		return -EINVAL;
	err = unix_autobind_for_creds(s);
	if (err)
		return err;
	other = unix_find_socket(addr, s->type);
	if (IS_ERR(other))
		return (int)PTR_ERR(other);
	if (s->type == SOCK_DGRAM && listens_to_other(other, s)) {
		err = -EPERM;
	} else if (s->type == SOCK_DGRAM) {
		unix_drop_peer(s);
		s->peer = sock_get(other);
	} else {
		err = connect_stream(s, other, nonblock);
	}
	unix_put(other);
	return err;
}

/** unix_accept() - the oldest connection, with its reference; ERR_PTR */
struct unix_sock *unix_accept(struct unix_sock *s, bool nonblock)
{
	struct unix_sock *n;
	int err;

	if (s->type == SOCK_DGRAM)
		return ERR_PTR(-EOPNOTSUPP);
	if (!s->listening)
		return ERR_PTR(-EINVAL);
	if (list_empty(&s->pending) && nonblock)
		return ERR_PTR(-EAGAIN);
	err = wait_until(&s->wait, s->rcvtimeo, !list_empty(&s->pending));
	if (err)
		return ERR_PTR(err);
	n = list_first_entry(&s->pending, struct unix_sock, pending_entry);
	list_del_init(&n->pending_entry);
	s->npending--;
	wake_up(&s->room);
	return n;
}

/** unix_shutdown() - no more reading (0), writing (1), or both (2) */
int unix_shutdown(struct unix_sock *s, int how)
{
	if (how < 0 || how > 2)
		return -EINVAL;
	if (how != 1)
		s->shut_read = true;
	if (how != 0)
		s->shut_write = true;
	wake_up(&s->wait);
	wake_up(&s->room);
	if (!s->peer)
		return 0;
	wake_up(&s->peer->room);
	if (s->type == SOCK_DGRAM)
		return 0;
	wake_up(&s->peer->wait);
	if (how != 0)
		unix_signal_reader(s->peer, how == 2 ? POLL_HUP : POLL_IN);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Sockets between processes of this machine: their life, their messages, and
 * the socket as a file.
 *
 *   unix_sock a ──peer──→ unix_sock b
 *                           queue ─→ msg ─→ msg      what a sent
 *
 * Bytes wait where they will be read, and count for the socket that sent them
 * (wmem) until they are. Sockets of a pair point at each other; a datagram
 * socket's peer need not point back.
 *
 *   unix_names.c    binding and finding      unix_send.c, unix_recv.c   bytes
 *   unix_connect.c  listen, connect, accept  unix_oob.c   the urgent byte
 *   scm.c   files and credentials
 *   socket.c        the system calls         sockopt.c   options
 *
 * Locks: a socket's state is looked at and changed without sleep in between:
 * memory comes, and a program's bytes are copied, before, and then it is
 * looked at again. A peer or a file is used with a reference.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/ioctl.h>
#include <kernel/task/cred.h>
#include <mach/uaccess.h>
#include "internal.h"

#define FIOSETOWN 0x8901u
#define SIOCSPGRP 0x8902u
#define FIOGETOWN 0x8903u
#define SIOCGPGRP 0x8904u
#define SIOCATMARK 0x8905u

#define BUF_DEFAULT 180224u /* SO_SNDBUF, SO_RCVBUF */

int sysctl_max_dgram_qlen = 10;

/* ---- life ---- */

/* Its peer had no room, and was asked whether it would say when it has. */
static int peer_has_room(struct wait_queue_entry *w, u32 key)
{
	struct unix_sock *s = w->private;

	(void)key;
	list_del_init(&w->entry);
	wake_up_poll(&s->wait, WRITABLE);
	return 0;
}

/** unix_alloc() - a socket of a type; ERR_PTR(-ENOMEM) */
struct unix_sock *unix_alloc(int type)
{
	struct unix_sock *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (!s)
		return ERR_PTR(-ENOMEM);
	atomic_set(&s->count, 1);
	s->type = (u8)type;
	INIT_LIST_HEAD(&s->queue);
	INIT_LIST_HEAD(&s->pending);
	INIT_LIST_HEAD(&s->pending_entry);
	init_waitqueue_head(&s->wait);
	INIT_LIST_HEAD(&s->fasync);
	init_waitqueue_head(&s->room);
	init_wait_entry(&s->peer_room);
	s->peer_room.func = peer_has_room;
	s->peer_room.private = s;
	init_rwsem(&s->bind_lock);
	s->addr.len = FAMILY_LEN;
	s->addr.name.sun_family = AF_UNIX;
	s->sndbuf = BUF_DEFAULT;
	s->rcvbuf = BUF_DEFAULT;
	s->max_queued = (u32)sysctl_max_dgram_qlen;
	s->rcvtimeo = NEVER;
	s->sndtimeo = NEVER;
	s->cred.pid = current->tgid;
	s->cred.uid = current->cred->euid;
	s->cred.gid = current->cred->egid;
	s->peer_cred = (struct ucred){ 0, ~0u, ~0u };
	return s;
}

/** unix_drop_peer() - a socket has no peer any more */
void unix_drop_peer(struct unix_sock *s)
{
	struct unix_sock *peer = s->peer;

	if (!peer)
		return;
	remove_wait_queue(&peer->room, &s->peer_room);
	s->peer = NULL;
	unix_put(peer);
}

/** unix_signal_reader() - something (POLL_*) that a reader of @s minds */
void unix_signal_reader(struct unix_sock *s, int band)
{
	if (!s->nr_waiting)
		kill_fasync(&s->fasync, FMODE_READ, band);
}

/* There is room again, and it was missed. */
static void signal_writer(struct unix_sock *s)
{
	if (!s->async_nospace)
		return;
	s->async_nospace = false;
	kill_fasync(&s->fasync, FMODE_WRITE, POLL_OUT);
}

/** unix_put_msg() - a message that is on no queue goes, its files do not */
void unix_put_msg(struct unix_msg *m)
{
	struct unix_sock *sender = m->sender;

	sender->wmem -= m->truesize;
	kfree(m);
	if (writable(sender)) {
		wake_up_poll(&sender->wait, WRITABLE);
		signal_writer(sender);
	}
	unix_put(sender);
}

/** unix_free_msg() - a message that is on no queue goes with its files */
void unix_free_msg(struct unix_msg *m)
{
	scm_free(m->scm.files);
	unix_put_msg(m);
}

/** unix_enqueue() - a message is to be read from a socket, perhaps @first */
void unix_enqueue(struct unix_sock *s, struct unix_msg *m, bool first)
{
	if (first)
		list_add(&m->list, &s->queue);
	else
		list_add_tail(&m->list, &s->queue);
	s->queued += m->len - m->off;
	s->nr_queued++;
}

/** unix_dequeue() - a message leaves its queue */
void unix_dequeue(struct unix_sock *s, struct unix_msg *m)
{
	list_del(&m->list);
	s->queued -= m->len - m->off;
	s->nr_queued--;
}

/** unix_close() - no file leads to a socket any more; takes the reference */
void unix_close(struct unix_sock *s)
{
	struct unix_sock *peer = s->peer, *p;
	struct unix_msg *m;
	bool unread = !list_empty(&s->queue);

	s->closed = true;
	unix_forget_name(s);
	while (!list_empty(&s->queue)) {
		m = list_first_entry(&s->queue, struct unix_msg, list);
		/* The analyzer forgets that the one before has left the list.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		unix_dequeue(s, m);
		unix_free_msg(m);
	}
	s->oob = NULL;
	while (!list_empty(&s->pending)) {
		p = list_first_entry(&s->pending, struct unix_sock,
				     pending_entry);
		list_del_init(&p->pending_entry);
		if (p->peer)
			p->peer->error = ECONNRESET;
		unix_close(p);
	}
	if (peer && s->type != SOCK_DGRAM) {
		if (unread)
			peer->error = ECONNRESET;
		wake_up(&peer->wait);
		unix_signal_reader(peer, POLL_HUP);
	}
	wake_up(&s->wait);
	wake_up(&s->room);
	unix_drop_peer(s);
	unix_put(s);
}

static void unix_release(struct file *f)
{
	struct unix_sock *s = f->private_data;

	s->file = NULL;
	unix_close(s);
}

/** unix_pair() - connect two sockets to each other */
void unix_pair(struct unix_sock *a, struct unix_sock *b)
{
	a->peer = sock_get(b);
	b->peer = sock_get(a);
	a->peer_cred = b->cred;
	b->peer_cred = a->cred;
}

/* ---- the socket as a file ---- */

static u32 file_flags(const struct file *f)
{
	return f->f_flags & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

static ssize_t unix_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	u32 flags = file_flags(f);

	(void)pos;
	return unix_recv(f->private_data, to, &flags, NULL, NULL);
}

static ssize_t unix_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	(void)pos;
	return unix_send(f->private_data, from, NULL, NULL, file_flags(f));
}

/* No way is open any more, by what either side did. */
static bool is_hung_up(const struct unix_sock *s)
{
	const struct unix_sock *peer = s->type == SOCK_DGRAM ? NULL : s->peer;

	if (s->shut_read && s->shut_write)
		return true;
	if (s->type != SOCK_DGRAM && !peer)
		return !s->listening;
	return (s->shut_read || (peer && (peer->closed || peer->shut_write))) &&
	       (s->shut_write || (peer && (peer->closed || peer->shut_read)));
}

/* If not, its peer will say when it has room; asked once, it says so once. */
static bool poll_writable(struct unix_sock *s)
{
	if (!writable(s))
		return false;
	if (s->type != SOCK_DGRAM || !s->peer || !is_crowded(s, s->peer))
		return true;
	if (list_empty(&s->peer_room.entry))
		add_wait_queue(&s->peer->room, &s->peer_room);
	return false;
}

static u32 unix_poll(struct file *f, struct poll_table *pt)
{
	struct unix_sock *s = f->private_data;
	u32 mask = 0;

	poll_wait(&s->wait, pt);
	if (s->error)
		mask |= POLLERR;
	if (!list_empty(&s->queue) || !list_empty(&s->pending))
		mask |= POLLIN | POLLRDNORM;
	if (s->oob)
		mask |= POLLPRI;
	if (unix_at_end(s))
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (is_hung_up(s))
		mask |= POLLHUP;
	if (poll_writable(s))
		mask |= WRITABLE;
	else if (s->type == SOCK_DGRAM)
		note_nospace(s);
	return mask;
}

static int unix_fasync(int fd, struct file *f, bool on)
{
	struct unix_sock *s = f->private_data;

	return fasync_helper(fd, f, on, &s->fasync);
}

static long set_owner(struct file *f, const s32 __user *arg)
{
	s32 who;

	return get_user(who, arg) ? -EFAULT : f_setown(f, who, true);
}

static long unix_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct unix_sock *s = f->private_data;
	struct unix_msg *m;
	u32 n = s->queued;

	if (cmd == FIOSETOWN || cmd == SIOCSPGRP)
		return set_owner(f, (const s32 __user *)arg);
	if (cmd == FIOGETOWN || cmd == SIOCGPGRP)
		return put_user(f_getown(f), (s32 __user *)arg);
	if (cmd == SIOCATMARK)
		return put_user(unix_at_mark(s), (s32 __user *)arg);
	if (cmd == TIOCOUTQ) {
		n = s->wmem;
		return put_user((s32)n, (s32 __user *)arg);
	}
	if (cmd != FIONREAD)
		return -ENOTTY;
	if (s->listening)
		return -EINVAL;
	if (s->type == SOCK_DGRAM && !list_empty(&s->queue)) {
		m = list_first_entry(&s->queue, struct unix_msg, list);
		n = m->len;
	}
	return put_user((s32)n, (s32 __user *)arg);
}

const struct file_operations unix_fops = {
	.read_iter = unix_read,
	.write_iter = unix_write,
	.poll = unix_poll,
	.ioctl = unix_ioctl,
	.release = unix_release,
	.fasync = unix_fasync,
};

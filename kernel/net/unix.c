/* SPDX-License-Identifier: MIT */
/*
 * Sockets between processes of this machine.
 *
 *   unix_sock a ──peer──→ unix_sock b
 *                           queue ─→ msg ─→ msg      what a sent
 *
 * Bytes wait where they will be read. Sockets of a pair point at each other;
 * a datagram socket's peer need not point back. A name is a file of type
 * socket, whose inode's i_pipe is the socket, or ("abstract") one in a tree.
 *
 * Locks: a socket's state is looked at and changed without sleep in between:
 * memory comes, and a program's bytes are copied, before, and then it is
 * looked at again. bind_lock, outside of vfs_lock, is held around the search
 * for a name, which makes a file. A peer or a file is used with a reference.
 * Two readers of one stream at once may each put the rest of a message back:
 * the bytes are all there, but not in their order.
 *
 * Files and credentials that travel with the bytes: scm.c. Options: sockopt.c.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/printf.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/internal.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/time/clock.h>
#include <mach/uaccess.h>
#include "unix.h"

#define FIOSETOWN 0x8901u
#define SIOCSPGRP 0x8902u
#define FIOGETOWN 0x8903u
#define SIOCGPGRP 0x8904u

#define BUF_DEFAULT 180224u /* SO_SNDBUF, SO_RCVBUF */
#define STREAM_CHUNK 16384u /* a stream's longest message */
#define FAMILY_LEN 2u
#define AUTO_LEN (FAMILY_LEN + 6u) /* a name we give: '\0' and 5 digits */

#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM | POLLWRBAND)

int sysctl_max_dgram_qlen = 10;
static struct rb_root abstract_names;

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

static struct unix_sock *sock_get(struct unix_sock *s)
{
	atomic_inc(&s->count);
	return s;
}

static void drop_peer(struct unix_sock *s)
{
	struct unix_sock *peer = s->peer;

	if (!peer)
		return;
	remove_wait_queue(&peer->room, &s->peer_room);
	s->peer = NULL;
	unix_put(peer);
}

/* True if no datagram more may wait at @to, whose peer @s is not. */
static bool is_crowded(const struct unix_sock *s, const struct unix_sock *to)
{
	return s->type != SOCK_STREAM && to != s && to->peer != s &&
	       to->nr_queued > to->max_queued;
}

/* True if poll says so: enough of what it sent is gone. */
static bool writable(const struct unix_sock *s)
{
	return !s->listening && s->wmem < s->sndbuf / 4;
}

/* Something came to pass that a reader of @s minds. */
static void signal_reader(struct unix_sock *s, int band)
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

/* There is none; a signal is wanted when there is. */
static void note_nospace(struct unix_sock *s)
{
	if (!list_empty(&s->fasync))
		s->async_nospace = true;
}

/* A message that is on no queue, without its files; its sender hears of it. */
static void put_msg(struct unix_msg *m)
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

static void free_msg(struct unix_msg *m)
{
	scm_free(m->scm.files);
	put_msg(m);
}

static void enqueue(struct unix_sock *s, struct unix_msg *m, bool first)
{
	if (first)
		list_add(&m->list, &s->queue);
	else
		list_add_tail(&m->list, &s->queue);
	s->queued += m->len - m->off;
	s->nr_queued++;
}

static void dequeue(struct unix_sock *s, struct unix_msg *m)
{
	list_del(&m->list);
	s->queued -= m->len - m->off;
	s->nr_queued--;
}

static void forget_name(struct unix_sock *s)
{
	if (s->has_abstract)
		rb_erase(&s->bound, &abstract_names);
	s->has_abstract = false;
	if (!s->path.dentry)
		return;
	s->path.dentry->d_inode->i_pipe = NULL;
	path_put(&s->path);
	s->path.dentry = NULL;
}

/** unix_close() - no file leads to a socket any more; takes the reference */
void unix_close(struct unix_sock *s)
{
	struct unix_sock *peer = s->peer, *p;
	struct unix_msg *m;
	bool unread = !list_empty(&s->queue);

	s->closed = true;
	forget_name(s);
	while (!list_empty(&s->queue)) {
		m = list_first_entry(&s->queue, struct unix_msg, list);
		/* The analyzer forgets that the one before has left the list.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		dequeue(s, m);
		free_msg(m);
	}
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
		signal_reader(peer, POLL_HUP);
	}
	wake_up(&s->wait);
	wake_up(&s->room);
	drop_peer(s);
	unix_put(s);
}

static void unix_release(struct file *f)
{
	unix_close(f->private_data);
}

/** unix_pair() - connect two sockets to each other */
void unix_pair(struct unix_sock *a, struct unix_sock *b)
{
	a->peer = sock_get(b);
	b->peer = sock_get(a);
	a->peer_cred = b->cred;
	b->peer_cred = a->cred;
}

/* ---- names ---- */

static bool is_abstract(const struct unix_address *a)
{
	return a->name.sun_path[0] == '\0';
}

static struct unix_sock *bound_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct unix_sock, bound) : NULL;
}

static int compare_names(const struct unix_address *a,
			 const struct unix_address *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(&a->name, &b->name, a->len);
}

/* Where the name is in the tree, or would be, below *@parent. */
static struct rb_node **abstract_link(const struct unix_address *a,
				      struct rb_node **parent)
{
	struct rb_node **link = &abstract_names.rb_node;
	int order;

	*parent = NULL;
	while (*link) {
		order = compare_names(a, &bound_of(*link)->addr);
		if (!order)
			break;
		*parent = *link;
		link = order < 0 ? &(*link)->rb_left : &(*link)->rb_right;
	}
	return link;
}

static struct unix_sock *find_abstract(const struct unix_address *a)
{
	struct rb_node *parent;

	return bound_of(*abstract_link(a, &parent));
}

static int bind_abstract(struct unix_sock *s, const struct unix_address *a)
{
	struct rb_node *parent, **link = abstract_link(a, &parent);

	if (*link)
		return -EADDRINUSE;
	s->addr = *a;
	s->has_abstract = true;
	rb_link_node(&s->bound, parent, link);
	rb_insert_color(&s->bound, &abstract_names);
	return 0;
}

static int bind_path(struct unix_sock *s, const struct unix_address *a)
{
	int err = kern_mksock(a->name.sun_path, 0777, &s->path);

	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	s->path.dentry->d_inode->i_pipe = s;
	return 0;
}

static bool name_taken(const struct unix_address *a)
{
	struct path path;

	if (is_abstract(a))
		return find_abstract(a);
	if (kern_path_at(AT_FDCWD, a->name.sun_path, 0, &path))
		return false;
	path_put(&path);
	return true;
}

/* A name of our choice for a socket that has none. It does not sleep. */
static int autobind(struct unix_sock *s)
{
	struct unix_address a = { .len = AUTO_LEN, .name = { AF_UNIX, "" } };
	static u32 next;
	u32 tries;

	if (s->addr.len > FAMILY_LEN)
		return 0;
	for (tries = 0; tries < 1u << 20; tries++) {
		ashlar_snprintf(a.name.sun_path + 1, 6, "%05x",
				next++ & 0xfffff);
		if (!bind_abstract(s, &a))
			return 0;
	}
	return -ENOSPC;
}

static int bind_locked(struct unix_sock *s, const struct unix_address *addr)
{
	int err;

	if (s->addr.len > FAMILY_LEN)
		return name_taken(addr) ? -EADDRINUSE : -EINVAL;
	err = is_abstract(addr) ? bind_abstract(s, addr) : bind_path(s, addr);
	if (!err)
		s->addr = *addr;
	return err;
}

/** unix_bind() - give a socket a name; 0 or -errno */
int unix_bind(struct unix_sock *s, const struct unix_address *addr)
{
	int err;

	down_write(&s->bind_lock);
	err = addr->len <= FAMILY_LEN ? autobind(s) : bind_locked(s, addr);
	up_write(&s->bind_lock);
	return err;
}

/* autobind() by whoever sends or connects and must have a name. */
static int autobind_for_creds(struct unix_sock *s)
{
	int err;

	if (!s->passcred || s->addr.len > FAMILY_LEN)
		return 0;
	down_write(&s->bind_lock);
	err = autobind(s);
	up_write(&s->bind_lock);
	return err;
}

static struct unix_sock *find_path(const struct unix_address *a)
{
	struct unix_sock *s;
	struct inode *inode;
	struct path path;
	int err;

	err = kern_path_at(AT_FDCWD, a->name.sun_path, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	err = inode_permission(inode, MAY_WRITE);
	s = S_ISSOCK(inode->i_mode) && !err ? inode->i_pipe : NULL;
	s = s ? sock_get(s) : ERR_PTR(err ? err : -ECONNREFUSED);
	path_put(&path);
	return s;
}

/* The socket that has the name, with a reference; or ERR_PTR. */
static struct unix_sock *find_socket(const struct unix_address *a, u8 type)
{
	struct unix_sock *s;

	if (a->len <= FAMILY_LEN)
		return ERR_PTR(-EINVAL);
	if (is_abstract(a)) {
		s = find_abstract(a);
		s = s ? sock_get(s) : ERR_PTR(-ECONNREFUSED);
	} else {
		s = find_path(a);
	}
	if (!IS_ERR(s) && s->type != type) {
		unix_put(s);
		return ERR_PTR(-EPROTOTYPE);
	}
	return s;
}

/* ---- waiting ---- */

static u64 expiry(u64 timeout)
{
	u64 now = ktime_get();

	return timeout > NEVER - now ? NEVER : now + timeout;
}

/* Until @cond, or for so long as an option says. 0 or -errno. */
#define wait_until(queue, timeout, cond)                                   \
	({                                                                 \
		int wait_err = wait_event_interruptible_until(             \
			queue, cond, expiry(timeout));                     \
		wait_err == -ERESTARTSYS && (timeout) != NEVER ? -EINTR :  \
								 wait_err; \
	})

/* ---- connections ---- */

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
	signal_reader(server, POLL_IN);
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

/* A datagram socket that has a peer takes from no other. */
static bool listens_to_other(const struct unix_sock *to,
			     const struct unix_sock *s)
{
	return to->peer && to->peer != s;
}

/** unix_connect() - choose a peer; AF_UNSPEC lets it go. 0 or -errno */
int unix_connect(struct unix_sock *s, const struct unix_address *addr,
		 bool nonblock)
{
	struct unix_sock *other;
	int err;

	if (addr->name.sun_family == AF_UNSPEC && s->type == SOCK_DGRAM) {
		drop_peer(s);
		return 0;
	}
	if (addr->name.sun_family != AF_UNIX)
		return -EINVAL;
	err = autobind_for_creds(s);
	if (err)
		return err;
	other = find_socket(addr, s->type);
	if (IS_ERR(other))
		return (int)PTR_ERR(other);
	if (s->type == SOCK_DGRAM && listens_to_other(other, s)) {
		err = -EPERM;
	} else if (s->type == SOCK_DGRAM) {
		drop_peer(s);
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
		signal_reader(s->peer, how == 2 ? POLL_HUP : POLL_IN);
	return 0;
}

/* ---- sending ---- */

static int socket_error(struct unix_sock *s)
{
	int err = s->error;

	s->error = 0;
	return -err;
}

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
	enqueue(to, m, false);
	wake_up_poll(&to->wait, READABLE);
	signal_reader(to, POLL_IN);
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
	put_msg(m);
	return err;
}

static ssize_t send_stream(struct unix_sock *s, struct iov_iter *from,
			   const struct scm *scm, u32 flags)
{
	u32 most = min(STREAM_CHUNK, s->sndbuf / 2 - 64);
	struct unix_sock *to = s->peer;
	struct scm part = *scm; /* files go with the first bytes */
	ssize_t n = 0, done = 0;

	if (!to)
		return -ENOTCONN;
	sock_get(to);
	if (s->shut_write)
		n = -EPIPE;
	else if (!from->count)
		scm_free(scm->files);
	while (from->count && n >= 0) {
		n = send_one(s, to, from, (u32)min(from->count, (size_t)most),
			     &part, flags);
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
		to = find_socket(addr, s->type);
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
		drop_peer(s);
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
	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->error)
		return socket_error(s);
	if (!s->peer)
		err = autobind_for_creds(s);
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

/* ---- receiving ---- */

/* Nothing will ever come. */
static bool at_end(const struct unix_sock *s)
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
	if (at_end(s) && !(s->type == SOCK_DGRAM && flags & MSG_DONTWAIT))
		return 0;
	if (flags & MSG_DONTWAIT)
		return -EAGAIN;
	s->nr_waiting += s->type == SOCK_STREAM;
	err = wait_until(&s->wait, s->rcvtimeo,
			 !list_empty(&s->queue) || s->error || at_end(s));
	s->nr_waiting -= s->type == SOCK_STREAM;
	if (err)
		return err;
	return list_empty(&s->queue) && at_end(s) && !s->error ?
		       0 :
		       wait_for_data(s, flags | MSG_DONTWAIT);
}

/* Off the queue, for the copy to the program may sleep. */
static struct unix_msg *take_msg(struct unix_sock *s)
{
	struct unix_msg *m = list_first_entry(&s->queue, struct unix_msg, list);

	dequeue(s, m);
	return m;
}

/*
 * Back, if some of it is to be read again. Files that were not seen here
 * meanwhile may have become part of a circle.
 */
static void leave_msg(struct unix_sock *s, struct unix_msg *m, bool again)
{
	if (!again || s->closed) {
		free_msg(m);
		wake_up(&s->room);
		return;
	}
	if (scm_would_circle(m->scm.files, s)) {
		scm_free(m->scm.files);
		m->scm.files = NULL;
	}
	enqueue(s, m, true);
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
	LIST_HEAD(peeked); /* the last comes first */

	*flags = 0;
	while (to->count && !(done && s->error)) {
		n = wait_for_data(s, wait);
		if (n <= 0)
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
	if (*flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (s->type == SOCK_STREAM)
		return recv_stream(s, to, flags, from, scm);
	return recv_packet(s, to, flags, from, scm);
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
	if (at_end(s))
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

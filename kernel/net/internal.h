/* SPDX-License-Identifier: MIT */
/* What the files of local sockets share: unix.c and unix_*.c. */
#ifndef KERNEL_NET_INTERNAL_H
#define KERNEL_NET_INTERNAL_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <kernel/fs/internal.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/time/clock.h>
#include "unix.h"

#define FAMILY_LEN 2u /* of an address without a name */
#define READABLE (POLLIN | POLLRDNORM)
#define WRITABLE (POLLOUT | POLLWRNORM | POLLWRBAND)

/* unix.c */
void unix_drop_peer(struct unix_sock *s);
void unix_put_msg(struct unix_msg *m);
void unix_free_msg(struct unix_msg *m);
void unix_enqueue(struct unix_sock *s, struct unix_msg *m, bool first);
void unix_dequeue(struct unix_sock *s, struct unix_msg *m);
void unix_signal_reader(struct unix_sock *s, int band);

/* unix_names.c */
void unix_forget_name(struct unix_sock *s);
int unix_autobind_for_creds(struct unix_sock *s);
struct unix_sock *unix_find_socket(const struct unix_address *a, u8 type);

/* unix_oob.c */
enum unix_mark { UNIX_READ, UNIX_AGAIN, UNIX_STOP };
void unix_urge(struct unix_sock *s, struct unix_msg *m);
bool unix_at_mark(const struct unix_sock *s);
enum unix_mark unix_pass_mark(struct unix_sock *s, bool done,
			      struct list_head *peeked);
ssize_t unix_recv_urgent(struct unix_sock *s, struct iov_iter *to, u32 *flags);

/* unix_recv.c */
bool unix_at_end(const struct unix_sock *s);

static inline struct unix_sock *sock_get(struct unix_sock *s)
{
	atomic_inc(&s->count);
	return s;
}

/* True if no datagram more may wait at @to, whose peer @s is not. */
static inline bool is_crowded(const struct unix_sock *s,
			      const struct unix_sock *to)
{
	return s->type != SOCK_STREAM && to != s && to->peer != s &&
	       to->nr_queued > to->max_queued;
}

/* True if poll says so: enough of what it sent is gone. */
static inline bool writable(const struct unix_sock *s)
{
	return !s->listening && s->wmem < s->sndbuf / 4;
}

/* There is none; a signal is wanted when there is. */
static inline void note_nospace(struct unix_sock *s)
{
	if (!list_empty(&s->fasync))
		s->async_nospace = true;
}

/* A datagram socket that has a peer takes from no other. */
static inline bool listens_to_other(const struct unix_sock *to,
				    const struct unix_sock *s)
{
	return to->peer && to->peer != s;
}

static inline int socket_error(struct unix_sock *s)
{
	int err = s->error;

	s->error = 0;
	return -err;
}

static inline u64 expiry(u64 timeout)
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

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The urgent byte of a stream (MSG_OOB): the last one of what was sent so. It
 * waits among the others, and its place is a mark where reading stops.
 *
 *   queue:   a b │ C │ d e
 *                  └─ oob          recv(): "ab" · at the mark: "de"
 *                                  recv(MSG_OOB): "C", and an empty
 *                                  message is left that still stops
 *                                  SO_OOBINLINE: "ab" · "Cde"
 *
 * The next urgent byte makes an ordinary one of it. Who reads on at the mark
 * without having asked for it loses it.
 *
 * Locks: as in unix.c; the byte is copied before anything sleeps.
 */
#include <ashlar/errno.h>
#include <kernel/fs/fasync.h>
#include "internal.h"

/** unix_urge() - @m, a byte that is in the queue of @s now, is urgent */
void unix_urge(struct unix_sock *s, struct unix_msg *m)
{
	const struct fown_struct *owner = s->file ? s->file->f_owner : NULL;

	s->oob = m;
	if (!owner || !owner->pid)
		return;
	send_sigurg(owner);
	kill_fasync(&s->fasync, FMODE_READ, POLL_PRI);
}

/** unix_at_mark() - true if the next byte to be read is the urgent one */
bool unix_at_mark(const struct unix_sock *s)
{
	return s->oob && !list_empty(&s->queue) &&
	       list_first_entry(&s->queue, struct unix_msg, list) == s->oob;
}

/**
 * unix_pass_mark() - what reading does if a mark comes next
 * @s: a stream whose queue is not empty
 * @done: something was read by this call
 * @peeked: where what was only looked at is kept; NULL: nothing is
 *
 * Context: does not sleep, but for files that go. Return: UNIX_READ its first
 * message, UNIX_AGAIN: look at the queue again, UNIX_STOP here.
 */
enum unix_mark unix_pass_mark(struct unix_sock *s, bool done,
			      struct list_head *peeked)
{
	struct unix_msg *m = list_first_entry(&s->queue, struct unix_msg, list);
	bool mark = m == s->oob, taken = m->off == m->len;

	if (!mark && !taken)
		return UNIX_READ;
	if (mark && done)
		return UNIX_STOP;
	if (mark && s->oobinline) {
		if (!peeked)
			s->oob = NULL;
		return UNIX_READ;
	}
	unix_dequeue(s, m);
	if (peeked) {
		list_add(&m->list, peeked);
		return UNIX_AGAIN;
	}
	if (mark)
		s->oob = NULL;
	unix_free_msg(m);
	return taken && done ? UNIX_STOP : UNIX_AGAIN;
}

/**
 * unix_recv_urgent() - the urgent byte itself
 * @s: a stream
 * @to: where to
 * @flags: MSG_PEEK leaves it; MSG_OOB comes back
 *
 * Context: may sleep. Return: 1, -EINVAL: there is none, or -EFAULT.
 */
ssize_t unix_recv_urgent(struct unix_sock *s, struct iov_iter *to, u32 *flags)
{
	struct unix_msg *m = s->oob;
	bool peek = *flags & MSG_PEEK;
	char c;

	*flags = 0;
	if (!s->peer || !m || s->oobinline)
		return -EINVAL;
	c = m->data[0];
	if (!peek) {
		s->oob = NULL;
		s->queued--;
		m->off = m->len;
	}
	if (copy_to_iter(&c, 1, to) != 1)
		return -EFAULT;
	*flags = MSG_OOB;
	return 1;
}

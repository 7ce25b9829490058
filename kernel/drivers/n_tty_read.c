/* SPDX-License-Identifier: MIT */
/*
 * Reading from a terminal: lines or bytes, when there are enough.
 *
 *   canonical   up to one line; the rest of it is left for the next read
 *   raw         VMIN > 0: so many bytes, VTIME the longest pause between two
 *               VMIN = 0: what is there, after at most VTIME
 *
 * An end of file ends a read and is not copied; by itself it is a read of no
 * bytes. What a program's memory cannot take is gone from the buffer.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/process.h>
#include <kernel/time/clock.h>
#include "n_tty.h"

/**
 * n_tty_chars() - bytes that read would give now
 */
size_t n_tty_chars(const struct tty_struct *tty)
{
	u32 at, n = 0;

	if (!L_(tty, ICANON))
		return chars_waiting(tty);
	for (at = tty->read_tail; at != tty->canon_head; at++)
		if (!line_ends(tty, at) ||
		    tty->read_buf[at & (N_TTY_BUF_SIZE - 1)] != EOF_MARK)
			n++;
	return n;
}

static bool input_available(const struct tty_struct *tty, u32 minimum)
{
	if (L_(tty, ICANON))
		return tty->canon_head != tty->read_tail;
	return chars_waiting(tty) >= minimum;
}

/* Copy up to *@n bytes of a line to @buf. Return: true if the line ended. */
static bool take_line(struct tty_struct *tty, u8 *buf, size_t *n)
{
	size_t got = 0;
	bool end = false;

	while (!end && tty->read_tail != tty->canon_head) {
		u8 c = *slot(tty, tty->read_tail);

		end = line_ends(tty, tty->read_tail);
		if (end && c == EOF_MARK) {
			tty->read_tail++;
			break;
		}
		if (got == *n) {
			end = false;
			break;
		}
		buf[got++] = c;
		tty->read_tail++;
	}
	*n = got;
	return end;
}

static void take_raw(struct tty_struct *tty, u8 *buf, size_t *n)
{
	size_t got = 0;

	while (got < *n && chars_waiting(tty))
		buf[got++] = *slot(tty, tty->read_tail++);
	*n = got;
}

/* A program in the background may not read. */
static int job_control(struct tty_struct *tty)
{
	if (current->signal->tty != tty || tty->pgrp <= 0 ||
	    current->signal->pgrp == tty->pgrp)
		return 0;
	return tty_check_change(tty, SIGTTIN);
}

struct read_wait {
	u64 timeout; /* ns; ~0: for ever */
	u64 between; /* ns between bytes; 0: no limit */
	u32 minimum; /* bytes */
};

static void read_limits(const struct tty_struct *tty, struct read_wait *w)
{
	u64 time = tty->termios.c_cc[VTIME] * 100ull * NSEC_PER_MSEC;

	*w = (struct read_wait){ .timeout = ~0ull, .minimum = 1 };
	if (L_(tty, ICANON))
		return;
	if (tty->termios.c_cc[VMIN]) {
		w->minimum = tty->termios.c_cc[VMIN];
		w->between = time;
	} else {
		w->timeout = time;
	}
}

/* Sleep until there is input. > 0: there is; 0: give up; or -errno. */
static int wait_input(struct tty_struct *tty, struct file *f, u64 timeout)
{
	u64 expires = timeout == ~0ull ? ~0ull : ktime_get() + timeout;
	struct wait_queue_entry wait;
	int ret;

	init_wait_entry(&wait);
	for (;;) {
		prepare_to_wait(&tty->read_wait, &wait, TASK_INTERRUPTIBLE);
		ret = 1;
		if (tty_hung_up(f) || input_available(tty, 1))
			break;
		ret = 0;
		if (timeout == 0)
			break;
		ret = -EIO;
		if (tty->other_closed)
			break;
		ret = -EAGAIN;
		if (f->f_flags & O_NONBLOCK)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		if (expires == ~0ull)
			schedule();
		else if (schedule_until(expires))
			timeout = 0;
	}
	finish_wait(&tty->read_wait, &wait);
	return ret;
}

/* One piece; true if read is done. */
static bool read_piece(struct tty_struct *tty, struct iov_iter *to,
		       ssize_t *done)
{
	u8 buf[256] = { 0 };
	size_t n = to->count < sizeof(buf) ? to->count : sizeof(buf);
	size_t copied;
	bool end = false;

	if (L_(tty, ICANON))
		end = take_line(tty, buf, &n);
	else
		take_raw(tty, buf, &n);
	/* An end of file by itself: nothing, and done. */
	copied = copy_to_iter(buf, n, to);
	if (copied < n && !copied && !*done)
		*done = -EFAULT;
	else
		*done += (ssize_t)copied;
	return end || copied < n || !n;
}

/**
 * n_tty_read() - read(2)
 *
 * Return: bytes, 0 at an end of file, or -errno.
 */
ssize_t n_tty_read(struct tty_struct *tty, struct file *f, struct iov_iter *to)
{
	struct read_wait w;
	ssize_t done = 0;
	int err = job_control(tty);
	u32 tail = tty->read_tail;
	u64 timeout;

	if (err)
		return err;
	read_limits(tty, &w);
	timeout = w.timeout;
	while (to->count) {
		if (tty_hung_up(f))
			break;
		if (!input_available(tty, 1)) {
			err = wait_input(tty, f, timeout);
			if (err <= 0)
				break;
			continue;
		}
		if (read_piece(tty, to, &done))
			break;
		if (L_(tty, ICANON))
			continue;
		if (done >= (ssize_t)w.minimum && !chars_waiting(tty))
			break;
		if (w.between)
			timeout = w.between;
	}
	if (tty->ops->unthrottle && tty->read_tail != tail)
		tty->ops->unthrottle(tty);
	return done || err > 0 ? done : err;
}

/**
 * n_tty_poll() - what read and write would do
 */
u32 n_tty_poll(struct tty_struct *tty, struct file *f, struct poll_table *pt)
{
	u32 mask = 0, minimum = 1;

	if (tty_hung_up(f))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM |
		       POLLWRNORM;
	poll_wait(&tty->read_wait, pt);
	poll_wait(&tty->write_wait, pt);
	if (!L_(tty, ICANON) && !tty->termios.c_cc[VTIME] &&
	    tty->termios.c_cc[VMIN])
		minimum = tty->termios.c_cc[VMIN];
	if (input_available(tty, minimum))
		mask |= POLLIN | POLLRDNORM;
	if (tty->other_closed)
		mask |= POLLHUP;
	if (!tty->stopped && tty->ops->write_room(tty))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

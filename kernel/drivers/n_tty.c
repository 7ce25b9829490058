/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what a terminal does between the wire and a program.
 *
 *   read_buf   . . l i n e \n l i n e \n u n f i n . . .
 *                  ^ read_tail           ^ canon_head
 *                                                  ^ read_head
 *
 * In canonical mode a reader sees whole lines, and the unfinished one can
 * still be edited; in raw mode it sees bytes, as VMIN and VTIME say. An end
 * of file (^D) lies in the buffer as a marked zero byte that is not copied.
 *
 * Bytes are received by the worker thread or, from a pty's master, by the
 * program that writes; both run to the end without sleeping.
 *
 * Simpler than in Linux: no parity marks, no hard-copy erase (ECHOPRT).
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/process.h>
#include <kernel/time/clock.h>

#define EOF_MARK 0 /* with its bit in line_end */

static bool I_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_iflag & flag;
}

static bool O_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_oflag & flag;
}

static bool L_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_lflag & flag;
}

/* True if @c is this special character; a zero in c_cc means none. */
static bool is_cc(const struct tty_struct *tty, u8 c, unsigned int which)
{
	return c && c == tty->termios.c_cc[which];
}

static bool is_control(u8 c)
{
	return c < 32 || c == 127;
}

static bool is_continuation(const struct tty_struct *tty, u8 c)
{
	return I_(tty, IUTF8) && (c & 0xc0) == 0x80;
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c >= 128;
}

static u8 *slot(struct tty_struct *tty, u32 at)
{
	return &tty->read_buf[at & (N_TTY_BUF_SIZE - 1)];
}

static bool line_ends(const struct tty_struct *tty, u32 at)
{
	at &= N_TTY_BUF_SIZE - 1;
	return tty->line_end[at / 32] >> at % 32 & 1;
}

static void mark_line_end(struct tty_struct *tty, u32 at, bool end)
{
	at &= N_TTY_BUF_SIZE - 1;
	tty->line_end[at / 32] &= ~(1u << at % 32);
	tty->line_end[at / 32] |= (u32)end << at % 32;
}

/* ---- output ---- */

/* @c as it goes out, into @out (8 bytes at most); moves the cursor. */
static size_t output_char(struct tty_struct *tty, u8 c, u8 *out)
{
	u32 blanks;

	switch (c) {
	case '\n':
		if (O_(tty, ONLRET | ONLCR))
			tty->column = 0;
		if (O_(tty, ONLCR)) {
			out[0] = '\r';
			out[1] = '\n';
			return 2;
		}
		break;
	case '\r':
		if (O_(tty, ONOCR) && tty->column == 0)
			return 0;
		if (O_(tty, OCRNL)) {
			c = '\n';
			if (!O_(tty, ONLRET))
				break;
		}
		tty->column = 0;
		break;
	case '\t':
		blanks = 8 - (tty->column & 7);
		tty->column += blanks;
		if ((tty->termios.c_oflag & TABDLY) == TABDLY) {
			memset(out, ' ', blanks);
			return blanks;
		}
		break;
	case '\b':
		if (tty->column)
			tty->column--;
		break;
	default:
		if (O_(tty, OLCUC) && c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		if (!is_control(c) && !is_continuation(tty, c))
			tty->column++;
	}
	out[0] = c;
	return 1;
}

/* Text of the discipline's own; lost if the other side does not read. */
static void echo_raw(struct tty_struct *tty, const char *s, size_t n)
{
	u8 out[8];
	size_t len;

	for (; n; n--, s++) {
		len = 1;
		out[0] = (u8)*s;
		if (O_(tty, OPOST))
			len = output_char(tty, (u8)*s, out);
		if (len && tty->ops->write_room(tty) >= len)
			tty->ops->write(tty, out, len);
	}
}

static void echo_char(struct tty_struct *tty, u8 c)
{
	char visible[2] = { '^', (char)(c ^ 0x40) };

	if (L_(tty, ECHOCTL) && is_control(c) && c != '\t')
		echo_raw(tty, visible, 2);
	else
		echo_raw(tty, (const char *)&c, 1);
}

/* ---- input ---- */

static u32 chars_waiting(const struct tty_struct *tty)
{
	return tty->read_head - tty->read_tail;
}

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

/**
 * n_tty_receive_room() - bytes that can come without being lost
 *
 * A line that fills the buffer must still be finished: it loses its end.
 */
size_t n_tty_receive_room(const struct tty_struct *tty)
{
	u32 room = N_TTY_BUF_SIZE - 1 - chars_waiting(tty);

	if (!room && L_(tty, ICANON) && tty->canon_head == tty->read_tail)
		return 1;
	return room;
}

static void put_char(struct tty_struct *tty, u8 c, bool end)
{
	if (chars_waiting(tty) >= N_TTY_BUF_SIZE - 1) {
		if (!L_(tty, ICANON) || tty->canon_head == tty->read_head)
			return;
		tty->read_head--;
	}
	*slot(tty, tty->read_head) = c;
	mark_line_end(tty, tty->read_head, end);
	tty->read_head++;
}

static void tell_readers(struct tty_struct *tty)
{
	wake_up_poll(&tty->read_wait, POLLIN | POLLRDNORM);
	kill_fasync(&tty->fasync, FMODE_READ | FMODE_WRITE, POLL_IN);
}

static void finish_line(struct tty_struct *tty, u8 c)
{
	put_char(tty, c, true);
	tty->canon_head = tty->read_head;
	tell_readers(tty);
}

/**
 * n_tty_flush() - forget what was received
 */
void n_tty_flush(struct tty_struct *tty)
{
	tty->read_head = tty->canon_head = tty->read_tail = 0;
	tty->lnext = false;
	tty_wakeup(tty);
	if (tty->link)
		tty_wakeup(tty->link);
}

/* ^C, ^\, ^Z */
static void send_signal(struct tty_struct *tty, int sig, u8 c)
{
	if (!L_(tty, NOFLSH))
		n_tty_flush(tty);
	if (tty->pgrp > 0)
		kill_pgrp(tty->pgrp, sig, NULL);
	if (I_(tty, IXON) && tty->stopped) {
		tty->stopped = false;
		tty_wakeup(tty);
	}
	if (L_(tty, ECHO))
		echo_char(tty, c);
}

/* Columns that a byte of the unfinished line, echoed at @column, takes. */
static u32 echo_width(const struct tty_struct *tty, u8 c, u32 column)
{
	if (c == '\t')
		return 8 - (column & 7);
	if (is_control(c))
		return L_(tty, ECHOCTL) ? 2 : 0;
	return !is_continuation(tty, c);
}

/* Take the last byte's echo off the screen. */
static void unecho(struct tty_struct *tty, u8 c)
{
	u32 at, width, column = tty->canon_column;

	for (at = tty->canon_head; at != tty->read_head; at++)
		column += echo_width(tty, *slot(tty, at), column);
	width = echo_width(tty, c, column);
	for (; width; width--)
		echo_raw(tty, c == '\t' ? "\b" : "\b \b", c == '\t' ? 1 : 3);
}

static void erase_char(struct tty_struct *tty)
{
	u8 c;

	do {
		c = *slot(tty, --tty->read_head);
	} while (is_continuation(tty, c) && tty->read_head != tty->canon_head);
	if (!L_(tty, ECHO))
		return;
	unecho(tty, c);
}

static void erase_word(struct tty_struct *tty)
{
	bool seen = false;

	while (tty->read_head != tty->canon_head) {
		if (is_word(*slot(tty, tty->read_head - 1)))
			seen = true;
		else if (seen)
			break;
		erase_char(tty);
	}
}

static void kill_line(struct tty_struct *tty, u8 c)
{
	bool visibly = L_(tty, ECHO) && L_(tty, ECHOK) && L_(tty, ECHOKE) &&
		       L_(tty, ECHOE);

	while (visibly && tty->read_head != tty->canon_head)
		erase_char(tty);
	tty->read_head = tty->canon_head;
	if (visibly || !L_(tty, ECHO))
		return;
	echo_char(tty, c);
	if (L_(tty, ECHOK))
		echo_raw(tty, "\n", 1);
}

static void reprint(struct tty_struct *tty, u8 c)
{
	u32 at;

	echo_char(tty, c);
	echo_raw(tty, "\n", 1);
	tty->canon_column = tty->column;
	for (at = tty->canon_head; at != tty->read_head; at++)
		echo_char(tty, *slot(tty, at));
}

/* Erase, kill, word erase; true if @c was one of them. */
static bool edit_line(struct tty_struct *tty, u8 c)
{
	bool word = L_(tty, IEXTEN) && is_cc(tty, c, VWERASE);
	bool kill = is_cc(tty, c, VKILL);

	if (!word && !kill && !is_cc(tty, c, VERASE))
		return false;
	if (tty->read_head == tty->canon_head)
		return true;
	if (kill)
		kill_line(tty, c);
	else if (word)
		erase_word(tty);
	else if (L_(tty, ECHO) && !L_(tty, ECHOE))
		tty->read_head--, echo_char(tty, c);
	else
		erase_char(tty);
	return true;
}

static void echo_input(struct tty_struct *tty, u8 c)
{
	if (!L_(tty, ECHO))
		return;
	if (tty->canon_head == tty->read_head)
		tty->canon_column = tty->column;
	if (c == '\n')
		echo_raw(tty, "\n", 1);
	else
		echo_char(tty, c);
}

/* What canonical mode makes of @c; true if it is done with it. */
static bool receive_canonical(struct tty_struct *tty, u8 c)
{
	if (edit_line(tty, c))
		return true;
	if (L_(tty, IEXTEN) && is_cc(tty, c, VLNEXT)) {
		tty->lnext = true;
		if (L_(tty, ECHO) && L_(tty, ECHOCTL))
			echo_raw(tty, "^\b", 2);
		return true;
	}
	if (L_(tty, IEXTEN) && L_(tty, ECHO) && is_cc(tty, c, VREPRINT)) {
		reprint(tty, c);
		return true;
	}
	if (c == '\n') {
		if (L_(tty, ECHO | ECHONL))
			echo_raw(tty, "\n", 1);
		finish_line(tty, c);
		return true;
	}
	if (is_cc(tty, c, VEOF)) {
		finish_line(tty, EOF_MARK);
		return true;
	}
	if (is_cc(tty, c, VEOL) || (L_(tty, IEXTEN) && is_cc(tty, c, VEOL2))) {
		echo_input(tty, c);
		finish_line(tty, c);
		return true;
	}
	return false;
}

/* ^S, ^Q and those that send signals; true if @c was one. */
static bool receive_special(struct tty_struct *tty, u8 c)
{
	bool start = is_cc(tty, c, VSTART), stop = is_cc(tty, c, VSTOP);

	if (I_(tty, IXON) && (start || stop)) {
		tty->stopped = !start;
		if (start)
			tty_wakeup(tty);
		return true;
	}
	if (!L_(tty, ISIG))
		return false;
	if (is_cc(tty, c, VINTR))
		send_signal(tty, SIGINT, c);
	else if (is_cc(tty, c, VQUIT))
		send_signal(tty, SIGQUIT, c);
	else if (is_cc(tty, c, VSUSP))
		send_signal(tty, SIGTSTP, c);
	else
		return false;
	return true;
}

static void receive_char(struct tty_struct *tty, u8 c)
{
	if (I_(tty, ISTRIP))
		c &= 0x7f;
	if (I_(tty, IUCLC) && L_(tty, IEXTEN) && c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if (tty->stopped && I_(tty, IXON) && I_(tty, IXANY)) {
		tty->stopped = false;
		tty_wakeup(tty);
	}
	if (tty->lnext) {
		tty->lnext = false;
		goto plain;
	}
	if (receive_special(tty, c))
		return;
	if (c == '\r') {
		if (I_(tty, IGNCR))
			return;
		if (I_(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_(tty, INLCR)) {
		c = '\r';
	}
	if (L_(tty, ICANON) && receive_canonical(tty, c))
		return;
plain:
	echo_input(tty, c);
	put_char(tty, c, false);
}

/**
 * n_tty_receive() - bytes have come from the wire
 *
 * Task context; does not sleep. What finds no room is lost.
 */
void n_tty_receive(struct tty_struct *tty, const u8 *s, size_t n)
{
	while (n--)
		receive_char(tty, *s++);
	if (!L_(tty, ICANON) && chars_waiting(tty))
		tell_readers(tty);
}

/**
 * n_tty_set_termios() - c_lflag has changed: what is buffered changes meaning
 */
void n_tty_set_termios(struct tty_struct *tty, const struct ktermios *old)
{
	if (!((old->c_lflag ^ tty->termios.c_lflag) & ICANON))
		return;
	memset(tty->line_end, 0, sizeof(tty->line_end));
	tty->canon_head = tty->read_tail;
	if (L_(tty, ICANON) && chars_waiting(tty)) {
		/* What came in raw mode is one line, finished. */
		mark_line_end(tty, tty->read_head - 1, true);
		tty->canon_head = tty->read_head;
	}
	tty->lnext = false;
	wake_up_poll(&tty->read_wait, POLLIN | POLLRDNORM);
}

/* ---- reading ---- */

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

/* ---- writing ---- */

/* Sleep until there is room for @need bytes. */
static int wait_room(struct tty_struct *tty, struct file *f, size_t need)
{
	struct wait_queue_entry wait;
	int ret;

	init_wait_entry(&wait);
	for (;;) {
		prepare_to_wait(&tty->write_wait, &wait, TASK_INTERRUPTIBLE);
		ret = -EIO;
		if (tty_hung_up(f) || tty->other_closed)
			break;
		ret = 0;
		if (!tty->stopped && tty->ops->write_room(tty) >= need)
			break;
		ret = -EAGAIN;
		if (f->f_flags & O_NONBLOCK)
			break;
		ret = -ERESTARTSYS;
		if (signal_pending(current))
			break;
		schedule();
	}
	finish_wait(&tty->write_wait, &wait);
	return ret;
}

#define WRITE_CHUNK 64u

static void write_chunk(struct tty_struct *tty, const u8 *s, size_t n)
{
	u8 out[WRITE_CHUNK * 8];
	size_t i, len = 0;

	if (!O_(tty, OPOST)) {
		tty->ops->write(tty, s, n);
		return;
	}
	for (i = 0; i < n; i++)
		len += output_char(tty, s[i], out + len);
	tty->ops->write(tty, out, len);
}

/**
 * n_tty_write() - write(2)
 *
 * Return: bytes taken from @from, or -errno.
 */
ssize_t n_tty_write(struct tty_struct *tty, struct file *f,
		    struct iov_iter *from)
{
	size_t done = 0, n, room, each = O_(tty, OPOST) ? 8 : 1;
	struct iov_iter before;
	u8 buf[WRITE_CHUNK];
	int err = 0;

	if (L_(tty, TOSTOP)) {
		err = tty_check_change(tty, SIGTTOU);
		if (err)
			return err;
	}
	while (from->count) {
		err = wait_room(tty, f, each);
		if (err)
			break;
		room = tty->ops->write_room(tty) / each;
		n = from->count < WRITE_CHUNK ? from->count : WRITE_CHUNK;
		before = *from;
		n = copy_from_iter(buf, n < room ? n : room, from);
		err = -EFAULT;
		if (!n)
			break;
		if (tty->ops->write_room(tty) < n * each) { /* it slept */
			*from = before;
			continue;
		}
		write_chunk(tty, buf, n);
		done += n;
	}
	tty_wakeup(tty);
	if (from->count)
		tty->write_short = true;
	return done ? (ssize_t)done : err;
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

/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's output: what a byte becomes on its way out, be it a
 * program's or the echo of what was typed.
 *
 *   program ──► n_tty_write ─┐
 *                            ├─► output_char ──► ops->write
 *   n_tty.c ──► echo ────────┘   \n → \r\n …, tabs, the cursor's column
 *
 * A program waits for room; an echo that finds none is lost.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include "n_tty.h"

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

/**
 * echo_raw() - text of the discipline's own; lost if the other side does not
 *	read
 */
void echo_raw(struct tty_struct *tty, const char *s, size_t n)
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

/**
 * echo_char() - echo a byte of input, a control character visibly
 */
void echo_char(struct tty_struct *tty, u8 c)
{
	char visible[2] = { '^', (char)(c ^ 0x40) };

	if (L_(tty, ECHOCTL) && is_control(c) && c != '\t')
		echo_raw(tty, visible, 2);
	else
		echo_raw(tty, (const char *)&c, 1);
}

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

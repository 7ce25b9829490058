/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's input: what becomes of a byte from the wire.
 *
 *   byte ──► ^S ^Q, ^C ^\ ^Z     done at once
 *        └─► erase, kill, ^W      the unfinished line is edited
 *        └─► end of line, ^D      it is finished: readers see it
 *        └─► any other            echoed, put into read_buf
 *
 * The unfinished line lies between canon_head and read_head (n_tty.h). In raw
 * mode there is none, and readers see each byte.
 *
 * Bytes are received by the worker thread or, from a pty's master, by the
 * program that writes; both run to the end without sleeping.
 *
 * Simpler than in Linux: no parity marks, no hard-copy erase (ECHOPRT).
 */
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include "n_tty.h"

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c >= 128;
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

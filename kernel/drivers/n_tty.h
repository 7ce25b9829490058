/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's buffer, which n_tty.c fills and n_tty_read.c empties.
 *
 *   read_buf   . . l i n e \n l i n e \n u n f i n . . .
 *                  ^ read_tail           ^ canon_head
 *                                                  ^ read_head
 *
 * An end of file (^D) lies in it as a zero byte whose bit in line_end is set.
 */
#ifndef KERNEL_DRIVERS_N_TTY_H
#define KERNEL_DRIVERS_N_TTY_H

#include <kernel/drivers/tty.h>

#define EOF_MARK 0

static inline bool I_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_iflag & flag;
}

static inline bool O_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_oflag & flag;
}

static inline bool L_(const struct tty_struct *tty, u32 flag)
{
	return tty->termios.c_lflag & flag;
}

/* True if @c is this special character; a zero in c_cc means none. */
static inline bool is_cc(const struct tty_struct *tty, u8 c, unsigned int which)
{
	return c && c == tty->termios.c_cc[which];
}

static inline bool is_control(u8 c)
{
	return c < 32 || c == 127;
}

static inline bool is_continuation(const struct tty_struct *tty, u8 c)
{
	return I_(tty, IUTF8) && (c & 0xc0) == 0x80;
}

static inline u8 *slot(struct tty_struct *tty, u32 at)
{
	return &tty->read_buf[at & (N_TTY_BUF_SIZE - 1)];
}

static inline bool line_ends(const struct tty_struct *tty, u32 at)
{
	at &= N_TTY_BUF_SIZE - 1;
	return tty->line_end[at / 32] >> at % 32 & 1;
}

static inline void mark_line_end(struct tty_struct *tty, u32 at, bool end)
{
	at &= N_TTY_BUF_SIZE - 1;
	tty->line_end[at / 32] &= ~(1u << at % 32);
	tty->line_end[at / 32] |= (u32)end << at % 32;
}

static inline u32 chars_waiting(const struct tty_struct *tty)
{
	return tty->read_head - tty->read_tail;
}

/* ---- n_tty_write.c ---- */
void echo_raw(struct tty_struct *tty, const char *s, size_t n);
void echo_char(struct tty_struct *tty, u8 c);

#endif

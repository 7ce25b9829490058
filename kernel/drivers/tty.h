/* SPDX-License-Identifier: MIT */
/*
 * Terminals, with i386 Linux's numbers.
 *
 *   program ⇄ tty.c (files) ⇄ n_tty_read.c ◄── n_tty.c ◄── console.c, pty.c
 *                           ⇄ n_tty_write.c ──► ops: console.c or pty.c
 *
 *   tty_jobctrl.c says who may; tty_ioctl.c is the settings.
 */
#ifndef KERNEL_DRIVERS_TTY_H
#define KERNEL_DRIVERS_TTY_H

#include <ashlar/fs.h>
#include <ashlar/types.h>
#include <kernel/sched/wait.h>
#include <kernel/task/task.h>

#define NCCS 19

struct ktermios { /* as TCGETS passes it */
	u32 c_iflag, c_oflag, c_cflag, c_lflag;
	u8 c_line;
	u8 c_cc[NCCS];
};

/* c_cc */
enum {
	VINTR,
	VQUIT,
	VERASE,
	VKILL,
	VEOF,
	VTIME,
	VMIN,
	VSWTC,
	VSTART,
	VSTOP,
	VSUSP,
	VEOL,
	VREPRINT,
	VDISCARD,
	VWERASE,
	VLNEXT,
	VEOL2
};

/* c_iflag */
#define IGNBRK 0x1u
#define ISTRIP 0x20u
#define INLCR 0x40u
#define IGNCR 0x80u
#define ICRNL 0x100u
#define IUCLC 0x200u
#define IXON 0x400u
#define IXANY 0x800u
#define IMAXBEL 0x2000u
#define IUTF8 0x4000u
/* c_oflag */
#define OPOST 0x1u
#define OLCUC 0x2u
#define ONLCR 0x4u
#define OCRNL 0x8u
#define ONOCR 0x10u
#define ONLRET 0x20u
#define TABDLY 0x1800u /* all of it: tabs become blanks */
/* c_cflag */
#define B9600 0xdu
#define B38400 0xfu
#define CS8 0x30u
#define CREAD 0x80u
#define HUPCL 0x400u
#define CLOCAL 0x800u
/* c_lflag */
#define ISIG 0x1u
#define ICANON 0x2u
#define ECHO 0x8u
#define ECHOE 0x10u
#define ECHOK 0x20u
#define ECHONL 0x40u
#define NOFLSH 0x80u
#define TOSTOP 0x100u
#define ECHOCTL 0x200u
#define ECHOKE 0x800u
#define IEXTEN 0x8000u

struct winsize {
	u16 ws_row, ws_col, ws_xpixel, ws_ypixel;
};

struct tty_struct;

struct tty_operations {
	/* Bytes taken; all of them if they fit into write_room. */
	size_t (*write)(struct tty_struct *tty, const u8 *s, size_t n);
	size_t (*write_room)(struct tty_struct *tty);
	/* Bytes written and not yet read; NULL if it never keeps any. */
	size_t (*chars_in_buffer)(struct tty_struct *tty);
	/* The reader made room. */
	void (*unthrottle)(struct tty_struct *tty);
	int (*open)(struct tty_struct *tty);
	void (*close)(struct tty_struct *tty); /* the last file */
	long (*ioctl)(struct tty_struct *tty, unsigned int cmd,
		      unsigned long arg); /* -ENOTTY: not one of its own */
};

#define N_TTY_BUF_SIZE 4096u /* bytes; a power of two */

struct tty_struct {
	const struct tty_operations *ops;
	u32 dev; /* MKDEV */
	int count; /* open files */
	u32 hangups; /* files opened before one are dead */
	pid_t pgrp, session; /* in the foreground; 0: none */
	bool stopped; /* ^S */
	bool other_closed; /* pty: the other side has no open file */
	bool exclusive;
	struct ktermios termios;
	struct winsize winsize;
	struct wait_queue_head read_wait, write_wait;
	struct list_head fasync;
	bool write_short; /* who has O_ASYNC waits to hear of room */

	/* n_tty.c: read_tail <= canon_head <= read_head, free running. */
	u8 *read_buf; /* N_TTY_BUF_SIZE bytes */
	u32 line_end[N_TTY_BUF_SIZE / 32]; /* bits: a line ends here */
	u32 read_head; /* next byte goes here */
	u32 canon_head; /* finished lines end here */
	u32 read_tail; /* next byte to be read */
	u32 column; /* of the cursor */
	u32 canon_column; /* where the unfinished line began */
	bool lnext; /* ^V: the next byte is no special one */

	struct tty_struct *link; /* pty: the other side, or NULL */
	void *driver_data;
};

struct tty_file { /* file::private_data */
	struct tty_struct *tty;
	u32 hangups; /* tty->hangups at open */
	bool console; /* opened as /dev/console: never hung up */
};

#define TTY_MAJOR 4
#define TTYAUX_MAJOR 5
#define UNIX98_PTY_SLAVE_MAJOR 136

/* ---- tty.c ---- */
void tty_init(void);
int tty_setup(struct tty_struct *tty, const struct tty_operations *ops,
	      u32 dev); /* 0 or -ENOMEM */
void tty_wakeup(struct tty_struct *tty);
bool tty_hung_up(const struct file *f);
/* @file becomes an open file of @tty; 0 or -errno. */
int tty_open_file(struct file *file, struct tty_struct *tty, bool noctty);
extern const struct file_operations tty_fops;
extern const struct ktermios tty_std_termios;

/* ---- tty_jobctrl.c ---- */
void tty_hangup(struct tty_struct *tty);
void disassociate_ctty(bool on_exit);
int tty_check_change(struct tty_struct *tty, int sig);
/* For /proc/PID/stat: 0 without a terminal. */
unsigned int tty_devnum(const struct tty_struct *tty);

/* ---- n_tty.c ---- */
void n_tty_receive(struct tty_struct *tty, const u8 *s, size_t n);
size_t n_tty_receive_room(const struct tty_struct *tty);
void n_tty_flush(struct tty_struct *tty);
void n_tty_set_termios(struct tty_struct *tty, const struct ktermios *old);

/* ---- n_tty_read.c ---- */
ssize_t n_tty_read(struct tty_struct *tty, struct file *f, struct iov_iter *to);
size_t n_tty_chars(const struct tty_struct *tty); /* FIONREAD */
u32 n_tty_poll(struct tty_struct *tty, struct file *f, struct poll_table *pt);

/* ---- n_tty_write.c ---- */
ssize_t n_tty_write(struct tty_struct *tty, struct file *f,
		    struct iov_iter *from);

/* ---- console.c ---- */
void console_tty_init(void);
/* The terminal of /dev/console, ttyS0, tty0, tty1; NULL: there is none. */
struct tty_struct *console_tty(u32 dev);

/* ---- pty.c ---- */
void pty_init(void);
int ptmx_open(struct file *f);
struct tty_struct *pty_slave(unsigned int index);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A terminal's settings, and the calls that change them.
 *
 *   ioctl ──► the driver's own ──► tty_ioctl ──► session_ioctl
 *             (pty.c)              sizes, flow   (tty_jobctrl.c)
 *                                  and queues          ▼
 *                                              termios_ioctl
 *
 * Settings are of three forms: termios, termios2 with speeds behind it, and
 * the old termio with 16 bits of each word. On a pty's master the calls mean
 * the slave, but for queues and the flow of bytes. What changes a terminal
 * asks job control first.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/string.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/ioctl.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include "tty_internal.h"

/* ioctl numbers */
#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSW 0x5403
#define TCSETSF 0x5404
#define TCGETA 0x5405
#define TCSETA 0x5406
#define TCSETAW 0x5407
#define TCSETAF 0x5408
#define TCSBRK 0x5409
#define TCXONC 0x540a
#define TCFLSH 0x540b
#define TIOCEXCL 0x540c
#define TIOCNXCL 0x540d
#define TIOCSTI 0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCSETD 0x5423
#define TIOCGETD 0x5424
#define TCSBRKP 0x5425
#define TIOCSBRK 0x5427
#define TIOCCBRK 0x5428
#define TCGETS2 0x802c542a
#define TCSETS2 0x402c542b
#define TCSETSW2 0x402c542c
#define TCSETSF2 0x402c542d
#define TIOCGDEV 0x80045432

#define N_TTY 0

struct termio { /* as TCGETA passes it */
	u16 c_iflag, c_oflag, c_cflag, c_lflag;
	u8 c_line;
	u8 c_cc[8];
};

struct ktermios2 {
	struct ktermios t;
	u32 c_ispeed, c_ospeed;
};

static u32 baud_rate(u32 cflag)
{
	static const u32 rates[] = { 0,	   50,	 75,	110,  134,  150,
				     200,  300,	 600,	1200, 1800, 2400,
				     4800, 9600, 19200, 38400 };
	static const u32 fast[] = { 57600, 115200, 230400, 460800 };

	if (!(cflag & 0x1000))
		return rates[cflag & 15];
	return (cflag & 15) >= 1 && (cflag & 15) <= 4 ? fast[(cflag & 15) - 1] :
							38400;
}

static long set_termios(struct tty_struct *tty, const struct ktermios *new,
			bool flush)
{
	struct ktermios old = tty->termios;

	if (flush)
		n_tty_flush(tty);
	tty->termios = *new;
	tty->termios.c_line = N_TTY;
	n_tty_set_termios(tty, &old);
	return 0;
}

static long tcsets(struct tty_struct *tty, const void __user *from, size_t size,
		   bool flush)
{
	struct ktermios new;
	int err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (!access_ok(from, size) || copy_from_user(&new, from, sizeof(new)))
		return -EFAULT;
	return set_termios(tty, &new, flush);
}

static long tcgets2(struct tty_struct *tty, void __user *to)
{
	struct ktermios2 t2 = { tty->termios, 0, 0 };

	t2.c_ispeed = t2.c_ospeed = baud_rate(tty->termios.c_cflag);
	return copy_to_user(to, &t2, sizeof(t2)) ? -EFAULT : 0;
}

static long tcgeta(struct tty_struct *tty, void __user *to)
{
	const struct ktermios *t = &tty->termios;
	struct termio io;

	memset(&io, 0, sizeof(io));
	io.c_iflag = (u16)t->c_iflag;
	io.c_oflag = (u16)t->c_oflag;
	io.c_cflag = (u16)t->c_cflag;
	io.c_lflag = (u16)t->c_lflag;
	io.c_line = t->c_line;
	memcpy(io.c_cc, t->c_cc, sizeof(io.c_cc));
	return copy_to_user(to, &io, sizeof(io)) ? -EFAULT : 0;
}

static long tcseta(struct tty_struct *tty, const void __user *from, bool flush)
{
	struct ktermios new = tty->termios;
	struct termio io;
	int err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (copy_from_user(&io, from, sizeof(io)))
		return -EFAULT;
	new.c_iflag = (new.c_iflag & ~0xffffu) | io.c_iflag;
	new.c_oflag = (new.c_oflag & ~0xffffu) | io.c_oflag;
	new.c_cflag = (new.c_cflag & ~0xffffu) | io.c_cflag;
	new.c_lflag = (new.c_lflag & ~0xffffu) | io.c_lflag;
	memcpy(new.c_cc, io.c_cc, sizeof(io.c_cc));
	return set_termios(tty, &new, flush);
}

static long tiocswinsz(struct tty_struct *tty, const void __user *from)
{
	struct tty_struct *real = real_tty(tty);
	struct winsize ws;

	if (copy_from_user(&ws, from, sizeof(ws)))
		return -EFAULT;
	if (!memcmp(&ws, &real->winsize, sizeof(ws)))
		return 0;
	real->winsize = ws;
	if (real->pgrp > 0)
		kill_pgrp(real->pgrp, SIGWINCH, NULL);
	return 0;
}

static long tcflsh(struct tty_struct *tty, unsigned long queue)
{
	int err = tty_check_change(tty, SIGTTOU);

	if (err)
		return err;
	if (queue > 2)
		return -EINVAL;
	if (queue != 1)
		n_tty_flush(tty);
	if (queue != 0 && tty->link)
		n_tty_flush(tty->link);
	return 0;
}

static long tcxonc(struct tty_struct *tty, unsigned long how)
{
	int err = tty_check_change(tty, SIGTTOU);
	u8 c;

	if (err)
		return err;
	switch (how) {
	case 0:
		tty->stopped = true;
		return 0;
	case 1:
		tty->stopped = false;
		tty_wakeup(tty);
		return 0;
	case 2:
	case 3:
		c = tty->termios.c_cc[how == 2 ? VSTOP : VSTART];
		if (c)
			tty->ops->write(tty, &c, 1);
		return 0;
	default:
		return -EINVAL;
	}
}

static long tiocsti(struct tty_struct *tty, const u8 __user *from)
{
	u8 c;

	if (current->signal->tty != tty && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (get_user(c, from))
		return -EFAULT;
	n_tty_receive(tty, &c, 1);
	return 0;
}

static size_t output_queued(struct tty_struct *tty)
{
	return tty->ops->chars_in_buffer ? tty->ops->chars_in_buffer(tty) : 0;
}

static long tiocsetd(const s32 __user *from)
{
	s32 ldisc;

	if (get_user(ldisc, from))
		return -EFAULT;
	return ldisc == N_TTY ? 0 : -EINVAL;
}

static long termios_ioctl(struct tty_struct *tty, unsigned int cmd, void *p)
{
	size_t size = sizeof(struct ktermios);

	switch (cmd) {
	case TCGETS:
		return copy_to_user(p, &tty->termios, size) ? -EFAULT : 0;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return tcsets(tty, p, size, cmd == TCSETSF);
	case TCGETS2:
		return tcgets2(tty, p);
	case TCSETS2:
	case TCSETSW2:
	case TCSETSF2:
		size = sizeof(struct ktermios2);
		return tcsets(tty, p, size, cmd == TCSETSF2);
	case TCGETA:
		return tcgeta(tty, p);
	case TCSETA:
	case TCSETAW:
	case TCSETAF:
		return tcseta(tty, p, cmd == TCSETAF);
	}
	return -ENOTTY;
}

/**
 * tty_ioctl() - ioctl(2) of an open terminal
 */
long tty_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
{
	struct tty_struct *tty = file_tty(f);
	void *p = (void *)arg;
	long ret;

	if (tty_hung_up(f))
		return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
	ret = tty->ops->ioctl ? tty->ops->ioctl(tty, cmd, arg) : -ENOTTY;
	if (ret != -ENOTTY)
		return ret;
	switch (cmd) {
	case TIOCGWINSZ:
		return copy_to_user(p, &real_tty(tty)->winsize,
				    sizeof(tty->winsize)) ?
			       -EFAULT :
			       0;
	case TIOCSWINSZ:
		return tiocswinsz(tty, p);
	case FIONREAD:
		return put_user((s32)n_tty_chars(tty), (s32 *)p);
	case TIOCOUTQ:
		return put_user((s32)output_queued(tty), (s32 *)p);
	case TIOCGETD:
		return put_user(N_TTY, (s32 *)p);
	case TIOCSETD:
		return tiocsetd(p);
	case TIOCGDEV:
		return put_user(real_tty(tty)->dev, (u32 *)p);
	case TIOCSTI:
		return tiocsti(tty, p);
	case TIOCEXCL:
	case TIOCNXCL:
		tty->exclusive = cmd == TIOCEXCL;
		return 0;
	case TCFLSH:
		return tcflsh(tty, arg);
	case TCXONC:
		return tcxonc(tty, arg);
	case TCSBRK: /* what was written is out already */
	case TCSBRKP:
	case TIOCSBRK:
	case TIOCCBRK:
		return tty_check_change(tty, SIGTTOU);
	}
	ret = session_ioctl(f, tty, cmd, arg);
	return ret == -ENOTTY ? termios_ioctl(real_tty(tty), cmd, p) : ret;
}

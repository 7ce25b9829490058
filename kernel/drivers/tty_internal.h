/* SPDX-License-Identifier: MIT */
/* What the files of terminals share. */
#ifndef KERNEL_DRIVERS_TTY_INTERNAL_H
#define KERNEL_DRIVERS_TTY_INTERNAL_H

#include <kernel/drivers/tty.h>

/* Calls about sessions. */
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCNOTTY 0x5422
#define TIOCGSID 0x5429
#define TIOCVHANGUP 0x5437

static inline struct tty_struct *file_tty(const struct file *f)
{
	return ((struct tty_file *)f->private_data)->tty;
}

/* ---- tty_jobctrl.c ---- */
void set_ctty(struct tty_struct *tty);
struct tty_struct *real_tty(struct tty_struct *tty);
long session_ioctl(struct file *f, struct tty_struct *tty, unsigned int cmd,
		   unsigned long arg);

/* ---- tty_ioctl.c ---- */
long tty_ioctl(struct file *f, unsigned int cmd, unsigned long arg);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Job control: which session a terminal controls, and which of its process
 * groups is in the foreground.
 *
 *   session ── leader: signal->tty ──► tty_struct: session, pgrp
 *
 * A process in the background that reads gets SIGTTIN; one that writes (with
 * TOSTOP) or changes the terminal gets SIGTTOU. When the leader exits the
 * terminal hangs up: files opened before are dead (their hangup count is an
 * old one), and the foreground gets SIGHUP.
 *
 * A terminal's session and groups change without sleep between a look and the
 * change.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fasync.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include "tty_internal.h"

/**
 * tty_devnum() - the number that /proc/PID/stat shows for a terminal
 */
unsigned int tty_devnum(const struct tty_struct *tty)
{
	return tty ? tty->dev : 0;
}

/**
 * tty_check_change() - may the running process touch its terminal's state?
 * @sig: SIGTTOU, or SIGTTIN for a read
 *
 * Return: 0; -EIO if nobody could continue it; -ERESTARTSYS with @sig sent.
 */
int tty_check_change(struct tty_struct *tty, int sig)
{
	struct task_struct *t = current;

	if (t->signal->tty != tty || tty->pgrp <= 0 ||
	    t->signal->pgrp == tty->pgrp)
		return 0;
	if (t->blocked & sigmask(sig) ||
	    t->sighand->action[sig - 1].sa_handler == SIG_IGN)
		return sig == SIGTTIN ? -EIO : 0;
	if (is_current_pgrp_orphaned())
		return -EIO;
	kill_pgrp(t->signal->pgrp, sig, NULL);
	/* Another thread may be the one that got it; the call begins again. */
	t->tif |= TIF_SIGPENDING;
	return -ERESTARTSYS;
}

/* No process has @tty as its terminal any more. */
static void session_clear_tty(struct tty_struct *tty)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->tty == tty)
			p->signal->tty = NULL;
	tty->session = 0;
	tty->pgrp = 0;
}

/**
 * set_ctty() - @tty becomes the terminal of the running process's session
 */
void set_ctty(struct tty_struct *tty)
{
	tty->session = current->signal->session;
	tty->pgrp = current->signal->pgrp;
	current->signal->tty = tty;
}

/**
 * tty_hangup() - the line is gone: its files are dead, its session is told
 */
void tty_hangup(struct tty_struct *tty)
{
	struct fown_struct *o, *next;
	struct task_struct *p;
	int pgrp = tty->pgrp;

	for_each_process(p) {
		if (p->signal->tty != tty || !p->signal->leader)
			continue;
		send_sig(SIGHUP, p);
		send_sig(SIGCONT, p);
	}
	if (pgrp > 0)
		kill_pgrp(pgrp, SIGHUP, NULL);
	session_clear_tty(tty);
	tty->hangups++;
	list_for_each_entry_safe(o, next, &tty->fasync, queue)
		if (tty_hung_up(o->file))
			fasync_helper(-1, o->file, false, &tty->fasync);
	tty->stopped = false;
	n_tty_flush(tty);
	wake_up(&tty->read_wait);
	wake_up(&tty->write_wait);
}

/**
 * disassociate_ctty() - the running session leader gives up its terminal
 * @on_exit: it exits; else TIOCNOTTY
 */
void disassociate_ctty(bool on_exit)
{
	struct tty_struct *tty = current->signal->tty;
	int pgrp;

	if (!current->signal->leader || !tty)
		return;
	pgrp = tty->pgrp;
	if (on_exit && MAJOR(tty->dev) != UNIX98_PTY_SLAVE_MAJOR) {
		tty_hangup(tty);
		return;
	}
	session_clear_tty(tty);
	if (pgrp > 0) {
		kill_pgrp(pgrp, SIGHUP, NULL);
		if (!on_exit)
			kill_pgrp(pgrp, SIGCONT, NULL);
	}
}

static long tiocsctty(struct file *f, struct tty_struct *tty, unsigned long arg)
{
	struct signal_struct *sig = current->signal;

	if (sig->leader && sig->session == tty->session)
		return 0;
	if (!sig->leader || sig->tty)
		return -EPERM;
	if (tty->session) {
		if (arg != 1 || !capable(CAP_SYS_ADMIN))
			return -EPERM;
		session_clear_tty(tty);
	}
	if (!(f->f_mode & FMODE_READ) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	set_ctty(tty);
	return 0;
}

static long tiocnotty(struct tty_struct *tty)
{
	if (current->signal->tty != tty)
		return -ENOTTY;
	if (current->signal->leader)
		disassociate_ctty(false);
	current->signal->tty = NULL;
	return 0;
}

/**
 * real_tty() - the terminal that a call is about: a pty's master asks about
 *	its slave
 */
struct tty_struct *real_tty(struct tty_struct *tty)
{
	return MAJOR(tty->dev) == TTYAUX_MAJOR && tty->link ? tty->link : tty;
}

static long tiocgpgrp(struct tty_struct *tty, s32 __user *to)
{
	struct tty_struct *real = real_tty(tty);

	if (tty == real && current->signal->tty != tty)
		return -ENOTTY;
	return put_user(real->pgrp, to);
}

static long tiocspgrp(struct tty_struct *tty, const s32 __user *from)
{
	struct tty_struct *real = real_tty(tty);
	struct signal_struct *sig = current->signal;
	struct task_struct *p;
	pid_t pgrp;
	int err = tty_check_change(real, SIGTTOU);

	if (err == -EIO)
		return -ENOTTY;
	if (err)
		return err;
	if (!sig->tty || sig->tty != real || real->session != sig->session)
		return -ENOTTY;
	if (get_user(pgrp, from))
		return -EFAULT;
	if (pgrp < 0)
		return -EINVAL;
	for_each_process(p) {
		if (p->signal->pgrp != pgrp)
			continue;
		if (p->signal->session != sig->session)
			return -EPERM;
		real->pgrp = pgrp;
		return 0;
	}
	return -ESRCH;
}

static long tiocgsid(struct tty_struct *tty, s32 __user *to)
{
	struct tty_struct *real = real_tty(tty);

	if (tty == real && current->signal->tty != tty)
		return -ENOTTY;
	if (!real->session)
		return -ENOTTY;
	return put_user(real->session, to);
}

/**
 * session_ioctl() - calls about sessions and their terminals
 *
 * Return: -ENOTTY if @cmd is none.
 */
long session_ioctl(struct file *f, struct tty_struct *tty, unsigned int cmd,
		   unsigned long arg)
{
	void *p = (void *)arg;

	switch (cmd) {
	case TIOCSCTTY:
		return tiocsctty(f, real_tty(tty), arg);
	case TIOCNOTTY:
		return tiocnotty(tty);
	case TIOCGPGRP:
		return tiocgpgrp(tty, p);
	case TIOCSPGRP:
		return tiocspgrp(tty, p);
	case TIOCGSID:
		return tiocgsid(tty, p);
	case TIOCVHANGUP:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		tty_hangup(tty);
		return 0;
	}
	return -ENOTTY;
}

SYSCALL_DEFINE(vhangup, void)
{
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (current->signal->tty)
		tty_hangup(current->signal->tty);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Terminals as files: opened by number, read, written and released.
 *
 *   file ──► tty_file ──► tty_struct ◄── console.c, pty.c
 *              hangups      hangups
 *
 * A file is dead when its terminal was hung up after it was opened: its count
 * of hangups is an old one. /dev/tty is the process's own terminal, and what
 * is opened as /dev/console is never hung up.
 *
 * Locks: tty_lock, outside of vfs_lock, around opening and releasing, where
 * terminals come and go. A terminal's bytes change without sleep between a
 * look and the change.
 */
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/wait.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include "tty_internal.h"

const struct ktermios tty_std_termios = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B38400 | CS8 | CREAD | HUPCL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
		   IEXTEN,
	.c_cc = { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22,
		  0 },
};

static struct rw_semaphore tty_lock; /* only ever taken for writing */

/**
 * tty_setup() - initialise a terminal that is not open yet
 * @tty: zeroed memory
 * @ops: where its bytes go
 * @dev: its number
 */
int tty_setup(struct tty_struct *tty, const struct tty_operations *ops, u32 dev)
{
	tty->read_buf = kmalloc(N_TTY_BUF_SIZE, GFP_KERNEL);
	if (!tty->read_buf)
		return -ENOMEM;
	tty->ops = ops;
	tty->dev = dev;
	tty->termios = tty_std_termios;
	init_waitqueue_head(&tty->read_wait);
	init_waitqueue_head(&tty->write_wait);
	INIT_LIST_HEAD(&tty->fasync);
	return 0;
}

/** tty_wakeup() - there may be room for output again */
void tty_wakeup(struct tty_struct *tty)
{
	wake_up_poll(&tty->write_wait, POLLOUT | POLLWRNORM);
	if (!tty->write_short)
		return;
	tty->write_short = false;
	kill_fasync(&tty->fasync, FMODE_READ | FMODE_WRITE, POLL_OUT);
}

/**
 * tty_hung_up() - was the terminal hung up after @f was opened?
 */
bool tty_hung_up(const struct file *f)
{
	const struct tty_file *tf = f->private_data;

	return tf->hangups != tf->tty->hangups && !tf->console;
}

static ssize_t tty_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	(void)pos;
	return tty_hung_up(f) ? 0 : n_tty_read(file_tty(f), f, to);
}

static ssize_t tty_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	(void)pos;
	return tty_hung_up(f) ? -EIO : n_tty_write(file_tty(f), f, from);
}

static u32 tty_poll(struct file *f, struct poll_table *pt)
{
	return n_tty_poll(file_tty(f), f, pt);
}

/**
 * tty_open_file() - @file becomes an open file of @tty
 * @noctty: not even if the process has no terminal
 */
int tty_open_file(struct file *file, struct tty_struct *tty, bool noctty)
{
	struct signal_struct *sig = current->signal;
	struct tty_file *tf;
	int err;

	if (tty->exclusive && tty->count && !capable(CAP_SYS_ADMIN))
		return -EBUSY;
	tf = kmalloc(sizeof(*tf), GFP_KERNEL);
	if (!tf)
		return -ENOMEM;
	err = tty->ops->open ? tty->ops->open(tty) : 0;
	if (err) {
		kfree(tf);
		return err;
	}
	*tf = (struct tty_file){ .tty = tty, .hangups = tty->hangups };
	tty->count++;
	file->private_data = tf;
	file->f_op = &tty_fops;
	if (!noctty && !(file->f_flags & O_NOCTTY) && sig->leader &&
	    !sig->tty && !tty->session && file->f_mode & FMODE_READ)
		set_ctty(tty);
	return 0;
}

static int open_by_number(struct inode *inode, struct file *f)
{
	u32 dev = inode->i_rdev;
	bool noctty = dev == MKDEV(TTYAUX_MAJOR, 1) ||
		      dev == MKDEV(TTY_MAJOR, 0);
	struct tty_struct *tty;
	int err;

	if (dev == MKDEV(TTYAUX_MAJOR, 2))
		return ptmx_open(f);
	if (dev == MKDEV(TTYAUX_MAJOR, 0)) {
		tty = current->signal->tty;
		noctty = true;
		if (!tty)
			return -ENXIO;
	} else if (MAJOR(dev) == UNIX98_PTY_SLAVE_MAJOR) {
		tty = pty_slave(MINOR(dev));
	} else {
		tty = console_tty(dev);
	}
	if (!tty)
		return MAJOR(dev) == UNIX98_PTY_SLAVE_MAJOR ? -EIO : -ENODEV;
	err = tty_open_file(f, tty, noctty);
	if (!err && dev == MKDEV(TTYAUX_MAJOR, 1))
		((struct tty_file *)f->private_data)->console = true;
	return err;
}

static int tty_open(struct inode *inode, struct file *f)
{
	int err;

	down_write(&tty_lock);
	err = open_by_number(inode, f);
	up_write(&tty_lock);
	return err;
}

static void tty_release(struct file *f)
{
	struct tty_file *tf = f->private_data;
	struct tty_struct *tty;

	if (!tf)
		return;
	tty = tf->tty;
	kfree(tf);
	down_write(&tty_lock);
	if (!--tty->count) {
		tty->exclusive = false;
		if (tty->ops->close)
			tty->ops->close(tty);
	}
	up_write(&tty_lock);
}

/* Without an owner that was chosen, the foreground is told. */
static int tty_fasync(int fd, struct file *f, bool on)
{
	struct tty_struct *tty = file_tty(f);
	int err;

	if (tty_hung_up(f))
		return -ENOTTY;
	err = fasync_helper(fd, f, on, &tty->fasync);
	if (err || !on)
		return err;
	f_setown(f, tty->pgrp ? -tty->pgrp : current->pid, false);
	return 0;
}

const struct file_operations tty_fops = {
	.read_iter = tty_read,
	.write_iter = tty_write,
	.poll = tty_poll,
	.ioctl = tty_ioctl,
	.open = tty_open,
	.release = tty_release,
	.fasync = tty_fasync,
};

/**
 * tty_init() - terminals of the machine, and pseudo terminals
 */
void tty_init(void)
{
	init_rwsem(&tty_lock);
	register_chrdev(TTY_MAJOR, 0, 2, "tty", &tty_fops);
	register_chrdev(TTY_MAJOR, 64, 1, "ttyS", &tty_fops);
	register_chrdev(TTYAUX_MAJOR, 0, 1, "/dev/tty", &tty_fops);
	register_chrdev(TTYAUX_MAJOR, 1, 1, "/dev/console", &tty_fops);
	devtmpfs_create("tty", S_IFCHR | 0666, MKDEV(TTYAUX_MAJOR, 0));
	devtmpfs_create("console", S_IFCHR | 0600, MKDEV(TTYAUX_MAJOR, 1));
	console_tty_init();
	pty_init();
}

/* SPDX-License-Identifier: MIT */
/*
 * Terminals as files, and job control: which session a terminal controls,
 * and which of its process groups is in the foreground.
 *
 *   session ── leader: signal->tty ──► tty_struct: session, pgrp
 *
 * A process in the background that reads gets SIGTTIN; one that writes (with
 * TOSTOP) or changes the terminal gets SIGTTOU. When the leader exits the
 * terminal hangs up: files opened before are dead (their hangup count is an
 * old one), and the foreground gets SIGHUP.
 *
 * Locks: tty_lock, outside of vfs_lock, around opening and releasing, where
 * terminals come and go. A terminal's sessions and bytes change without sleep
 * between a look and the change.
 */
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/ioctl.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>

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
#define TIOCSCTTY 0x540e
#define TIOCGPGRP 0x540f
#define TIOCSPGRP 0x5410
#define TIOCSTI 0x5412
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define TIOCNOTTY 0x5422
#define TIOCSETD 0x5423
#define TIOCGETD 0x5424
#define TCSBRKP 0x5425
#define TIOCSBRK 0x5427
#define TIOCCBRK 0x5428
#define TIOCGSID 0x5429
#define TCGETS2 0x802c542a
#define TCSETS2 0x402c542b
#define TCSETSW2 0x402c542c
#define TCSETSF2 0x402c542d
#define TIOCGDEV 0x80045432
#define TIOCVHANGUP 0x5437

#define N_TTY 0

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

static struct tty_struct *file_tty(const struct file *f)
{
	return ((struct tty_file *)f->private_data)->tty;
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

/**
 * tty_devnum() - the number that /proc/PID/stat shows for a terminal
 */
unsigned int tty_devnum(const struct tty_struct *tty)
{
	return tty ? tty->dev : 0;
}

/* ---- job control ---- */

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

static void set_ctty(struct tty_struct *tty)
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

/* The master of a pty asks about its slave. */
static struct tty_struct *real_tty(struct tty_struct *tty)
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

/* ---- settings ---- */

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

static long session_ioctl(struct file *f, struct tty_struct *tty,
			  unsigned int cmd, unsigned long arg)
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
	return termios_ioctl(real_tty(tty), cmd, p);
}

static long tty_ioctl(struct file *f, unsigned int cmd, unsigned long arg)
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
	return session_ioctl(f, tty, cmd, arg);
}

/* ---- files ---- */

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

/* Where nobody was chosen to be told, the foreground is. */
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

SYSCALL_DEFINE(vhangup, void)
{
	if (!capable(CAP_SYS_TTY_CONFIG))
		return -EPERM;
	if (current->signal->tty)
		tty_hangup(current->signal->tty);
	return 0;
}

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

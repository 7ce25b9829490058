/* SPDX-License-Identifier: MIT */
/*
 * Pseudo terminals: two terminals back to back. What is written to the
 * master is received by the slave's line discipline, and the other way; the
 * master's own is raw.
 *
 *   open("/dev/ptmx") ── master ⇄ slave ── open("/dev/pts/N")
 *
 * A pair lives until both sides are closed. Its name is in devpts from the
 * master's open to the master's close, wherever devpts is mounted.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/printf.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/tty.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <mach/uaccess.h>

#define TIOCGPTN 0x80045430
#define TIOCSPTLCK 0x40045431
#define TIOCGPTLCK 0x80045439
#define TIOCSIG 0x40045436

#define MAX_PTYS 256

struct pty {
	struct tty_struct master, slave;
	unsigned int index;
	bool locked; /* the slave cannot be opened yet */
	bool master_open;
	struct dentry *name; /* in devpts, or NULL */
};

static struct pty *ptys[MAX_PTYS]; /* tty_lock */
static struct super_block *devpts; /* NULL: never mounted */

static struct pty *pty_of(struct tty_struct *tty)
{
	return tty->driver_data;
}

static bool is_master(struct tty_struct *tty)
{
	return tty == &pty_of(tty)->master;
}

/* ---- names ---- */

static struct dentry *devpts_name(const char *name, u32 dev, umode_t mode)
{
	struct dentry *d = d_alloc(devpts->s_root, name, (u32)strlen(name));
	struct inode *inode;

	if (!d)
		return NULL;
	inode = new_inode(devpts, S_IFCHR | mode);
	if (!inode) {
		dput(d);
		return NULL;
	}
	inode->i_rdev = dev;
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	d_add(d, inode);
	return d;
}

static void pty_add_name(struct pty *pty)
{
	char name[12];

	if (!devpts)
		return;
	ashlar_snprintf(name, sizeof(name), "%u", pty->index);
	down_write(&vfs_lock);
	pty->name = devpts_name(name, pty->slave.dev, 0620);
	up_write(&vfs_lock);
}

static void pty_remove_name(struct pty *pty)
{
	if (!pty->name)
		return;
	down_write(&vfs_lock);
	pty->name->d_inode->i_nlink--;
	d_delete(pty->name);
	up_write(&vfs_lock);
	d_unpin(pty->name);
	pty->name = NULL;
}

static int devpts_fill_super(struct super_block *sb, const char *data)
{
	struct inode *inode;

	(void)data;
	sb->s_flags |= SB_DCACHE;
	inode = new_inode(sb, S_IFDIR | 0755);
	if (!inode)
		return -ENOMEM;
	inode->i_nlink = 2;
	inode->i_fop = &simple_dir_operations;
	sb->s_root = d_make_root(inode);
	if (!sb->s_root)
		return -ENOMEM;
	devpts = sb;
	return devpts_name("ptmx", MKDEV(TTYAUX_MAJOR, 2), 0) ? 0 : -ENOMEM;
}

static struct file_system_type devpts_type = {
	.name = "devpts",
	.nodev = true,
	.fill_super = devpts_fill_super,
	.is_single = true,
};

/* ---- bytes ---- */

static size_t pty_write(struct tty_struct *tty, const u8 *s, size_t n)
{
	n_tty_receive(tty->link, s, n);
	return n;
}

static size_t pty_write_room(struct tty_struct *tty)
{
	return n_tty_receive_room(tty->link);
}

static void pty_unthrottle(struct tty_struct *tty)
{
	tty_wakeup(tty->link);
}

/* ---- life ---- */

static void pty_free(struct pty *pty)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->tty == &pty->slave)
			p->signal->tty = NULL;
	ptys[pty->index] = NULL;
	kfree(pty->master.read_buf);
	kfree(pty->slave.read_buf);
	kfree(pty);
}

static struct pty *pty_alloc(const struct tty_operations *ops)
{
	struct pty *pty;
	unsigned int i;

	for (i = 0; i < MAX_PTYS && ptys[i]; i++)
		;
	if (i == MAX_PTYS)
		return ERR_PTR(-ENOSPC);
	pty = kzalloc(sizeof(*pty), GFP_KERNEL);
	if (!pty)
		return ERR_PTR(-ENOMEM);
	pty->index = i;
	ptys[i] = pty;
	if (tty_setup(&pty->master, ops, MKDEV(TTYAUX_MAJOR, 2)) ||
	    tty_setup(&pty->slave, ops, MKDEV(UNIX98_PTY_SLAVE_MAJOR, i))) {
		pty_free(pty);
		return ERR_PTR(-ENOMEM);
	}
	pty->master.driver_data = pty->slave.driver_data = pty;
	pty->master.link = &pty->slave;
	pty->slave.link = &pty->master;
	pty->locked = true;
	pty->master.termios.c_iflag = 0;
	pty->master.termios.c_oflag = 0;
	pty->master.termios.c_lflag = 0;
	pty->slave.termios.c_cflag = B38400 | CS8 | CREAD;
	return pty;
}

static int pty_open(struct tty_struct *tty)
{
	struct pty *pty = pty_of(tty);

	if (is_master(tty))
		return 0;
	if (!pty->master_open || pty->locked)
		return -EIO;
	pty->master.other_closed = false;
	return 0;
}

static void pty_close(struct tty_struct *tty)
{
	struct pty *pty = pty_of(tty);
	struct tty_struct *link = tty->link;

	link->other_closed = true;
	if (is_master(tty)) {
		pty->master_open = false;
		pty_remove_name(pty);
		tty_hangup(link);
	}
	wake_up(&link->read_wait);
	wake_up(&link->write_wait);
	if (!pty->master_open && !pty->master.count && !pty->slave.count)
		pty_free(pty);
}

static long pty_send_signal(struct pty *pty, unsigned long sig)
{
	if (sig != SIGINT && sig != SIGQUIT && sig != SIGTSTP)
		return -EINVAL;
	if (pty->slave.pgrp > 0)
		kill_pgrp(pty->slave.pgrp, (int)sig, NULL);
	return 0;
}

static long pty_ioctl(struct tty_struct *tty, unsigned int cmd,
		      unsigned long arg)
{
	struct pty *pty = pty_of(tty);
	s32 lock;

	if (!is_master(tty))
		return -ENOTTY;
	switch (cmd) {
	case TIOCGPTN:
		return put_user(pty->index, (u32 *)arg);
	case TIOCGPTLCK:
		return put_user((s32)pty->locked, (s32 *)arg);
	case TIOCSPTLCK:
		if (get_user(lock, (const s32 *)arg))
			return -EFAULT;
		pty->locked = lock;
		return 0;
	case TIOCSIG:
		return pty_send_signal(pty, arg);
	}
	return -ENOTTY;
}

static const struct tty_operations pty_ops = {
	.write = pty_write,
	.write_room = pty_write_room,
	.unthrottle = pty_unthrottle,
	.open = pty_open,
	.close = pty_close,
	.ioctl = pty_ioctl,
};

/**
 * ptmx_open() - a new pair; @f is its master
 */
int ptmx_open(struct file *f)
{
	struct pty *pty = pty_alloc(&pty_ops);
	int err;

	if (IS_ERR(pty))
		return (int)PTR_ERR(pty);
	pty->master_open = true;
	err = tty_open_file(f, &pty->master, true);
	if (err)
		pty_free(pty);
	else
		pty_add_name(pty);
	return err;
}

/**
 * pty_slave() - the terminal of /dev/pts/@index, or NULL
 */
struct tty_struct *pty_slave(unsigned int index)
{
	return index < MAX_PTYS && ptys[index] ? &ptys[index]->slave : NULL;
}

/**
 * pty_init() - /dev/ptmx, and the filesystem devpts
 */
void pty_init(void)
{
	register_chrdev(TTYAUX_MAJOR, 2, 1, "/dev/ptmx", &tty_fops);
	register_chrdev(UNIX98_PTY_SLAVE_MAJOR, 0, MAX_PTYS, "pts", &tty_fops);
	devtmpfs_create("ptmx", S_IFCHR | 0666, MKDEV(TTYAUX_MAJOR, 2));
	register_filesystem(&devpts_type);
}

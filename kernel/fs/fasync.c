/* SPDX-License-Identifier: MIT */
/*
 * Signals about files: with O_ASYNC a program hears of input, and of room for
 * output, by SIGIO or a signal of its choice.
 *
 *   pipe, socket, terminal
 *     fasync ─→ fown_struct ─→ fown_struct    of open files with O_ASYNC
 *                 │ fd       that si_fd will name
 *                 │ signum   F_SETSIG
 *                 └ pid ──→  a thread, a process or a group: F_SETOWN
 *
 * An open file gets its structure when it first needs one. The owner is a
 * counted number, which never comes to mean a later process; it may be gone.
 * The permission to signal it is looked at anew each time, and is that of the
 * user who chose it: the file may have gone to others since.
 *
 * Locks: nothing sleeps here but where memory is taken, which comes first.
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/poll.h>
#include <kernel/signal/signal.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <mach/uaccess.h>

#define POLLMSG 0x400u

struct f_owner_ex { /* as programs pass it */
	s32 type;
	s32 pid;
};

/* ---- the owner ---- */

/**
 * file_owner() - what is known about signals of an open file
 * @f: the file
 *
 * Context: may sleep. Return: the structure, or NULL without memory.
 */
struct fown_struct *file_owner(struct file *f)
{
	struct fown_struct *o;

	if (f->f_owner)
		return f->f_owner;
	o = kzalloc(sizeof(*o), GFP_KERNEL);
	if (f->f_owner || !o) { /* another thread was first */
		kfree(o);
		return f->f_owner;
	}
	INIT_LIST_HEAD(&o->queue);
	o->file = f;
	f->f_owner = o;
	return o;
}

static void set_owner(struct fown_struct *o, struct pid *pid,
		      enum owner_type type)
{
	if (pid)
		get_pid(pid);
	put_pid(o->pid);
	o->pid = pid;
	o->type = type;
	if (!pid)
		return;
	o->uid = current->cred->uid;
	o->euid = current->cred->euid;
}

/* The number is looked up after memory came: it may be gone by then. */
static int set_owner_by_number(struct file *f, pid_t nr, enum owner_type type,
			       bool force)
{
	struct fown_struct *o;
	struct pid *pid;

	if (nr && !find_pid(nr))
		return -ESRCH;
	o = file_owner(f);
	if (!o)
		return -ENOMEM;
	pid = nr ? find_pid(nr) : NULL;
	if (nr && !pid)
		return -ESRCH;
	if (force || !o->pid)
		set_owner(o, pid, type);
	return 0;
}

/**
 * f_setown() - choose who gets an open file's signals
 * @f: the file
 * @who: a process; negative: a group; 0: nobody
 * @force: also if somebody was chosen before
 *
 * Context: may sleep. Return: 0, -EINVAL, -ESRCH, -ENOMEM.
 */
int f_setown(struct file *f, int who, bool force)
{
	if (who == (int)0x80000000)
		return -EINVAL;
	if (who < 0)
		return set_owner_by_number(f, -who, F_OWNER_PGRP, force);
	return set_owner_by_number(f, who, F_OWNER_PID, force);
}

/** f_delown() - an open file has no owner any more, and its signal is SIGIO */
void f_delown(struct file *f)
{
	struct fown_struct *o = f->f_owner;

	if (!o)
		return;
	set_owner(o, NULL, F_OWNER_PID);
	o->signum = 0;
}

static bool group_exists(const struct pid *pid)
{
	struct task_struct *p;

	for_each_process(p)
		if (p->signal->pgrp_pid == pid)
			return true;
	return false;
}

/* The owner's number; 0: there is none any more. */
static pid_t owner_number(const struct fown_struct *o)
{
	const struct task_struct *t;

	if (!o || !o->pid)
		return 0;
	t = o->pid->task;
	if (o->type == F_OWNER_PGRP)
		return group_exists(o->pid) ? o->pid->nr : 0;
	if (!t || (o->type == F_OWNER_PID && t != t->group_leader))
		return 0;
	return o->pid->nr;
}

/** f_getown() - who gets an open file's signals, as f_setown() was told */
int f_getown(const struct file *f)
{
	pid_t nr = owner_number(f->f_owner);

	return nr && f->f_owner->type == F_OWNER_PGRP ? -nr : nr;
}

/* ---- fcntl ---- */

static int set_owner_ex(struct file *f, const void __user *arg)
{
	struct f_owner_ex ex;

	if (copy_from_user(&ex, arg, sizeof(ex)))
		return -EFAULT;
	if (ex.type < F_OWNER_TID || ex.type > F_OWNER_PGRP)
		return -EINVAL;
	return set_owner_by_number(f, ex.pid, (enum owner_type)ex.type, true);
}

static int get_owner_ex(const struct file *f, void __user *arg)
{
	struct f_owner_ex ex = { F_OWNER_TID, owner_number(f->f_owner) };

	if (f->f_owner)
		ex.type = (s32)f->f_owner->type;
	return copy_to_user(arg, &ex, sizeof(ex)) ? -EFAULT : 0;
}

static int get_owner_uids(const struct file *f, void __user *arg)
{
	u32 ids[2] = { 0, 0 };

	if (f->f_owner) {
		ids[0] = f->f_owner->uid;
		ids[1] = f->f_owner->euid;
	}
	return copy_to_user(arg, ids, sizeof(ids)) ? -EFAULT : 0;
}

static int set_signal(struct file *f, u32 sig)
{
	struct fown_struct *o;

	if (sig > NSIG)
		return -EINVAL;
	o = file_owner(f);
	if (!o)
		return -ENOMEM;
	o->signum = (int)sig;
	return 0;
}

/**
 * fcntl_owner() - fcntl's commands about signals
 * @f: any file
 * @cmd: F_SETOWN …
 * @arg: a number, or a program's structure
 *
 * Context: may sleep. Return: what the call returns.
 */
long fcntl_owner(struct file *f, u32 cmd, u32 arg)
{
	void __user *user = (void __user *)(uintptr_t)arg;

	switch (cmd) {
	case F_SETOWN:
		return f_setown(f, (int)arg, true);
	case F_GETOWN:
		return f_getown(f);
	case F_SETOWN_EX:
		return set_owner_ex(f, user);
	case F_GETOWN_EX:
		return get_owner_ex(f, user);
	case F_GETOWNER_UIDS:
		return get_owner_uids(f, user);
	case F_SETSIG:
		return set_signal(f, arg);
	default:
		return f->f_owner ? f->f_owner->signum : 0;
	}
}

/* ---- sending ---- */

/* True if who chose the owner may signal @t, now that it comes to it. */
static bool sigio_perm(const struct fown_struct *o, const struct task_struct *t)
{
	const struct cred *c = t->cred;

	return !o->euid || o->euid == c->suid || o->euid == c->uid ||
	       o->uid == c->suid || o->uid == c->uid;
}

static s32 poll_band(int band)
{
	static const u32 bands[] = {
		[POLL_IN] = POLLIN | POLLRDNORM,
		[POLL_OUT] = POLLOUT | POLLWRNORM | POLLWRBAND,
		[POLL_MSG] = POLLIN | POLLRDNORM | POLLMSG,
		[POLL_ERR] = POLLERR,
		[POLL_PRI] = POLLPRI | POLLRDBAND,
		[POLL_HUP] = POLLHUP | POLLERR,
	};

	return (s32)bands[band];
}

/* A chosen signal tells more, and waits in line; where it finds no room,
 * SIGIO says that one was lost. */
static void send_sigio_to_task(const struct fown_struct *o,
			       struct task_struct *t, int band)
{
	bool group = o->type != F_OWNER_TID;
	struct siginfo info = { .si_signo = o->signum };

	if (!sigio_perm(o, t))
		return;
	info.si_code = has_own_codes(o->signum) ? SI_SIGIO : band;
	info.poll.band = poll_band(band);
	info.poll.fd = o->fd;
	if (!o->signum || send_sig_info(o->signum, &info, t, group))
		send_sig_info(SIGIO, NULL, t, group);
}

static void send_sigurg_to_task(const struct fown_struct *o,
				struct task_struct *t, int band)
{
	(void)band;
	if (sigio_perm(o, t))
		send_sig_info(SIGURG, NULL, t, o->type != F_OWNER_TID);
}

static void tell_owner(const struct fown_struct *o, int band,
		       void (*tell)(const struct fown_struct *,
				    struct task_struct *, int))
{
	struct task_struct *p;

	if (!o->pid)
		return;
	if (o->type != F_OWNER_PGRP) {
		if (o->pid->task)
			tell(o, o->pid->task, band);
		return;
	}
	for_each_process(p)
		if (p->signal->pgrp_pid == o->pid)
			tell(o, p, band);
}

/**
 * send_sigio() - tell a file's owner
 * @o: the file's
 * @band: POLL_*, what has come to pass
 *
 * Context: task; does not sleep.
 */
void send_sigio(const struct fown_struct *o, int band)
{
	tell_owner(o, band, send_sigio_to_task);
}

/** send_sigurg() - tell a file's owner of urgent data; does not sleep */
void send_sigurg(const struct fown_struct *o)
{
	tell_owner(o, POLL_PRI, send_sigurg_to_task);
}

/* kill_fasync() of a queue that is not empty */
void __kill_fasync(const struct list_head *queue, u32 mode, int band)
{
	struct fown_struct *o;

	list_for_each_entry(o, queue, queue)
		if (o->file->f_mode & mode)
			send_sigio(o, band);
}

/* ---- O_ASYNC ---- */

/**
 * fasync_helper() - an open file is to have O_ASYNC, or not
 * @fd: the descriptor that will be told
 * @f: the file
 * @on: which
 * @queue: its object's
 *
 * Context: may sleep. Return: 0 or -ENOMEM.
 */
int fasync_helper(int fd, struct file *f, bool on, struct list_head *queue)
{
	struct fown_struct *o = on ? file_owner(f) : f->f_owner;

	if (on && !o)
		return -ENOMEM;
	if (on) {
		o->fd = fd;
		if (list_empty(&o->queue))
			list_add(&o->queue, queue);
		f->f_flags |= FASYNC;
	} else {
		if (o)
			list_del_init(&o->queue);
		f->f_flags &= ~(u32)FASYNC;
	}
	return 0;
}

/** fasync_release() - an open file that has an owner is closed for good */
void fasync_release(struct file *f)
{
	struct fown_struct *o = f->f_owner;

	if (o->lease)
		lease_release(o->lease);
	list_del(&o->queue);
	put_pid(o->pid);
	kfree(o);
}

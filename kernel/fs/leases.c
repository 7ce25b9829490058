/* SPDX-License-Identifier: MIT */
/*
 * Leases: who holds one on a file hears of others that open it, and may first
 * write back what it keeps of the file.
 *
 *   F_RDLCK   nobody has the file open for writing
 *   F_WRLCK   nobody else has it open at all
 *
 *   an open, or truncate, that breaks this ─→ a signal to the holder (fasync.c)
 *      sleeps until the holder gives way: ─→ F_UNLCK, or F_RDLCK to a reader
 *      after lease_break_time it happens without him
 *
 * An open file has one lease at most, and it ends with the file. What time has
 * ended is noticed by who looks next.
 *
 * Locks: none: a file's leases are looked at and changed without sleep.
 */
#include <ashlar/errno.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/sched/wait.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <kernel/time/clock.h>
#include "internal.h"
#include "locks.h"

struct file_lease {
	struct list_head list; /* inode->i_leases */
	struct list_head all; /* for /proc/locks */
	struct file *file;
	pid_t pid; /* of the process that took it */
	u8 type; /* F_RDLCK, F_WRLCK */
	bool unlocks, downgrades; /* it is being broken */
	u64 unlock_time, downgrade_time; /* when it happens; NEVER */
};

int leases_enable = 1;
int lease_break_time = 45;
static DECLARE_WAIT_QUEUE_HEAD(lease_wait); /* for any lease to change */
static LIST_HEAD(all_leases);

/* What it is, or must become. */
static u8 target_type(const struct file_lease *l)
{
	if (l->unlocks)
		return F_UNLCK;
	return l->downgrades ? F_RDLCK : l->type;
}

/** lease_release() - a lease's file is closed for good */
void lease_release(struct file_lease *l)
{
	list_del(&l->list);
	list_del(&l->all);
	l->file->f_owner->lease = NULL;
	kfree(l);
	wake_up(&lease_wait);
}

/* It becomes another type, or ends, and who was told is told no more. */
static void change_lease(struct file_lease *l, u8 type)
{
	struct file *f = l->file;

	if (type == F_UNLCK) {
		lease_release(l);
		f_delown(f);
		f->f_flags &= ~(u32)FASYNC;
		return;
	}
	l->type = type;
	if (type == F_RDLCK)
		l->downgrades = false;
	wake_up(&lease_wait);
}

static void time_out_leases(struct inode *inode)
{
	struct file_lease *l, *next;
	u64 now = ktime_get();

	list_for_each_entry_safe(l, next, &inode->i_leases, list) {
		if (l->unlocks && l->unlock_time <= now)
			change_lease(l, F_UNLCK);
		else if (l->downgrades && l->downgrade_time <= now)
			change_lease(l, F_RDLCK);
	}
}

/* ---- taking one ---- */

/* True if the file is open in no way that a lease of @f forbids. */
static bool may_lease(const struct file *f, u32 type)
{
	const struct inode *inode = f->f_inode;
	int readers = 0, writers = 0;

	if (type == F_RDLCK)
		return inode->i_writecount <= 0;
	if (f->f_mode & FMODE_WRITE)
		writers = 1;
	else if (f->f_mode & FMODE_READ)
		readers = 1;
	return inode->i_writecount == writers && inode->i_readcount == readers;
}

/* True if leases of other files stand against it. */
static bool others_object(const struct inode *inode,
			  const struct file_lease *own, u32 type)
{
	const struct file_lease *l;

	list_for_each_entry(l, &inode->i_leases, list)
		if (l != own && (type == F_WRLCK || l->unlocks))
			return true;
	return false;
}

/* Return: 0, and *@mem is NULL if it was used; or -errno. */
static int add_lease(struct file *f, u8 type, struct file_lease **mem)
{
	struct inode *inode = f->f_inode;
	struct file_lease *own;

	time_out_leases(inode);
	own = f->f_owner->lease;
	if (!may_lease(f, type) || others_object(inode, own, type))
		return -EAGAIN;
	if (own) {
		change_lease(own, type);
		return 0;
	}
	if (!leases_enable)
		return -EINVAL;
	own = *mem;
	*mem = NULL;
	own->file = f;
	own->pid = current->tgid;
	own->type = type;
	list_add_tail(&own->list, &inode->i_leases);
	list_add(&own->all, &all_leases);
	f->f_owner->lease = own;
	return 0;
}

static int delete_lease(const struct file *f)
{
	if (!f->f_owner || !f->f_owner->lease)
		return -EAGAIN;
	change_lease(f->f_owner->lease, F_UNLCK);
	return 0;
}

/**
 * fcntl_setlease() - fcntl(F_SETLEASE)
 * @fd: the descriptor that the signal will name
 * @f: its file
 * @type: F_RDLCK, F_WRLCK, or F_UNLCK
 *
 * Context: may sleep. Return: 0 or -errno.
 */
long fcntl_setlease(unsigned int fd, struct file *f, u32 type)
{
	struct file_lease *mem;
	long err;

	if (type > F_UNLCK)
		return -EINVAL;
	if (current->cred->fsuid != f->f_inode->i_uid && !capable(CAP_LEASE))
		return -EACCES;
	if (!S_ISREG(f->f_inode->i_mode))
		return -EINVAL;
	if (type == F_UNLCK)
		return delete_lease(f);
	mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	if (!mem || !file_owner(f)) {
		kfree(mem);
		return -ENOMEM;
	}
	err = add_lease(f, (u8)type, &mem);
	if (!err) {
		f->f_owner->fd = (int)fd;
		f->f_flags |= FASYNC;
		err = f_setown(f, current->pid, false);
	}
	kfree(mem);
	return err;
}

/**
 * fcntl_getlease() - fcntl(F_GETLEASE)
 * @f: any file
 *
 * Return: the type of its lease, or what that must become; F_UNLCK: none.
 */
long fcntl_getlease(struct file *f)
{
	time_out_leases(f->f_inode);
	if (!f->f_owner || !f->f_owner->lease)
		return F_UNLCK;
	return target_type(f->f_owner->lease);
}

/* ---- breaking them ---- */

static bool conflicts(const struct file_lease *l, bool write)
{
	return write || l->type == F_WRLCK;
}

static bool any_conflicts(const struct inode *inode, bool write)
{
	const struct file_lease *l;

	list_for_each_entry(l, &inode->i_leases, list)
		if (conflicts(l, write))
			return true;
	return false;
}

/* Tell those that were not told yet. */
static void begin_break(struct inode *inode, bool write)
{
	struct file_lease *l;
	u64 end = NEVER;

	if (lease_break_time > 0)
		end = ktime_get() + (u64)lease_break_time * NSEC_PER_SEC;
	list_for_each_entry(l, &inode->i_leases, list) {
		if (!conflicts(l, write) || l->unlocks ||
		    (!write && l->downgrades))
			continue;
		if (write) {
			l->unlocks = true;
			l->unlock_time = end;
		} else {
			l->downgrades = true;
			l->downgrade_time = end;
		}
		send_sigio(l->file->f_owner, POLL_MSG);
	}
}

/* When the first of those that conflict will end by itself. */
static u64 next_end(const struct inode *inode, bool write)
{
	const struct file_lease *l;
	u64 end = NEVER;

	list_for_each_entry(l, &inode->i_leases, list) {
		if (conflicts(l, write) && l->unlocks)
			end = min(end, l->unlock_time);
		if (conflicts(l, write) && l->downgrades)
			end = min(end, l->downgrade_time);
	}
	return end;
}

/* break_lease() of a file that has leases */
int __break_lease(struct inode *inode, u32 flags)
{
	bool write = (flags & O_ACCMODE) != O_RDONLY;
	int err;

	time_out_leases(inode);
	if (!any_conflicts(inode, write))
		return 0;
	begin_break(inode, write);
	if (flags & O_NONBLOCK)
		return -EAGAIN;
	do {
		err = wait_event_interruptible_until(
			&lease_wait, !any_conflicts(inode, write),
			next_end(inode, write));
		if (err && err != -EAGAIN)
			return err;
		time_out_leases(inode);
	} while (any_conflicts(inode, write));
	return 0;
}

/* ---- /proc/locks ---- */

static const char *type_name(u8 type)
{
	if (type == F_WRLCK)
		return "WRITE";
	return type == F_RDLCK ? "READ" : "UNLCK";
}

/** show_leases() - leases in /proc/locks, behind @nr locks */
void show_leases(struct seq_file *m, unsigned int nr)
{
	const struct file_lease *l;
	const struct inode *inode;
	u32 dev;

	list_for_each_entry(l, &all_leases, all) {
		inode = l->file->f_inode;
		dev = inode->i_sb->s_dev;
		seq_printf(
			m, "%u: LEASE  %s %s %d %02x:%02x:%llu 0 EOF\n", ++nr,
			l->unlocks || l->downgrades ? "BREAKING " : "ACTIVE   ",
			type_name(target_type(l)), l->pid, MAJOR(dev),
			MINOR(dev), inode->i_ino);
	}
}

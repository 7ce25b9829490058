/* SPDX-License-Identifier: MIT */
/*
 * What programs ask about sets of semaphores, and set from outside.
 *
 *   IPC_STAT, SEM_STAT, IPC_INFO     the set, the limits
 *   GETVAL, GETPID, GETNCNT, GETZCNT one semaphore; who waits for it
 *   GETALL, SETALL, SETVAL           values; a set one forgets adjustments
 *   IPC_SET, IPC_RMID                its owner, its end
 *
 * A value that is set may let operations go on that wait (sem.c). Memory and
 * the program's pages may be waited for: the set is held by a reference then,
 * and looked at again.
 */
#include <ashlar/err.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/sem.h>
#include <kernel/ipc/util.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>

#define GETPID 11u
#define GETVAL 12u
#define GETALL 13u
#define GETNCNT 14u
#define GETZCNT 15u
#define SETVAL 16u
#define SETALL 17u
#define SEM_STAT 18u
#define SEM_INFO 19u
#define SEM_STAT_ANY 20u
#define SEMUSZ 20 /* what Linux says of an adjustment's size */

struct semid64_ds {
	struct ipc64_perm perm;
	u32 otime, otime_high, ctime, ctime_high;
	u32 nsems, unused[2];
};

struct semid_ds { /* ipc(2) without IPC_64 */
	struct ipc_perm perm;
	s32 otime, ctime;
	u32 pointers[4];
	u16 nsems;
};

static void fill_semid64(struct semid64_ds *d, const struct sem_array *sma)
{
	memset(d, 0, sizeof(*d));
	ipc_fill_perm(&d->perm, &sma->perm);
	d->otime = (u32)sma->otime;
	d->otime_high = (u32)(sma->otime >> 32);
	d->ctime = (u32)sma->ctime;
	d->ctime_high = (u32)(sma->ctime >> 32);
	d->nsems = sma->nsems;
}

static long put_semid(void __user *buf, const struct sem_array *sma, bool old)
{
	struct semid64_ds d;
	struct semid_ds o = { .otime = (s32)sma->otime,
			      .ctime = (s32)sma->ctime,
			      .nsems = (u16)sma->nsems };

	fill_semid64(&d, sma);
	ipc_fill_old_perm(&o.perm, &sma->perm);
	if (old)
		return copy_to_user(buf, &o, sizeof(o)) ? -EFAULT : 0;
	return copy_to_user(buf, &d, sizeof(d)) ? -EFAULT : 0;
}

static long semctl_stat(int id, u32 cmd, void __user *buf, bool old)
{
	struct sem_array *sma;
	long err = 0, ret = 0;

	if (cmd == IPC_STAT) {
		sma = sem_find(id);
		if (IS_ERR(sma))
			return PTR_ERR(sma);
	} else {
		sma = (struct sem_array *)ipc_find_index(&sem_ids, id);
		if (!sma)
			return -EINVAL;
		ret = (long)sma->perm.id;
	}
	if (cmd != SEM_STAT_ANY)
		err = ipcperms(&sma->perm, S_IRUGO);
	if (!err)
		err = put_semid(buf, sma, old);
	return err ? err : ret;
}

static long semctl_info(u32 cmd, void __user *buf)
{
	const struct sem_limits *l = &sem_limits;
	u32 info[10] = { l->mns, l->mni, l->mns, l->mns, l->msl,
			 l->opm, l->opm, SEMUSZ, SEMVMX, SEMAEM };

	if (cmd == SEM_INFO) {
		info[7] = (u32)sem_ids.in_use;
		info[9] = sem_used;
	}
	if (copy_to_user(buf, info, sizeof(info)))
		return -EFAULT;
	return ipc_max_index(&sem_ids);
}

static long semctl_set(int id, const void __user *buf, bool old)
{
	struct sem_array *sma;
	struct ipc64_perm perm;
	long err = ipc_get_perm(buf, &perm, old);

	if (err)
		return err;
	sma = sem_find(id);
	if (IS_ERR(sma))
		return PTR_ERR(sma);
	err = ipc_may_change(&sma->perm) ?:
		      ipc_set_perm(&sma->perm, perm.uid, perm.gid, perm.mode);
	if (!err)
		sma->ctime = ipc_seconds();
	return err;
}

/* Waiters for @num to become 0, or to grow. */
static long count_waiters(const struct sem_array *sma, u32 num, bool zero)
{
	const struct sem_queue *q;
	long n = 0;

	list_for_each_entry(q, &sma->pending, list) {
		if (q->blocking->num == num && !q->blocking->op == zero)
			n++;
	}
	return n;
}

static void forget_adjustments(struct sem_array *sma, u32 num)
{
	struct sem_undo *un;

	list_for_each_entry(un, &sma->undos, of_set)
		un->adj[num] = 0;
}

static void set_value(struct sem_array *sma, u32 num, s32 val)
{
	forget_adjustments(sma, num);
	sma->sems[num].val = val;
	sma->sems[num].pid = current->tgid;
}

static long semctl_setval(int id, u32 num, u32 val)
{
	struct sem_array *sma;
	int err;

	if (val > SEMVMX)
		return -ERANGE;
	sma = sem_find(id);
	if (IS_ERR(sma))
		return PTR_ERR(sma);
	if (num >= sma->nsems)
		return -EINVAL;
	err = ipcperms(&sma->perm, S_IWUGO);
	if (err)
		return err;
	set_value(sma, num, (s32)val);
	sma->ctime = ipc_seconds();
	sem_wake_pending(sma);
	return 0;
}

/* The commands that tell of one semaphore. */
static long semctl_one(int id, u32 num, u32 cmd)
{
	struct sem_array *sma = sem_find(id);
	long err;

	if (IS_ERR(sma))
		return PTR_ERR(sma);
	err = ipcperms(&sma->perm, S_IRUGO);
	if (err)
		return err;
	if (num >= sma->nsems)
		return -EINVAL;
	if (cmd == GETVAL)
		return sma->sems[num].val;
	if (cmd == GETPID)
		return sma->sems[num].pid;
	return count_waiters(sma, num, cmd == GETZCNT);
}

static long set_all(struct sem_array *sma, const u16 *vals)
{
	u32 i;

	for (i = 0; i < sma->nsems; i++) {
		if (vals[i] > SEMVMX)
			return -ERANGE;
	}
	for (i = 0; i < sma->nsems; i++)
		set_value(sma, i, vals[i]);
	sma->ctime = ipc_seconds();
	sem_wake_pending(sma);
	return 0;
}

static long get_all(const struct sem_array *sma, u16 *vals)
{
	u32 i;

	for (i = 0; i < sma->nsems; i++)
		vals[i] = (u16)sma->sems[i].val;
	return 0;
}

/* Memory and the program's pages may be waited for: the set may go. */
static long semctl_all(int id, u32 cmd, void __user *buf)
{
	struct sem_array *sma = sem_find(id);
	size_t size;
	u16 *vals;
	long err;

	if (IS_ERR(sma))
		return PTR_ERR(sma);
	err = ipcperms(&sma->perm, cmd == SETALL ? S_IWUGO : S_IRUGO);
	if (err)
		return err;
	size = sma->nsems * sizeof(*vals);
	atomic_inc(&sma->perm.refs);
	vals = kvmalloc(size, GFP_KERNEL);
	if (!vals)
		err = -ENOMEM;
	else if (cmd == SETALL && copy_from_user(vals, buf, size))
		err = -EFAULT;
	if (!err && sma->perm.deleted)
		err = -EIDRM;
	if (!err)
		err = cmd == SETALL ? set_all(sma, vals) : get_all(sma, vals);
	ipc_put(&sma->perm);
	if (!err && cmd == GETALL && copy_to_user(buf, vals, size))
		err = -EFAULT;
	kvfree(vals);
	return err;
}

static long semctl_rmid(int id)
{
	struct sem_array *sma = sem_find(id);
	long err;

	if (IS_ERR(sma))
		return PTR_ERR(sma);
	err = ipc_may_change(&sma->perm);
	return err ? err : sem_remove(sma);
}

/**
 * ksys_semctl() - semctl(2)
 * @arg: a value or a user address, as @cmd says
 * @old: structures have 16-bit ids
 */
long ksys_semctl(int id, int num, u32 cmd, u32 arg, bool old)
{
	void __user *buf = (void __user *)arg;

	if (id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case SEM_INFO:
		return semctl_info(cmd, buf);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return semctl_stat(id, cmd, buf, old);
	case GETALL:
	case SETALL:
		return semctl_all(id, cmd, buf);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return semctl_one(id, (u32)num, cmd);
	case SETVAL:
		return semctl_setval(id, (u32)num, arg);
	case IPC_SET:
		return semctl_set(id, buf, old);
	case IPC_RMID:
		return semctl_rmid(id);
	}
	return -EINVAL;
}

SYSCALL_DEFINE(semctl, int id, int num, u32 cmd, u32 arg)
{
	return ksys_semctl(id, num, cmd, arg, false);
}

/**
 * show_sysvipc_sem() - /proc/sysvipc/sem
 * @m: where to
 * @unused: nothing
 *
 * Return: 0.
 */
int show_sysvipc_sem(struct seq_file *m, void *unused)
{
	struct sem_array *sma;
	unsigned long i;

	(void)unused;
	seq_puts(m, "       key      semid perms      nsems   uid   gid  cuid"
		    "  cgid      otime      ctime\n");
	ipc_for_each(&sem_ids, i, sma)
	{
		const struct kern_ipc_perm *p = &sma->perm;

		seq_printf(m, "%10d %10d  %4o %10u %5u %5u %5u %5u ", p->key,
			   (int)p->id, p->mode, sma->nsems, p->uid, p->gid,
			   p->cuid, p->cgid);
		seq_printf(m, "%10llu %10llu\n", (unsigned long long)sma->otime,
			   (unsigned long long)sma->ctime);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * SysV semaphores: sets of counters that processes raise and lower, several
 * at a time and all or none.
 *
 *   sem_array ── sems[0 … nsems-1]       value, who changed it last
 *       ├── pending: sem_queue ⇄ …       operations that wait, oldest first
 *       └── undos ⇄ ──┐
 *                  sem_undo: adj[]       what a process's end gives back
 *   signal->sem_undos ⇄ ──┘
 *
 * A waiter's operations are carried out by whoever makes them possible: after
 * each change the pending ones are tried from the oldest on, and again from
 * the start when one of them has changed something.
 *
 *   0 <= value <= SEMVMX;  |adj| <= SEMAEM
 *
 * Locks: none; what changes a set does not sleep, and who sleeps with one in
 * hand holds a reference.
 *
 * Simpler than in Linux: adjustments belong to the process, whatever
 * CLONE_SYSVSEM says, for threads share them anyway.
 */
#include <ashlar/err.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/util.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>

#define SEM_UNDO 0x1000
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

#define SEMVMX 32767 /* largest value */
#define SEMAEM SEMVMX /* largest adjustment */
#define SEMUSZ 20 /* what Linux says of an adjustment's size */
#define PENDING 1 /* sem_queue::status, while it waits */
#define FEW_SOPS 8u /* so many need no memory */

struct sembuf { /* as programs pass it */
	u16 num;
	s16 op, flg;
};

struct sem {
	s32 val;
	pid_t pid;
};

struct sem_array {
	struct kern_ipc_perm perm; /* first */
	s64 otime, ctime; /* s since 1970 */
	u32 nsems;
	struct list_head pending; /* sem_queue */
	struct list_head undos; /* sem_undo::of_set */
	struct sem sems[];
};

struct sem_undo {
	struct list_head of_process, of_set;
	struct sem_array *sma;
	s16 adj[];
};

struct sem_queue { /* on its task's stack */
	struct list_head list; /* sem_array::pending */
	struct task_struct *task;
	const struct sembuf *sops, *blocking;
	u32 nsops;
	struct sem_undo *undo; /* NULL: nothing to be undone */
	bool alter;
	int status; /* PENDING, 0 or -errno */
};

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

struct ipc_ids sem_ids;
static u32 sem_used; /* semaphores of all sets */

struct sem_limits sem_limits = { .msl = 32000,
				 .mns = 1024000000,
				 .opm = 500,
				 .mni = 32000 };

static struct sem_array *find_set(int id)
{
	return (struct sem_array *)ipc_find_id(&sem_ids, id);
}

/* ---- life of a set ---- */

static long new_set(s32 key, u32 nsems, u32 flg)
{
	size_t size = sizeof(struct sem_array) + nsems * sizeof(struct sem);
	struct sem_array *sma;
	int id;

	if (!nsems)
		return -EINVAL;
	if (nsems > sem_limits.mns - min(sem_used, sem_limits.mns))
		return -ENOSPC;
	sma = kvmalloc(size, GFP_KERNEL);
	if (!sma)
		return -ENOMEM;
	memset(sma, 0, size);
	ipc_init_perm(&sma->perm, key, flg);
	INIT_LIST_HEAD(&sma->pending);
	INIT_LIST_HEAD(&sma->undos);
	sma->nsems = nsems;
	sma->ctime = ipc_seconds();
	id = ipc_add(&sem_ids, &sma->perm, (int)sem_limits.mni);
	if (id < 0)
		kvfree(sma);
	else
		sem_used += nsems;
	return id;
}

static long try_semget(s32 key, int nsems, u32 flg)
{
	struct sem_array *sma;
	int err;

	sma = (struct sem_array *)ipc_find_key(&sem_ids, key);
	if (!sma) {
		if (key != IPC_PRIVATE && !(flg & IPC_CREAT))
			return -ENOENT;
		return new_set(key, (u32)nsems, flg);
	}
	if ((flg & IPC_CREAT) && (flg & IPC_EXCL))
		return -EEXIST;
	if ((u32)nsems > sma->nsems)
		return -EINVAL;
	err = ipcperms(&sma->perm, flg);
	return err ? err : (long)sma->perm.id;
}

/**
 * ksys_semget() - semget(2)
 */
long ksys_semget(s32 key, int nsems, u32 flg)
{
	long ret;

	if (nsems < 0 || (u32)nsems > sem_limits.msl)
		return -EINVAL;
	do {
		ret = try_semget(key, nsems, flg);
	} while (ret == -EBUSY);
	return ret;
}

static void free_undo(struct sem_undo *un)
{
	list_del(&un->of_process);
	list_del(&un->of_set);
	kvfree(un);
}

static void finish_queue(struct sem_queue *q, int status)
{
	list_del_init(&q->list);
	q->status = status;
	wake_up_process(q->task);
}

static long remove_set(struct sem_array *sma)
{
	struct sem_queue *q, *next;
	struct sem_undo *un, *next_un;

	ipc_remove(&sem_ids, &sma->perm);
	sem_used -= sma->nsems;
	list_for_each_entry_safe(un, next_un, &sma->undos, of_set)
		free_undo(un);
	list_for_each_entry_safe(q, next, &sma->pending, list)
		finish_queue(q, -EIDRM);
	ipc_put(&sma->perm);
	return 0;
}

/* ---- operations ---- */

/* One operation: 0; PENDING; -ERANGE. Only 0 has changed anything. */
static int perform_one(struct sem_array *sma, const struct sembuf *sop,
		       struct sem_undo *un)
{
	struct sem *sem = &sma->sems[sop->num];
	int val = sem->val + sop->op, adj;

	if ((!sop->op && sem->val) || val < 0)
		return PENDING;
	if (val > SEMVMX)
		return -ERANGE;
	if (sop->flg & SEM_UNDO) {
		adj = un->adj[sop->num] - sop->op;
		if (adj < -SEMAEM - 1 || adj > SEMAEM)
			return -ERANGE;
		un->adj[sop->num] = (s16)adj;
	}
	sem->val = val;
	return 0;
}

static void take_back(struct sem_array *sma, const struct sembuf *sop,
		      struct sem_undo *un)
{
	sma->sems[sop->num].val -= sop->op;
	if (sop->flg & SEM_UNDO)
		un->adj[sop->num] = (s16)(un->adj[sop->num] + sop->op);
}

/* All operations of @q or none: 0; PENDING; -EAGAIN, -ERANGE. */
static int perform(struct sem_array *sma, struct sem_queue *q)
{
	const struct sembuf *sop = q->sops, *end = sop + q->nsops;
	int err = 0;

	for (; sop < end; sop++) {
		err = perform_one(sma, sop, q->undo);
		if (err)
			break;
	}
	if (!err) {
		while (sop-- > q->sops)
			sma->sems[sop->num].pid = q->task->tgid;
		sma->otime = ipc_seconds();
		return 0;
	}
	q->blocking = sop;
	if (err == PENDING && sop->flg & (s16)IPC_NOWAIT)
		err = -EAGAIN;
	while (sop-- > q->sops)
		take_back(sma, sop, q->undo);
	return err;
}

/* Values have changed: whoever can go on does. */
static void wake_pending(struct sem_array *sma)
{
	struct sem_queue *q, *next;
	int err;

again:
	list_for_each_entry_safe(q, next, &sma->pending, list) {
		err = perform(sma, q);
		if (err == PENDING)
			continue;
		finish_queue(q, err);
		if (!err && q->alter)
			goto again;
	}
}

/* Sleep until another task has finished @q, a signal comes, or @expires. */
static int sleep_on_sems(struct sem_array *sma, struct sem_queue *q,
			 u64 expires)
{
	bool late = false;

	q->status = PENDING;
	list_add_tail(&q->list, &sma->pending);
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (q->status != PENDING || late || signal_pending(current))
			break;
		if (expires == KTIME_MAX)
			schedule();
		else
			late = schedule_until(expires);
	}
	set_current_state(TASK_RUNNING);
	if (q->status != PENDING)
		return q->status;
	list_del(&q->list);
	return late ? -EAGAIN : -EINTR;
}

static struct sem_undo *find_undo(const struct sem_array *sma)
{
	struct sem_undo *un;

	list_for_each_entry(un, &current->signal->sem_undos, of_process) {
		if (un->sma == sma)
			return un;
	}
	return NULL;
}

/* The running process's adjustments of set @id; or -errno. */
static struct sem_undo *get_undo(int id)
{
	struct sem_array *sma = find_set(id);
	struct sem_undo *un, *new;
	size_t size;

	if (IS_ERR(sma))
		return (void *)sma;
	un = find_undo(sma);
	if (un)
		return un;
	size = sizeof(*un) + sma->nsems * sizeof(un->adj[0]);
	atomic_inc(&sma->perm.refs);
	new = kvmalloc(size, GFP_KERNEL);
	if (!new)
		un = ERR_PTR(-ENOMEM);
	else if (sma->perm.deleted)
		un = ERR_PTR(-EIDRM);
	else
		un = find_undo(sma);
	ipc_put(&sma->perm);
	if (un) {
		kvfree(new);
		return un;
	}
	memset(new, 0, size);
	new->sma = sma;
	list_add(&new->of_process, &current->signal->sem_undos);
	list_add(&new->of_set, &sma->undos);
	return new;
}

static long do_semtimedop(int id, const struct sembuf *sops, u32 n, u64 expires)
{
	struct sem_queue q = { .task = current, .sops = sops, .nsops = n };
	struct sem_array *sma;
	bool undo = false;
	u32 i, max = 0;
	int err;

	for (i = 0; i < n; i++) {
		max = max(max, (u32)sops[i].num);
		undo |= sops[i].flg & SEM_UNDO;
		q.alter |= sops[i].op != 0;
	}
	if (undo)
		q.undo = get_undo(id);
	if (IS_ERR(q.undo))
		return PTR_ERR(q.undo);
	sma = find_set(id);
	if (IS_ERR(sma))
		return PTR_ERR(sma);
	if (max >= sma->nsems)
		return -EFBIG;
	err = ipcperms(&sma->perm, q.alter ? S_IWUGO : S_IRUGO);
	if (!err)
		err = perform(sma, &q);
	if (err == PENDING)
		return sleep_on_sems(sma, &q, expires);
	if (!err && q.alter)
		wake_pending(sma);
	return err;
}

static int get_timeout(u32 timeout, bool time64, u64 *expires)
{
	u64 ns;
	int err;

	*expires = KTIME_MAX;
	if (!timeout)
		return 0;
	err = time64 ? get_timespec64((void __user *)timeout, &ns) :
		       get_timespec32((void __user *)timeout, &ns);
	if (!err)
		*expires = ktime_after(ns);
	return err;
}

/**
 * ksys_semtimedop() - semtimedop(2)
 * @ops: user address of @n operations
 * @timeout: user address of a length of time, 0: for ever
 * @time64: which form it has
 */
long ksys_semtimedop(int id, u32 ops, u32 n, u32 timeout, bool time64)
{
	struct sembuf few[FEW_SOPS] = { { 0, 0, 0 } }, *sops = few;
	u64 expires;
	long err = get_timeout(timeout, time64, &expires);

	if (err)
		return err;
	if (!n || id < 0)
		return -EINVAL;
	if (n > sem_limits.opm)
		return -E2BIG;
	if (n > FEW_SOPS)
		sops = kvmalloc(n * sizeof(*sops), GFP_KERNEL);
	if (!sops)
		return -ENOMEM;
	err = -EFAULT;
	if (!copy_from_user(sops, (void __user *)ops, n * sizeof(*sops)))
		err = do_semtimedop(id, sops, n, expires);
	if (sops != few)
		kvfree(sops);
	return err;
}

/* ---- semctl ---- */

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
		sma = find_set(id);
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
	sma = find_set(id);
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
	sma = find_set(id);
	if (IS_ERR(sma))
		return PTR_ERR(sma);
	if (num >= sma->nsems)
		return -EINVAL;
	err = ipcperms(&sma->perm, S_IWUGO);
	if (err)
		return err;
	set_value(sma, num, (s32)val);
	sma->ctime = ipc_seconds();
	wake_pending(sma);
	return 0;
}

/* One semaphore's matter. */
static long semctl_one(int id, u32 num, u32 cmd)
{
	struct sem_array *sma = find_set(id);
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
	wake_pending(sma);
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
	struct sem_array *sma = find_set(id);
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
	struct sem_array *sma = find_set(id);
	long err;

	if (IS_ERR(sma))
		return PTR_ERR(sma);
	err = ipc_may_change(&sma->perm);
	return err ? err : remove_set(sma);
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

/* ---- system calls ---- */

SYSCALL_DEFINE(semget, s32 key, int nsems, u32 flg)
{
	return ksys_semget(key, nsems, flg);
}

SYSCALL_DEFINE(semctl, int id, int num, u32 cmd, u32 arg)
{
	return ksys_semctl(id, num, cmd, arg, false);
}

SYSCALL_DEFINE(semtimedop_time64, int id, u32 ops, u32 n, u32 timeout)
{
	return ksys_semtimedop(id, ops, n, timeout, true);
}

/* ---- the end, and reports ---- */

static void apply_undo(struct sem_undo *un)
{
	struct sem_array *sma = un->sma;
	u32 i;

	for (i = 0; i < sma->nsems; i++) {
		struct sem *sem = &sma->sems[i];

		if (!un->adj[i])
			continue;
		sem->val = clamp(sem->val + un->adj[i], 0, SEMVMX);
		sem->pid = current->tgid;
	}
	free_undo(un);
	sma->otime = ipc_seconds();
	wake_pending(sma);
}

/**
 * exit_sem() - a process has ended: its adjustments are made
 * @sig: the running process's
 */
void exit_sem(struct signal_struct *sig)
{
	struct sem_undo *un, *next;

	list_for_each_entry_safe(un, next, &sig->sem_undos, of_process)
		apply_undo(un);
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

/**
 * sem_init() - no sets yet
 */
void sem_init(void)
{
	ipc_init_ids(&sem_ids);
}

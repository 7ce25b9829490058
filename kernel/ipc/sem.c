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
 * A waiter's operations are carried out by the task that makes them possible:
 * after each change the pending ones are tried from the oldest on, and again
 * from the start when one of them has changed something.
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
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/sem.h>
#include <kernel/ipc/util.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>

#define SEM_UNDO 0x1000
#define PENDING 1 /* sem_queue::status, while it waits */
#define FEW_SOPS 8u /* so many need no memory */

struct ipc_ids sem_ids;
u32 sem_used;

struct sem_limits sem_limits = { .msl = 32000,
				 .mns = 1024000000,
				 .opm = 500,
				 .mni = 32000 };

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

/**
 * sem_remove() - IPC_RMID: those who wait get -EIDRM, adjustments are forgotten
 *
 * Return: 0.
 */
long sem_remove(struct sem_array *sma)
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

/**
 * sem_wake_pending() - values have changed: the operations that can go on do
 */
void sem_wake_pending(struct sem_array *sma)
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
	struct sem_array *sma = sem_find(id);
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
	sma = sem_find(id);
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
		sem_wake_pending(sma);
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

SYSCALL_DEFINE(semget, s32 key, int nsems, u32 flg)
{
	return ksys_semget(key, nsems, flg);
}

SYSCALL_DEFINE(semtimedop_time64, int id, u32 ops, u32 n, u32 timeout)
{
	return ksys_semtimedop(id, ops, n, timeout, true);
}

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
	sem_wake_pending(sma);
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
 * sem_init() - no sets yet
 */
void sem_init(void)
{
	ipc_init_ids(&sem_ids);
}

/* SPDX-License-Identifier: MIT */
/* Semaphores: a set, and what waits for one; sem.c and semctl.c. */
#ifndef KERNEL_IPC_SEM_H
#define KERNEL_IPC_SEM_H

#include <ashlar/list.h>
#include <kernel/ipc/util.h>
#include <kernel/task/task.h>

#define SEMVMX 32767 /* largest value */
#define SEMAEM SEMVMX /* largest adjustment */

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

extern u32 sem_used; /* semaphores of all sets */

static inline struct sem_array *sem_find(int id)
{
	return (struct sem_array *)ipc_find_id(&sem_ids, id);
}

/* ---- sem.c ---- */
long sem_remove(struct sem_array *sma);
void sem_wake_pending(struct sem_array *sma);

#endif

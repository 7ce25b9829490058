/* SPDX-License-Identifier: MIT */
/*
 * Process numbers. Each number in use is a struct pid, found in an array:
 *
 *   pids[7] ─→ pid 7 ── task (NULL once it is reaped)
 *                ↑ counted: that task, each process whose group or session it
 *                  is, each pidfd
 *
 * Numbers are given out in turn up to pid_max, then again from 300 on, so a
 * number that was just freed is not used soon.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <ashlar/xarray.h>
#include <kernel/sched/wait.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>

#define RESERVED_PIDS 300 /* not given out a second time */
#define NR_MAX 0x7fffffff

static struct xarray pids;
static struct kmem_cache *pid_cachep;

pid_t last_pid;
int pid_max = 32768;

/**
 * pid_init() - before the first task is made
 */
void pid_init(void)
{
	xa_init(&pids);
	pid_cachep = kmem_cache_create("pid", sizeof(struct pid), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC, NULL);
}

/**
 * find_pid() - a number that is in use
 * @nr: the number
 *
 * Return: it without a reference, or NULL.
 */
struct pid *find_pid(pid_t nr)
{
	return nr >= 0 ? xa_load(&pids, (unsigned long)nr) : NULL;
}

/**
 * find_task_by_pid() - a thread by its number
 * @pid: the number
 *
 * Return: it without a reference, or NULL.
 */
struct task_struct *find_task_by_pid(pid_t pid)
{
	struct pid *p = find_pid(pid);

	return p ? p->task : NULL;
}

static pid_t next_free_number(void)
{
	pid_t nr = last_pid;
	int tries;

	for (tries = 0; tries <= pid_max; tries++) {
		if (++nr >= pid_max)
			nr = pid_max > RESERVED_PIDS ? RESERVED_PIDS : 1;
		if (!find_pid(nr))
			return nr;
	}
	return 0;
}

/**
 * alloc_pid() - a number for a new task
 * @wanted: which; 0: any
 *
 * May sleep. Return: it with one reference, or ERR_PTR(-EAGAIN) if all are
 * in use, ERR_PTR(-EEXIST) if @wanted is, ERR_PTR(-ENOMEM).
 */
struct pid *alloc_pid(pid_t wanted)
{
	struct pid *pid = kmem_cache_alloc(pid_cachep, GFP_KERNEL);
	int err;

	if (!pid)
		return ERR_PTR(-ENOMEM);
	pid->task = NULL;
	atomic_set(&pid->count, 1);
	init_waitqueue_head(&pid->wait_pidfd);
	do { /* until it stays free while we wait for memory */
		pid->nr = wanted ? wanted : next_free_number();
		err = -EAGAIN;
		if (pid->nr)
			err = xa_insert(&pids, (unsigned long)pid->nr, pid,
					GFP_KERNEL);
	} while (err == -EBUSY && !wanted);
	if (err) {
		kmem_cache_free(pid_cachep, pid);
		return ERR_PTR(err == -EBUSY ? -EEXIST : err);
	}
	if (!wanted)
		last_pid = pid->nr;
	return pid;
}

/**
 * get_pid() - another reference to a number
 * @pid: the number
 */
void get_pid(struct pid *pid)
{
	atomic_inc(&pid->count);
}

/**
 * put_pid() - give a reference back; the last frees the number
 * @pid: the number, or NULL
 */
void put_pid(struct pid *pid)
{
	if (!pid || !atomic_dec_and_test(&pid->count))
		return;
	xa_erase(&pids, (unsigned long)pid->nr);
	kmem_cache_free(pid_cachep, pid);
}

/**
 * next_thread_from() - for those who list all threads by number
 * @nr: the smallest number that is of interest
 *
 * Return: the thread without a reference, or NULL.
 */
struct task_struct *next_thread_from(pid_t nr)
{
	unsigned long i = (unsigned long)max(nr, 0);
	struct pid *pid;

	for (; (pid = xa_find(&pids, &i, NR_MAX, XA_PRESENT)); i++)
		if (pid->task)
			return pid->task;
	return NULL;
}

/**
 * next_process() - for those who list all processes by number
 * @nr: the smallest number that is of interest
 *
 * Return: the process without a reference, or NULL.
 */
struct task_struct *next_process(pid_t nr)
{
	struct task_struct *t;

	while ((t = next_thread_from(nr)) && t != t->group_leader)
		nr = t->pid + 1;
	return t;
}

/**
 * set_signal_pgrp() - a process changes its group
 * @sig: the process
 * @pid: the group's number
 */
void set_signal_pgrp(struct signal_struct *sig, struct pid *pid)
{
	get_pid(pid);
	put_pid(sig->pgrp_pid);
	sig->pgrp_pid = pid;
	sig->pgrp = pid->nr;
}

/**
 * set_signal_session() - a process changes its session
 * @sig: the process
 * @pid: the session's number
 */
void set_signal_session(struct signal_struct *sig, struct pid *pid)
{
	get_pid(pid);
	put_pid(sig->session_pid);
	sig->session_pid = pid;
	sig->session = pid->nr;
}

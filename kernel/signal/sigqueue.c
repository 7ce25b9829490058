/* SPDX-License-Identifier: MIT */
/*
 * Signals that wait: a bit for each, and entries that tell more.
 *
 *   sigpending ┌ signal   bit sig - 1: it waits
 *              └ list ⇄ sigqueue ⇄ sigqueue     siginfo, oldest first
 *                         └ user ──► sigcount   entries of one user
 *
 * A user's entries are counted, and RLIMIT_SIGPENDING limits them. A timer
 * has one entry for good, which counts from when the timer is made; it is in
 * a list only while its signal waits, and is not freed there.
 *
 * Lock: siglock, one for all signals; under it nothing is called but wake-ups
 * and the slab. Interrupts send no signals: their timers ask a work to do it.
 */
#include <ashlar/list.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <kernel/init.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>
#include <kernel/time/itimer.h>
#include "internal.h"

/* How many entries wait for processes of a user. */
struct sigcount {
	struct list_head list;
	u32 uid;
	unsigned int count;
};

static struct kmem_cache *sigqueue_cache;
static LIST_HEAD(sigcounts);
spinlock_t siglock = SPIN_LOCK_UNLOCKED;

static struct sigcount *find_sigcount(u32 uid)
{
	struct sigcount *c;

	list_for_each_entry(c, &sigcounts, list)
		if (c->uid == uid)
			return c;
	return NULL;
}

/* One entry more for processes of user @uid, if there are fewer than @limit;
 * NULL: too many, or no memory. */
static struct sigcount *get_sigcount(u32 uid, unsigned long limit)
{
	struct sigcount *c = find_sigcount(uid);

	if ((c ? c->count : 0) >= limit)
		return NULL;
	if (!c) {
		c = kmalloc(sizeof(*c), GFP_ATOMIC);
		if (!c)
			return NULL;
		c->uid = uid;
		c->count = 0;
		list_add(&c->list, &sigcounts);
	}
	c->count++;
	return c;
}

static void put_sigcount(struct sigcount *c)
{
	if (--c->count)
		return;
	list_del(&c->list);
	kfree(c);
}

/**
 * sigqueue_count() - entries that wait for processes of user @uid
 */
unsigned int sigqueue_count(u32 uid)
{
	struct sigcount *c = find_sigcount(uid);

	return c ? c->count : 0;
}

/**
 * sigqueue_alloc() - an entry for a signal to @t
 * @must: RLIMIT_SIGPENDING does not count
 *
 * Context: siglock held. Return: the entry, or NULL at the limit or without
 * memory.
 */
struct sigqueue *sigqueue_alloc(struct task_struct *t, bool must)
{
	unsigned long limit = t->signal->rlim[RLIMIT_SIGPENDING].cur;
	struct sigcount *user =
		get_sigcount(t->cred->uid, must ? RLIM_INFINITY : limit);
	struct sigqueue *q;

	if (!user)
		return NULL;
	q = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC);
	if (!q) {
		put_sigcount(user);
		return NULL;
	}
	q->user = user;
	q->of_timer = false;
	return q;
}

/**
 * sigqueue_charge() - an entry that a timer has for good counts as one that
 *	waits
 * @q: the timer's
 *
 * Return: 0, or -EAGAIN if its user has as many as RLIMIT_SIGPENDING allows.
 */
int sigqueue_charge(struct sigqueue *q)
{
	struct sigcount *user =
		get_sigcount(current->cred->uid, rlimit(RLIMIT_SIGPENDING));

	if (!user)
		return -EAGAIN;
	q->user = user;
	q->of_timer = true;
	return 0;
}

/**
 * sigqueue_uncharge() - the timer goes
 */
void sigqueue_uncharge(struct sigqueue *q)
{
	put_sigcount(q->user);
}

/**
 * sigqueue_free() - an entry that is in no list is not needed
 *
 * Context: siglock held.
 */
void sigqueue_free(struct sigqueue *q)
{
	if (q->of_timer) {
		posix_timer_dequeued(q, NULL);
		return;
	}
	put_sigcount(q->user);
	kmem_cache_free(sigqueue_cache, q);
}

/* Entries of the signals in @set leave @p; timers' own stay their timers'. */
static void flush_sigqueue_mask(struct sigpending *p, sigset_t set)
{
	struct sigqueue *q, *n;

	if (!(p->signal & set))
		return;
	p->signal &= ~set;
	list_for_each_entry_safe(q, n, &p->list, list) {
		if (!(set & sigmask(q->info.si_signo)))
			continue;
		list_del_init(&q->list);
		sigqueue_free(q);
	}
}

/**
 * flush_sigqueue() - forget everything that waits in @p
 */
void flush_sigqueue(struct sigpending *p)
{
	spin_lock(&siglock);
	flush_sigqueue_mask(p, ~0ull);
	spin_unlock(&siglock);
}

/**
 * flush_sigqueue_group() - forget what waits for @t's process of @set
 *
 * Context: siglock held.
 */
void flush_sigqueue_group(struct task_struct *t, sigset_t set)
{
	struct task_struct *each;

	flush_sigqueue_mask(&t->signal->shared_pending, set);
	for_each_thread(t, each)
		flush_sigqueue_mask(&each->pending, set);
}

/**
 * signal_init() - the cache of entries
 */
void signal_init(void)
{
	sigqueue_cache = kmem_cache_create("sigqueue", sizeof(struct sigqueue),
					   0, SLAB_PANIC, NULL);
}

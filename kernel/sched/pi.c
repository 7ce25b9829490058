/* SPDX-License-Identifier: MIT */
/*
 * Futexes with an owner (FUTEX_LOCK_PI): the word holds his thread number, and
 * whoever lets go hands it to the waiter of highest priority.
 *
 *   word: owner's number | WAITERS
 *
 *   owner ── pi_locks ─► futex_q ⇄ futex_q ⇄ …       all who wait for him
 *                           │         │
 *   bucket ──────────────► futex_q ⇄ futex_q          who waits for this word
 *
 * An owner that ends leaves what he had to the next ones in the same way.
 * Simpler than in Linux: the owner is not made faster while they wait.
 *
 * Locks: buckets and pi_locks are looked at and changed without sleep in
 * between; see futex.c.
 */
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <kernel/sched/futex.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include "internal.h"

static struct futex_q *best_waiter(const struct futex_key *k)
{
	struct futex_q *q, *best = NULL;

	list_for_each_entry(q, futex_bucket(k), list) {
		if (!q->pi || !futex_same_key(&q->key, k))
			continue;
		if (!best || q->task->rt_priority > best->task->rt_priority)
			best = q;
	}
	return best;
}

/* @q gets what its old owner held; the others now wait for @q's task. */
static void hand_over(struct futex_q *q)
{
	struct futex_q *other;

	futex_wake_one(q);
	list_for_each_entry(other, futex_bucket(&q->key), list) {
		if (other->pi && futex_same_key(&other->key, &q->key))
			list_move_tail(&other->pi_node, &q->task->pi_locks);
	}
}

/* 1: taken; 0: @owner has it; or -errno. */
static int try_pi(u32 *word, struct task_struct **owner)
{
	u32 val = *word, tid = (u32)current->pid;

	if (!(val & FUTEX_TID_MASK)) {
		*word = (val & ~FUTEX_TID_MASK) | tid;
		return 1;
	}
	if ((val & FUTEX_TID_MASK) == tid)
		return -EDEADLK;
	*owner = find_task_by_pid((pid_t)(val & FUTEX_TID_MASK));
	if (!*owner || (*owner)->flags & PF_EXITING)
		return -ESRCH;
	if ((*owner)->flags & PF_KTHREAD)
		return -EPERM;
	return 0;
}

long futex_lock_pi(u32 uaddr, bool shared, u64 expires, bool wait)
{
	struct futex_q q = { .task = current, .pi = true, .uaddr = uaddr };
	struct task_struct *owner;
	struct page *page;
	u32 *word;
	int ret;

	q.bitset = FUTEX_BITSET_MATCH_ANY;
	ret = get_futex_key(uaddr, shared, &q.key);
	if (ret)
		return ret;
	word = futex_map_word(current->mm, uaddr, &page);
	if (!word)
		return -EFAULT;
	ret = try_pi(word, &owner);
	if (!ret && wait) {
		*word |= FUTEX_WAITERS;
		futex_join(&q);
		list_add_tail(&q.pi_node, &owner->pi_locks);
	}
	futex_unmap_word(word, page);
	if (ret || !wait)
		return ret > 0 ? 0 : ret ? ret : -EAGAIN;
	ret = futex_sleep(&q, expires);
	return ret == -ERESTARTSYS ? -ERESTARTNOINTR : ret;
}

long futex_unlock_pi(u32 uaddr, bool shared)
{
	struct futex_key key;
	struct futex_q *next;
	struct page *page;
	u32 *word;
	int err = get_futex_key(uaddr, shared, &key);

	if (err)
		return err;
	word = futex_map_word(current->mm, uaddr, &page);
	if (!word)
		return -EFAULT;
	if ((*word & FUTEX_TID_MASK) == (u32)current->pid) {
		next = best_waiter(&key);
		*word = next ? (u32)next->task->pid | FUTEX_WAITERS : 0;
		if (next)
			hand_over(next);
	} else {
		err = -EPERM;
	}
	futex_unmap_word(word, page);
	return err;
}

/* The first waiter for what @t holds, or NULL. */
static struct futex_q *first_waiter(struct task_struct *t)
{
	return list_empty(&t->pi_locks) ?
		       NULL :
		       list_first_entry(&t->pi_locks, struct futex_q, pi_node);
}

/* @q waits for what ends; its word lies at @word, or NULL: it is gone. */
static void leave_to(struct futex_q *q, u32 *word)
{
	q = best_waiter(&q->key);
	if (word)
		*word = (u32)q->task->pid | FUTEX_WAITERS | FUTEX_OWNER_DIED;
	hand_over(q);
}

/**
 * exit_pi_state() - an owner of PI futexes ends: the next ones own them
 * @t: current
 */
void exit_pi_state(struct task_struct *t)
{
	struct mm_struct *mm;
	struct futex_q *q;
	struct page *page;
	u32 uaddr, *word;

	while ((q = first_waiter(t))) {
		mm = q->task->mm;
		uaddr = q->uaddr;
		mmget(mm);
		word = futex_map_word(mm, uaddr, &page);
		q = first_waiter(t); /* it may be another by now */
		if (q && q->task->mm == mm && q->uaddr == uaddr)
			leave_to(q, word);
		if (word)
			futex_unmap_word(word, page);
		mmput(mm);
	}
}

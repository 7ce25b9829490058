/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a program keeps a lock in a word of its own, and comes here only
 * to sleep until the word changes, or to wake those who sleep.
 *
 *   bucket = hash(key) ── futex_q ⇄ futex_q ⇄ …      who waits, oldest first
 *
 *   key    private memory: (address space, address)
 *          shared memory:  (the file's page cache, offset)
 *
 * A waiter joins its bucket first and reads the word then: who changes the
 * word and wakes afterwards cannot miss it.
 *
 * Locks: buckets are looked at and changed without sleep in between. Where the
 * word belongs to it, it is read and written where its page lies
 * (futex_map_word), which does not sleep either: bringing it in comes first.
 *
 * Waiting for several words is in waitv.c, futexes with an owner are in pi.c,
 * what a thread leaves locked in robust.c.
 *
 * H. Franke, R. Russell, M. Kirkwood, "Fuss, Futexes and Furwocks: Fast
 * Userlevel Locking in Linux", OLS 2002.
 */
#include <ashlar/err.h>
#include <ashlar/gup.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <kernel/sched/futex.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/time/time.h>
#include "internal.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAKE_OP 5
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TRYLOCK_PI 8
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10
#define FUTEX_LOCK_PI2 13
#define FUTEX_PRIVATE_FLAG 128
#define FUTEX_CLOCK_REALTIME 256

#define BUCKETS 128

static struct list_head buckets[BUCKETS];

/**
 * futex_init() - at boot
 */
void futex_init(void)
{
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		INIT_LIST_HEAD(&buckets[i]);
}

/* ---- keys ---- */

struct list_head *futex_bucket(const struct futex_key *k)
{
	u32 h = (k->where ^ k->page * 31 ^ k->offset) * 0x9e3779b1u;

	return &buckets[h >> 25];
}

bool futex_same_key(const struct futex_key *a, const struct futex_key *b)
{
	return a->offset == b->offset && a->page == b->page &&
	       a->where == b->where;
}

/*
 * The key of a shared futex. Private memory that the program may only read can
 * be no futex (-EFAULT); another may write to the page of a file.
 */
static int shared_key(u32 uaddr, struct futex_key *k)
{
	struct page *page = get_user_page(current->mm, uaddr, true, false);
	bool read_only = IS_ERR(page), file;
	unsigned long mapping;

	if (read_only)
		page = get_user_page(current->mm, uaddr, false, false);
	if (IS_ERR(page))
		return (int)PTR_ERR(page);
	mapping = READ_ONCE(page->mapping); /* 0 once it is truncated */
	file = mapping && !(mapping & PAGE_MAPPING_ANON);
	if (file) {
		k->where = mapping;
		k->page = page->index;
	}
	put_page(page);
	return read_only && !file ? -EFAULT : 0;
}

int get_futex_key(u32 uaddr, bool shared, struct futex_key *k)
{
	if (uaddr & 3)
		return -EINVAL;
	if (!access_ok(uaddr, 4))
		return -EFAULT;
	k->where = (u32)current->mm;
	k->page = uaddr >> PAGE_SHIFT;
	k->offset = uaddr & ~PAGE_MASK;
	return shared ? shared_key(uaddr, k) : 0;
}

/* Waiters of one priority in order; real-time ones first. */
void futex_join(struct futex_q *q)
{
	struct list_head *bucket = futex_bucket(&q->key);
	struct futex_q *o;

	if (unlikely(q->task->rt_priority)) {
		list_for_each_entry(o, bucket, list) {
			if (o->task->rt_priority < q->task->rt_priority) {
				list_add_tail(&q->list, &o->list);
				return;
			}
		}
	}
	list_add_tail(&q->list, bucket);
}

/* ---- waking ---- */

void futex_wake_one(struct futex_q *q)
{
	list_del_init(&q->list);
	list_del_init(&q->pi_node);
	q->woken = true;
	wake_up_process(q->task);
}

static int wake_key(const struct futex_key *k, int nr, u32 bitset)
{
	struct list_head *bucket = futex_bucket(k);
	struct futex_q *q, *next;
	int woken = 0;

	list_for_each_entry_safe(q, next, bucket, list) {
		if (!futex_same_key(&q->key, k) || !(q->bitset & bitset))
			continue;
		if (q->pi)
			return -EINVAL;
		futex_wake_one(q);
		if (++woken >= nr)
			break;
	}
	return woken;
}

static long futex_wake(u32 uaddr, bool shared, int nr, u32 bitset)
{
	struct futex_key key;
	int err;

	if (!bitset)
		return -EINVAL;
	err = get_futex_key(uaddr, shared, &key);
	return err ?: wake_key(&key, nr, bitset);
}

/**
 * futex_wake_address() - wake waiters on a word of the running process
 * @uaddr: its address
 * @nr: at most so many
 *
 * Return: how many, or -errno.
 */
long futex_wake_address(u32 uaddr, int nr)
{
	return futex_wake(uaddr, true, nr, FUTEX_BITSET_MATCH_ANY);
}

static long futex_requeue(u32 uaddr, u32 uaddr2, bool shared, int nr_wake,
			  int nr_requeue, const u32 *expected)
{
	struct futex_key from, to;
	struct futex_q *q, *next;
	int done = 0, err;
	u32 val;

	if (nr_wake < 0 || nr_requeue < 0)
		return -EINVAL;
	err = get_futex_key(uaddr, shared, &from) ?:
		      get_futex_key(uaddr2, shared, &to);
	if (err)
		return err;
	if (expected) {
		if (get_user(val, (u32 __user *)uaddr))
			return -EFAULT;
		if (val != *expected)
			return -EAGAIN;
	}
	list_for_each_entry_safe(q, next, futex_bucket(&from), list) {
		if (!futex_same_key(&q->key, &from))
			continue;
		if (q->pi)
			return -EINVAL;
		if (done < nr_wake) {
			futex_wake_one(q);
		} else if (done - nr_wake < nr_requeue) {
			q->key = to;
			list_move_tail(&q->list, futex_bucket(&to));
		} else {
			break;
		}
		done++;
	}
	return done;
}

/*
 * The word at @uaddr of @mm, to be read and written without sleep until
 * futex_unmap_word(). May sleep itself. Return: it, or NULL: there is none, or
 * none that may be written.
 */
u32 *futex_map_word(struct mm_struct *mm, u32 uaddr, struct page **page)
{
	if (!access_ok(uaddr, 4))
		return NULL;
	*page = get_user_page(mm, uaddr, true, false);
	if (IS_ERR(*page))
		return NULL;
	return (u32 *)((char *)kmap_local_page(*page) + (uaddr & ~PAGE_MASK));
}

void futex_unmap_word(u32 *word, struct page *page)
{
	kunmap_local(word);
	put_page(page);
}

static int apply_op(u32 op, u32 uaddr, u32 *old)
{
	u32 arg = (u32)((s32)(op << 8) >> 20), *word;
	struct page *page;
	int err = 0;

	if (op & 0x80000000u)
		arg = 1u << (arg & 31);
	word = futex_map_word(current->mm, uaddr, &page);
	if (!word)
		return -EFAULT;
	*old = *word;
	switch (op >> 28 & 7) {
	case 0:
		*word = arg;
		break;
	case 1:
		*word += arg;
		break;
	case 2:
		*word |= arg;
		break;
	case 3:
		*word &= ~arg;
		break;
	case 4:
		*word ^= arg;
		break;
	default:
		err = -ENOSYS;
	}
	futex_unmap_word(word, page);
	return err;
}

static int compare(u32 op, u32 value)
{
	s32 old = (s32)value, arg = (s32)(op << 20) >> 20;

	switch (op >> 24 & 15) {
	case 0:
		return old == arg;
	case 1:
		return old != arg;
	case 2:
		return old < arg;
	case 3:
		return old <= arg;
	case 4:
		return old > arg;
	case 5:
		return old >= arg;
	}
	return -ENOSYS;
}

static long futex_wake_op(u32 uaddr, u32 uaddr2, bool shared, int nr, int nr2,
			  u32 op)
{
	struct futex_key key, key2;
	int err, hit, woken, more;
	u32 old;

	err = get_futex_key(uaddr, shared, &key) ?:
		      get_futex_key(uaddr2, shared, &key2);
	if (!err)
		err = apply_op(op, uaddr2, &old);
	if (err)
		return err;
	hit = compare(op, old);
	if (hit < 0)
		return hit;
	woken = wake_key(&key, nr, FUTEX_BITSET_MATCH_ANY);
	if (woken < 0 || !hit)
		return woken;
	more = wake_key(&key2, nr2, FUTEX_BITSET_MATCH_ANY);
	return more < 0 ? more : woken + more;
}

/* ---- waiting ---- */

/* Return: true if @q was woken; either way it is in no list afterwards. */
static bool leave_bucket(struct futex_q *q)
{
	list_del_init(&q->list);
	list_del_init(&q->pi_node);
	return q->woken;
}

/* Until woken: 0; -ETIMEDOUT; -ERESTARTSYS. Off its bucket afterwards. */
int futex_sleep(struct futex_q *q, u64 expires)
{
	int ret = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (q->woken)
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		if (expires == KTIME_MAX)
			schedule();
		else if (schedule_until(expires) && !q->woken &&
			 ktime_get() >= expires) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	set_current_state(TASK_RUNNING);
	return leave_bucket(q) ? 0 : ret;
}

static int futex_wait(u32 uaddr, bool shared, u32 val, u64 expires, u32 bitset)
{
	struct futex_q q = { .task = current, .bitset = bitset };
	u32 now;
	int err;

	if (!bitset)
		return -EINVAL;
	err = get_futex_key(uaddr, shared, &q.key);
	if (err)
		return err;
	INIT_LIST_HEAD(&q.pi_node);
	futex_join(&q);
	err = get_user(now, (u32 __user *)uaddr);
	if (!err && now != val)
		err = -EAGAIN;
	if (!err)
		return futex_sleep(&q, expires);
	/* It may have been woken while the word was brought in. */
	return leave_bucket(&q) ? 0 : err;
}

static long futex_wait_restart(struct restart_block *r)
{
	int ret = futex_wait(r->a, r->c, r->b, r->expires, r->d);

	return ret == -ERESTARTSYS ? -ERESTART_RESTARTBLOCK : ret;
}

static long futex_wait_from(u32 uaddr, bool shared, u32 val, u64 expires,
			    u32 bitset)
{
	struct restart_block *r = &current->restart_block;
	int ret = futex_wait(uaddr, shared, val, expires, bitset);

	if (ret != -ERESTARTSYS || expires == KTIME_MAX)
		return ret;
	r->fn = futex_wait_restart;
	r->expires = expires;
	r->a = uaddr;
	r->b = val;
	r->c = shared;
	r->d = bitset;
	return -ERESTART_RESTARTBLOCK;
}

/* ---- the system call ---- */

static bool takes_time(int cmd)
{
	return cmd == FUTEX_WAIT || cmd == FUTEX_WAIT_BITSET ||
	       cmd == FUTEX_LOCK_PI || cmd == FUTEX_LOCK_PI2;
}

/* A timeout as CLOCK_MONOTONIC: FUTEX_WAIT's is a length, others a time. */
static u64 futex_expires(int op, u64 ns)
{
	int cmd = op & 127;

	if (cmd == FUTEX_WAIT)
		return ktime_after(ns);
	if (cmd == FUTEX_LOCK_PI || op & FUTEX_CLOCK_REALTIME)
		return clock_to_monotonic(CLOCK_REALTIME, ns);
	return ns;
}

static long do_futex(u32 uaddr, int op, u32 val, u64 expires, u32 val2,
		     u32 uaddr2, u32 val3)
{
	bool shared = !(op & FUTEX_PRIVATE_FLAG);

	switch (op & 127) {
	case FUTEX_WAIT:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fall through */
	case FUTEX_WAIT_BITSET:
		return futex_wait_from(uaddr, shared, val, expires, val3);
	case FUTEX_WAKE:
		val3 = FUTEX_BITSET_MATCH_ANY;
		/* fall through */
	case FUTEX_WAKE_BITSET:
		return futex_wake(uaddr, shared, (int)val, val3);
	case FUTEX_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, (int)val, (int)val2,
				     NULL);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(uaddr, uaddr2, shared, (int)val, (int)val2,
				     &val3);
	case FUTEX_WAKE_OP:
		return futex_wake_op(uaddr, uaddr2, shared, (int)val, (int)val2,
				     val3);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_pi(uaddr, shared, expires, true);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(uaddr, shared, expires, false);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(uaddr, shared);
	}
	return -ENOSYS;
}

static long futex_call(u32 uaddr, int op, u32 val, u32 utime, u32 uaddr2,
		       u32 val3, bool time64)
{
	u64 ns = 0, expires = KTIME_MAX;
	int cmd = op & 127, err;

	if (op & FUTEX_CLOCK_REALTIME && cmd != FUTEX_WAIT &&
	    cmd != FUTEX_WAIT_BITSET && cmd != FUTEX_LOCK_PI2)
		return -ENOSYS;
	if (utime && takes_time(cmd)) {
		err = time64 ? get_timespec64((void __user *)utime, &ns) :
			       get_timespec32((void __user *)utime, &ns);
		if (err)
			return err;
		expires = futex_expires(op, ns);
	}
	return do_futex(uaddr, op, val, expires, utime, uaddr2, val3);
}

SYSCALL_DEFINE(futex, u32 uaddr, int op, u32 val, u32 utime, u32 uaddr2,
	       u32 val3)
{
	return futex_call(uaddr, op, val, utime, uaddr2, val3, false);
}

SYSCALL_DEFINE(futex_time64, u32 uaddr, int op, u32 val, u32 utime, u32 uaddr2,
	       u32 val3)
{
	return futex_call(uaddr, op, val, utime, uaddr2, val3, true);
}

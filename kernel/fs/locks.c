/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks: fcntl's on ranges of a file, flock's on all of it.
 *
 *   inode->i_flock: tree by start; each node knows the last end below it, so
 *   that those that meet a range are found without a look at the others
 *
 * An fcntl lock belongs to a table of descriptors (POSIX), or to an open file
 * (F_OFD_*); a flock to an open file, and minds only other flocks. One tree
 * for each inode holds all three. An owner's locks never overlap: what he
 * sets replaces what he had there, and cuts what reaches beyond.
 *
 * A caller that must wait hangs on the lock in its way. When that goes, the
 * first of its waiters is woken, and so are those that it does not hinder. The
 * others wait for the first, and then for the lock that it sets:
 *
 *   lock ─ w1 ─ w2 ─ w3      the lock goes      w1 (runs) ─ w2 ─ w3
 *                                               new lock  ─ w2 ─ w3
 *
 * A change of a flock's type gives the old one up first, and another task may
 * be faster then.
 *
 * A table of descriptors lists its waits for POSIX locks, so that a circle of
 * owners is found before it closes (-EDEADLK): from the lock in the way to its
 * owner, to the lock that this one waits for, and so on.
 *
 * Locks: none: all is looked at and changed without sleep.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/rbtree_balance.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/super.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>
#include "internal.h"
#include "file_lock.h"

#define LOCK_SH 1u
#define LOCK_EX 2u
#define LOCK_NB 4u
#define LOCK_UN 8u
#define LOCK_MAND 32u /* long gone: accepted, and does nothing */

/* A caller that waits; it lies on the caller's stack. */
struct lock_waiter {
	struct list_head list; /* among those that wait for the same */
	struct list_head behind; /* those that wait for this one */
	struct list_head of_owner; /* files_struct::lock_waits */
	const struct file_lock *want;
	/* What it waits for: one of these; nothing once it was woken. */
	const struct file_lock *lock;
	const struct lock_waiter *before;
	struct wait_queue_head wake;
};

static LIST_HEAD(all_locks);

/* ---- the tree ---- */

static bool conflicts(const struct file_lock *a, const struct file_lock *b)
{
	if (a->owner == b->owner)
		return false;
	if ((a->kind == LOCK_FLOCK) != (b->kind == LOCK_FLOCK))
		return false;
	return (a->type == F_WRLCK || b->type == F_WRLCK) &&
	       a->start <= b->end && b->start <= a->end;
}

static struct file_lock *lock_of(struct rb_node *n)
{
	return rb_entry(n, struct file_lock, node);
}

static bool reaches(const struct rb_node *n, loff_t start)
{
	return n && lock_of((struct rb_node *)n)->last_end >= start;
}

static void update_last_end(struct rb_node *n)
{
	struct file_lock *l = lock_of(n);

	l->last_end = l->end;
	if (reaches(n->rb_left, l->last_end))
		l->last_end = lock_of(n->rb_left)->last_end;
	if (reaches(n->rb_right, l->last_end))
		l->last_end = lock_of(n->rb_right)->last_end;
}

RB_DERIVED(end_callbacks, update_last_end)

static void insert_lock(struct inode *inode, struct file_lock *new)
{
	struct rb_node **link = &inode->i_flock.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = new->start < lock_of(parent)->start ? &parent->rb_left :
							     &parent->rb_right;
	}
	rb_link_node(&new->node, parent, link);
	end_callbacks.propagate(&new->node, NULL);
	rb_balance_insert(&new->node, &inode->i_flock, &end_callbacks);
}

static void erase_lock(struct inode *inode, struct file_lock *l)
{
	rb_balance_erase(&l->node, &inode->i_flock, &end_callbacks);
}

/* The first below @n, which reaches @start, that meets start … end. */
static struct file_lock *first_below(struct rb_node *n, loff_t start,
				     loff_t end)
{
	while (n) {
		if (reaches(n->rb_left, start)) {
			n = n->rb_left;
			continue;
		}
		if (lock_of(n)->start > end)
			return NULL;
		if (lock_of(n)->end >= start)
			return lock_of(n);
		n = reaches(n->rb_right, start) ? n->rb_right : NULL;
	}
	return NULL;
}

static struct file_lock *first_in(const struct inode *inode, loff_t start,
				  loff_t end)
{
	struct rb_node *root = inode->i_flock.rb_node;

	return reaches(root, start) ? first_below(root, start, end) : NULL;
}

/* The one after @l, in the order of their starts. */
static struct file_lock *next_in(struct file_lock *l, loff_t start, loff_t end)
{
	struct rb_node *n = &l->node, *child;

	if (reaches(n->rb_right, start))
		return first_below(n->rb_right, start, end);
	for (;;) {
		child = n;
		n = rb_parent(n);
		if (!n)
			return NULL;
		if (child == n->rb_right)
			continue;
		if (lock_of(n)->start > end)
			return NULL;
		if (lock_of(n)->end >= start)
			return lock_of(n);
		if (reaches(n->rb_right, start))
			return first_below(n->rb_right, start, end);
	}
}

/* All locks of a file that meet start … end; @l may go. */
#define for_each_lock(l, next, inode, start, end)     \
	for (l = first_in(inode, start, end),         \
	    next = l ? next_in(l, start, end) : NULL; \
	     l; l = next, next = l ? next_in(l, start, end) : NULL)

/* The first in the file, as F_GETLK tells it. */
struct file_lock *find_lock_conflict(const struct inode *inode,
				     const struct file_lock *want)
{
	struct file_lock *l, *next;

	for_each_lock(l, next, inode, want->start,
		      want->end) if (conflicts(l, want)) return l;
	return NULL;
}

static bool is_of(const struct file_lock *l, const struct file_lock *other)
{
	return l->owner == other->owner && l->kind == other->kind;
}

/* ---- who waits ---- */

/* @w waits for @lock or, when that is NULL, for @before. */
static void hang_on(struct lock_waiter *w, struct list_head *waiters,
		    const struct file_lock *lock,
		    const struct lock_waiter *before)
{
	w->lock = lock;
	w->before = before;
	list_add_tail(&w->list, waiters);
}

static void unhang(struct lock_waiter *w)
{
	w->lock = NULL;
	w->before = NULL;
	list_del_init(&w->list);
}

/* What @waiters waited for is gone; see the head of this file. */
static void wake_waiters(struct list_head *waiters)
{
	struct lock_waiter *w, *next, *first = NULL;

	list_for_each_entry_safe(w, next, waiters, list) {
		unhang(w);
		if (first && conflicts(w->want, first->want)) {
			hang_on(w, &first->behind, NULL, first);
			continue;
		}
		if (!first)
			first = w;
		wake_up(&w->wake);
	}
}

/* They wait for @lock now, which is as much in their way. */
static void move_waiters(struct list_head *waiters, struct file_lock *lock)
{
	struct lock_waiter *w, *next;

	list_for_each_entry_safe(w, next, waiters, list) {
		unhang(w);
		hang_on(w, &lock->waiters, lock, NULL);
	}
}

static void free_lock(struct file_lock *l)
{
	wake_waiters(&l->waiters);
	list_del(&l->all);
	kfree(l);
}

/* ---- change ---- */

/*
 * Take @range out of what its owner has there. Return: true if a lock was cut
 * into two, whose second half is @spare now.
 */
static bool cut_locks(struct inode *inode, const struct file_lock *range,
		      struct file_lock *spare)
{
	struct file_lock *l, *next;

	for_each_lock(l, next, inode, range->start, range->end)
	{
		if (!is_of(l, range))
			continue;
		if (l->start < range->start && l->end > range->end) {
			*spare = *l;
			INIT_LIST_HEAD(&spare->waiters);
			wake_waiters(&l->waiters);
			list_add(&spare->all, &l->all);
			spare->start = range->end + 1;
			insert_lock(inode, spare);
			l->end = range->start - 1;
			end_callbacks.propagate(&l->node, NULL);
			return true;
		}
		erase_lock(inode, l);
		if (l->start >= range->start && l->end <= range->end) {
			free_lock(l);
			continue;
		}
		wake_waiters(&l->waiters);
		if (l->start < range->start)
			l->end = range->start - 1;
		else
			l->start = range->end + 1;
		insert_lock(inode, l);
	}
	return false;
}

/* Add @new, with its neighbours of one owner and type in it. */
static void merge_lock(struct inode *inode, struct file_lock *new)
{
	loff_t start = max(new->start, (loff_t)1) - 1;
	loff_t end = min(new->end, OFFSET_MAX - 1) + 1;
	struct file_lock *l, *next;

	for_each_lock(l, next, inode, start, end)
	{
		if (!is_of(l, new) || l->type != new->type)
			continue;
		new->start = min(new->start, l->start);
		new->end = max(new->end, l->end);
		move_waiters(&l->waiters, new);
		erase_lock(inode, l);
		free_lock(l);
	}
	insert_lock(inode, new);
}

/* Memory for what a change of locks may need. */
struct lock_memory {
	struct file_lock *new, *spare;
};

/*
 * Set @want, or F_UNLCK: nothing is in the way. It does not sleep; what it
 * uses of @mem is not there any more. Return: the lock, or NULL.
 */
static struct file_lock *apply_lock(struct inode *inode,
				    const struct file_lock *want,
				    struct lock_memory *mem)
{
	struct file_lock *new = mem->new;

	if (cut_locks(inode, want, mem->spare))
		mem->spare = NULL;
	if (!new)
		return NULL; /* F_UNLCK */
	mem->new = NULL;
	*new = *want;
	INIT_LIST_HEAD(&new->waiters);
	new->inode = inode;
	list_add(&new->all, &all_locks);
	merge_lock(inode, new);
	return new;
}

/* ---- waiting ---- */

/* The owner of the POSIX lock that @files waits for, or NULL. */
static const void *waits_for(const struct files_struct *files)
{
	const struct file_lock *l;
	const struct lock_waiter *w;

	list_for_each_entry(w, &files->lock_waits, of_owner) {
		l = w->before ? w->before->want : w->lock;
		if (l && l->kind == LOCK_POSIX)
			return l->owner;
	}
	return NULL;
}

/*
 * True if @owner, waiting for @blocker, would close a circle. Others may have
 * closed one of their own, by their threads: @seen, a place on the way that
 * moves on after 1, 2, 4, 8 … steps, is met again then.
 */
static bool deadlock(const void *owner, const void *blocker)
{
	unsigned int steps = 0, mark = 1;
	const void *seen = NULL;

	while (blocker && blocker != owner && blocker != seen) {
		if (++steps == mark) {
			seen = blocker;
			mark *= 2;
		}
		blocker = waits_for(blocker);
	}
	return blocker == owner;
}

static int wait_for(struct lock_waiter *w, struct file_lock *blocker)
{
	struct files_struct *files = w->want->owner;
	bool posix = w->want->kind == LOCK_POSIX;
	int ret;

	/* They may get now what @w cannot. */
	wake_waiters(&w->behind);
	if (posix && blocker->kind == LOCK_POSIX &&
	    deadlock(files, blocker->owner))
		return -EDEADLK;
	hang_on(w, &blocker->waiters, blocker, NULL);
	if (posix)
		list_add(&w->of_owner, &files->lock_waits);
	ret = wait_event_interruptible(&w->wake, !w->lock && !w->before);
	if (posix)
		list_del(&w->of_owner);
	unhang(w);
	return ret;
}

/*
 * Those that waited for @w wait for what it set. But if another thread of @w's
 * owner waits, a circle could close so, and they look for it.
 */
static void pass_on(struct lock_waiter *w, struct file_lock *set)
{
	const struct files_struct *files = w->want->owner;

	if (set && (set->kind != LOCK_POSIX || list_empty(&files->lock_waits)))
		move_waiters(&w->behind, set);
	else
		wake_waiters(&w->behind);
}

/* What its owner has there goes. Return: true if that is @want already. */
static bool give_up_flock(struct inode *inode, const struct file_lock *want)
{
	struct file_lock *l, *next;

	for_each_lock(l, next, inode, want->start, want->end)
	{
		if (!is_of(l, want))
			continue;
		if (l->type == want->type)
			return true;
		erase_lock(inode, l);
		free_lock(l);
		break;
	}
	return false;
}

static int wait_and_apply(struct inode *inode, const struct file_lock *want,
			  bool wait, struct lock_memory *mem)
{
	struct lock_waiter w = { .want = want };
	struct file_lock *blocker;
	int err = 0;

	if (want->kind == LOCK_FLOCK && want->type != F_UNLCK &&
	    give_up_flock(inode, want))
		return 0;
	INIT_LIST_HEAD(&w.list);
	INIT_LIST_HEAD(&w.behind);
	init_waitqueue_head(&w.wake);
	while (!err && want->type != F_UNLCK &&
	       (blocker = find_lock_conflict(inode, want)))
		err = wait ? wait_for(&w, blocker) : -EAGAIN;
	pass_on(&w, err ? NULL : apply_lock(inode, want, mem));
	return err;
}

/* Memory comes first: between the look at the others and the change of the
 * list nothing sleeps. */
int set_file_lock(struct inode *inode, const struct file_lock *want, bool wait)
{
	struct lock_memory mem = { .spare =
					   kmalloc(sizeof(*want), GFP_KERNEL) };
	int err = -ENOLCK;

	if (want->type != F_UNLCK)
		mem.new = kmalloc(sizeof(*want), GFP_KERNEL);
	if (mem.spare && (mem.new || want->type == F_UNLCK))
		err = wait_and_apply(inode, want, wait, &mem);
	kfree(mem.spare);
	kfree(mem.new);
	return err;
}

/* ---- flock ---- */

SYSCALL_DEFINE(flock, unsigned int fd, u32 cmd)
{
	struct file_lock fl = { .kind = LOCK_FLOCK,
				.end = OFFSET_MAX,
				.pid = current->tgid };
	struct fd f;
	long err;

	if (cmd & LOCK_MAND)
		return 0;
	switch (cmd & ~LOCK_NB) {
	case LOCK_SH:
		fl.type = F_RDLCK;
		break;
	case LOCK_EX:
		fl.type = F_WRLCK;
		break;
	case LOCK_UN:
		fl.type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	f = fdget(fd);
	if (!f.file)
		return -EBADF;
	fl.owner = f.file;
	err = set_file_lock(f.file->f_inode, &fl, !(cmd & LOCK_NB));
	fdput(f);
	return err;
}

/* ---- what goes by itself ---- */

static void remove_locks(struct inode *inode, const void *owner)
{
	struct file_lock *l, *next;

	for_each_lock(l, next, inode, 0, OFFSET_MAX)
	{
		if (l->owner != owner)
			continue;
		erase_lock(inode, l);
		free_lock(l);
	}
}

/** locks_remove_posix() - a table closed some descriptor of a file */
void locks_remove_posix(struct file *f, struct files_struct *files)
{
	remove_locks(f->f_inode, files);
}

/** locks_remove_file() - an open file is closed for good */
void locks_remove_file(struct file *f)
{
	remove_locks(f->f_inode, f);
}

/** show_locks() - /proc/locks: every lock and lease that is held */
void show_locks(struct seq_file *m)
{
	static const char *const kinds[] = { "POSIX ", "OFDLCK", "FLOCK " };
	const struct file_lock *l;
	unsigned int nr = 0;
	u32 dev;

	list_for_each_entry(l, &all_locks, all) {
		dev = l->inode->i_sb->s_dev;
		seq_printf(m, "%u: %s ADVISORY  %s %d %02x:%02x:%llu ", ++nr,
			   kinds[l->kind],
			   l->type == F_WRLCK ? "WRITE" : "READ",
			   l->kind == LOCK_OFD ? -1 : l->pid, MAJOR(dev),
			   MINOR(dev), l->inode->i_ino);
		if (l->end == OFFSET_MAX)
			seq_printf(m, "%lld EOF\n", l->start);
		else
			seq_printf(m, "%lld %lld\n", l->start, l->end);
	}
	show_leases(m, nr);
}

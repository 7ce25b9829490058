/* SPDX-License-Identifier: MIT */
/*
 * epoll: a set of descriptors that remembers which of them may be ready.
 *
 *   eventpoll ┌ items: tree by file and fd     what is watched
 *             ├ ready ─→ epitem                whose queue was woken
 *             └ wait                           who waits for a ready one
 *   epitem ──→ hooks: one in each queue that its file's poll() named
 *   file->f_ep ─→ epitem ─→ …                  whoever watches that file
 *
 * A hook's wake-up, perhaps in an interrupt, puts its item on the ready list
 * and wakes the waiters, no more. Who collects events asks each ready file
 * again: one that is still ready goes back to the list's end, unless it is
 * edge-triggered.
 *
 * An item has no reference to its file: it goes when the file is released.
 *
 * Locks: eventpoll.lock around whatever adds, changes or removes an item by
 * number, and around collecting; both may sleep, the one for the memory of
 * hooks, the other where a program gets its events. A file that is released
 * takes its items with it at any time but in those two, where it is in use or
 * its item was left; that, and asking a file what is ready, does not sleep.
 * The ready list is changed with interrupts off.
 *
 * Wake-ups are an interface: of a file watched by its edges a program sees each
 * one whose key (wait.h) has something that it asks for. tests/machine/edges.c
 * goes through all kinds of files.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/rbtree.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/time/clock.h>
#include <mach/irqflags.h>
#include "internal.h"

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

#define EPOLLEXCLUSIVE (1u << 28)
#define EPOLLWAKEUP (1u << 29)
#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)
#define EP_PRIVATE (EPOLLEXCLUSIVE | EPOLLWAKEUP | EPOLLONESHOT | EPOLLET)
/* What EPOLLEXCLUSIVE may be given with. */
#define EP_EXCLUSIVE_OK                                                 \
	(POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | \
	 EPOLLEXCLUSIVE)

#define EP_MAX_NESTS 4
#define EP_MAX_EVENTS (0x7fffffff / 12)

struct epoll_event {
	u32 events;
	u64 data;
} __attribute__((packed));

struct eventpoll {
	struct rw_semaphore lock; /* only ever taken for writing */
	struct rb_root items;
	struct list_head ready;
	struct wait_queue_head wait; /* epoll_wait */
	struct wait_queue_head poll_wait; /* who watches the set itself */
};

struct epitem {
	struct rb_node node; /* eventpoll::items */
	struct list_head ready; /* eventpoll::ready, or empty */
	struct epitem *next_watcher, **link; /* file->f_ep; who points here */
	struct ep_hook *hooks;
	struct eventpoll *ep;
	struct file *file;
	unsigned int fd;
	struct epoll_event event;
};

struct ep_hook {
	struct wait_queue_entry wait;
	struct wait_queue_head *queue;
	struct ep_hook *next;
};

/* An item that is being hooked into its file's queues. */
struct ep_table {
	struct poll_table pt;
	struct epitem *item;
	bool error;
};

static const struct file_operations eventpoll_fops;

/* ---- from a wake-up to the ready list ---- */

static void mark_ready(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned long flags = local_irq_save();

	if (list_empty(&item->ready))
		list_add_tail(&item->ready, &ep->ready);
	local_irq_restore(flags);
	wake_up(&ep->wait);
	wake_up_poll(&ep->poll_wait, POLLIN | POLLRDNORM);
}

static int ep_callback(struct wait_queue_entry *w, u32 key)
{
	struct epitem *item = w->private;
	bool awaited = !list_empty(&item->ep->wait.head);
	u32 events = item->event.events & ~EP_PRIVATE;

	if (!events || (key != WAKE_ANY && !(key & events)))
		return 0;
	mark_ready(item);
	return awaited;
}

static void ep_hook_queue(struct poll_table *pt, struct wait_queue_head *q)
{
	struct ep_table *t = container_of(pt, struct ep_table, pt);
	struct ep_hook *h = kmalloc(sizeof(*h), GFP_KERNEL);

	if (!h) {
		t->error = true;
		return;
	}
	init_wait_entry(&h->wait);
	h->wait.func = ep_callback;
	h->wait.private = t->item;
	h->wait.exclusive = t->item->event.events & EPOLLEXCLUSIVE;
	h->queue = q;
	h->next = t->item->hooks;
	t->item->hooks = h;
	add_wait_queue(q, &h->wait);
}

/* What is ready of what the item asks for. */
static u32 item_poll(const struct epitem *item)
{
	return vfs_poll(item->file, NULL) & item->event.events & ~EP_PRIVATE;
}

/* ---- items ---- */

static struct epitem *item_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct epitem, node) : NULL;
}

/* Where an item is in the tree, or would be, below *@parent. */
static struct rb_node **item_link(struct eventpoll *ep, const struct file *file,
				  unsigned int fd, struct rb_node **parent)
{
	struct rb_node **link = &ep->items.rb_node;

	*parent = NULL;
	while (*link) {
		const struct epitem *item = item_of(*link);

		if (item->file == file && item->fd == fd)
			break;
		*parent = *link;
		if (file < item->file || (file == item->file && fd < item->fd))
			link = &(*link)->rb_left;
		else
			link = &(*link)->rb_right;
	}
	return link;
}

static struct epitem *find_item(struct eventpoll *ep, const struct file *file,
				unsigned int fd)
{
	struct rb_node *parent;

	return item_of(*item_link(ep, file, fd, &parent));
}

static void insert_item(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	struct rb_node *parent, **link;

	link = item_link(ep, item->file, item->fd, &parent);
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &ep->items);
	item->link = (struct epitem **)&item->file->f_ep;
	item->next_watcher = *item->link;
	if (item->next_watcher)
		item->next_watcher->link = &item->next_watcher;
	*item->link = item;
}

static void remove_item(struct epitem *item)
{
	unsigned long flags;
	struct ep_hook *h;

	while ((h = item->hooks)) {
		item->hooks = h->next;
		remove_wait_queue(h->queue, &h->wait);
		kfree(h);
	}
	*item->link = item->next_watcher;
	if (item->next_watcher)
		item->next_watcher->link = item->link;
	flags = local_irq_save();
	list_del(&item->ready);
	local_irq_restore(flags);
	rb_erase(&item->node, &item->ep->items);
	kfree(item);
}

/** eventpoll_release() - a file is closed for good: take it out of all sets */
void eventpoll_release(struct file *file)
{
	while (file->f_ep)
		remove_item(file->f_ep);
}

/* True if @ep is watched through @file, itself a set, or that is too deep. */
static bool watches(const struct file *file, const struct eventpoll *ep,
		    int depth)
{
	const struct eventpoll *inner = file->private_data;
	struct rb_node *n;

	if (file->f_op != &eventpoll_fops)
		return false;
	if (inner == ep || depth >= EP_MAX_NESTS)
		return true;
	for (n = rb_first(&inner->items); n; n = rb_next(n))
		if (watches(item_of(n)->file, ep, depth + 1))
			return true;
	return false;
}

static int add_item(struct eventpoll *ep, struct file *file, unsigned int fd,
		    const struct epoll_event *event)
{
	struct ep_table t = { .pt.queue = ep_hook_queue };
	struct epitem *item = kzalloc(sizeof(*item), GFP_KERNEL);
	u32 mask;

	if (!item)
		return -ENOMEM;
	if (watches(file, ep, 0)) {
		kfree(item);
		return -ELOOP;
	}
	INIT_LIST_HEAD(&item->ready);
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->event = *event;
	item->event.events |= POLLERR | POLLHUP;
	insert_item(item);
	t.item = item;
	mask = vfs_poll(file, &t.pt) & item->event.events & ~EP_PRIVATE;
	if (t.error) {
		remove_item(item);
		return -ENOMEM;
	}
	if (mask)
		mark_ready(item);
	return 0;
}

static int modify_item(struct epitem *item, const struct epoll_event *event)
{
	item->event = *event;
	item->event.events |= POLLERR | POLLHUP;
	if (item_poll(item))
		mark_ready(item);
	return 0;
}

/* EPOLLEXCLUSIVE is for files alone, and stays as it was given. */
static int check_exclusive(int op, const struct file *file,
			   const struct epitem *item, u32 events)
{
	if (op == EPOLL_CTL_MOD)
		events |= item ? item->event.events & EPOLLEXCLUSIVE : 0;
	if (op == EPOLL_CTL_DEL || !(events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || file->f_op == &eventpoll_fops ||
	    events & ~EP_EXCLUSIVE_OK)
		return -EINVAL;
	return 0;
}

static int ep_control(struct file *epf, int op, struct file *file,
		      unsigned int fd, const struct epoll_event *event)
{
	struct eventpoll *ep = epf->private_data;
	struct epitem *item;

	item = find_item(ep, file, fd);
	if (check_exclusive(op, file, item, event->events))
		return -EINVAL;
	if (op == EPOLL_CTL_ADD)
		return item ? -EEXIST : add_item(ep, file, fd, event);
	if (op != EPOLL_CTL_DEL && op != EPOLL_CTL_MOD)
		return -EINVAL;
	if (!item)
		return -ENOENT;
	if (op == EPOLL_CTL_MOD)
		return modify_item(item, event);
	remove_item(item);
	return 0;
}

static int ep_check(const struct file *epf, const struct file *file)
{
	if (!file->f_op->poll)
		return -EPERM;
	return epf->f_op != &eventpoll_fops || epf == file ? -EINVAL : 0;
}

SYSCALL_DEFINE(epoll_ctl, unsigned int epfd, int op, unsigned int fd,
	       const struct epoll_event __user *user)
{
	struct epoll_event event = { .events = 0 };
	struct eventpoll *ep;
	struct fd epf, f;
	long ret = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, user, sizeof(event)))
		return -EFAULT;
	epf = fdget(epfd);
	f = fdget(fd);
	if (epf.file && f.file)
		ret = ep_check(epf.file, f.file);
	if (!ret) {
		ep = epf.file->private_data;
		down_write(&ep->lock);
		ret = ep_control(epf.file, op, f.file, fd, &event);
		up_write(&ep->lock);
	}
	fdput(f);
	fdput(epf);
	return ret;
}

/* ---- collecting ---- */

static struct epitem *take_ready(struct list_head *list)
{
	unsigned long flags = local_irq_save();
	struct epitem *item = NULL;

	if (!list_empty(list)) {
		item = list_first_entry(list, struct epitem, ready);
		list_del_init(&item->ready);
	}
	local_irq_restore(flags);
	return item;
}

/* Items that stay ready go to @again, so that each is asked once. */
static int collect(struct eventpoll *ep, struct epoll_event __user *events,
		   int max, struct list_head *again)
{
	struct epoll_event e;
	struct epitem *item;
	unsigned long flags;
	int n = 0;

	while (n < max && (item = take_ready(&ep->ready))) {
		e.events = item_poll(item);
		e.data = item->event.data;
		if (!e.events)
			continue;
		if (!(item->event.events & (EPOLLET | EPOLLONESHOT))) {
			flags = local_irq_save();
			if (list_empty(&item->ready))
				list_add_tail(&item->ready, again);
			local_irq_restore(flags);
		}
		if (item->event.events & EPOLLONESHOT)
			item->event.events &= EP_PRIVATE;
		if (copy_to_user(&events[n], &e, sizeof(e)))
			return n ? n : -EFAULT;
		n++;
	}
	return n;
}

static int send_events(struct eventpoll *ep, struct epoll_event __user *events,
		       int max)
{
	LIST_HEAD(again);
	struct epitem *item;
	unsigned long flags;
	int n;

	down_write(&ep->lock);
	n = collect(ep, events, max, &again);
	while ((item = take_ready(&again))) {
		flags = local_irq_save();
		list_add_tail(&item->ready, &ep->ready);
		local_irq_restore(flags);
	}
	up_write(&ep->lock);
	return n;
}

static int ep_sleep(struct eventpoll *ep, u64 *expires)
{
	struct wait_queue_entry w;
	int ret = 0;

	init_wait_entry(&w);
	prepare_to_wait(&ep->wait, &w, TASK_INTERRUPTIBLE);
	if (list_empty(&ep->ready)) {
		if (signal_pending(current))
			ret = -EINTR;
		else if (*expires == NEVER)
			schedule();
		else if (schedule_until(*expires))
			*expires = 0;
	}
	finish_wait(&ep->wait, &w);
	return ret;
}

static long ep_wait(struct eventpoll *ep, struct epoll_event __user *events,
		    int max, u64 expires)
{
	int n;

	for (;;) {
		n = send_events(ep, events, max);
		if (n || !expires)
			return n;
		n = ep_sleep(ep, &expires);
		if (n)
			return n;
	}
}

static long do_epoll_wait(unsigned int epfd, struct epoll_event __user *events,
			  int max, u64 expires)
{
	struct fd f;
	long ret = -EINVAL;

	if (max <= 0 || max > EP_MAX_EVENTS)
		return -EINVAL;
	if (!access_ok(events, (u32)max * sizeof(*events)))
		return -EFAULT;
	f = fdget(epfd);
	if (!f.file)
		return -EBADF;
	if (f.file->f_op == &eventpoll_fops)
		ret = ep_wait(f.file->private_data, events, max, expires);
	fdput(f);
	return ret;
}

static u64 expiry_ms(int timeout)
{
	if (timeout <= 0)
		return timeout ? NEVER : 0;
	return ktime_get() + (u64)timeout * NSEC_PER_MSEC;
}

SYSCALL_DEFINE(epoll_wait, unsigned int epfd, struct epoll_event __user *events,
	       int max, int timeout)
{
	return do_epoll_wait(epfd, events, max, expiry_ms(timeout));
}

static long ep_pwait(unsigned int epfd, struct epoll_event __user *events,
		     int max, u64 expires, const sigset_t __user *mask,
		     u32 size)
{
	long ret = use_sigmask(mask, size);

	if (ret)
		return ret;
	ret = do_epoll_wait(epfd, events, max, expires);
	restore_sigmask(mask, ret == -EINTR);
	return ret;
}

SYSCALL_DEFINE(epoll_pwait, unsigned int epfd,
	       struct epoll_event __user *events, int max, int timeout,
	       const sigset_t __user *mask, u32 size)
{
	return ep_pwait(epfd, events, max, expiry_ms(timeout), mask, size);
}

SYSCALL_DEFINE(epoll_pwait2, unsigned int epfd,
	       struct epoll_event __user *events, int max,
	       const void __user *timeout, const sigset_t __user *mask,
	       u32 size)
{
	u64 expires;
	int err = get_expiry(timeout, TIMESPEC64, &expires);

	return err ? err : ep_pwait(epfd, events, max, expires, mask, size);
}

/* ---- the set as a file ---- */

static u32 eventpoll_poll(struct file *f, struct poll_table *pt)
{
	struct eventpoll *ep = f->private_data;
	const struct epitem *item;

	poll_wait(&ep->poll_wait, pt);
	list_for_each_entry(item, &ep->ready, ready)
		if (item_poll(item))
			return POLLIN | POLLRDNORM;
	return 0;
}

static void ep_release(struct file *f)
{
	struct eventpoll *ep = f->private_data;
	struct rb_node *n, *next;

	for (n = rb_first(&ep->items); n; n = next) {
		next = rb_next(n);
		remove_item(item_of(n));
	}
	kfree(ep);
}

static const struct file_operations eventpoll_fops = {
	.llseek = noop_llseek,
	.poll = eventpoll_poll,
	.release = ep_release,
};

SYSCALL_DEFINE(epoll_create1, u32 flags)
{
	struct eventpoll *ep;
	int fd;

	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	ep = kmalloc(sizeof(*ep), GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	init_rwsem(&ep->lock);
	ep->items = RB_ROOT;
	INIT_LIST_HEAD(&ep->ready);
	init_waitqueue_head(&ep->wait);
	init_waitqueue_head(&ep->poll_wait);
	fd = anon_inode_getfd("anon_inode:[eventpoll]", &eventpoll_fops, ep,
			      O_RDWR | flags);
	if (fd < 0)
		kfree(ep);
	return fd;
}

SYSCALL_DEFINE(epoll_create, int size)
{
	return size > 0 ? sys_epoll_create1(0) : -EINVAL;
}

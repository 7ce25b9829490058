/* SPDX-License-Identifier: MIT */
/*
 * Timers as descriptors: read gives how often one has run out since the last
 * read, and waits if that is never.
 *
 * One that repeats runs again when somebody has looked: catch_up() counts what
 * it missed.
 *
 * One with TFD_TIMER_CANCEL_ON_SET tells by ECANCELED that the time of day was
 * set, which its owner may want to look at.
 */
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/slab.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/time/time.h>
#include <kernel/time/timer.h>
#include <mach/irqflags.h>

#define TFD_TIMER_ABSTIME 1
#define TFD_TIMER_CANCEL_ON_SET 2
#define TFD_SETTIME_FLAGS (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)

struct timerfd {
	struct timer timer;
	struct wait_queue_head wait;
	u64 ticks; /* since the last read; changed by the interrupt */
	bool expired; /* and not started again */
	u64 interval; /* ns; 0: once */
	int clock;
	struct list_head cancel; /* in cancel_list: TFD_TIMER_CANCEL_ON_SET */
	bool clock_was_set; /* meanwhile; the next read says so */
};

static LIST_HEAD(cancel_list);

/* Runs in the timer interrupt. */
static void timerfd_expired(struct timer *timer)
{
	struct timerfd *t = container_of(timer, struct timerfd, timer);

	t->ticks++;
	t->expired = true;
	wake_up_poll(&t->wait, POLLIN | POLLRDNORM);
}

/* A timer that repeats and has run out goes on, as if it had never stopped. */
static void catch_up(struct timerfd *t)
{
	if (!t->expired)
		return;
	t->expired = false;
	if (!t->interval)
		return;
	t->ticks += timer_forward(&t->timer, t->interval);
	timer_start(&t->timer, t->timer.expires);
}

/**
 * timerfd_clock_was_set() - CLOCK_REALTIME was set
 */
void timerfd_clock_was_set(void)
{
	struct timerfd *t;

	list_for_each_entry(t, &cancel_list, cancel) {
		t->clock_was_set = true;
		t->ticks++;
		wake_up_poll(&t->wait, POLLIN | POLLRDNORM);
	}
}

static void set_cancel(struct timerfd *t, int flags)
{
	list_del_init(&t->cancel);
	if (flags == TFD_SETTIME_FLAGS && clock_is_wall(t->clock))
		list_add(&t->cancel, &cancel_list);
}

/* True if the clock was set since the timer was, or since the last look. */
static bool was_cancelled(struct timerfd *t)
{
	if (!t->clock_was_set || list_empty(&t->cancel))
		return false;
	t->clock_was_set = false;
	return true;
}

static u64 take_ticks(struct timerfd *t)
{
	unsigned long flags = local_irq_save();
	u64 ticks;

	catch_up(t);
	ticks = t->ticks;
	t->ticks = 0;
	local_irq_restore(flags);
	return ticks;
}

static ssize_t timerfd_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct timerfd *t = f->private_data;
	u64 ticks;
	int err;

	(void)pos;
	if (to->count < sizeof(ticks))
		return -EINVAL;
	while (!(ticks = take_ticks(t))) {
		if (f->f_flags & O_NONBLOCK)
			return was_cancelled(t) ? -ECANCELED : -EAGAIN;
		err = wait_event_interruptible(&t->wait, t->ticks);
		if (err)
			return err;
	}
	if (was_cancelled(t))
		return -ECANCELED;
	return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ?
		       (ssize_t)sizeof(ticks) :
		       -EFAULT;
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
	struct timerfd *t = f->private_data;

	poll_wait(&t->wait, pt);
	return t->ticks ? POLLIN | POLLRDNORM : 0;
}

static void timerfd_release(struct file *f)
{
	struct timerfd *t = f->private_data;

	timer_stop(&t->timer);
	list_del(&t->cancel);
	kfree(t);
}

static const struct file_operations timerfd_fops = {
	.llseek = noop_llseek,
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
};

static int check_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		return 0;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return capable(CAP_WAKE_ALARM) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

SYSCALL_DEFINE(timerfd_create, int clock, u32 flags)
{
	int err = check_clock(clock), fd;
	struct timerfd *t;

	if (flags & ~(u32)(O_NONBLOCK | O_CLOEXEC))
		return -EINVAL;
	if (err)
		return err;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	timer_setup(&t->timer, timerfd_expired);
	init_waitqueue_head(&t->wait);
	t->clock = clock;
	INIT_LIST_HEAD(&t->cancel);
	fd = anon_inode_getfd("anon_inode:[timerfd]", &timerfd_fops, t,
			      O_RDWR | flags);
	if (fd < 0)
		kfree(t);
	return fd;
}

/* The interval and the time that is left; ns. */
static void read_timer(struct timerfd *t, u64 now[2])
{
	unsigned long flags = local_irq_save();
	u64 time;

	catch_up(t);
	time = timer_now(&t->timer);
	now[0] = t->interval;
	now[1] = 0;
	if (t->timer.active)
		now[1] = t->timer.expires > time ? t->timer.expires - time : 1;
	local_irq_restore(flags);
}

static int set_timer(struct file *f, int flags, const u64 spec[2], u64 old[2])
{
	struct timerfd *t = f->private_data;

	if (f->f_op != &timerfd_fops || flags & ~TFD_SETTIME_FLAGS)
		return -EINVAL;
	set_cancel(t, flags);
	read_timer(t, old);
	timer_stop(&t->timer);
	t->interval = 0; /* nothing goes on */
	take_ticks(t);
	t->interval = spec[0];
	if (!spec[1])
		return 0;
	t->timer.wall = flags & TFD_TIMER_ABSTIME && clock_is_wall(t->clock);
	timer_start(&t->timer,
		    flags & TFD_TIMER_ABSTIME ? spec[1] : ktime_after(spec[1]));
	return was_cancelled(t) ? -ECANCELED : 0;
}

static int timerfd_settime(int fd, int flags, const u64 spec[2], u64 old[2])
{
	struct fd f = fdget((unsigned int)fd);
	int err = f.file ? set_timer(f.file, flags, spec, old) : -EBADF;

	fdput(f);
	return err;
}

static int timerfd_gettime(int fd, u64 now[2])
{
	struct fd f = fdget((unsigned int)fd);
	int err = -EBADF;

	if (f.file) {
		err = f.file->f_op == &timerfd_fops ? 0 : -EINVAL;
		if (!err)
			read_timer(f.file->private_data, now);
	}
	fdput(f);
	return err;
}

SYSCALL_DEFINE(timerfd_settime, int fd, int flags,
	       const struct timespec32 __user *from,
	       struct timespec32 __user *to)
{
	u64 spec[2], old[2];
	int err = get_timespec32(&from[0], &spec[0]) ?:
			  get_timespec32(&from[1], &spec[1]);

	err = err ?: timerfd_settime(fd, flags, spec, old);
	if (err || !to)
		return err;
	return put_timespec32(old[0], &to[0]) ?: put_timespec32(old[1], &to[1]);
}

SYSCALL_DEFINE(timerfd_settime64, int fd, int flags,
	       const struct timespec64 __user *from,
	       struct timespec64 __user *to)
{
	u64 spec[2], old[2];
	int err = get_timespec64(&from[0], &spec[0]) ?:
			  get_timespec64(&from[1], &spec[1]);

	err = err ?: timerfd_settime(fd, flags, spec, old);
	if (err || !to)
		return err;
	return put_timespec64(old[0], &to[0]) ?: put_timespec64(old[1], &to[1]);
}

SYSCALL_DEFINE(timerfd_gettime, int fd, struct timespec32 __user *to)
{
	u64 now[2];
	int err = timerfd_gettime(fd, now);

	return err				      ?:
		       put_timespec32(now[0], &to[0]) ?:
		       put_timespec32(now[1], &to[1]);
}

SYSCALL_DEFINE(timerfd_gettime64, int fd, struct timespec64 __user *to)
{
	u64 now[2];
	int err = timerfd_gettime(fd, now);

	return err				      ?:
		       put_timespec64(now[0], &to[0]) ?:
		       put_timespec64(now[1], &to[1]);
}

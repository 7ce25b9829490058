/* SPDX-License-Identifier: MIT */
/*
 * timer_create's timers: each sends a signal when a clock shows a time.
 *
 *   timer interrupt ── timer, or a tick of a processor clock
 *        └─ schedule_work ──► worker: send_sigqueue
 *                                        └─ the program takes the signal:
 *                                           a timer that repeats runs again
 *
 * So a signal that is blocked or ignored costs nothing, however short the
 * interval: what the timer missed is counted, as overrun, when the signal is
 * taken. An ignored one runs again when its signal gets a handler. One without
 * a signal (SIGEV_NONE) never runs: where it stands follows from the clock.
 *
 * A timer has the entry of its signal in itself: sending takes no memory.
 * Deleted while that entry waits, it is freed when the entry leaves its list.
 *
 * Timers of processor clocks are looked at in the timer interrupt while
 * their process runs: as exact as a tick.
 *
 * Locks: interrupts are off where the timer interrupt looks (cpu_timers).
 */
#include <ashlar/rbtree.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <kernel/sched/workqueue.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/itimer.h>
#include <kernel/time/time.h>
#include <mach/irqflags.h>

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

#define OVERRUN_MAX 0x7fffffffu

struct sigevent { /* as timer_create passes it */
	u32 value;
	s32 signo, notify;
	s32 tid;
	u32 pad[12];
};

struct k_itimer {
	struct rb_node node; /* signal_struct::posix_timers, by id */
	struct list_head cpu_list; /* signal_struct::cpu_timers: it runs */
	struct signal_struct *signal;
	int id;
	int clock;
	int notify; /* SIGEV_* */
	pid_t tid; /* SIGEV_THREAD_ID */
	struct timer timer; /* processor clocks use its expires alone */
	struct work_struct work;
	struct sigqueue q;
	u64 interval; /* ns; 0: once */
	u64 overrun; /* of the signal that waits */
	u32 last_overrun; /* of the one delivered last */
	bool waiting; /* repeats; runs again when its signal is taken */
	bool ignored; /* its signal was not wanted */
	bool deleted;
};

/* ---- running ---- */

static bool is_running(const struct k_itimer *t)
{
	return t->timer.active || !list_empty(&t->cpu_list);
}

static void run(struct k_itimer *t)
{
	unsigned long flags;

	if (t->notify == SIGEV_NONE)
		return;
	if (!clock_is_cpu(t->clock)) {
		timer_start(&t->timer, t->timer.expires);
		return;
	}
	flags = local_irq_save();
	list_add(&t->cpu_list, &t->signal->cpu_timers);
	local_irq_restore(flags);
}

static u64 clock_now(const struct k_itimer *t)
{
	u64 now = 0;

	if (!clock_is_cpu(t->clock))
		return timer_now(&t->timer);
	posix_clock_read(t->clock, &now); /* of an ended thread: 0 */
	return now;
}

/* The next time of one that repeats and does not run; counts those missed. */
static void forward(struct k_itimer *t)
{
	u64 now, missed = 0;

	if (!clock_is_cpu(t->clock)) {
		t->overrun += timer_forward(&t->timer, t->interval);
		return;
	}
	now = clock_now(t);
	if (now > t->timer.expires)
		missed = (now - t->timer.expires) / t->interval;
	t->timer.expires += (missed + 1) * t->interval;
	t->overrun += missed;
}

static void run_again(struct k_itimer *t)
{
	t->waiting = false;
	t->ignored = false;
	forward(t);
	run(t);
}

/* Whom it signals; NULL: the thread is gone. */
static struct task_struct *timer_target(struct k_itimer *t)
{
	struct task_struct *p;

	list_for_each_entry(p, &t->signal->thread_head, thread_node)
		if (t->notify != SIGEV_THREAD_ID || p->pid == t->tid)
			return p;
	return NULL;
}

/* In the worker: the interrupt said that the timer ran out. */
static void timer_send(struct work_struct *work)
{
	struct k_itimer *t = container_of(work, struct k_itimer, work);
	struct task_struct *p = timer_target(t);

	if (!list_empty(&t->q.list)) /* that of an earlier time */
		t->overrun++;
	else if (p)
		t->ignored =
			!send_sigqueue(&t->q, p, t->notify != SIGEV_THREAD_ID);
}

static void timer_expired(struct timer *timer)
{
	struct k_itimer *t = container_of(timer, struct k_itimer, timer);

	t->waiting = t->interval;
	schedule_work(&t->work);
}

/**
 * posix_timers_tick() - a tick of the running process's time has passed
 * @sig: the process
 *
 * Context: the timer interrupt.
 */
void posix_timers_tick(struct signal_struct *sig)
{
	struct k_itimer *t, *next;

	list_for_each_entry_safe(t, next, &sig->cpu_timers, cpu_list) {
		if (clock_now(t) < t->timer.expires)
			continue;
		list_del_init(&t->cpu_list);
		timer_expired(&t->timer);
	}
}

/**
 * posix_timer_dequeued() - a timer's entry has left its list
 * @q: the entry
 * @info: what the program will see; NULL: it was thrown away
 */
void posix_timer_dequeued(struct sigqueue *q, struct siginfo *info)
{
	struct k_itimer *t = container_of(q, struct k_itimer, q);

	if (t->deleted) {
		sigqueue_uncharge(&t->q);
		kfree(t);
		return;
	}
	if (!info) {
		t->ignored = t->waiting;
		return;
	}
	if (t->waiting)
		run_again(t);
	t->last_overrun = (u32)min(t->overrun, (u64)OVERRUN_MAX);
	t->overrun = 0;
	info->timer.overrun = (s32)t->last_overrun;
}

/**
 * posix_timers_heard() - a signal of the running process is ignored no more
 * @signo: the signal
 */
void posix_timers_heard(int signo)
{
	struct rb_node *n;

	for (n = rb_first(&current->signal->posix_timers); n; n = rb_next(n)) {
		struct k_itimer *t = rb_entry(n, struct k_itimer, node);

		if (t->ignored && t->waiting && t->q.info.si_signo == signo)
			run_again(t);
	}
}

/* ---- timers by number ---- */

static struct k_itimer *find_timer(int id)
{
	struct rb_node *n = current->signal->posix_timers.rb_node;

	while (n) {
		struct k_itimer *t = rb_entry(n, struct k_itimer, node);

		if (t->id == id)
			return t;
		n = id < t->id ? n->rb_left : n->rb_right;
	}
	return NULL;
}

static void insert_timer(struct k_itimer *t)
{
	struct rb_node **link = &t->signal->posix_timers.rb_node,
		       *parent = NULL;

	while (*link) {
		parent = *link;
		link = t->id < rb_entry(parent, struct k_itimer, node)->id ?
			       &parent->rb_left :
			       &parent->rb_right;
	}
	rb_link_node(&t->node, parent, link);
	rb_insert_color(&t->node, &t->signal->posix_timers);
}

/* A number comes again when all others were used. */
static int new_timer_id(struct signal_struct *sig)
{
	int id;

	do {
		id = sig->next_timer_id;
		sig->next_timer_id = (id + 1) & 0x7fffffff;
	} while (find_timer(id));
	return id;
}

/**
 * show_posix_timers() - /proc/PID/timers, the newest first
 */
void show_posix_timers(struct seq_file *m, struct task_struct *task)
{
	static const char *const how[] = { "signal", "none", "thread" };
	struct rb_node *n;

	for (n = rb_last(&task->signal->posix_timers); n; n = rb_prev(n)) {
		struct k_itimer *t = rb_entry(n, struct k_itimer, node);
		bool thread = t->notify == SIGEV_THREAD_ID;

		seq_printf(m, "ID: %d\nsignal: %d/%08x\n", t->id,
			   t->q.info.si_signo, t->q.info.timer.value);
		seq_printf(m, "notify: %s/%s.%d\nClockID: %d\n",
			   how[thread ? SIGEV_SIGNAL : t->notify],
			   thread ? "tid" : "pid", thread ? t->tid : task->tgid,
			   t->clock);
	}
}

static void disarm(struct k_itimer *t)
{
	unsigned long flags = local_irq_save();

	timer_stop(&t->timer);
	list_del_init(&t->cpu_list);
	local_irq_restore(flags);
	cancel_work(&t->work);
	t->timer.expires = 0;
	t->waiting = false;
	t->ignored = false;
}

static void delete_timer(struct k_itimer *t)
{
	disarm(t);
	rb_erase(&t->node, &t->signal->posix_timers);
	t->deleted = true;
	if (!list_empty(&t->q.list))
		return;
	sigqueue_uncharge(&t->q);
	kfree(t);
}

/* ---- timer_create ---- */

static int check_sigevent(const struct sigevent *ev)
{
	struct task_struct *p;

	if (ev->notify == SIGEV_NONE)
		return 0;
	if (ev->notify == SIGEV_THREAD_ID) {
		p = find_task_by_pid(ev->tid);
		if (!p || p->tgid != current->tgid)
			return -EINVAL;
	} else if (ev->notify != SIGEV_SIGNAL && ev->notify != SIGEV_THREAD) {
		return -EINVAL;
	}
	return ev->signo <= 0 || ev->signo > NSIG ? -EINVAL : 0;
}

static int check_clock(int clock)
{
	u64 unused;

	if (clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
	    clock == CLOCK_MONOTONIC_RAW)
		return -EOPNOTSUPP;
	return posix_clock_read(clock, &unused);
}

/* The clock of one thread's time on the processor. */
static int thread_clock_id(pid_t pid)
{
	return (int)(~(u32)pid << 3 | 6);
}

static struct k_itimer *alloc_timer(int clock, const struct sigevent *ev)
{
	struct k_itimer *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	if (sigqueue_charge(&t->q)) {
		kfree(t);
		return NULL;
	}
	t->signal = current->signal;
	t->clock = clock == CLOCK_THREAD_CPUTIME_ID ?
			   thread_clock_id(current->pid) :
			   clock;
	t->notify = ev->notify;
	t->tid = ev->tid;
	timer_setup(&t->timer, timer_expired);
	INIT_LIST_HEAD(&t->cpu_list);
	INIT_WORK(&t->work, timer_send);
	INIT_LIST_HEAD(&t->q.list);
	t->q.info.si_signo = ev->signo;
	t->q.info.si_code = SI_TIMER;
	return t;
}

SYSCALL_DEFINE(timer_create, int clock, const struct sigevent __user *uev,
	       s32 __user *uid)
{
	struct sigevent ev = { .signo = SIGALRM };
	struct k_itimer *t;
	int err = check_clock(clock), id;

	if (err)
		return err;
	if (uev && copy_from_user(&ev, uev, sizeof(ev)))
		return -EFAULT;
	err = check_sigevent(&ev);
	if (err)
		return err;
	t = alloc_timer(clock, &ev);
	if (!t)
		return -EAGAIN;
	id = new_timer_id(current->signal);
	t->id = id;
	t->q.info.timer.tid = id;
	t->q.info.timer.value = uev ? ev.value : (u32)id;
	insert_timer(t);
	if (!put_user(id, uid))
		return 0;
	t = find_timer(id); /* another thread may have been quicker */
	if (t)
		delete_timer(t);
	return -EFAULT;
}

SYSCALL_DEFINE(timer_delete, int id)
{
	struct k_itimer *t = find_timer(id);

	if (!t)
		return -EINVAL;
	delete_timer(t);
	return 0;
}

SYSCALL_DEFINE(timer_getoverrun, int id)
{
	struct k_itimer *t = find_timer(id);

	return t ? (long)t->last_overrun : -EINVAL;
}

/* What is left, ns; 0: it does not run. */
static u64 timer_left(struct k_itimer *t)
{
	bool silent = t->notify == SIGEV_NONE;
	u64 now = clock_now(t);

	if (!t->timer.expires || !(silent || t->waiting || is_running(t)))
		return 0;
	if (t->interval && (silent || t->waiting) && now >= t->timer.expires)
		forward(t);
	if (t->timer.expires > now)
		return t->timer.expires - now;
	return silent ? 0 : 1;
}

static void start_timer(struct k_itimer *t, u64 value, bool absolute)
{
	u64 now;

	t->timer.wall = absolute && clock_is_wall(t->clock);
	now = clock_now(t);
	if (!absolute)
		value = value > KTIME_MAX - now ? KTIME_MAX : now + value;
	t->timer.expires = value ? value : 1;
	run(t);
}

/* @spec: interval, value; ns. The same two come back in @old. */
static int timer_settime(int id, int flags, const u64 spec[2], u64 old[2])
{
	struct k_itimer *t = find_timer(id);

	if (!t)
		return -EINVAL;
	old[0] = t->interval;
	old[1] = timer_left(t);
	disarm(t);
	t->overrun = 0;
	t->interval = spec[1] ? spec[0] : 0;
	if (spec[1])
		start_timer(t, spec[1], flags & TIMER_ABSTIME);
	return 0;
}

static int timer_gettime(int id, u64 now[2])
{
	struct k_itimer *t = find_timer(id);

	if (!t)
		return -EINVAL;
	now[0] = t->interval;
	now[1] = timer_left(t);
	return 0;
}

static int get_pair32(u64 ns[2], const struct timespec32 __user *from)
{
	return get_timespec32(&from[0], &ns[0]) ?:
		       get_timespec32(&from[1], &ns[1]);
}

static int put_pair32(struct timespec32 __user *to, const u64 ns[2])
{
	return put_timespec32(ns[0], &to[0]) ?: put_timespec32(ns[1], &to[1]);
}

static int get_pair64(u64 ns[2], const struct timespec64 __user *from)
{
	return get_timespec64(&from[0], &ns[0]) ?:
		       get_timespec64(&from[1], &ns[1]);
}

static int put_pair64(struct timespec64 __user *to, const u64 ns[2])
{
	return put_timespec64(ns[0], &to[0]) ?: put_timespec64(ns[1], &to[1]);
}

SYSCALL_DEFINE(timer_settime, int id, int flags,
	       const struct timespec32 __user *from,
	       struct timespec32 __user *to)
{
	u64 spec[2], old[2];
	int err = from ? get_pair32(spec, from) : -EINVAL;

	if (!err)
		err = timer_settime(id, flags, spec, old);
	return !err && to ? put_pair32(to, old) : err;
}

SYSCALL_DEFINE(timer_settime64, int id, int flags,
	       const struct timespec64 __user *from,
	       struct timespec64 __user *to)
{
	u64 spec[2], old[2];
	int err = from ? get_pair64(spec, from) : -EINVAL;

	if (!err)
		err = timer_settime(id, flags, spec, old);
	return !err && to ? put_pair64(to, old) : err;
}

SYSCALL_DEFINE(timer_gettime, int id, struct timespec32 __user *to)
{
	u64 now[2];

	return timer_gettime(id, now) ?: put_pair32(to, now);
}

SYSCALL_DEFINE(timer_gettime64, int id, struct timespec64 __user *to)
{
	u64 now[2];

	return timer_gettime(id, now) ?: put_pair64(to, now);
}

/* ---- the end ---- */

/**
 * exit_posix_timers() - execve and exit: timer_create's timers go
 * @sig: the process
 */
void exit_posix_timers(struct signal_struct *sig)
{
	struct rb_node *n;

	while ((n = rb_first(&sig->posix_timers)))
		delete_timer(rb_entry(n, struct k_itimer, node));
}

/* SPDX-License-Identifier: MIT */
/*
 * Timers that send signals: alarm, setitimer, timer_create.
 *
 *   timer interrupt ── timer, or a tick of a processor clock
 *        └─ schedule_work ──► worker: send_sig, send_sigqueue
 *
 * A timer that repeats goes on in the interrupt, so it never drifts; what
 * comes again before the program has seen the last one is counted as an
 * overrun. A POSIX timer has the entry of its signal in itself: sending
 * takes no memory. Deleted while that entry waits, it is freed when the
 * entry leaves its list.
 *
 * Timers of processor clocks are looked at in the timer interrupt while
 * their process runs: as exact as a tick.
 */
#include <ashlar/list.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/sched/workqueue.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/itimer.h>
#include <kernel/time/time.h>

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

#define SIGEV_SIGNAL 0
#define SIGEV_NONE 1
#define SIGEV_THREAD 2
#define SIGEV_THREAD_ID 4

struct sigevent { /* as timer_create passes it */
	u32 value;
	s32 signo, notify;
	s32 tid;
	u32 pad[12];
};

struct k_itimer {
	struct list_head list; /* signal_struct::posix_timers */
	struct signal_struct *signal;
	int id;
	int clock;
	int notify; /* SIGEV_* */
	pid_t tid; /* SIGEV_THREAD_ID */
	struct timer timer; /* clocks of time */
	struct work_struct work;
	struct sigqueue q;
	u64 cpu_expires; /* processor clocks: what it will show; 0: off */
	u64 interval; /* ns; 0: once */
	unsigned long fired; /* times, not yet sent */
	unsigned long overrun; /* of the signal that waits */
	unsigned long last_overrun; /* of the one delivered last */
	bool deleted;
};

/* First time after @now, of a timer due at @expires; how many were missed. */
static u64 forward(u64 expires, u64 interval, u64 now, unsigned long *missed)
{
	u64 n = now < expires ? 0 : (now - expires) / interval;

	*missed = (unsigned long)n;
	return expires + (n + 1) * interval;
}

/* ---- setitimer ---- */

static void send_itimer(struct signal_struct *sig, int signr)
{
	if (!list_empty(&sig->thread_head))
		send_sig(signr,
			 list_first_entry(&sig->thread_head, struct task_struct,
					  thread_node));
}

static void send_real(struct work_struct *work)
{
	send_itimer(container_of(work, struct signal_struct,
				 itimer[ITIMER_REAL].work),
		    SIGALRM);
}

static void send_virtual(struct work_struct *work)
{
	send_itimer(container_of(work, struct signal_struct,
				 itimer[ITIMER_VIRTUAL].work),
		    SIGVTALRM);
}

static void send_prof(struct work_struct *work)
{
	send_itimer(container_of(work, struct signal_struct,
				 itimer[ITIMER_PROF].work),
		    SIGPROF);
}

/* In the timer interrupt. */
static void itimer_real_expired(struct timer *t)
{
	struct itimer *it = container_of(t, struct itimer, timer);
	unsigned long missed;

	if (it->interval)
		timer_start(t, forward(t->expires, it->interval, ktime_get(),
				       &missed));
	schedule_work(&it->work);
}

/**
 * itimers_init - the timers of a new process: none run
 */
void itimers_init(struct signal_struct *sig)
{
	memset(sig->itimer, 0, sizeof(sig->itimer));
	timer_setup(&sig->itimer[ITIMER_REAL].timer, itimer_real_expired);
	INIT_WORK(&sig->itimer[ITIMER_REAL].work, send_real);
	INIT_WORK(&sig->itimer[ITIMER_VIRTUAL].work, send_virtual);
	INIT_WORK(&sig->itimer[ITIMER_PROF].work, send_prof);
	INIT_LIST_HEAD(&sig->posix_timers);
}

static void tick_itimer(struct itimer *it)
{
	if (!it->value)
		return;
	if (it->value > TICK_NSEC) {
		it->value -= TICK_NSEC;
		return;
	}
	it->value = it->interval;
	schedule_work(&it->work);
}

/* What is left, ns; 0: it does not run. */
static u64 itimer_left(int which, const struct itimer *it)
{
	u64 now;

	if (which != ITIMER_REAL)
		return it->value;
	if (!it->timer.active)
		return 0;
	now = ktime_get();
	return it->timer.expires > now ? it->timer.expires - now :
					 NSEC_PER_USEC;
}

static void set_itimer(int which, u64 value, u64 interval)
{
	struct itimer *it = &current->signal->itimer[which];

	it->interval = interval;
	if (which != ITIMER_REAL) {
		it->value = value;
		return;
	}
	timer_stop(&it->timer);
	if (value)
		timer_start(&it->timer, ktime_after(value));
}

struct itimerval32 {
	struct timeval32 interval, value;
};

static int get_timeval(const struct timeval32 *tv, u64 *ns)
{
	if (tv->tv_sec < 0 || (u32)tv->tv_usec >= 1000000)
		return -EINVAL;
	*ns = (u64)(u32)tv->tv_sec * NSEC_PER_SEC +
	      (u32)tv->tv_usec * NSEC_PER_USEC;
	return 0;
}

static struct timeval32 to_timeval(u64 ns)
{
	u32 rest;
	struct timeval32 tv;

	tv.tv_sec = (s32)ns_to_seconds(ns, &rest);
	tv.tv_usec = (s32)(rest / NSEC_PER_USEC);
	return tv;
}

static int put_itimer(int which, struct itimerval32 __user *to)
{
	const struct itimer *it = &current->signal->itimer[which];
	struct itimerval32 v;

	v.interval = to_timeval(it->interval);
	v.value = to_timeval(itimer_left(which, it));
	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : 0;
}

SYSCALL_DEFINE(getitimer, int which, struct itimerval32 __user *to)
{
	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	return put_itimer(which, to);
}

SYSCALL_DEFINE(setitimer, int which, const struct itimerval32 __user *from,
	       struct itimerval32 __user *old)
{
	struct itimerval32 v = { { 0, 0 }, { 0, 0 } };
	u64 value, interval;
	int err;

	if (from && copy_from_user(&v, from, sizeof(v)))
		return -EFAULT;
	if (get_timeval(&v.value, &value) ||
	    get_timeval(&v.interval, &interval) || which < ITIMER_REAL ||
	    which > ITIMER_PROF)
		return -EINVAL;
	err = old ? put_itimer(which, old) : 0;
	if (!err)
		set_itimer(which, value, interval);
	return err;
}

SYSCALL_DEFINE(alarm, unsigned int seconds)
{
	struct itimer *it = &current->signal->itimer[ITIMER_REAL];
	u64 left = itimer_left(ITIMER_REAL, it);
	u32 rest, old = ns_to_seconds(left, &rest);

	if ((!old && rest) || rest >= NSEC_PER_SEC / 2)
		old++;
	if (seconds > 0x7fffffff)
		seconds = 0x7fffffff;
	set_itimer(ITIMER_REAL, (u64)seconds * NSEC_PER_SEC, 0);
	return (long)old;
}

/* ---- timer_create ---- */

/* Whom it signals; NULL: the thread is gone. */
static struct task_struct *timer_target(struct k_itimer *t)
{
	struct task_struct *p;

	list_for_each_entry(p, &t->signal->thread_head, thread_node)
		if (t->notify != SIGEV_THREAD_ID || p->pid == t->tid)
			return p;
	return NULL;
}

/* In the worker: the interrupt said that the timer fired. */
static void posix_timer_send(struct work_struct *work)
{
	struct k_itimer *t = container_of(work, struct k_itimer, work);
	struct task_struct *p = timer_target(t);
	unsigned long fired = t->fired;

	t->fired = 0;
	if (!list_empty(&t->q.list)) {
		t->overrun += fired;
		return;
	}
	t->overrun = fired - 1;
	if (p && t->notify != SIGEV_NONE)
		send_sigqueue(&t->q, p, t->notify != SIGEV_THREAD_ID);
}

static void posix_timer_expired(struct timer *timer)
{
	struct k_itimer *t = container_of(timer, struct k_itimer, timer);
	unsigned long missed = 0;

	if (t->interval)
		timer_start(timer, forward(timer->expires, t->interval,
					   ktime_get(), &missed));
	t->fired += missed + 1;
	schedule_work(&t->work);
}

static void tick_cpu_timer(struct k_itimer *t)
{
	unsigned long missed = 0;
	u64 now;

	if (!t->cpu_expires || posix_clock_read(t->clock, &now) ||
	    now < t->cpu_expires)
		return;
	if (t->interval)
		t->cpu_expires =
			forward(t->cpu_expires, t->interval, now, &missed);
	else
		t->cpu_expires = 0;
	t->fired += missed + 1;
	schedule_work(&t->work);
}

/**
 * itimer_tick - a tick of the running process's time has passed
 * @user: its program ran
 *
 * In the timer interrupt.
 */
void itimer_tick(bool user)
{
	struct signal_struct *sig = current->signal;
	struct k_itimer *t;

	if (user)
		tick_itimer(&sig->itimer[ITIMER_VIRTUAL]);
	tick_itimer(&sig->itimer[ITIMER_PROF]);
	list_for_each_entry(t, &sig->posix_timers, list)
		if (unlikely(t->cpu_expires))
			tick_cpu_timer(t);
}

/**
 * posix_timer_dequeued - a timer's entry has left its list
 * @info: what the program will see; NULL: nobody will
 */
void posix_timer_dequeued(struct sigqueue *q, struct siginfo *info)
{
	struct k_itimer *t = container_of(q, struct k_itimer, q);

	t->last_overrun = t->overrun < 0x7fffffff ? t->overrun : 0x7fffffff;
	t->overrun = 0;
	if (info)
		info->timer.overrun = (s32)t->last_overrun;
	if (t->deleted)
		kfree(t);
}

static struct k_itimer *find_timer(int id)
{
	struct k_itimer *t;

	list_for_each_entry(t, &current->signal->posix_timers, list)
		if (t->id == id)
			return t;
	return NULL;
}

static void disarm(struct k_itimer *t)
{
	timer_stop(&t->timer);
	cancel_work(&t->work);
	t->cpu_expires = 0;
	t->fired = 0;
}

static void delete_timer(struct k_itimer *t)
{
	disarm(t);
	list_del(&t->list);
	t->deleted = true;
	if (list_empty(&t->q.list))
		kfree(t);
}

/* A number after the youngest timer's; -EAGAIN if there are too many. */
static int new_timer_id(struct signal_struct *sig)
{
	unsigned long count = 0;
	struct k_itimer *t;
	int id = 0;

	list_for_each_entry(t, &sig->posix_timers, list) {
		count++;
		id = t->id + 1;
	}
	return count < sig->rlim[RLIMIT_SIGPENDING].cur && id >= 0 ? id :
								     -EAGAIN;
}

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

static struct k_itimer *alloc_timer(int clock, const struct sigevent *ev,
				    int id)
{
	struct k_itimer *t = kzalloc(sizeof(*t), GFP_KERNEL);

	if (!t)
		return NULL;
	t->signal = current->signal;
	t->id = id;
	t->clock = clock;
	t->notify = ev->notify;
	t->tid = ev->tid;
	timer_setup(&t->timer, posix_timer_expired);
	INIT_WORK(&t->work, posix_timer_send);
	INIT_LIST_HEAD(&t->q.list);
	t->q.info.si_signo = ev->signo;
	t->q.info.si_code = SI_TIMER;
	t->q.info.timer.tid = id;
	t->q.info.timer.value = ev->value;
	return t;
}

SYSCALL_DEFINE(timer_create, int clock, const struct sigevent __user *uev,
	       s32 __user *uid)
{
	struct signal_struct *sig = current->signal;
	int err = check_clock(clock), id = new_timer_id(sig);
	struct sigevent ev = { .signo = SIGALRM, .value = (u32)id };
	struct k_itimer *t;

	if (err)
		return err;
	if (uev) {
		if (copy_from_user(&ev, uev, sizeof(ev)))
			return -EFAULT;
		err = check_sigevent(&ev);
		if (err)
			return err;
	}
	if (id < 0)
		return id;
	t = alloc_timer(clock, &ev, id);
	if (!t)
		return -EAGAIN;
	if (put_user(id, uid)) {
		kfree(t);
		return -EFAULT;
	}
	list_add_tail(&t->list, &sig->posix_timers);
	return 0;
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
	u64 now, expires;

	if (clock_is_cpu(t->clock)) {
		expires = t->cpu_expires;
		if (!expires || posix_clock_read(t->clock, &now))
			return 0;
	} else {
		if (!t->timer.active)
			return 0;
		expires = t->timer.expires;
		now = ktime_get();
	}
	return expires > now ? expires - now : 1;
}

static void start_timer(struct k_itimer *t, u64 value, bool absolute)
{
	u64 now = 0;

	if (!clock_is_cpu(t->clock)) {
		t->timer.wall = absolute && clock_is_wall(t->clock);
		timer_start(&t->timer,
			    absolute ? clock_to_monotonic(t->clock, value) :
				       ktime_after(value));
		return;
	}
	posix_clock_read(t->clock, &now);
	t->cpu_expires = absolute ? value : now + value;
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
	t->interval = spec[0];
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
 * exit_posix_timers - execve and exit: timer_create's timers go
 */
void exit_posix_timers(struct signal_struct *sig)
{
	struct k_itimer *t, *next;

	list_for_each_entry_safe(t, next, &sig->posix_timers, list)
		delete_timer(t);
}

/**
 * exit_itimers - the process is over: none of its timers may come any more
 */
void exit_itimers(struct signal_struct *sig)
{
	int i;

	timer_stop(&sig->itimer[ITIMER_REAL].timer);
	for (i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		sig->itimer[i].value = 0;
		cancel_work(&sig->itimer[i].work);
	}
	exit_posix_timers(sig);
}

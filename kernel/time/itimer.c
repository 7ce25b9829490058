/* SPDX-License-Identifier: MIT */
/*
 * alarm and setitimer: three timers of a process, each with its signal.
 *
 *   ITIMER_REAL      timer ── interrupt ──► worker: SIGALRM
 *                      ▲                       └─ a thread takes it:
 *                      └──────────────────────────  runs again
 *   _VIRTUAL, _PROF  counted down by ticks while the process runs
 *
 * The one of real time that repeats goes on when its signal is taken, so it
 * costs nothing while that is blocked, and stops when it is ignored; its times
 * stay multiples of the interval after the first.
 */
#include <ashlar/list.h>
#include <ashlar/resource.h>
#include <ashlar/string.h>
#include <kernel/sched/workqueue.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/process.h>
#include <kernel/time/itimer.h>
#include <kernel/time/time.h>

enum { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };

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

/* Runs in the timer interrupt. */
static void itimer_real_expired(struct timer *t)
{
	schedule_work(&container_of(t, struct itimer, timer)->work);
}

/**
 * itimer_real_taken() - the running process has taken a SIGALRM
 */
void itimer_real_taken(void)
{
	struct itimer *it = &current->signal->itimer[ITIMER_REAL];

	if (!it->interval || it->timer.active)
		return;
	timer_forward(&it->timer, it->interval);
	timer_start(&it->timer, it->timer.expires);
}

/**
 * itimers_init() - the timers of a new process: none run
 */
void itimers_init(struct signal_struct *sig)
{
	memset(sig->itimer, 0, sizeof(sig->itimer));
	timer_setup(&sig->itimer[ITIMER_REAL].timer, itimer_real_expired);
	INIT_WORK(&sig->itimer[ITIMER_REAL].work, send_real);
	INIT_WORK(&sig->itimer[ITIMER_VIRTUAL].work, send_virtual);
	INIT_WORK(&sig->itimer[ITIMER_PROF].work, send_prof);
	sig->posix_timers = RB_ROOT;
	sig->next_timer_id = 0;
	INIT_LIST_HEAD(&sig->cpu_timers);
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
	if (!value)
		it->interval = 0;
	else
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

/**
 * itimer_tick() - a tick of the running process's time has passed
 * @user: its program ran
 *
 * In the timer interrupt.
 */
void itimer_tick(bool user)
{
	struct signal_struct *sig = current->signal;

	if (user)
		tick_itimer(&sig->itimer[ITIMER_VIRTUAL]);
	tick_itimer(&sig->itimer[ITIMER_PROF]);
	if (unlikely(!list_empty(&sig->cpu_timers)))
		posix_timers_tick(sig);
}

/**
 * exit_itimers() - the process is over: none of its timers may come any more
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

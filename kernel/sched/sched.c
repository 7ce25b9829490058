/* SPDX-License-Identifier: MIT */
/*
 * The choice of the task that runs. Every task has a virtual running time that
 * passes the slower the higher its weight; the runnable task with the smallest
 * one is next.
 *
 *   vruntime += time on the processor × 1.25^nice
 *
 *   timeline (rb-tree by vruntime)     rt.queue[1 … 99], FIFO each
 *        ┌──── D ────┐                  [99] ⇄ …
 *     ┌─ B ─┐        F                  [98]
 *     A     C                            …      any of these runs before
 *     ↑ leftmost: next                  [1] ⇄ X ⇄ Y    the whole tree
 *
 * The running task is in neither. It goes on until it sleeps, or until the
 * timer interrupt finds it SLICE_NS ahead of the leftmost. A task that wakes
 * starts at most WAKE_CREDIT_NS before the smallest vruntime, and takes the
 * processor at once if the running one is WAKE_GRAN_NS ahead of it: an
 * interactive task nearly always, two ends of a pipe never, so a message
 * costs one switch.
 *
 * Everything here runs with interrupts off, for they wake tasks.
 *
 * Simpler than in Linux: one run queue, no groups, no migration; a running
 * time is exact (TSC at each switch), user and system time count ticks.
 *
 * The idea of virtual time: A. Demers, S. Keshav, S. Shenker, "Analysis and
 * Simulation of a Fair Queueing Algorithm", 1989.
 */
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/rbtree.h>
#include <ashlar/resource.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/sched/psi.h>
#include <kernel/sched/sched.h>
#include <kernel/task/process.h>
#include <kernel/time/clock.h>
#include <kernel/time/itimer.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>

#define SLICE_NS (4 * NSEC_PER_MSEC)
#define WAKE_CREDIT_NS (3 * NSEC_PER_MSEC)
#define WAKE_GRAN_NS (1 * NSEC_PER_MSEC)
#define RR_TICKS (100 * HZ / 1000)
#define RT_TICKS_OF_HZ (95 * HZ / 100) /* the others get the rest */
#define IDLE_FACTOR 341 /* SCHED_IDLE: weight 3 of 1024 */

#define FIXED_1 (1u << 11) /* load averages: 1.0 */
#define LOAD_NS (5ull * NSEC_PER_SEC + TICK_NSEC)

static struct {
	struct rb_root timeline;
	struct rb_node *leftmost;
	u64 min_vruntime;
	struct list_head rt_queue[MAX_RT_PRIO];
	u32 rt_bitmap[4]; /* bit 99 - priority: first set is the highest */
	unsigned int nr_rt; /* waiting in rt_queue */
	unsigned int rt_ticks; /* theirs in this second */
	unsigned int second_ticks; /* timer interrupts of this second */
	unsigned int nr_running; /* the running one, too, unless idle */
	unsigned int nr_uninterruptible;
	u64 nr_switches;
	u64 load_due; /* ns: when avenrun is brought up to date */
	unsigned long avenrun[3];
} rq;

struct kernel_cpustat kernel_cpustat;

/* 1024 × 1.25^nice, nice -20 … 19: Linux's weights, upside down. */
static const u32 prio_to_wmult[40] = {
	12,   15,    18,    23,	   29,	  36,	 45,	56,    70,    88,
	110,  137,   172,   215,   268,	  336,	 419,	524,   655,   819,
	1024, 1280,  1600,  2000,  2500,  3125,	 3906,	4883,  6104,  7629,
	9537, 11921, 14901, 18626, 23283, 29104, 36380, 45475, 56843, 71054,
};

static u64 weighted(const struct task_struct *t, u32 ns)
{
	if (likely(t->static_prio == DEFAULT_PRIO && t->policy != SCHED_IDLE))
		return ns;
	if (t->policy == SCHED_IDLE)
		return (u64)ns * IDLE_FACTOR;
	return (u64)ns * prio_to_wmult[t->static_prio - 100] >> 10;
}

/* ---- the two queues ---- */

static void enqueue_rt(struct task_struct *t, bool head)
{
	unsigned int bit = MAX_RT_PRIO - 1 - (unsigned int)t->rt_priority;

	if (head)
		list_add(&t->run_list, &rq.rt_queue[bit]);
	else
		list_add_tail(&t->run_list, &rq.rt_queue[bit]);
	rq.rt_bitmap[bit / 32] |= 1u << bit % 32;
	rq.nr_rt++;
}

static void dequeue_rt(struct task_struct *t)
{
	unsigned int bit = MAX_RT_PRIO - 1 - (unsigned int)t->rt_priority;

	list_del(&t->run_list);
	if (list_empty(&rq.rt_queue[bit]))
		rq.rt_bitmap[bit / 32] &= ~(1u << bit % 32);
	rq.nr_rt--;
}

static struct task_struct *first_rt(void)
{
	unsigned int i = 0;

	while (!rq.rt_bitmap[i])
		i++;
	i = i * 32 + (unsigned int)__builtin_ctz(rq.rt_bitmap[i]);
	return list_first_entry(&rq.rt_queue[i], struct task_struct, run_list);
}

static void enqueue_fair(struct task_struct *t)
{
	struct rb_node **link = &rq.timeline.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*link) {
		struct task_struct *o;

		parent = *link;
		o = rb_entry(parent, struct task_struct, run_node);
		if ((s64)(t->vruntime - o->vruntime) < 0) {
			link = &parent->rb_left;
		} else {
			link = &parent->rb_right;
			leftmost = false;
		}
	}
	if (leftmost)
		rq.leftmost = &t->run_node;
	rb_link_node(&t->run_node, parent, link);
	rb_insert_color(&t->run_node, &rq.timeline);
}

static void dequeue_fair(struct task_struct *t)
{
	if (rq.leftmost == &t->run_node)
		rq.leftmost = rb_next(&t->run_node);
	rb_erase(&t->run_node, &rq.timeline);
}

static inline void enqueue(struct task_struct *t, bool head)
{
	if (unlikely(rt_task(t)))
		enqueue_rt(t, head);
	else
		enqueue_fair(t);
}

static inline void dequeue(struct task_struct *t)
{
	if (unlikely(rt_task(t)))
		dequeue_rt(t);
	else
		dequeue_fair(t);
}

/* A real-time task that never sleeps must not lock the machine up. */
static inline bool rt_throttled(void)
{
	return rq.rt_ticks >= RT_TICKS_OF_HZ && rq.leftmost;
}

static struct task_struct *pick_next(void)
{
	struct task_struct *t;

	if (unlikely(rq.nr_rt) && !rt_throttled())
		t = first_rt();
	else if (likely(rq.leftmost))
		t = rb_entry(rq.leftmost, struct task_struct, run_node);
	else
		return &init_task;
	dequeue(t);
	return t;
}

/* ---- accounting ---- */

static void update_current(u64 now)
{
	struct task_struct *t = current;
	u32 ran = (u32)(now - t->exec_start);

	t->exec_start = now;
	t->ru.exec += ran;
	t->vruntime += weighted(t, ran);
	if (t != &init_task && (s64)(t->vruntime - rq.min_vruntime) > 0) {
		u64 v = t->vruntime;

		if (rq.leftmost) {
			struct task_struct *l = rb_entry(
				rq.leftmost, struct task_struct, run_node);

			if ((s64)(l->vruntime - v) < 0)
				v = l->vruntime;
		}
		if ((s64)(v - rq.min_vruntime) > 0)
			rq.min_vruntime = v;
	}
}

/**
 * sched_update_current() - account the running task's time up to now
 *
 * For those who read its ru.exec. Any context.
 */
void sched_update_current(void)
{
	unsigned long flags = local_irq_save();

	update_current(ktime_get());
	local_irq_restore(flags);
}

/* ---- switching ---- */

/* On @prev's successor's stack; interrupts off. */
static inline void finish_task_switch(struct task_struct *prev)
{
	struct mm_struct *borrowed = NULL;

	if (!prev->mm && prev->active_mm != &init_mm) {
		borrowed = prev->active_mm;
		prev->active_mm = &init_mm;
	}
	if (unlikely(prev->state == TASK_DEAD))
		put_task_struct(prev);
	if (borrowed)
		mmdrop(borrowed);
}

static void context_switch(struct task_struct *prev, struct task_struct *next,
			   u64 now)
{
	rq.nr_switches++;
	if (prev->on_rq)
		prev->ru.nivcsw++;
	else
		prev->ru.nvcsw++;
	next->exec_start = now;
	next->slice_start = next->ru.exec;
	if (!next->mm) { /* runs on whatever is loaded */
		next->active_mm = prev->active_mm;
		if (next->active_mm != &init_mm)
			mmgrab(next->active_mm);
	}
	kmap_local_switch(&prev->kmap, &next->kmap);
	finish_task_switch(switch_to(prev, next));
}

/* @prev asks to sleep. Return: true if it does, false if a signal waits. */
static bool deactivate(struct task_struct *prev)
{
	if (signal_pending_state((unsigned int)prev->state, prev)) {
		prev->state = TASK_RUNNING;
		return false;
	}
	prev->on_rq = false;
	rq.nr_running--;
	psi_sched(prev, false);
	if (prev->state == TASK_UNINTERRUPTIBLE) {
		prev->in_uninterruptible = true;
		rq.nr_uninterruptible++;
	}
	return true;
}

/* @prev wants to run on. A real-time one that is pushed aside stays first. */
static void put_prev(struct task_struct *prev)
{
	enqueue(prev, prev->time_slice);
	if (!prev->time_slice)
		prev->time_slice = RR_TICKS;
}

/**
 * schedule() - let another task run
 *
 * The running task goes on later, or, if its state is not TASK_RUNNING,
 * sleeps until it is woken; a signal that may end such a sleep prevents it.
 * Process context, no spinlock held.
 */
void schedule(void)
{
	struct task_struct *prev = current, *next;
	unsigned long flags = local_irq_save();
	u64 now = ktime_get();

	if (unlikely(spin_locks_held))
		panic("schedule() with %u spinlocks held", spin_locks_held);
	prev->tif &= ~TIF_NEED_RESCHED;
	update_current(now);
	if (likely(prev != &init_task) &&
	    (prev->state == TASK_RUNNING || !deactivate(prev)))
		put_prev(prev);
	next = pick_next();
	if (likely(next != prev))
		context_switch(prev, next, now);
	else
		next->slice_start = next->ru.exec;
	local_irq_restore(flags);
}

/**
 * schedule_tail() - what a new task does first
 * @prev: the task that ran before
 *
 * Called by the port on the new task's stack with interrupts off; they are
 * on when it returns.
 */
void schedule_tail(struct task_struct *prev)
{
	finish_task_switch(prev);
	local_irq_enable();
	if (current->set_child_tid)
		put_user((u32)current->pid,
			 (u32 __user *)current->set_child_tid);
}

/* ---- waking ---- */

static void check_preempt(struct task_struct *t)
{
	struct task_struct *c = current;

	if (c == &init_task)
		goto resched;
	if (unlikely(rt_task(t))) {
		if (!rt_task(c) || t->rt_priority > c->rt_priority)
			goto resched;
		return;
	}
	if (rt_task(c) || t->policy == SCHED_BATCH)
		return;
	if ((s64)(c->vruntime - t->vruntime) > (s64)WAKE_GRAN_NS)
		goto resched;
	return;
resched:
	c->tif |= TIF_NEED_RESCHED;
}

static void activate(struct task_struct *t)
{
	t->on_rq = true;
	rq.nr_running++;
	psi_sched(t, true);
	if (t->in_uninterruptible) {
		t->in_uninterruptible = false;
		rq.nr_uninterruptible--;
	}
	enqueue(t, false);
}

/**
 * wake_up_state() - make a task run if it sleeps in one of some states
 * @t: the task
 * @states: TASK_*, or'ed
 *
 * Any context. Return: true if it was woken.
 */
bool wake_up_state(struct task_struct *t, unsigned int states)
{
	unsigned long flags = local_irq_save();
	bool woken = (unsigned long)t->state & states;
	u64 least = rq.min_vruntime - WAKE_CREDIT_NS;

	if (!woken)
		goto out;
	t->state = TASK_RUNNING;
	if (t->on_rq) /* it is on its way to sleep */
		goto out;
	if ((s64)(least - t->vruntime) > 0)
		t->vruntime = least;
	activate(t);
	check_preempt(t);
out:
	local_irq_restore(flags);
	return woken;
}

/**
 * wake_up_process() - make a task run if it sleeps
 * @t: the task; not one that was stopped by a signal
 *
 * Any context.
 */
void wake_up_process(struct task_struct *t)
{
	wake_up_state(t, TASK_NORMAL);
}

/**
 * sched_fork() - a new task's part of the scheduler
 * @p: a copy of the running task
 */
void sched_fork(struct task_struct *p)
{
	p->on_rq = false;
	p->in_uninterruptible = false;
	p->time_slice = RR_TICKS;
	if (unlikely(p->sched_reset_on_fork)) {
		p->sched_reset_on_fork = false;
		if (rt_task(p) || task_nice(p) < 0)
			p->static_prio = DEFAULT_PRIO;
		p->policy = SCHED_NORMAL;
		p->rt_priority = 0;
	}
}

/**
 * wake_up_new_task() - let a new task run for the first time
 * @t: from copy_process()
 *
 * It starts one slice late: its parent has more to do before it waits.
 */
void wake_up_new_task(struct task_struct *t)
{
	unsigned long flags = local_irq_save();

	t->state = TASK_RUNNING;
	t->vruntime = rq.min_vruntime + weighted(t, SLICE_NS / 2);
	activate(t);
	if (current == &init_task || rt_task(t))
		check_preempt(t);
	local_irq_restore(flags);
}

struct sleeper {
	struct timer timer;
	struct task_struct *task;
};

static void timer_wakes(struct timer *timer)
{
	struct sleeper *s = container_of(timer, struct sleeper, timer);

	wake_up_process(s->task);
}

static bool sleep_until(u64 expires, bool wall)
{
	struct sleeper s = { .task = current };

	timer_setup(&s.timer, timer_wakes);
	s.timer.wall = wall;
	timer_start(&s.timer, expires);
	schedule();
	return !timer_stop(&s.timer);
}

/**
 * schedule_until() - sleep, but not for ever
 * @expires: ns of CLOCK_MONOTONIC
 *
 * As schedule(), in the state that is set. Return: true if the time came.
 */
bool schedule_until(u64 expires)
{
	return sleep_until(expires, false);
}

/**
 * schedule_until_wall() - sleep until a time of day
 * @expires: ns of CLOCK_REALTIME
 *
 * As schedule_until().
 */
bool schedule_until_wall(u64 expires)
{
	return sleep_until(expires, true);
}

/* ---- the timer interrupt ---- */

static unsigned long decay(unsigned long load, unsigned long exp,
			   unsigned long active)
{
	u64 sum = (u64)load * exp + (u64)active * (FIXED_1 - exp);

	if (active >= load)
		sum += FIXED_1 - 1;
	return (unsigned long)(sum >> 11);
}

/* Every five seconds, by the clock: interrupts may be missed. Factors are
 * e^(-5/60), e^(-5/300), e^(-5/900). */
static void calc_load(void)
{
	unsigned long active =
		(rq.nr_running + rq.nr_uninterruptible) * FIXED_1;

	if (ktime_get_coarse() < rq.load_due)
		return;
	rq.load_due += LOAD_NS;
	rq.avenrun[0] = decay(rq.avenrun[0], 1884, active);
	rq.avenrun[1] = decay(rq.avenrun[1], 2014, active);
	rq.avenrun[2] = decay(rq.avenrun[2], 2037, active);
}

static void account_tick(struct task_struct *t, bool user)
{
	if (t == &init_task) {
		*(nr_iowait() ? &kernel_cpustat.iowait :
				&kernel_cpustat.idle) += TICK_NSEC;
	} else if (!user) {
		t->ru.stime += TICK_NSEC;
		kernel_cpustat.system += TICK_NSEC;
	} else {
		t->ru.utime += TICK_NSEC;
		if (task_nice(t) > 0)
			kernel_cpustat.nice += TICK_NSEC;
		else
			kernel_cpustat.user += TICK_NSEC;
	}
}

static void tick_rt(struct task_struct *t)
{
	if (++rq.rt_ticks >= RT_TICKS_OF_HZ && rq.leftmost)
		t->tif |= TIF_NEED_RESCHED;
	if (t->policy != SCHED_RR || --t->time_slice)
		return;
	t->tif |= TIF_NEED_RESCHED; /* goes to its queue's end */
}

static void tick_fair(struct task_struct *t)
{
	struct task_struct *l;

	if (rq.nr_rt && !rt_throttled()) {
		t->tif |= TIF_NEED_RESCHED;
		return;
	}
	if (!rq.leftmost || t->ru.exec - t->slice_start < SLICE_NS)
		return;
	l = rb_entry(rq.leftmost, struct task_struct, run_node);
	if ((s64)(t->vruntime - l->vruntime) > 0)
		t->tif |= TIF_NEED_RESCHED;
}

/**
 * scheduler_tick() - a timer interrupt's work for the scheduler
 * @user: a program ran
 *
 * Interrupts off.
 */
void scheduler_tick(bool user)
{
	struct task_struct *t = current;

	account_tick(t, user);
	calc_load();
	if (++rq.second_ticks >= HZ)
		rq.second_ticks = rq.rt_ticks = 0;
	if (t == &init_task)
		return;
	if (rq.nr_running > 1)
		psi_cpu_tick();
	update_current(ktime_get());
	if (t->mm) {
		itimer_tick(user);
		if (t->signal->rlim[RLIMIT_CPU].cur != RLIM_INFINITY)
			t->tif |= TIF_CPU_LIMIT;
	}
	if (unlikely(rt_task(t)))
		tick_rt(t);
	else
		tick_fair(t);
}

/* ---- what others ask for ---- */

/**
 * sched_yield_for() - let the others go first
 * @ns: how far behind the next of them, in virtual time; more than 0
 *
 * Process context, no spinlock held.
 */
void sched_yield_for(u32 ns)
{
	struct task_struct *t = current;
	unsigned long flags = local_irq_save();

	t->time_slice = 0; /* real-time: to the end of its queue */
	if (!rt_task(t) && rq.leftmost) {
		struct task_struct *l =
			rb_entry(rq.leftmost, struct task_struct, run_node);

		if ((s64)(l->vruntime + ns - t->vruntime) > 0)
			t->vruntime = l->vruntime + ns;
	}
	local_irq_restore(flags);
	schedule();
}

/**
 * sched_change_prio() - another policy or priority
 * @p: any task
 * @policy: SCHED_*
 * @rt_priority: 1 … 99 for SCHED_FIFO and SCHED_RR, else 0
 * @static_prio: 100 … 139
 */
void sched_change_prio(struct task_struct *p, int policy, int rt_priority,
		       int static_prio)
{
	unsigned long flags = local_irq_save();
	bool queued = p->on_rq && p != current;

	if (queued)
		dequeue(p);
	if (rt_task(p) && policy != SCHED_FIFO && policy != SCHED_RR)
		p->vruntime = rq.min_vruntime;
	p->policy = policy;
	p->rt_priority = rt_priority;
	p->static_prio = static_prio;
	p->time_slice = RR_TICKS;
	if (queued)
		enqueue(p, false);
	current->tif |= TIF_NEED_RESCHED;
	local_irq_restore(flags);
}

/**
 * nr_running() - tasks that run or want to
 */
unsigned long nr_running(void)
{
	return rq.nr_running;
}

/**
 * nr_uninterruptible() - tasks in a sleep that counts as load
 */
unsigned long nr_uninterruptible(void)
{
	return rq.nr_uninterruptible;
}

/**
 * nr_context_switches() - since boot
 */
unsigned long long nr_context_switches(void)
{
	return rq.nr_switches;
}

/**
 * get_avenrun() - the load of the last 1, 5 and 15 minutes
 * @loads: out, in units of 1/2048
 */
void get_avenrun(unsigned long loads[3])
{
	loads[0] = rq.avenrun[0];
	loads[1] = rq.avenrun[1];
	loads[2] = rq.avenrun[2];
}

/**
 * sched_init() - before the first task is made
 */
void sched_init(void)
{
	unsigned int i;

	for (i = 0; i < MAX_RT_PRIO; i++)
		INIT_LIST_HEAD(&rq.rt_queue[i]);
	rq.load_due = LOAD_NS;
}

/**
 * cpu_idle() - what runs when nothing else wants to
 */
void cpu_idle(void)
{
	for (;;) {
		local_irq_save();
		if (need_resched())
			schedule();
		else
			cpu_idle_once();
	}
}

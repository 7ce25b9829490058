/* SPDX-License-Identifier: MIT */
/*
 * Waiting for something to become true. A waiter joins a queue, looks at its
 * condition, and sleeps; whoever makes it true wakes the queue. Queues may be
 * woken from interrupts. Code: kernel/sched/wait.c.
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include <ashlar/list.h>
#include <ashlar/types.h>
#include <kernel/sched/sched.h>

struct wait_queue_head {
	struct list_head head;
};

struct wait_queue_entry {
	struct list_head entry;
	struct task_struct *task; /* woken by the default func */
	/*
	 * @key says what the wake-up is about. Returns nonzero if it woke
	 * somebody. May run in an interrupt.
	 */
	int (*func)(struct wait_queue_entry *w, u32 key);
	void *private;
	bool exclusive; /* of these, a wake-up stops at the first it wakes */
};

#define WAIT_QUEUE_HEAD_INIT(name)          \
	{                                   \
		LIST_HEAD_INIT((name).head) \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) \
	struct wait_queue_head name = WAIT_QUEUE_HEAD_INIT(name)

void init_waitqueue_head(struct wait_queue_head *q);
void init_wait_entry(struct wait_queue_entry *w);
void add_wait_queue(struct wait_queue_head *q, struct wait_queue_entry *w);
void remove_wait_queue(struct wait_queue_head *q, struct wait_queue_entry *w);
/* Join @q (once) and become @state; before the condition is looked at. */
void prepare_to_wait(struct wait_queue_head *q, struct wait_queue_entry *w,
		     long state);
void finish_wait(struct wait_queue_head *q, struct wait_queue_entry *w);
int default_wake_function(struct wait_queue_entry *w, u32 key);

/* A wake-up's key: POLL*, or'ed, for what may now be done; or one of these. */
#define WAKE_ANY 0u
#define WAKE_SLEEPERS (1u << 31) /* for tasks; nothing that a poll() says */

void wake_up_poll(struct wait_queue_head *q, u32 key);

static inline void wake_up(struct wait_queue_head *q)
{
	wake_up_poll(q, WAKE_ANY);
}

/*
 * Sleep until @cond. 0, or -ERESTARTSYS if a signal came first.
 */
#define __wait_event(q, cond, state, sleep)                         \
	({                                                          \
		int wait_ret = 0;                                   \
		struct wait_queue_entry wait_e;                     \
                                                                    \
		init_wait_entry(&wait_e);                           \
		for (;;) {                                          \
			prepare_to_wait(q, &wait_e, state);         \
			if (cond)                                   \
				break;                              \
			if (signal_pending_state(state, current)) { \
				wait_ret = -ERESTARTSYS;            \
				break;                              \
			}                                           \
			sleep;                                      \
		}                                                   \
		finish_wait(q, &wait_e);                            \
		wait_ret;                                           \
	})

#define wait_event(q, cond) \
	((void)((cond) ||   \
		__wait_event(q, cond, TASK_UNINTERRUPTIBLE, schedule())))
#define wait_event_interruptible(q, cond) \
	((cond) ? 0 : __wait_event(q, cond, TASK_INTERRUPTIBLE, schedule()))
/* -EAGAIN: it is @expires (ns) and the condition is not true. */
#define __wait_event_until(q, cond, state, expires)                      \
	((cond) ? 0 :                                                    \
		  __wait_event(                                          \
			  q, cond, state, if (schedule_until(expires)) { \
				  wait_ret = (cond) ? 0 : -EAGAIN;       \
				  break;                                 \
			  }))
#define wait_event_until(q, cond, expires) \
	__wait_event_until(q, cond, TASK_UNINTERRUPTIBLE, expires)
#define wait_event_interruptible_until(q, cond, expires) \
	__wait_event_until(q, cond, TASK_INTERRUPTIBLE, expires)
/* Only a fatal signal ends it early. */
#define wait_event_killable(q, cond) \
	((cond) ? 0 : __wait_event(q, cond, TASK_KILLABLE, schedule()))

/* An event that happens once, and those who wait for it. */
struct completion {
	bool done;
	struct wait_queue_head wait;
};

void init_completion(struct completion *c);
void complete(struct completion *c);
void wait_for_completion(struct completion *c);
int wait_for_completion_killable(struct completion *c);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Now and then the caches that are idle give back what they keep at hand.
 *
 *   timer ── REAP_INTERVAL ──► worker: slab_shrink_idle() ──► timer …
 *
 * After a storm of processes or files nothing asks for their caches, and
 * without a lack of memory no shrinker does: sheaves, barns and the slabs that
 * they keep from getting empty would stay. mm/ says which caches are idle.
 */
#include <ashlar/port.h>
#include <kernel/init.h>
#include <kernel/sched/workqueue.h>
#include <kernel/time/time.h>
#include <kernel/time/timer.h>

#define REAP_INTERVAL 2000000000ull /* ns */

static struct timer reap_timer;

static void reap(struct work_struct *work)
{
	(void)work;
	slab_shrink_idle();
	timer_start(&reap_timer, ktime_after(REAP_INTERVAL));
}

static void reap_is_due(struct timer *t)
{
	static struct work_struct work = WORK_INIT(work, reap);

	(void)t;
	schedule_work(&work);
}

void slab_reap_start(void)
{
	timer_setup(&reap_timer, reap_is_due);
	timer_start(&reap_timer, ktime_after(REAP_INTERVAL));
}

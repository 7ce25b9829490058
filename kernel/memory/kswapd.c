/* SPDX-License-Identifier: MIT */
/*
 * The thread that frees memory before it is used up:
 *
 *   alloc_pages, zones below low ── wakeup_kswapd ──► kswapd0: balance_pgdat()
 *
 * Which pages go, and how long it works, is mm/vmscan.c's.
 */
#include <ashlar/swap.h>
#include <kernel/init.h>
#include <kernel/sched/sched.h>
#include <kernel/sched/wait.h>
#include <kernel/task/clone.h>

static DECLARE_WAIT_QUEUE_HEAD(kswapd_wait);
static bool kswapd_wanted;

static void wake_kswapd(void)
{
	if (kswapd_wanted)
		return;
	kswapd_wanted = true;
	wake_up(&kswapd_wait);
}

static int kswapd(void *unused)
{
	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&kswapd_wait, kswapd_wanted);
		kswapd_wanted = false;
		balance_pgdat();
		cond_resched();
	}
	return 0;
}

/** kswapd_start() - when process 1 exists */
void kswapd_start(void)
{
	kernel_thread(kswapd, NULL, "kswapd0");
	wakeup_kswapd = wake_kswapd;
}

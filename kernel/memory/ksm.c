/* SPDX-License-Identifier: MIT */
/*
 * The thread that merges pages of equal contents (mm/ksm.c), and
 * /sys/kernel/mm/ksm, which has it run:
 *
 *   ksmd ── pages_to_scan ── sleeps sleep_millisecs ──┐
 *     ▲                                               │
 *     └───────────────────────────────────────────────┘
 *
 * It is started when it is asked for first, and sleeps for good as long as no
 * space has asked for merging.
 */
#include <ashlar/errno.h>
#include <ashlar/ksm.h>
#include <ashlar/seq_file.h>
#include <kernel/init.h>
#include <kernel/proc/proc.h>
#include <kernel/sched/sched.h>
#include <kernel/sched/wait.h>
#include <kernel/task/clone.h>
#include <kernel/time/time.h>
#include "attribute.h"

#define BELOW "kernel/mm/ksm/"
#define AT_ONCE 16u /* pages until another task may run */

/* ---- the thread ---- */

static DECLARE_WAIT_QUEUE_HEAD(ksm_thread_wait);
static unsigned int pages_to_scan = 100, sleep_millisecs = 20;
static bool ksmd_woken, ksmd_runs;

static void scan_pages(void)
{
	unsigned int left = pages_to_scan, n;

	for (; left; left -= n) {
		n = min(left, AT_ONCE);
		if (!ksm_do_scan(n))
			return;
		cond_resched();
	}
}

static int ksmd(void *unused)
{
	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible(&ksm_thread_wait, ksm_has_work());
		scan_pages();
		cond_resched();
		ksmd_woken = false;
		wait_event_interruptible_until(
			&ksm_thread_wait, ksmd_woken,
			ktime_after(sleep_millisecs * 1000000ull));
	}
	return 0;
}

static void wake_ksmd(void)
{
	if (!ksmd_runs && ksm_has_work())
		ksmd_runs = kernel_thread(ksmd, NULL, "ksmd") > 0;
	ksmd_woken = true;
	wake_up(&ksm_thread_wait);
}

/* ---- what is set ---- */

static int show_run(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%u\n", ksm_run);
	return 0;
}

static int show_bool(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", *(const bool *)data);
	return 0;
}

/* As the kernel reads a word for yes or no. */
static ssize_t write_use_zero_pages(const char *text, size_t len, void *data)
{
	bool *value = data;

	switch (len ? text[0] : 0) {
	case '1':
	case 'y':
	case 'Y':
		*value = true;
		return (ssize_t)len;
	case '0':
	case 'n':
	case 'N':
		*value = false;
		return (ssize_t)len;
	}
	return -EINVAL;
}

static int set_merge_across_nodes(unsigned int value)
{
	return ksm_set_merge_across_nodes(value);
}

static const struct attribute run = { .set = ksm_set_run, .most = 0x7fffffff };
static const struct attribute across = { .set = set_merge_across_nodes,
					 .most = 1 };
static const struct attribute most = { .value = &ksm_max_page_sharing,
				       .set = ksm_set_max_page_sharing,
				       .most = 0x7fffffff };
static const struct attribute pages = { .value = &pages_to_scan,
					.most = 0x7fffffff };
static const struct attribute millisecs = { .value = &sleep_millisecs,
					    .most = 0x7fffffff,
					    .changed = wake_ksmd };
static const struct attribute prune = { .value = &ksm_chains_prune_millisecs,
					.most = 0x7fffffff };

/* ---- what is told ---- */

static int show_volatile(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%lu\n", ksm_pages_volatile());
	return 0;
}

static int show_across(struct seq_file *m, void *data)
{
	(void)data;
	return show_bool(m, &ksm_merge_across_nodes);
}

#define SETTING(n, shown, written, v)                                \
	{                                                            \
		.name = BELOW n, .mode = 0644, .show = shown,        \
		.write = written, .data = (void *)(uintptr_t) & (v), \
	}
#define COUNT(n, v)                                                \
	{                                                          \
		.name = BELOW n, .mode = 0444, .show = count_show, \
		.data = &ksm_counts.v                              \
	}

static const struct proc_entry entries[] = {
	SETTING("run", show_run, attribute_write, run),
	SETTING("sleep_millisecs", attribute_show, attribute_write, millisecs),
	SETTING("pages_to_scan", attribute_show, attribute_write, pages),
	SETTING("merge_across_nodes", show_across, attribute_write, across),
	SETTING("max_page_sharing", attribute_show, attribute_write, most),
	SETTING("stable_node_chains_prune_millisecs", attribute_show,
		attribute_write, prune),
	SETTING("use_zero_pages", show_bool, write_use_zero_pages,
		ksm_use_zero_pages),
	COUNT("full_scans", full_scans),
	COUNT("pages_shared", shared),
	COUNT("pages_sharing", sharing),
	COUNT("pages_unshared", unshared),
	{ .name = BELOW "pages_volatile", .mode = 0444, .show = show_volatile },
	COUNT("stable_node_chains", chains),
	COUNT("stable_node_dups", dups),
};

/** ksm_sysfs_init() - name the files; at boot. */
void ksm_sysfs_init(void)
{
	unsigned int i;

	wakeup_ksmd = wake_ksmd;
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create_below(&sysfs_root, &entries[i]);
}

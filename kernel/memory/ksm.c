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

struct number {
	unsigned int *value;
	int (*set)(unsigned int value); /* or NULL: it is only kept */
	unsigned int most;
};

static int show_number(struct seq_file *m, void *data)
{
	const struct number *n = data;

	seq_printf(m, "%u\n", *n->value);
	return 0;
}

static ssize_t write_number(const char *text, size_t len, void *data)
{
	const struct number *n = data;
	long v;
	int err = 0;

	if (!proc_parse_long(text, &v) || v < 0 || (unsigned long)v > n->most)
		return -EINVAL;
	if (n->set)
		err = n->set((unsigned int)v);
	else
		*n->value = (unsigned int)v;
	if (n->value == &sleep_millisecs)
		wake_ksmd();
	return err ? err : (ssize_t)len;
}

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

static const struct number run = { NULL, ksm_set_run, 0x7fffffff };
static const struct number across = { NULL, set_merge_across_nodes, 1 };
static const struct number most = { &ksm_max_page_sharing,
				    ksm_set_max_page_sharing, 0x7fffffff };
static const struct number pages = { &pages_to_scan, NULL, 0x7fffffff };
static const struct number millisecs = { &sleep_millisecs, NULL, 0x7fffffff };
static const struct number prune = { &ksm_chains_prune_millisecs, NULL,
				     0x7fffffff };

/* ---- what is told ---- */

static int show_count(struct seq_file *m, void *data)
{
	seq_printf(m, "%lu\n", *(const unsigned long *)data);
	return 0;
}

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
		.name = BELOW n, .mode = 0444, .show = show_count, \
		.data = &ksm_counts.v                              \
	}

static const struct proc_entry entries[] = {
	SETTING("run", show_run, write_number, run),
	SETTING("sleep_millisecs", show_number, write_number, millisecs),
	SETTING("pages_to_scan", show_number, write_number, pages),
	SETTING("merge_across_nodes", show_across, write_number, across),
	SETTING("max_page_sharing", show_number, write_number, most),
	SETTING("stable_node_chains_prune_millisecs", show_number, write_number,
		prune),
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

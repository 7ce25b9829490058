/* SPDX-License-Identifier: MIT */
/*
 * The thread that puts free memory together for those who cannot wait, and now
 * and then for nobody in particular:
 *
 *   alloc_pages, may not sleep ── wake ──► kcompactd0 ◄── every half second
 *
 * What it does then is mm/kcompactd.c's. And /sys/kernel/debug/extfrag/, which
 * says how far free memory is in pieces.
 */
#include <ashlar/compaction.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/sched/sched.h>
#include <kernel/sched/wait.h>
#include <kernel/task/clone.h>
#include <kernel/time/time.h>

#define CHECK_INTERVAL 500000000ull /* ns */

static DECLARE_WAIT_QUEUE_HEAD(kcompactd_wait);
static bool kcompactd_wanted;

static void wake_kcompactd(void)
{
	kcompactd_wanted = true;
	wake_up(&kcompactd_wait);
}

static int kcompactd(void *unused)
{
	(void)unused;
	for (;;) {
		/* Interruptible, that it does not count as load. */
		wait_event_interruptible_until(&kcompactd_wait,
					       kcompactd_wanted,
					       ktime_after(CHECK_INTERVAL));
		kcompactd_wanted = false;
		while (kcompactd_work() || compact_proactively())
			cond_resched();
	}
	return 0;
}

/** kcompactd_start() - when process 1 exists */
void kcompactd_start(void)
{
	kernel_thread(kcompactd, NULL, "kcompactd0");
	compaction_init(wake_kcompactd);
}

static int show_index(struct seq_file *m, void *data)
{
	(void)data;
	extfrag_index_show(m);
	return 0;
}

static int show_unusable(struct seq_file *m, void *data)
{
	(void)data;
	unusable_index_show(m);
	return 0;
}

/** extfrag_init() - name the files. Context: boot, once. */
void extfrag_init(void)
{
	static const struct proc_entry entries[] = {
		{ .name = "extfrag/extfrag_index",
		  .mode = 0444,
		  .show = show_index },
		{ .name = "extfrag/unusable_index",
		  .mode = 0444,
		  .show = show_unusable },
	};

	debugfs_create(&entries[0]);
	debugfs_create(&entries[1]);
}

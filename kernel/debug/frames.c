/* SPDX-License-Identifier: MIT */
/*
 * /sys/kernel/debug/frames and pageblocks: what each frame is, and for what its
 * page block is meant (mm/report/frames.c). ashlar map --boot draws them.
 */
#include <ashlar/vmstat.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>

static int show(struct seq_file *m, void *data)
{
	if (data)
		show_pageblocks(m);
	else
		show_frames(m);
	return 0;
}

/** frames_init() - name the files. Context: boot, once. */
void frames_init(void)
{
	static const struct proc_entry entries[] = {
		{ .name = "frames", .mode = 0400, .show = show },
		{ .name = "pageblocks",
		  .mode = 0400,
		  .show = show,
		  .data = (void *)1 },
	};

	debugfs_create(&entries[0]);
	debugfs_create(&entries[1]);
}

/* SPDX-License-Identifier: MIT */
/* /sys/kernel/debug/page_owner: whose each frame is (mm/page_owner.c). */
#include <ashlar/page_owner.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>

static int show_owners(struct seq_file *m, void *data)
{
	(void)data;
	show_page_owner(m);
	return 0;
}

/** page_owner_init() - name the file. Context: boot, once. */
void page_owner_init(void)
{
	static const struct proc_entry entry = {
		.name = "page_owner",
		.mode = 0400,
		.show = show_owners,
	};

	debugfs_create(&entry);
}

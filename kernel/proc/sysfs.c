/* SPDX-License-Identifier: MIT */
/*
 * Files of /sys that programs ask for: which processors there are, and which
 * terminals the console is. Block devices: sysfs_block.c.
 */
#include <i386.h>
#include "proc.h"

static int show_text(struct seq_file *m, void *data)
{
	seq_printf(m, "%s\n", (const char *)data);
	return 0;
}

/* The one that /dev/console is comes last. */
static int show_console(struct seq_file *m, void *data)
{
	static const char *const names[] = { "ttyS0", "tty0" };
	int last = console_preferred;
	bool other = last ? console_serial : console_vga;

	if (other)
		seq_printf(m, "%s ", names[!last]);
	seq_printf(m, "%s\n", names[last]);
	return 0;
}

#define FACT(n, text)                                       \
	{                                                   \
		.name = n, .mode = 0444, .show = show_text, \
		.data = (void *)(text)                      \
	}

static const struct proc_entry entries[] = {
	FACT("devices/system/cpu/online", "0"),
	FACT("devices/system/cpu/possible", "0"),
	FACT("devices/system/cpu/present", "0"),
	FACT("devices/system/cpu/offline", ""),
	FACT("devices/system/cpu/kernel_max", "0"),
	FACT("devices/system/cpu/cpu0/topology/physical_package_id", "0"),
	FACT("devices/system/cpu/cpu0/topology/core_id", "0"),
	FACT("devices/system/cpu/cpu0/topology/thread_siblings", "1"),
	FACT("devices/system/cpu/cpu0/topology/thread_siblings_list", "0"),
	FACT("devices/system/cpu/cpu0/topology/core_siblings", "1"),
	FACT("devices/system/node/online", "0"),
	{ .name = "class/tty/console/active",
	  .mode = 0444,
	  .show = show_console },
};

/** sysfs_init() - name the files. Context: boot, once. */
void sysfs_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create_below(&sysfs_root, &entries[i]);
	proc_mkdir_below(&sysfs_root, "fs/cgroup");
	proc_mkdir_below(&sysfs_root, "block");
	proc_mkdir_below(&sysfs_root, "class/block");
	proc_mkdir_below(&sysfs_root, "dev/block");
	proc_mkdir_below(&sysfs_root, "bus");
	proc_mkdir_below(&sysfs_root, "kernel/debug");
	huge_sysfs_init();
	hugetlb_sysfs_init();
	ksm_sysfs_init();
}

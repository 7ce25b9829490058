/* SPDX-License-Identifier: MIT */
/*
 * What is to fail, as files of debugfs that can be written at any time:
 *
 *   /sys/kernel/debug/failslab/           objects      mm/fault_inject.c
 *                     fail_page_alloc/    frames       the same
 *                     fail_make_request/  transfers    block/fail_request.c
 *                       probability interval times space
 *
 * as Linux has them; SPACE is in bytes. Objects at a CPU's hand do not fail: a
 * machine that was booted with failslab= has none there.
 */
#include <ashlar/errno.h>
#include <ashlar/fault-inject.h>
#include <ashlar/seq_file.h>
#include <kernel/block/blkdev.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/init.h>

static int show_ulong(struct seq_file *m, void *data)
{
	seq_printf(m, "%lu\n", *(unsigned long *)data);
	return 0;
}

static int show_long(struct seq_file *m, void *data)
{
	seq_printf(m, "%ld\n", *(long *)data);
	return 0;
}

static ssize_t write_long(const char *text, size_t len, void *data)
{
	long v;

	if (!proc_parse_long(text, &v) || v < -1)
		return -EINVAL;
	*(long *)data = v;
	return (ssize_t)len;
}

static ssize_t write_ulong(const char *text, size_t len, void *data)
{
	long v;

	if (!proc_parse_long(text, &v) || v < 0)
		return -EINVAL;
	*(unsigned long *)data = (unsigned long)v;
	return (ssize_t)len;
}

#define FILE_OF(attr, field, kind)                                           \
	{                                                                    \
		.name = #attr "/" #field, .mode = 0600, .show = show_##kind, \
		.write = write_##kind, .data = &attr.field                   \
	}

#define FILES_OF(attr)                                                     \
	FILE_OF(attr, probability, ulong), FILE_OF(attr, interval, ulong), \
		FILE_OF(attr, times, long), FILE_OF(attr, space, long)

static const struct proc_entry entries[] = {
	FILES_OF(failslab),
	FILES_OF(fail_page_alloc),
	FILES_OF(fail_make_request),
};

/** fault_attr_init() - name the files. Context: boot, once. */
void fault_attr_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		debugfs_create(&entries[i]);
}

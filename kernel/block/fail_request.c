/* SPDX-License-Identifier: MIT */
/*
 * Transfers that fail on request, to see what those who wait for them do.
 *
 *   fail_make_request=INTERVAL,PROBABILITY,SPACE,TIMES     on the command line
 *   /sys/kernel/debug/fail_make_request/probability …      at any time
 *   echo 1 >/sys/block/sda/make-it-fail                    of which device
 *
 * As Linux has it: SPACE is in bytes, and only devices that were chosen fail,
 * a partition by itself or by its disk. A transfer that fails never reaches
 * the disk; whoever waits for it hears of an I/O error.
 */
#include <ashlar/errno.h>
#include <ashlar/fault-inject.h>
#include <ashlar/seq_file.h>
#include <kernel/block/blkdev.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/init.h>

static struct fault_attr fail_make_request = { .interval = 1, .times = 1 };

/**
 * setup_fail_make_request() - the boot word fail_make_request=
 * @value: INTERVAL,PROBABILITY,SPACE,TIMES
 *
 * Return: false if it is not of that form.
 */
bool setup_fail_make_request(const char *value)
{
	return setup_fault_attr(&fail_make_request, value);
}

/** should_fail_bio() - true if a transfer is to fail */
bool should_fail_bio(const struct bio *bio)
{
	struct block_device *bdev = bio->bdev;

	if (likely(!fail_make_request.probability))
		return false;
	return (bdev->make_it_fail || bdev_whole(bdev)->make_it_fail) &&
	       should_fail(&fail_make_request, bio->size);
}

/* ---- files ---- */

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

#define ATTR(field, kind)                                          \
	{                                                          \
		.name = "fail_make_request/" #field, .mode = 0600, \
		.show = show_##kind, .write = write_##kind,        \
		.data = &fail_make_request.field                   \
	}

static const struct proc_entry entries[] = {
	ATTR(probability, ulong),
	ATTR(interval, ulong),
	ATTR(times, long),
	ATTR(space, long),
};

/** fail_request_init() - name the files. Context: boot, once. */
void fail_request_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		debugfs_create(&entries[i]);
}

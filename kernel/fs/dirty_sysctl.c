/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys/vm/dirty_*: how much may be dirty, and for how long.
 *
 *   dirty_background_ratio | dirty_background_bytes    the flushers begin
 *   dirty_ratio            | dirty_bytes               writers are slowed down
 *   dirty_writeback_centisecs                          the flushers look; 0: no
 *   dirty_expire_centisecs                             what is old
 *
 * Of a ratio and its bytes the one that was written last counts, and the other
 * reads 0. Fewer bytes than two pages would stop every writer.
 */
#include <ashlar/errno.h>
#include <ashlar/mm_types.h>
#include <ashlar/seq_file.h>
#include <ashlar/writeback.h>
#include <kernel/fs/writeback.h>
#include <kernel/proc/proc_fs.h>

/* One limit: a part of memory, or bytes. */
struct dirty_limit {
	int *ratio;
	unsigned long *bytes, least;
};

static const struct dirty_limit background = { &dirty_background_ratio,
					       &dirty_background_bytes, 1 };
static const struct dirty_limit foreground = { &vm_dirty_ratio, &vm_dirty_bytes,
					       2 * PAGE_SIZE };

static int show_ratio(struct seq_file *m, void *data)
{
	seq_printf(m, "%d\n", *((const struct dirty_limit *)data)->ratio);
	return 0;
}

static ssize_t write_ratio(const char *text, size_t len, void *data)
{
	const struct dirty_limit *l = data;
	long v;

	if (!proc_parse_long(text, &v) || v < 0 || v > 100)
		return -EINVAL;
	if (v != *l->ratio)
		*l->bytes = 0;
	*l->ratio = (int)v;
	wakeup_flushers();
	return (ssize_t)len;
}

static int show_bytes(struct seq_file *m, void *data)
{
	seq_printf(m, "%lu\n", *((const struct dirty_limit *)data)->bytes);
	return 0;
}

static ssize_t write_bytes(const char *text, size_t len, void *data)
{
	const struct dirty_limit *l = data;
	long v;

	if (!proc_parse_long(text, &v) || v < 0 || (unsigned long)v < l->least)
		return -EINVAL;
	if ((unsigned long)v != *l->bytes)
		*l->ratio = 0;
	*l->bytes = (unsigned long)v;
	wakeup_flushers();
	return (ssize_t)len;
}

static int show_interval(struct seq_file *m, void *data)
{
	seq_printf(m, "%u\n", *(unsigned int *)data);
	return 0;
}

static ssize_t write_interval(const char *text, size_t len, void *data)
{
	long v;

	if (!proc_parse_long(text, &v) || v < 0)
		return -EINVAL;
	*(unsigned int *)data = (unsigned int)v;
	wakeup_flushers();
	return (ssize_t)len;
}

#define KNOB(n, kind, what)                                                   \
	{                                                                     \
		.name = "sys/vm/dirty_" n, .mode = 0644, .show = show_##kind, \
		.write = write_##kind, .data = (void *)(what)                 \
	}

static const struct proc_entry entries[] = {
	KNOB("background_ratio", ratio, &background),
	KNOB("background_bytes", bytes, &background),
	KNOB("ratio", ratio, &foreground),
	KNOB("bytes", bytes, &foreground),
	KNOB("writeback_centisecs", interval, &dirty_writeback_interval),
	KNOB("expire_centisecs", interval, &dirty_expire_interval),
};

/** dirty_sysctl_init() - name the knobs. Context: boot, once. */
void dirty_sysctl_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create(&entries[i]);
}

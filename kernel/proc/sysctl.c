/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: knobs. A knob is a row: where its value lies, and the range that
 * a write must keep to. What is listed here has an effect, or states a fact,
 * but for all of kernel.printk but its first number: they are kept for whoever
 * reads them back.
 */
#include <ashlar/commit.h>
#include <ashlar/compaction.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/oom.h>
#include <ashlar/string.h>
#include <ashlar/swap.h>
#include <ashlar/swapfile.h>
#include <kernel/drivers/random.h>
#include <kernel/exec/coredump.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/leases.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/userfaultfd.h>
#include <kernel/fs/writeback.h>
#include <kernel/net/unix.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/util.h>
#include <kernel/printk.h>
#include <kernel/task/pid.h>
#include <kernel/task/task.h>
#include <kernel/version.h>
#include "proc.h"

#define INT_MAX 0x7fffffff

bool proc_parse_long(const char *text, long *value)
{
	bool negative = false;
	long v = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	if (*text == '-') {
		negative = true;
		text++;
	}
	if (*text < '0' || *text > '9')
		return false;
	while (*text >= '0' && *text <= '9')
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *text++ - '0', &v))
			return false;
	while (*text == ' ' || *text == '\t' || *text == '\n')
		text++;
	*value = negative ? -v : v;
	return *text == '\0';
}

/* ---- numbers ---- */

struct knob {
	int *i; /* one of the two */
	unsigned long *ul;
	long min, max; /* of an int */
};

static int show_knob(struct seq_file *m, void *data)
{
	const struct knob *k = data;

	if (k->i)
		seq_printf(m, "%d\n", *k->i);
	else
		seq_printf(m, "%lu\n", *k->ul);
	return 0;
}

static ssize_t write_knob(const char *text, size_t len, void *data)
{
	const struct knob *k = data;
	long v;

	if (!proc_parse_long(text, &v))
		return -EINVAL;
	if (k->i) {
		if (v < k->min || v > k->max)
			return -EINVAL;
		*k->i = (int)v;
	} else {
		*k->ul = (unsigned long)v;
	}
	return (ssize_t)len;
}

/* CommitLimit is given as a part of RAM or in kB: the last word counts. */
static ssize_t write_commit_limit(const char *text, size_t len, void *data)
{
	const struct knob *k = data;
	ssize_t ret = write_knob(text, len, data);

	if (ret < 0)
		return ret;
	if (k->i)
		sysctl_overcommit_kbytes = 0;
	else
		sysctl_overcommit_ratio = 0;
	return ret;
}

static ssize_t write_min_free(const char *text, size_t len, void *data)
{
	long v;

	(void)data;
	if (!proc_parse_long(text, &v) || v < 0)
		return -EINVAL;
	set_min_free_kbytes((unsigned long)v);
	return (ssize_t)len;
}

static int show_constant(struct seq_file *m, void *data)
{
	seq_printf(m, "%s\n", (const char *)data);
	return 0;
}

static unsigned int watermark_scale = 10; /* as Linux begins */

static int show_watermark_scale(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%u\n", watermark_scale);
	return 0;
}

static ssize_t write_watermark_scale(const char *text, size_t len, void *data)
{
	long v;

	(void)data;
	if (!proc_parse_long(text, &v) || v < 1 || v > 3000)
		return -EINVAL;
	watermark_scale = (unsigned int)v;
	set_watermark_scale_factor(watermark_scale);
	return (ssize_t)len;
}

static int show_reserve_ratio(struct seq_file *m, void *data)
{
	unsigned int i;

	(void)data;
	for (i = 0; i < MAX_NR_ZONES; i++)
		seq_printf(m, i ? "\t%u" : "%u", lowmem_reserve_ratio[i]);
	seq_putc(m, '\n');
	return 0;
}

static const char *take_number(const char *s, u32 *to);

/* As many of the zones' as are written. */
static ssize_t write_reserve_ratio(const char *text, size_t len, void *data)
{
	unsigned int ratio[MAX_NR_ZONES], i;

	(void)data;
	for (i = 0; i < MAX_NR_ZONES; i++)
		ratio[i] = lowmem_reserve_ratio[i];
	for (i = 0; i < MAX_NR_ZONES && *text && *text != '\n'; i++) {
		text = take_number(text, &ratio[i]);
		if (!text)
			return -EINVAL;
	}
	set_lowmem_reserve_ratio(ratio);
	return (ssize_t)len;
}

/* ---- levels of the log: the console's, a message's without, lowest, first */

static u32 other_levels[] = { 6, 1, 7 };

static int show_printk(struct seq_file *m, void *unused)
{
	(void)unused;
	seq_printf(m, "%d\t%u\t%u\t%u\n", console_loglevel, other_levels[0],
		   other_levels[1], other_levels[2]);
	return 0;
}

/* As many of the four as are written. */
static ssize_t write_printk(const char *text, size_t len, void *unused)
{
	u32 level[4], i, n;

	(void)unused;
	for (n = 0; n < 4 && *text && *text != '\n'; n++) {
		text = take_number(text, &level[n]);
		if (!text)
			return -EINVAL;
	}
	if (n)
		console_loglevel = (int)level[0];
	for (i = 1; i < n; i++)
		other_levels[i - 1] = level[i];
	return (ssize_t)len;
}

/* ---- drop_caches: 1 pages, 2 objects, 3 both ---- */

static int dropped; /* what was written last */
static int drop_quietly; /* 4 was written: no more lines */

static ssize_t write_drop_caches(const char *text, size_t len, void *data)
{
	long v;

	(void)data;
	if (!proc_parse_long(text, &v) || v < 1 || v > 4)
		return -EINVAL;
	if (v & 1)
		drop_pagecache();
	if (v & 2)
		drop_slab();
	if (!(drop_quietly & 4))
		printk(KERN_INFO "%s (%d): drop_caches: %ld\n", current->comm,
		       current->pid, v);
	drop_quietly |= (int)v & 4;
	dropped = (int)v;
	return (ssize_t)len;
}

/* Whatever is written: all memory is compacted. */
static ssize_t write_compact_memory(const char *text, size_t len, void *data)
{
	(void)text;
	(void)data;
	compact_node();
	return (ssize_t)len;
}

/* ---- names of the machine ---- */

static int show_hostname(struct seq_file *m, void *data)
{
	seq_printf(m, "%s\n", (char *)data);
	return 0;
}

static ssize_t write_line(const char *text, size_t len, char *to, size_t max)
{
	size_t n = len;

	if (n && text[n - 1] == '\n')
		n--;
	n = min(n, max);
	memcpy(to, text, n);
	to[n] = '\0';
	return (ssize_t)len;
}

static ssize_t write_hostname(const char *text, size_t len, void *data)
{
	return write_line(text, len, data, 64);
}

static ssize_t write_core_pattern(const char *text, size_t len, void *data)
{
	return write_line(text, len, data, CORE_PATTERN_SIZE - 1);
}

/* ---- semaphores: of a set, in all, operations, sets ---- */

static int show_sem_limits(struct seq_file *m, void *unused)
{
	const struct sem_limits *l = &sem_limits;

	(void)unused;
	seq_printf(m, "%u\t%u\t%u\t%u\n", l->msl, l->mns, l->opm, l->mni);
	return 0;
}

/* The first number of @s into @to; what follows it, or NULL. */
static const char *take_number(const char *s, u32 *to)
{
	u32 v = 0;

	while (*s == ' ' || *s == '\t')
		s++;
	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (v > (INT_MAX - 9) / 10)
			return NULL;
		v = v * 10 + (u32)(*s - '0');
	}
	*to = v;
	return s;
}

/* As many of the four as are written. */
static ssize_t write_sem_limits(const char *text, size_t len, void *unused)
{
	struct sem_limits new = sem_limits;
	u32 *const to[] = { &new.msl, &new.mns, &new.opm, &new.mni };
	unsigned int i;

	(void)unused;
	for (i = 0; i < ARRAY_SIZE(to) && *text && *text != '\n'; i++) {
		text = take_number(text, to[i]);
		if (!text)
			return -EINVAL;
	}
	if (new.mni > IPCMNI)
		return -EINVAL;
	sem_limits = new;
	return (ssize_t)len;
}

/* ---- open files ---- */

static int show_file_nr(struct seq_file *m, void *data)
{
	(void)data;
	seq_printf(m, "%lu\t0\t%lu\n", nr_files, max_files);
	return 0;
}

/* ---- random numbers ---- */

static int show_uuid(struct seq_file *m, void *data)
{
	static u8 boot_id[16];
	static bool made;
	u8 fresh[16], *id = data ? boot_id : fresh;
	unsigned int i;

	if (!data || !made)
		get_random_bytes(id, 16);
	made = made || data;
	id[6] = (u8)((id[6] & 0x0f) | 0x40);
	id[8] = (u8)((id[8] & 0x3f) | 0x80);
	for (i = 0; i < 16; i++)
		seq_printf(m,
			   i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" :
								   "%02x",
			   id[i]);
	seq_putc(m, '\n');
	return 0;
}

#define INT(n, var, lo, hi) INT_BY(write_knob, n, var, lo, hi)
#define INT_BY(fn, n, var, lo, hi)                                           \
	{                                                                    \
		.name = "sys/" n, .mode = 0644, .show = show_knob,           \
		.write = (fn),                                               \
		.data = &(struct knob){ .i = &(var), .min = lo, .max = hi }, \
	}
#define ULONG(n, var) ULONG_BY(write_knob, n, var)
#define ULONG_BY(fn, n, var)                                           \
	{                                                              \
		.name = "sys/" n, .mode = 0644, .show = show_knob,     \
		.write = (fn), .data = &(struct knob){ .ul = &(var) }, \
	}
#define FACT(n, text)                                                  \
	{                                                              \
		.name = "sys/" n, .mode = 0444, .show = show_constant, \
		.data = (void *)(text),                                \
	}
static const struct proc_entry entries[] = {
	INT("vm/overcommit_memory", sysctl_overcommit_memory, 0, 2),
	INT_BY(write_commit_limit, "vm/overcommit_ratio",
	       sysctl_overcommit_ratio, 0, INT_MAX),
	ULONG_BY(write_commit_limit, "vm/overcommit_kbytes",
		 sysctl_overcommit_kbytes),
	ULONG_BY(write_min_free, "vm/min_free_kbytes", min_free_kbytes),
	ULONG("vm/admin_reserve_kbytes", sysctl_admin_reserve_kbytes),
	ULONG("vm/user_reserve_kbytes", sysctl_user_reserve_kbytes),
	INT("vm/max_map_count", sysctl_max_map_count, 0, INT_MAX),
	FACT("vm/mmap_min_addr", "65536"),
	INT("vm/unprivileged_userfaultfd", sysctl_unprivileged_userfaultfd, 0,
	    1),
	{ .name = "sys/vm/drop_caches",
	  .mode = 0200,
	  .show = show_knob,
	  .write = write_drop_caches,
	  .data = &(struct knob){ .i = &dropped } },
	{ .name = "sys/vm/compact_memory",
	  .mode = 0200,
	  .show = show_constant,
	  .write = write_compact_memory,
	  .data = "" },
	INT("vm/extfrag_threshold", sysctl_extfrag_threshold, 0, 1000),
	INT("vm/compaction_proactiveness", sysctl_compaction_proactiveness, 0,
	    100),
	INT("vm/compact_unevictable_allowed",
	    sysctl_compact_unevictable_allowed, 0, 1),
	INT("vm/panic_on_oom", sysctl_panic_on_oom, 0, 2),
	INT("vm/oom_dump_tasks", sysctl_oom_dump_tasks, -INT_MAX - 1, INT_MAX),
	INT("vm/oom_kill_allocating_task", sysctl_oom_kill_allocating_task,
	    -INT_MAX - 1, INT_MAX),
	{ .name = "sys/vm/watermark_scale_factor",
	  .mode = 0644,
	  .show = show_watermark_scale,
	  .write = write_watermark_scale },
	{ .name = "sys/vm/lowmem_reserve_ratio",
	  .mode = 0644,
	  .show = show_reserve_ratio,
	  .write = write_reserve_ratio },
	INT("vm/page-cluster", sysctl_page_cluster, 0, 31),
	INT("vm/swappiness", vm_swappiness, 0, 200),
	INT("vm/vfs_cache_pressure", vfs_cache_pressure, 0, INT_MAX),
	ULONG("kernel/shmmax", shm_ctlmax),
	ULONG("kernel/shmall", shm_ctlall),
	INT("kernel/shmmni", shm_ctlmni, 0, 32768),
	INT("kernel/shm_next_id", shm_ids.next_id, -1, INT_MAX),
	INT("kernel/shm_rmid_forced", shm_rmid_forced, 0, 1),
	INT("kernel/msgmax", msg_ctlmax, 0, INT_MAX),
	INT("kernel/msgmnb", msg_ctlmnb, 0, INT_MAX),
	INT("kernel/msgmni", msg_ctlmni, 0, 32768),
	INT("kernel/msg_next_id", msg_ids.next_id, -1, INT_MAX),
	{ .name = "sys/kernel/sem",
	  .mode = 0644,
	  .show = show_sem_limits,
	  .write = write_sem_limits },
	INT("kernel/sem_next_id", sem_ids.next_id, -1, INT_MAX),
	INT("kernel/pid_max", pid_max, 301, 32768),
	INT("kernel/ns_last_pid", last_pid, 0, 32768),
	INT("kernel/threads-max", max_threads, 1, INT_MAX),
	{ .name = "sys/kernel/printk",
	  .mode = 0644,
	  .show = show_printk,
	  .write = write_printk },
	FACT("kernel/ostype", "Linux"),
	FACT("kernel/osrelease", UTS_RELEASE),
	FACT("kernel/version", UTS_VERSION),
	{ .name = "sys/kernel/hostname",
	  .mode = 0644,
	  .show = show_hostname,
	  .write = write_hostname,
	  .data = uts_nodename },
	{ .name = "sys/kernel/domainname",
	  .mode = 0644,
	  .show = show_hostname,
	  .write = write_hostname,
	  .data = uts_domainname },
	{ .name = "sys/kernel/core_pattern",
	  .mode = 0644,
	  .show = show_hostname,
	  .write = write_core_pattern,
	  .data = core_pattern },
	INT("kernel/core_uses_pid", core_uses_pid, 0, 1),
	FACT("kernel/ngroups_max", "65536"),
	FACT("kernel/cap_last_cap", "40"),
	FACT("kernel/tainted", "0"),
	FACT("kernel/randomize_va_space", "0"),
	{ .name = "sys/kernel/random/uuid", .mode = 0444, .show = show_uuid },
	{ .name = "sys/kernel/random/boot_id",
	  .mode = 0444,
	  .show = show_uuid,
	  .data = (void *)1 },
	FACT("kernel/random/entropy_avail", "256"),
	FACT("kernel/random/poolsize", "256"),
	ULONG("fs/file-max", max_files),
	{ .name = "sys/fs/file-nr", .mode = 0444, .show = show_file_nr },
	INT("fs/nr_open", sysctl_nr_open, 32, NR_OPEN_MAX),
	INT("net/unix/max_dgram_qlen", sysctl_max_dgram_qlen, 0, INT_MAX),
	INT("fs/leases-enable", leases_enable, -INT_MAX - 1, INT_MAX),
	INT("fs/lease-break-time", lease_break_time, -INT_MAX - 1, INT_MAX),
	INT("fs/pipe-max-size", pipe_max_size, PAGE_SIZE, INT_MAX),
	INT("fs/pipe-user-pages-soft", pipe_user_pages_soft, 0, INT_MAX),
	INT("fs/pipe-user-pages-hard", pipe_user_pages_hard, 0, INT_MAX),
};

/** proc_sysctl_init() - name the knobs. Context: boot, once. */
void proc_sysctl_init(void)
{
	unsigned int i;

	set_watermark_scale_factor(watermark_scale);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		proc_create(&entries[i]);
	dirty_sysctl_init();
}

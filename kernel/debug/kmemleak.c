/* SPDX-License-Identifier: MIT */
/*
 * /sys/kernel/debug/kmemleak: leaks of the kernel's own, in Linux's words.
 *
 *   read   the leaks that were found
 *   write  scan            look now
 *          scan=on | off   look now and then, or no more; so it begins
 *          scan=SECONDS    ... so often; 0: no more
 *          stack=on | off  pointers on tasks' stacks count
 *          clear           what was found is none; after "off": forget all
 *          dump=ADDRESS    a block, to the log
 *          off             until the next boot
 *
 * A timer is due now and then, and its worker looks: a scan may not run in an
 * interrupt, between two steps of whoever has the lock.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/kmemleak.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <kernel/init.h>
#include <kernel/proc/proc_fs.h>
#include <kernel/sched/workqueue.h>
#include <kernel/time/time.h>
#include <kernel/time/timer.h>

/* Seconds, as in Linux. */
#define FIRST_SCAN 60
#define SCAN_INTERVAL 600

static struct timer scan_timer;
static unsigned long interval = SCAN_INTERVAL; /* s; 0: none */

/* ---- now and then ---- */

static void wait_for(unsigned long seconds)
{
	timer_stop(&scan_timer);
	if (seconds)
		timer_start(&scan_timer, ktime_after(seconds * NSEC_PER_SEC));
}

static void scan_and_wait(struct work_struct *work)
{
	(void)work;
	if (!kmemleak_enabled)
		return;
	kmemleak_scan();
	wait_for(interval);
}

static void scan_is_due(struct timer *t)
{
	static struct work_struct work = WORK_INIT(work, scan_and_wait);

	(void)t;
	schedule_work(&work);
}

static int set_interval(const char *value)
{
	unsigned long seconds = 0;

	if (!ashlar_strcmp(value, "on")) {
		seconds = SCAN_INTERVAL;
	} else if (ashlar_strcmp(value, "off")) {
		if (!cmdline_number(&value, &seconds) || *value ||
		    seconds > 1000000)
			return -EINVAL;
	}
	interval = seconds;
	wait_for(interval);
	return 0;
}

/* ---- the file ---- */

static int set_stack(const char *value)
{
	if (ashlar_strcmp(value, "on") && ashlar_strcmp(value, "off"))
		return -EINVAL;
	kmemleak_stacks = !ashlar_strcmp(value, "on");
	return 0;
}

static int dump(const char *value)
{
	unsigned long address = 0;

	if (value[0] == '0' && value[1] == 'x')
		value += 2;
	for (; *value; value++) {
		u8 digit = (u8)(*value | 0x20);

		if (*value >= '0' && *value <= '9')
			digit = (u8)(*value - '0');
		else if (digit >= 'a' && digit <= 'f')
			digit = (u8)(digit - 'a' + 10);
		else
			return -EINVAL;
		address = address << 4 | digit;
	}
	return kmemleak_dump(address);
}

static int scan_now(const char *value)
{
	(void)value;
	kmemleak_scan();
	return 0;
}

static int switch_off(const char *value)
{
	(void)value;
	timer_stop(&scan_timer);
	kmemleak_disable();
	return 0;
}

static int clear(const char *value)
{
	(void)value;
	kmemleak_clear();
	return 0;
}

static const struct command {
	const char *name; /* with "=" if it takes a value */
	int (*run)(const char *value);
} commands[] = {
	{ "clear", clear },	 { "off", switch_off },
	{ "scan", scan_now },	 { "scan=", set_interval },
	{ "stack=", set_stack }, { "dump=", dump },
};

static int run_command(const char *text)
{
	unsigned int i;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		n = strlen(commands[i].name);
		if (ashlar_strncmp(text, commands[i].name, n) ||
		    (text[n] && commands[i].name[n - 1] != '='))
			continue;
		if (!kmemleak_enabled && commands[i].run != clear)
			return -EPERM;
		return commands[i].run(text + n);
	}
	return -EINVAL;
}

static ssize_t write_kmemleak(const char *text, size_t len, void *data)
{
	size_t n = len && text[len - 1] == '\n' ? len - 1 : len;
	char line[32];
	int err;

	(void)data;
	if (n >= sizeof(line))
		return -EINVAL;
	memcpy(line, text, n);
	line[n] = '\0';
	err = run_command(line);
	return err ? err : (ssize_t)len;
}

static int show_kmemleak(struct seq_file *m, void *data)
{
	(void)data;
	kmemleak_show(m);
	return 0;
}

/** kmemleak_init() - name the file, and begin to look. Context: boot, once. */
void kmemleak_init(void)
{
	static const struct proc_entry entry = {
		.name = "kmemleak",
		.mode = 0644,
		.show = show_kmemleak,
		.write = write_kmemleak,
	};

	debugfs_create(&entry);
	timer_setup(&scan_timer, scan_is_due);
	if (kmemleak_enabled)
		wait_for(FIRST_SCAN);
}

/* SPDX-License-Identifier: MIT */
/*
 * The log: a ring of records, a line each, numbered from 0.
 *
 *   log_buf  │ …free… │ record first │ record │ … │ record last - 1 │ …free… │
 *                     ▲ first_at                                    ▲ next_at
 *   record   { time, level, length } text, padded to 8 bytes
 *
 * A record never wraps: one that does not fit before the end of the buffer
 * leaves an empty record of length 0 there and begins at its start. The
 * oldest make room for the newest. Positions are bytes from the buffer's
 * start; first == last means empty.
 *
 * Lines reach the console as they are completed, if their level is below
 * console_loglevel. Any context may print: interrupts are off while the ring
 * changes.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/printk.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <mach/irqflags.h>

#define LOG_BYTES 16384u
#define LINE_BYTES 768u /* a zone's in a report of all memory has 500 */
#define LEVEL_DEFAULT 6

struct record {
	u64 ns; /* since boot */
	u16 len; /* of the text that follows; 0: go to the buffer's start */
	u8 level;
	u8 unused[5];
};

static u64 log_words[LOG_BYTES / 8];
static char *const log_buf = (char *)log_words;
static u64 first_seq, last_seq; /* numbers; last is the next one's */
static u64 clear_seq; /* syslog(5) was asked at this record */
static u64 syslog_seq; /* next for syslog(2) */
static u32 first_at, next_at;

static char line[LINE_BYTES]; /* not complete yet */
static u32 line_len;
static int line_level = LEVEL_DEFAULT;

int console_loglevel = 7;
static int saved_loglevel = -1;
DECLARE_WAIT_QUEUE_HEAD(log_wait);

/* ---- the ring; interrupts are off ---- */

static struct record *record_at(u32 at)
{
	return (struct record *)(log_buf + at);
}

static u32 record_bytes(u32 len)
{
	return sizeof(struct record) + ALIGN(len, 8u);
}

/* Where the record at or after @at is, past an end of the buffer. */
static u32 skip_end(u32 at)
{
	if (LOG_BYTES - at < sizeof(struct record) || !record_at(at)->len)
		return 0;
	return at;
}

static u32 next_record(u32 at)
{
	return skip_end(at + record_bytes(record_at(at)->len));
}

static void drop_first(void)
{
	first_seq++;
	if (first_seq != last_seq)
		first_at = next_record(first_at);
}

/* True if [next_at, next_at + bytes) runs over the oldest record. */
static bool runs_over(u32 at, u32 bytes)
{
	return first_seq != last_seq && first_at >= at && first_at < at + bytes;
}

static u32 make_room(u32 bytes)
{
	if (LOG_BYTES - next_at < bytes) {
		while (runs_over(next_at, LOG_BYTES - next_at))
			drop_first();
		if (LOG_BYTES - next_at >= sizeof(struct record))
			record_at(next_at)->len = 0;
		next_at = 0;
	}
	while (runs_over(next_at, bytes))
		drop_first();
	return next_at;
}

static void store(int level, const char *text, u32 len)
{
	u32 bytes = record_bytes(len);
	struct record *r = record_at(make_room(bytes));

	r->ns = port_time_ns();
	r->level = (u8)level;
	r->len = (u16)len;
	memcpy(r + 1, text, len);
	if (first_seq == last_seq)
		first_at = next_at;
	last_seq++;
	next_at += bytes;
	if (next_at == LOG_BYTES)
		next_at = 0;
}

/* Record number @seq, which is in the ring. */
static const struct record *find(u64 seq)
{
	u32 at = first_at;
	u64 n;

	for (n = first_seq; n != seq; n++)
		at = next_record(at);
	return record_at(at);
}

/* ---- printing ---- */

static int print_time(char *buf, size_t size, u64 ns)
{
	u32 us = (u32)(ns / 1000 % 1000000);

	return ashlar_snprintf(buf, size, "[%5u.%06u] ", (u32)(ns / 1000000000),
			       us);
}

static void emit(int level, const char *text, u32 len)
{
	char head[24];

	if (level >= console_loglevel)
		return;
	console_write(head,
		      (size_t)print_time(head, sizeof(head), port_time_ns()));
	console_write(text, len);
	console_write("\n", 1);
}

static void end_line(void)
{
	u32 len = max(line_len, 1u); /* a length of 0 means something else */

	if (!line_len)
		line[0] = ' ';
	store(line_level, line, len);
	emit(line_level, line, line_len);
	line_len = 0;
	line_level = LEVEL_DEFAULT;
}

static void put(char c)
{
	static bool level_follows;

	if (level_follows) {
		level_follows = false;
		if (line_len)
			end_line();
		line_level = c - '0';
	} else if (c == 1) {
		level_follows = true;
	} else if (c == '\n') {
		end_line();
	} else {
		line[line_len++] = c;
		if (line_len == LINE_BYTES)
			end_line();
	}
}

static void put_run(void *unused, const char *s, size_t n)
{
	(void)unused;
	while (n--)
		put(*s++);
}

/**
 * printk() - say something in the log
 * @fmt: a format, KERN_* at its head a level; a line ends with a newline
 *
 * Context: any. Return: 0.
 */
int printk(const char *fmt, ...)
{
	unsigned long flags = local_irq_save();
	u64 before = last_seq;
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vformat(put_run, NULL, fmt, args);
	__builtin_va_end(args);
	if (before != last_seq)
		wake_up(&log_wait);
	local_irq_restore(flags);
	return 0;
}

/** kmsg_write() - a program's line into the log */
void kmsg_write(const char *text, size_t n)
{
	int level = 4;

	if (n >= 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '9') {
		level = 0;
		for (text++, n--; n && *text >= '0' && *text <= '9';
		     text++, n--)
			level = level * 10 + *text - '0';
		if (n && *text == '>') {
			text++;
			n--;
		}
	}
	if (n && text[n - 1] == '\n')
		n--;
	printk("\001%c%.*s\n", '0' + (level & 7),
	       (int)min(n, (size_t)LINE_BYTES - 1), text);
}

/* ---- reading ---- */

u64 kmsg_first(void)
{
	return first_seq;
}

u64 kmsg_last(void)
{
	return last_seq;
}

/** kmsg_read() - one record as /dev/kmsg shows it; see kernel/printk.h */
int kmsg_read(u64 *seq, char *buf, size_t size)
{
	unsigned long flags = local_irq_save();
	int n = 0;

	if (*seq < first_seq) {
		*seq = first_seq;
		n = -EPIPE;
	} else if (*seq < last_seq) {
		const struct record *r = find(*seq);

		n = ashlar_snprintf(buf, size, "%u,%llu,%llu,-;%.*s\n",
				    r->level, (unsigned long long)*seq,
				    (unsigned long long)(r->ns / 1000), r->len,
				    (const char *)(r + 1));
		if (n >= (int)size)
			n = -EINVAL;
		else
			(*seq)++;
	}
	local_irq_restore(flags);
	return n;
}

/* A record as syslog(2) shows it. */
static int syslog_line(u64 seq, char *buf, size_t size)
{
	const struct record *r = find(seq);
	int n = ashlar_snprintf(buf, size, "<%u>", r->level);

	n += print_time(buf + n, size - (size_t)n, r->ns);
	return n + ashlar_snprintf(buf + n, size - (size_t)n, "%.*s\n", r->len,
				   (const char *)(r + 1));
}

/* Records from @seq on that fit into a program's buffer; bytes, and where it
 * ended. */
static long syslog_copy(u64 *seq, char __user *buf, size_t size)
{
	char text[LINE_BYTES + 40];
	size_t done = 0;

	while (*seq < last_seq) {
		size_t n;

		if (*seq < first_seq)
			*seq = first_seq;
		n = (size_t)syslog_line(*seq, text, sizeof(text));
		if (done + n > size)
			break;
		if (copy_to_user(buf + done, text, n))
			return -EFAULT;
		done += n;
		(*seq)++;
	}
	return (long)done;
}

/* As many of the newest records as fit. */
static long syslog_read_all(char __user *buf, size_t size, bool clear)
{
	char text[LINE_BYTES + 40];
	u64 seq = max(clear_seq, first_seq), s;
	size_t total = 0;
	long n;

	for (s = seq; s < last_seq; s++)
		total += (size_t)syslog_line(s, text, sizeof(text));
	while (total > size && seq < last_seq)
		total -= (size_t)syslog_line(seq++, text, sizeof(text));
	n = syslog_copy(&seq, buf, size);
	if (clear && n >= 0)
		clear_seq = last_seq;
	return n;
}

static long syslog_unread(void)
{
	char text[LINE_BYTES + 40];
	u64 s = max(syslog_seq, first_seq);
	long n = 0;

	for (; s < last_seq; s++)
		n += syslog_line(s, text, sizeof(text));
	return n;
}

static long set_loglevel(int level)
{
	if (level < 1 || level > 8)
		return -EINVAL;
	console_loglevel = level;
	saved_loglevel = -1;
	return 0;
}

static long syslog_read(char __user *buf, int len)
{
	int err = wait_event_interruptible(&log_wait, syslog_seq < last_seq);

	return err ? err : syslog_copy(&syslog_seq, buf, (size_t)len);
}

/* Console off (6) and on again (7). */
static long console_switch(bool on)
{
	if (on && saved_loglevel >= 0) {
		console_loglevel = saved_loglevel;
		saved_loglevel = -1;
	} else if (!on) {
		saved_loglevel = console_loglevel;
		console_loglevel = 1;
	}
	return 0;
}

static bool syslog_allowed(int type)
{
	return type == 3 || type == 10 || capable(CAP_SYS_ADMIN);
}

SYSCALL_DEFINE(syslog, int type, char __user *buf, int len)
{
	if (!syslog_allowed(type))
		return -EPERM;
	if (type >= 2 && type <= 4) {
		if (!buf || len < 0)
			return -EINVAL;
		if (!len)
			return 0;
		if (!access_ok(buf, (unsigned long)len))
			return -EFAULT;
	}
	switch (type) {
	case 0: /* open, close */
	case 1:
		return 0;
	case 2:
		return syslog_read(buf, len);
	case 3:
	case 4:
		return syslog_read_all(buf, (size_t)len, type == 4);
	case 5:
		clear_seq = last_seq;
		return 0;
	case 6:
	case 7:
		return console_switch(type == 7);
	case 8:
		return set_loglevel(len);
	case 9:
		return syslog_unread();
	case 10:
		return LOG_BYTES;
	default:
		return -EINVAL;
	}
}

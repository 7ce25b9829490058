/* SPDX-License-Identifier: MIT */
/*
 * Lines for people, and reports for a checker. A line is put together on the
 * stack and written with one system call: no stdio, no allocation, whole even
 * when several processes share stderr.
 *
 *   port_report(record) ── report=NAME ──► the socket of that abstract name;
 *        │                                 one byte comes back when it is
 *        │                                 printed, and the program goes on
 *        └── nobody takes it ──► lines on stderr
 *                                then abort(), unless report= was given
 *
 * A socket is opened for each report, so a program may fork, exec, or close
 * all of its descriptors. Nothing here waits longer than ANSWER_SECONDS. A
 * program that restricts its own system calls writes its reports itself from
 * then on.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <errno.h>
#include <linux/un.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "sys.h"
#include "user.h"

#define ANSWER_SECONDS 20
#define INTERRUPTIONS_MAX 64
#define ROW_BYTES 16

/* Before the name: a zero byte, which makes it abstract. */
static struct sockaddr_un reader;
static socklen_t reader_bytes; /* 0: no reader was named */
static bool reader_of_end; /* it wants to know of the end, and no more */
static bool alone; /* the kernel may end whoever opens a socket */

/* ---- a report as a record ---- */

/**
 * setup_report() - the option report=
 * @name: the abstract name of a socket, as `ashlar check` chose it
 *
 * From now on reports go there, and the program goes on after each. With
 * ",end" behind the name only the end of the process is told.
 *
 * Return: 0, or -EINVAL for a name that no socket can have.
 */
int setup_report(const char *name)
{
	static const char end[] = ",end";
	size_t n = strlen(name), tail = sizeof(end) - 1;

	reader_of_end = n > tail && !ashlar_strcmp(name + n - tail, end);
	n -= reader_of_end ? tail : 0;
	if (!n || n >= sizeof(reader.sun_path))
		return -EINVAL;
	reader.sun_family = AF_UNIX;
	memcpy(reader.sun_path + 1, name, n);
	reader_bytes =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
	return 0;
}

/* True if `ashlar check` takes the reports, or did. */
bool report_has_reader(void)
{
	return reader_bytes && !reader_of_end;
}

/**
 * report_restricted() - the program gives up what system calls it may make
 *
 * From now on none is made for checking, but for a write to its stderr: a right
 * program comes to its end.
 */
void report_restricted(void)
{
	alone = true;
}

/* A call that the program's signals may interrupt, but not for ever. */
static long persist(long nr, long a, long b, long c, long d, long e, long f)
{
	int tries = INTERRUPTIONS_MAX;
	long ret;

	do
		ret = sys6(nr, a, b, c, d, e, f);
	while (ret == -EINTR && --tries);
	return ret;
}

/* True if the record was taken. A late answer is none, but no failure. */
static bool hand_over(int fd, const struct report_record *r)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	char answer;

	sys6(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, (long)&limit,
	     sizeof(limit), 0);
	sys6(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, (long)&limit,
	     sizeof(limit), 0);
	if (persist(SYS_connect, fd, (long)&reader, reader_bytes, 0, 0, 0) ||
	    persist(SYS_sendto, fd, (long)r, sizeof(*r), MSG_NOSIGNAL, 0, 0) !=
		    (long)sizeof(*r))
		return false;
	persist(SYS_recvfrom, fd, (long)&answer, 1, 0, 0, 0);
	return true;
}

static bool reader_takes(const struct report_record *r)
{
	bool taken;
	long fd;

	if (!reader_bytes || alone)
		return false;
	fd = sys6(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0,
		  0);
	if (sys_is_error(fd))
		return false;
	taken = hand_over((int)fd, r);
	sys6(SYS_close, fd, 0, 0, 0, 0, 0);
	return taken;
}

/*
 * The running thread's callers, as a record has them: in one form, whatever the
 * size of a word is here. Returns how many, at most REPORT_FRAMES.
 */
unsigned int report_callers(u64 *to)
{
	unsigned long pc[REPORT_FRAMES];
	unsigned int i, nr = port_callers(pc, REPORT_FRAMES);

	for (i = 0; i < nr; i++)
		to[i] = pc[i];
	return nr;
}

/* Who, and where. */
static void fill(struct report_record *r)
{
	r->magic = REPORT_MAGIC;
	r->version = REPORT_VERSION;
	r->size = sizeof(*r);
	r->pid = (s32)sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	r->tid = (s32)sys6(SYS_gettid, 0, 0, 0, 0, 0, 0);
	if (!alone)
		sys6(SYS_prctl, PR_GET_NAME, (long)r->thread, 0, 0, 0, 0);
	if (r->now.flags & REPORT_STACK_KNOWN)
		return;
	report_callers(r->now.pc);
	r->now.tid = r->tid;
	r->now.flags = REPORT_STACK_KNOWN;
}

/* ---- lines ---- */

static void write_line(const char *prefix, const char *kind, const char *line)
{
	int n, pid = (int)sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	char buf[400];

	n = ashlar_snprintf(buf, sizeof(buf), "==%d==%s%s%s%s\n", pid, prefix,
			    kind, *kind ? ": " : "", line);
	if (n > (int)sizeof(buf) - 1)
		n = (int)sizeof(buf) - 1;
	sys_write(STDERR_FILENO, buf, (size_t)n);
}

/* Counts those who write a report here: the lines of one stay together. */
static unsigned int writing;

/* A line that is no report goes where the reports go. */
static bool reader_takes_line(const char *line)
{
	struct report_record r = { .kind = REPORT_NOTE };

	if (!report_has_reader() || __atomic_load_n(&writing, __ATOMIC_RELAXED))
		return false;
	ashlar_strscpy(r.sentence, line, sizeof(r.sentence));
	r.now.flags = REPORT_STACK_KNOWN; /* none is wanted */
	fill(&r);
	return reader_takes(&r);
}

void port_log(const char *line)
{
	if (!reader_takes_line(line))
		write_line("Ashlar: ", "", line);
}

void port_panic(const char *line)
{
	write_line("PANIC: Ashlar: ", "", line);
	abort();
}

/* ---- a report as lines ---- */

static void print_code(const struct report_stack *s)
{
	unsigned int i;

	for (i = 0; i < REPORT_FRAMES && s->pc[i]; i++)
		port_log_code(s->pc[i]);
}

static void print_past(const char *what, const struct report_stack *s)
{
	char line[80];

	if (!(s->flags & REPORT_STACK_KNOWN))
		return;
	ashlar_snprintf(line, sizeof(line), "%s %lu ms ago by thread %d", what,
			(unsigned long)s->ms_ago, s->tid);
	port_log(line);
	print_code(s);
}

/* Bytes as people read them: address, hexadecimal, characters. */
static void print_row(const struct report_record *r, u32 from)
{
	char line[ROW_BYTES * 4 + 32], *at = line;
	u32 i, n = min(r->window_bytes - from, (u32)ROW_BYTES);

	at += ashlar_snprintf(
		at, 24, "  %p: ", (void *)(uintptr_t)(r->window_start + from));
	for (i = from; i < from + n; i++)
		at += ashlar_snprintf(at, 4, "%02x ", r->window[i]);
	for (i = from; i < from + n; i++)
		*at++ = r->window[i] >= ' ' && r->window[i] <= '~' ?
				(char)r->window[i] :
				'.';
	*at = '\0';
	port_log(line);
}

static void print_report(const struct report_record *r)
{
	u32 from;

	__atomic_fetch_add(&writing, 1, __ATOMIC_RELAXED);
	write_line("ERROR: Ashlar: ", r->kind, r->sentence);
	if (report_has_reader())
		print_code(&r->now);
	print_past("Allocated", &r->alloc);
	print_past("Freed", &r->free);
	for (from = 0; from < min(r->window_bytes, (u32)REPORT_WINDOW);
	     from += ROW_BYTES)
		print_row(r, from);
	__atomic_fetch_sub(&writing, 1, __ATOMIC_RELAXED);
}

/* What ends the program, or does not, is not for this to say. */
void report_and_go_on(struct report_record *r)
{
	fill(r);
	if (!report_has_reader() || !reader_takes(r))
		print_report(r);
}

void port_report(struct report_record *r)
{
	report_and_go_on(r);
	if (!report_has_reader())
		abort();
}

/* True if the program has given up system calls that ours may be among. */
bool report_is_restricted(void)
{
	return alone;
}

/* report_send - a record that is no mistake; false: nobody takes it */
bool report_send(struct report_record *r)
{
	fill(r);
	return reader_takes(r);
}

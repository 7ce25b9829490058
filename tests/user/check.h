/* SPDX-License-Identifier: MIT */
/*
 * What every program of tests/user shares.
 *
 * Each program is an ordinary one: it includes the system's headers, is
 * linked to the system's libc and knows nothing of Ashlar.  The runner
 * starts it with Ashlar preloaded, or linked in statically.
 *
 *	ok user/TOPIC/NAME
 *	not ok user/TOPIC/NAME - REASON
 *	# end TOPIC			the program ran through to its end
 *
 * Nothing in here allocates, so a broken allocator can still be reported.
 *
 * USER_TEST_REFERENCE	set when the allocator is not Ashlar: what only Ashlar
 *			promises is then left out (on_ashlar() is false)
 * USER_TEST_PORT	set when the system's programs are for another
 *			processor or C library than this one
 * USER_TEST_VARIANT	appended to each name, e.g. "musl"
 */
#ifndef TESTS_USER_CHECK_H
#define TESTS_USER_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KB ((size_t)1 << 10)
#define MB ((size_t)1 << 20)
#define HUNG (-1)

static const char *check_topic;
static int check_failures;

static inline void say(const char *fmt, ...)
{
	char line[600];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(99);
}

static inline bool on_ashlar(void)
{
	return !getenv("USER_TEST_REFERENCE");
}

/* True if blocks are watched: freed ones wait, large ones have addresses. */
static inline bool is_watched(void)
{
	const char *variant = getenv("USER_TEST_VARIANT");

	return variant &&
	       (!strcmp(variant, "watched") || !strcmp(variant, "checked"));
}

static inline void begin(const char *topic)
{
	check_topic = topic;
}

static inline int finish(void)
{
	say("# end %s", check_topic);
	return check_failures ? 1 : 0;
}

/* One check: the reason is a format, printed only when it failed. */
static inline bool check(bool good, const char *name, const char *why, ...)
{
	const char *variant = getenv("USER_TEST_VARIANT");
	char label[160], reason[400];
	va_list ap;

	snprintf(label, sizeof(label), "user/%s/%s%s%s", check_topic, name,
		 variant ? "@" : "", variant ? variant : "");
	if (good) {
		say("ok %s", label);
		return true;
	}
	va_start(ap, why);
	vsnprintf(reason, sizeof(reason), why, ap);
	va_end(ap);
	__atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);
	say("not ok %s - %s", label, reason);
	return false;
}

static inline void sleep_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static inline long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A small generator with a state of its own (xorshift64*). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

/* Any size up to 1 << max_bits, small ones as likely as large ones. */
static inline size_t random_size(uint64_t *state, unsigned int max_bits)
{
	unsigned int bits = next_random(state) % (max_bits + 1);

	return next_random(state) & (((size_t)1 << bits) - 1);
}

static inline unsigned char fill_byte(size_t seed, size_t i)
{
	return (unsigned char)(seed * 131 + i + (i >> 8));
}

/* Writes a pattern that depends on the seed and on the position. */
static inline void fill(void *p, size_t n, size_t seed)
{
	unsigned char *b = (unsigned char *)p;
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = fill_byte(seed, i);
}

/* The index of the first byte that differs from fill()'s, or n. */
static inline size_t first_wrong(const void *p, size_t n, size_t seed)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t i;

	for (i = 0; i < n && b[i] == fill_byte(seed, i); i++)
		;
	return i;
}

static inline bool intact(const void *p, size_t n, size_t seed)
{
	return first_wrong(p, n, seed) == n;
}

/* The index of the first byte that is not `value`, or n. */
static inline size_t first_not(const void *p, size_t n, unsigned char value)
{
	const unsigned char *b = (const unsigned char *)p;
	size_t i;

	if (!n || (b[0] == value && !memcmp(b, b + 1, n - 1)))
		return n;
	for (i = 0; i < n && b[i] == value; i++)
		;
	return i;
}

static inline bool is_aligned(const void *p, size_t alignment)
{
	return !((uintptr_t)p & (alignment - 1));
}

/* Memory for the test's own books, never the allocator's. */
static inline void *map_pages(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		say("# mmap of %zu bytes for the test failed", size);
		_exit(99);
	}
	return p;
}

/* The number after `key` in /proc/self/status, in KiB; -1 without it. */
static inline long status_kb(const char *key)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char text[4096], *at;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

static inline long rss_kb(void)
{
	return status_kb("VmRSS:");
}

/* Waits for a child: its status, or HUNG after killing it. */
static inline int wait_for(pid_t pid, int seconds)
{
	long end = now_ms() + seconds * 1000L;
	long pause_us = 100;
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			return status;
		if (got < 0 && errno != EINTR)
			return HUNG;
		if (now_ms() > end)
			break;
		usleep(pause_us);
		if (pause_us < 5000)
			pause_us *= 2;
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return HUNG;
}

static inline bool exited_well(int status)
{
	return status != HUNG && WIFEXITED(status) && !WEXITSTATUS(status);
}

/* What a status of wait_for() says, for a reason. */
static inline const char *ending(int status)
{
	static __thread char text[40];

	if (status == HUNG)
		return "hung";
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "signal %d", WTERMSIG(status));
	else
		snprintf(text, sizeof(text), "exit %d", WEXITSTATUS(status));
	return text;
}

/* Runs fn in a forked child, which ends with fn's value. */
static inline int in_child(int (*fn)(void *arg), void *arg, int seconds)
{
	pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	return pid < 0 ? HUNG : wait_for(pid, seconds);
}

/* Starts this program afresh with one argument; prepare runs before exec. */
static inline int in_fresh(const char *mode, int (*prepare)(void *arg),
			   void *arg, int seconds)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? HUNG : wait_for(pid, seconds);
	if (prepare && prepare(arg))
		_exit(98);
	execl("/proc/self/exe", check_topic, mode, (char *)NULL);
	_exit(97);
}

#endif

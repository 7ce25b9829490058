/* SPDX-License-Identifier: MIT */
/*
 * Calls of malloc's family that fail on request: fail=RULE.
 *
 *   a call ─► size? ─► the program's own? ─► from there? ─► its turn? ─► NULL
 *             size=    not the runtime's     library=       nth= from=
 *             cache=                         code=          every= percent=
 *                                                           times=
 *
 * A rule is some of these, with commas between; what is not said lets all
 * pass. A call is the runtime's own if the innermost calls that led to it are
 * all of the C library, the loader, or the compiler's runtime: what stdio and
 * threads need for themselves, and not what strdup() or fopen() returns.
 * `runtime` has these fail, too.
 *
 * Without a rule this costs nothing; with one no size counts as cached, so
 * that every call takes the slow path for large blocks. (mm/fault_inject.c
 * makes the core's own allocations fail, whoever asks for them.)
 */
#include <ashlar/cmdline.h>
#include <ashlar/options.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include "find_object.h"
#include "sys.h"
#include "user.h"

#define RUNTIME_FRAMES 4 /* innermost calls: all of the runtime's, or not */
#define NAME_SIZE 64
#define LINES_MOST 10

bool fail_wanted;

static struct rule {
	unsigned long nth, from, every, percent, times; /* 0: not said */
	unsigned long least, most; /* bytes; most 0: any */
	unsigned long code, code_end; /* in the program's file; end 0: any */
	char library[NAME_SIZE]; /* a part of its path; "": any */
	bool runtime;
	unsigned long calls, failed; /* so far */
} rule;

/* ---- the rule ---- */

/* A number, or two with a - between. */
static bool take_range(const char *s, unsigned long *from, unsigned long *to)
{
	if (!cmdline_number(&s, from))
		return false;
	*to = *from;
	if (*s == '-') {
		s++;
		if (!cmdline_number(&s, to))
			return false;
	}
	return !*s && *from <= *to;
}

static bool take_number(const char *s, unsigned long *n)
{
	return cmdline_number(&s, n) && !*s && *n;
}

/* kmalloc-64: the sizes that are more than the class below holds. */
static bool take_cache(const char *s)
{
	static const char prefix[] = "kmalloc-";
	unsigned long size, below, step = 16;

	if (ashlar_strncmp(s, prefix, sizeof(prefix) - 1) ||
	    !take_number(s + sizeof(prefix) - 1, &size) || size % 16)
		return false;
	for (below = 128; below < size; below *= 2)
		step = below / 8;
	rule.most = size;
	rule.least = size <= 16 ? 0 : size - step + 1;
	return size % step == 0;
}

static bool take_library(const char *s)
{
	return *s && ashlar_strscpy(rule.library, s, NAME_SIZE) < NAME_SIZE;
}

/* Tables without pointers: nothing is to be relocated when a program starts. */
static const struct {
	char name[8];
	unsigned long number; /* where in the rule */
} numbers[] = {
	{ "nth", offsetof(struct rule, nth) },
	{ "from", offsetof(struct rule, from) },
	{ "every", offsetof(struct rule, every) },
	{ "percent", offsetof(struct rule, percent) },
	{ "times", offsetof(struct rule, times) },
};

static unsigned long *number_of(size_t i)
{
	return (unsigned long *)((char *)&rule + numbers[i].number);
}

static bool take_part(const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!ashlar_strcmp(key, numbers[i].name))
			return take_number(value, number_of(i)) &&
			       rule.percent <= 100;
	if (!ashlar_strcmp(key, "size"))
		return take_range(value, &rule.least, &rule.most) && rule.most;
	if (!ashlar_strcmp(key, "code"))
		return take_range(value, &rule.code, &rule.code_end);
	if (!ashlar_strcmp(key, "cache"))
		return take_cache(value);
	if (!ashlar_strcmp(key, "library"))
		return take_library(value);
	if (ashlar_strcmp(key, "runtime") || *value)
		return false;
	rule.runtime = true;
	return true;
}

/* Copies up to @stop or a comma; returns what follows, or NULL: too long. */
static const char *take_word(const char *s, char stop, char *word, size_t size)
{
	size_t n = 0;

	for (; *s && *s != ',' && *s != stop; s++) {
		if (n + 1 == size)
			return NULL;
		word[n++] = *s;
	}
	word[n] = '\0';
	return s;
}

/**
 * setup_fail() - the option fail=
 * @str: the rule
 *
 * Return: 0; or -EINVAL, and nothing fails.
 */
int setup_fail(const char *str)
{
	char key[16], value[NAME_SIZE];

	memset(&rule, 0, sizeof(rule));
	fail_wanted = false;
	do {
		str = take_word(str, '=', key, sizeof(key));
		value[0] = '\0';
		if (str && *str == '=')
			str = take_word(str + 1, ',', value, sizeof(value));
		if (!str || !take_part(key, value))
			return -EINVAL;
	} while (*str++ == ',');
	fail_wanted = true;
	return 0;
}

/* ---- who calls ---- */

static const struct link_map *map_of(unsigned long pc)
{
	struct dl_find_object o;

	if (!find_object(pc, &o))
		return NULL;
	return o.dlfo_link_map;
}

static const char *base_name(const char *path)
{
	const char *name = path;

	for (; *path; path++)
		if (*path == '/')
			name = path + 1;
	return name;
}

static bool is_runtime(unsigned long pc)
{
	static const char runtime[][16] = {
		"libc.so.",	 "libc-2.",  "ld-linux", "ld-2.",  "libpthread",
		"libstdc++.so.", "libgcc_s", "libm.so.", "libc++",
	};
	const struct link_map *map = map_of(pc);
	const char *name = map ? base_name(map->l_name) : "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(runtime); i++)
		if (!ashlar_strncmp(name, runtime[i], strlen(runtime[i])))
			return true;
	return false;
}

static bool is_runtimes_own(const unsigned long *pc, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && i < RUNTIME_FRAMES; i++)
		if (!is_runtime(pc[i]))
			return false;
	return nr != 0;
}

static bool contains(const char *text, const char *part)
{
	size_t n = strlen(part);

	for (; *text; text++)
		if (!ashlar_strncmp(text, part, n))
			return true;
	return false;
}

static bool is_from(unsigned long pc)
{
	const struct link_map *map = map_of(pc);
	const char *name = map && *map->l_name ? map->l_name : "program";

	if (!map)
		return false;
	if (*rule.library && !contains(name, rule.library))
		return false;
	if (!rule.code_end)
		return true;
	return !*map->l_name && pc - map->l_addr >= rule.code &&
	       pc - map->l_addr <= rule.code_end;
}

static bool comes_from(const unsigned long *pc, unsigned int nr)
{
	unsigned int i;

	if (!*rule.library && !rule.code_end)
		return true;
	for (i = 0; i < nr; i++)
		if (is_from(pc[i]))
			return true;
	return false;
}

/* ---- which ---- */

/* True if it is the turn of call number @n of those that the rule is for. */
static bool is_its_turn(unsigned long n)
{
	if (rule.nth && n != rule.nth)
		return false;
	if (rule.from && n < rule.from)
		return false;
	if (rule.every && n % rule.every)
		return false;
	return !rule.percent || port_random() % 100 < rule.percent;
}

static void tell(size_t size, unsigned long n, const unsigned long *pc,
		 unsigned int nr)
{
	struct report_record r = { .kind = REPORT_FAILED, .bytes = size };
	char line[120];
	unsigned int i;

	r.address = n;
	r.now.flags = REPORT_STACK_KNOWN;
	for (i = 0; i < nr && i < REPORT_FRAMES; i++)
		r.now.pc[i] = pc[i];
	if (report_send(&r))
		return;
	ashlar_snprintf(line, sizeof(line),
			"allocation %lu, of %zu bytes, is made to fail", n,
			size);
	port_log(line);
	for (i = 0; i < nr && i < RUNTIME_FRAMES; i++)
		port_log_code(pc[i]);
}

/**
 * fail_call() - is this call to fail?
 * @size: bytes that are asked for
 *
 * Context: any in which one allocates; fail_wanted. Return: true if so.
 */
bool fail_call(size_t size)
{
	unsigned long pc[REPORT_FRAMES], n, failed;
	unsigned int nr;

	if (rule.most && (size < rule.least || size > rule.most))
		return false;
	nr = port_callers(pc, REPORT_FRAMES);
	if ((!rule.runtime && is_runtimes_own(pc, nr)) || !comes_from(pc, nr))
		return false;
	n = __atomic_add_fetch(&rule.calls, 1, __ATOMIC_RELAXED);
	if (!is_its_turn(n))
		return false;
	failed = __atomic_add_fetch(&rule.failed, 1, __ATOMIC_RELAXED);
	if (rule.times && failed > rule.times)
		return false;
	if (failed <= LINES_MOST)
		tell(size, n, pc, nr);
	return true;
}

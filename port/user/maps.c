/* SPDX-License-Identifier: MIT */
/*
 * What is mapped at an address, as the kernel lists it:
 *
 *   7f00…-7f01… r-xp 00000000 08:01 1234    /usr/lib/libfoo.so
 *
 * Read piece by piece into a small buffer; a line is taken in a byte at a time,
 * and its end, if it is longer than the buffer for names, is left out. Context:
 * any, one thread at a time.
 */
#include "maps.h"
#include <ashlar/compiler.h>
#include <ashlar/string.h>
#include <fcntl.h>
#include "sys.h"

#define PIECE 2048
#define LINE 256

static char piece[PIECE], line[LINE];

static uintptr_t take_hex(const char **s)
{
	uintptr_t n = 0;

	for (;; ++*s) {
		if (**s >= '0' && **s <= '9')
			n = n << 4 | (uintptr_t)(**s - '0');
		else if (**s >= 'a' && **s <= 'f')
			n = n << 4 | (uintptr_t)(**s - 'a' + 10);
		else
			return n;
	}
}

static const char *skip_word(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

static const char *last_part(const char *path)
{
	const char *s, *last = path;

	for (s = path; *path == '/' && *s; s++)
		if (*s == '/')
			last = s + 1;
	return last;
}

static bool parse(struct mapping *m)
{
	const char *s = line;
	unsigned int i;

	m->start = take_hex(&s);
	if (*s++ != '-')
		return false;
	m->end = take_hex(&s);
	if (*s++ != ' ')
		return false;
	m->read = s[0] == 'r';
	m->write = s[1] == 'w';
	m->exec = s[2] == 'x';
	for (i = 0; i < 4; i++)
		s = skip_word(s);
	ashlar_strscpy(m->name, last_part(s), sizeof(m->name));
	return true;
}

/* False: the line is beyond @addr, and so are all that follow. */
static bool take_line(uintptr_t addr, struct near_mappings *near)
{
	struct mapping m;

	if (!parse(&m))
		return true;
	if (addr >= m.end) {
		near->before = m;
		return true;
	}
	near->found = addr >= m.start;
	*(near->found ? &near->at : &near->behind) = m;
	return false;
}

static void read_all(int fd, uintptr_t addr, struct near_mappings *near)
{
	size_t used = 0;
	long i, n;

	while ((n = sys6(SYS_read, fd, (long)piece, sizeof(piece), 0, 0, 0)) >
	       0) {
		for (i = 0; i < n; i++) {
			if (piece[i] != '\n') {
				if (used < LINE - 1)
					line[used++] = piece[i];
				continue;
			}
			line[used] = '\0';
			used = 0;
			if (!take_line(addr, near))
				return;
		}
	}
}

/**
 * maps_find() - what is mapped at an address, or near it
 * @addr: the address
 * @near: filled
 *
 * Return: false if the kernel does not say.
 */
bool maps_find(uintptr_t addr, struct near_mappings *near)
{
	long fd = sys6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps",
		       O_RDONLY | O_CLOEXEC, 0, 0, 0);

	memset(near, 0, sizeof(*near));
	if (sys_is_error(fd))
		return false;
	read_all((int)fd, addr, near);
	sys6(SYS_close, fd, 0, 0, 0, 0, 0);
	return near->found || near->before.end || near->behind.end;
}

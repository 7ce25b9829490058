/* SPDX-License-Identifier: MIT */
/* What /proc says: is memory shared with others; is there a debugger? */
#include "race.h"
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct text {
	int fd;
	size_t at, end;
	char buffer[1024];
};

static bool begin(struct text *t, const char *path)
{
	t->fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	t->at = t->end = 0;
	return t->fd >= 0;
}

/* 0 at the end. */
static char next(struct text *t)
{
	long n;

	if (t->at == t->end) {
		n = syscall(SYS_read, t->fd, t->buffer, sizeof(t->buffer));
		if (n <= 0)
			return 0;
		t->at = 0;
		t->end = (size_t)n;
	}
	return t->buffer[t->at++];
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Takes what is behind the number, too. */
static uint64_t number(struct text *t, unsigned int base)
{
	uint64_t n = 0;
	int d;

	while ((d = digit(next(t))) < (int)base)
		n = n * base + (unsigned int)d;
	return n;
}

/* One line; false at the end. */
static bool take_line(struct text *t, uint64_t address, bool *found,
		      bool *shared, struct report_shared *where)
{
	uint64_t start = number(t, 16), end = number(t, 16);
	char c = 0;
	int i;

	for (i = 0; i < 4; i++)
		c = next(t);
	*shared = c == 's';
	next(t);
	where->offset = number(t, 16) + address - start;
	where->major = (unsigned int)number(t, 16);
	where->minor = (unsigned int)number(t, 16);
	where->inode = number(t, 10);
	*found = address >= start && address < end;
	do
		c = next(t);
	while (c && c != '\n');
	return c != 0;
}

/* True if @address is of a mapping that is shared; *@where says which. */
bool race_is_shared(uint64_t address, struct report_shared *where)
{
	bool found = false, shared = false;
	struct text t;

	if (!begin(&t, "/proc/self/maps"))
		return false;
	while (!found && take_line(&t, address, &found, &shared, where))
		;
	syscall(SYS_close, t.fd);
	return found && shared;
}

/* True if a debugger is attached, which would see each of our traps. */
bool race_is_traced(void)
{
	static const char name[] = "TracerPid:\t";
	size_t matched = 0;
	struct text t;
	char c;

	if (!begin(&t, "/proc/self/status"))
		return false;
	while (name[matched] && (c = next(&t)))
		matched = c == name[matched] ? matched + 1 : 0;
	c = next(&t);
	syscall(SYS_close, t.fd);
	return !name[matched] && c && c != '0';
}

/* SPDX-License-Identifier: MIT */
/* Swap areas, pages that are told apart, and reports, for programs that run in
 * the machine. */
#ifndef SWAP_H
#define SWAP_H

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096l
#define MB (1l << 20)

static char text[200000];

static inline const char *report(const char *path)
{
	int fd = open(path, O_RDONLY);
	long n = 0, got;

	need(fd >= 0);
	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	text[n] = 0;
	close(fd);
	return text;
}

/* The number behind a name at the start of a line. */
static inline long number(const char *path, const char *name)
{
	const char *s = report(path);
	size_t len = strlen(name);

	while (s && strncmp(s, name, len)) {
		s = strchr(s, '\n');
		s = s ? s + 1 : s;
	}
	return s ? atol(s + len) : -1;
}

/* What mkswap would write; @pages of them, the header's included. */
static inline void make_swap(const char *path, long pages, int version)
{
	static char page[PAGE];
	uint32_t *info = (uint32_t *)(page + 1024);
	int fd = open(path, O_RDWR);

	need(fd >= 0);
	memset(page, 0, sizeof(page));
	info[0] = version;
	info[1] = pages - 1;
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	need(pwrite(fd, page, PAGE, 0) == PAGE);
	need(!fsync(fd));
	close(fd);
}

static inline long ram(void)
{
	return number("/proc/meminfo", "MemTotal:") * 1024;
}

/* Page n of pattern @seed; every word of it is its own. */
static inline void fill(char *p, long n, uint32_t seed)
{
	uint32_t *w = (uint32_t *)(p + n * PAGE);

	for (long i = 0; i < PAGE / 4; i++)
		w[i] = seed * 2654435761u + (uint32_t)(n * 1024 + i);
}

static inline int is_filled(const char *p, long n, uint32_t seed)
{
	const uint32_t *w = (const uint32_t *)(p + n * PAGE);

	for (long i = 0; i < PAGE / 4; i++)
		if (w[i] != seed * 2654435761u + (uint32_t)(n * 1024 + i))
			return 0;
	return 1;
}

static inline char *map(long bytes, int flags)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_ANONYMOUS | flags, -1, 0);

	need(p != MAP_FAILED);
	return p;
}

/* Pages that do not hold what they should. */
static inline long wrong(const char *p, long pages, uint32_t seed)
{
	long n, bad = 0;

	for (n = 0; n < pages; n++)
		bad += !is_filled(p, n, seed);
	return bad;
}

static inline int wait_for(pid_t pid)
{
	int status;

	need(waitpid(pid, &status, 0) == pid);
	return status;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A witness that is preloaded beside the allocator. When a program starts, it
 * looks up in the program's own memory map which file its malloc lies in, and
 * notes one line for each exec in the file named by WITNESS_LOG:
 *
 *	FILE THAT SERVES malloc <tab> FILE OF THE PROGRAM
 *
 * A program that drops the preload writes no line, and one that brings a
 * malloc of its own names itself: neither can pass for a program that ran on
 * the allocator. Nothing here allocates.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char map[1 << 20];

/* Reads a whole file into map, as a string; its length, 0 on failure. */
static size_t read_map(const char *path)
{
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while (len < sizeof(map) - 1 &&
	       (n = read(fd, map + len, sizeof(map) - 1 - len)) > 0)
		len += n;
	close(fd);
	map[len] = 0;
	return n < 0 ? 0 : len;
}

/* The file mapped at an address: "START-END PROT OFFSET DEV INODE   PATH". */
static char *file_at(unsigned long addr)
{
	char *line, *next, *at;
	unsigned long start;

	for (line = map; *line; line = next) {
		next = strchrnul(line, '\n');
		if (*next)
			*next++ = 0;
		start = strtoul(line, &at, 16);
		if (addr >= start && addr < strtoul(at + 1, NULL, 16))
			return strchr(line, '/');
	}
	return NULL;
}

/*
 * The malloc that calls reach. The first in search order, which is the
 * program's own if it has one; but a program without one may still show the
 * address of its jump to it (an undefined symbol with a value), and then it is
 * the first in the libraries: the witness must be the first of those.
 */
static void *serving_malloc(void)
{
	void *first = dlsym(RTLD_DEFAULT, "malloc");
	const ElfW(Sym) * symbol;
	Dl_info info;

	if (dladdr1(first, &info, (void **)&symbol, RTLD_DL_SYMENT) && symbol &&
	    symbol->st_shndx == SHN_UNDEF)
		return dlsym(RTLD_NEXT, "malloc");
	return first;
}

__attribute__((constructor)) static void witness(void)
{
	const char *log = getenv("WITNESS_LOG");
	char line[2 * PATH_MAX + 2], *serving = NULL;
	size_t len;
	ssize_t n;
	int fd;

	if (log && read_map("/proc/self/maps"))
		serving = file_at((unsigned long)serving_malloc());
	if (!serving || strlen(serving) > PATH_MAX)
		return;
	len = stpcpy(stpcpy(line, serving), "\t") - line;
	n = readlink("/proc/self/exe", line + len, PATH_MAX);
	if (n < 0)
		return;
	len += n;
	line[len++] = '\n';
	fd = open(log, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return;
	n = write(fd, line, len);
	close(fd);
}

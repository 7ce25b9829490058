/* SPDX-License-Identifier: MIT */
/*
 * What a process had mapped at one moment, and the files of it.
 *
 *   /proc/PID/maps   pc ─► the file, and where in it
 *   /proc/PID/root   the file ─► as the process would open it
 *   /proc/PID/mem    its build-id there ─► is it the file that runs?
 *
 * The three are opened while the process waits, and serve when it is gone. A
 * library that is unloaded is remembered, and no other lies where it was.
 */
#include "mapped.h"
#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "build_id.h"
#include "symbolize.h"

#define MAPS_BYTES_MAX (16ul << 20)
#define HEADERS_MAX 64
#define PAST_MAX 4096 /* mappings of libraries that are gone */

static char *read_maps(pid_t pid)
{
	size_t used = 0, size = 64 << 10;
	char *text = malloc(size + 1), *more;
	char path[40];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (text && fd >= 0 &&
	       (n = read(fd, text + used, size - used)) > 0) {
		used += (size_t)n;
		if (used < size || size >= MAPS_BYTES_MAX)
			continue;
		more = realloc(text, 2 * size + 1);
		if (!more)
			break;
		text = more;
		size *= 2;
	}
	if (fd >= 0)
		close(fd);
	if (text)
		text[used] = 0;
	return text;
}

/* ---- libraries that are unloaded ---- */

/* Where their files were mapped, in the order in which they went. */
static struct past {
	pid_t pid;
	struct mapping mapping; /* its path is its own */
} * past;
static size_t nr_past;

static bool overlap(const struct mapping *a, uint64_t start, uint64_t end)
{
	return a->start < end && start < a->end;
}

static void remember(pid_t pid, const struct mapping *m)
{
	struct past *more;

	if (nr_past == PAST_MAX)
		return;
	more = realloc(past, (nr_past + 1) * sizeof(*past));
	if (!more)
		return;
	past = more;
	past[nr_past] = (struct past){ pid, *m };
	past[nr_past].mapping.path = strdup(m->path);
	nr_past += past[nr_past].mapping.path != NULL;
}

/**
 * symbols_remember() - a library goes: its addresses are to have names later
 * @pid: the process, which waits
 * @start: where the library begins
 * @bytes: up to where it reaches
 */
void symbols_remember(pid_t pid, uint64_t start, uint64_t bytes)
{
	struct symbols *s = symbols_of_process(pid);
	size_t i;

	for (i = 0; s && i < s->nr; i++)
		if (s->mapping[i].start >= start &&
		    overlap(&s->mapping[i], start, start + bytes))
			remember(pid, &s->mapping[i]);
	symbols_free(s);
}

/* What @pid had mapped, where nothing is by now; there is room for it. */
static void add_past(struct symbols *s, pid_t pid)
{
	const struct mapping *m;
	size_t i, at;

	for (i = 0; i < nr_past; i++) {
		m = &past[i].mapping;
		for (at = 0; at < s->nr && s->mapping[at].end <= m->start; at++)
			;
		if (past[i].pid != pid ||
		    (at < s->nr && overlap(&s->mapping[at], m->start, m->end)))
			continue;
		memmove(&s->mapping[at + 1], &s->mapping[at],
			(s->nr++ - at) * sizeof(*m));
		s->mapping[at] = *m;
	}
}

/* ---- what is mapped ---- */

/* A line of maps; false for what is no file. The line is ended in place. */
static bool parse_mapping(char *line, struct mapping *m)
{
	unsigned long start, end, offset;
	int path = 0;

	if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &start, &end, &offset,
		   &path) < 3 ||
	    !path || line[path] != '/')
		return false;
	*m = (struct mapping){ start, end, offset, line + path };
	return start < end;
}

static bool parse_maps(struct symbols *s, pid_t pid)
{
	char *line, *rest;
	size_t lines = 1 + nr_past;
	char *c;

	for (c = s->maps; *c; c++)
		lines += *c == '\n';
	s->mapping = calloc(lines, sizeof(*s->mapping));
	if (!s->mapping)
		return false;
	for (line = strtok_r(s->maps, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		s->nr += parse_mapping(line, &s->mapping[s->nr]);
	add_past(s, pid);
	return true;
}

static int open_of(pid_t pid, const char *what, int flags)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return open(path, flags | O_CLOEXEC);
}

/**
 * symbols_of_process() - what a process has mapped at this moment
 * @pid: its number
 *
 * Return: what symbols_find() needs, also once the process is gone; NULL if
 * there is no memory. Of a process that is gone already nothing is found.
 */
struct symbols *symbols_of_process(pid_t pid)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->root = open_of(pid, "root", O_PATH);
	s->memory = open_of(pid, "mem", O_RDONLY);
	s->maps = read_maps(pid);
	if (s->maps && parse_maps(s, pid))
		return s;
	symbols_free(s);
	return NULL;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	if (s->root >= 0)
		close(s->root);
	if (s->memory >= 0)
		close(s->memory);
	free(s->mapping);
	free(s->maps);
	free(s);
}

const struct mapping *mapping_before(const struct symbols *s, uint64_t address)
{
	const struct mapping *m = s->mapping + s->nr;

	while (m > s->mapping)
		if ((--m)->start <= address)
			return m;
	return NULL;
}

const struct mapping *mapping_at(const struct symbols *s, uint64_t pc)
{
	size_t low = 0, high = s->nr, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (pc >= s->mapping[mid].end)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->nr && pc >= s->mapping[low].start ? &s->mapping[low] :
							    NULL;
}

const struct mapping *mapping_first(const struct symbols *s,
				    const struct mapping *m)
{
	const struct mapping *first = m;

	while (m-- > s->mapping && !strcmp(m->path, first->path)) {
		first = m;
		if (!m->offset)
			break;
	}
	return first;
}

int mapping_open(const struct symbols *s, const struct mapping *m)
{
	const char *path = m->path;
	const struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT,
	};
	struct stat st;
	int fd = -1;

	if (s->root >= 0)
		fd = (int)syscall(SYS_openat2, s->root, path, &how,
				  sizeof(how));
	if (fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

uint64_t mapping_address(const struct mapping *m, int fd, uint64_t pc)
{
	uint64_t offset = pc - m->start + m->offset;
	Elf64_Phdr ph[HEADERS_MAX];
	Elf64_Ehdr e;
	int i, nr;

	if (pread(fd, &e, sizeof(e), 0) != sizeof(e) ||
	    e.e_phentsize != sizeof(*ph))
		return offset;
	nr = e.e_phnum < HEADERS_MAX ? e.e_phnum : HEADERS_MAX;
	nr = (int)(pread(fd, ph, (size_t)nr * sizeof(*ph), (off_t)e.e_phoff) /
		   (ssize_t)sizeof(*ph));
	for (i = 0; i < nr; i++)
		if (ph[i].p_type == PT_LOAD &&
		    offset - ph[i].p_offset < ph[i].p_filesz)
			return offset - ph[i].p_offset + ph[i].p_vaddr;
	return offset;
}

bool mapping_is_of(const struct symbols *s, const struct mapping *m, int fd)
{
	struct build_id here, there;

	m = mapping_first(s, m);
	return m->offset || !build_id_read(s->memory, m->start, &here) ||
	       !build_id_read(fd, 0, &there) ||
	       (here.size == there.size &&
		!memcmp(here.bytes, there.bytes, here.size));
}

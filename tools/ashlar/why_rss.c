/* SPDX-License-Identifier: MIT */
/*
 * What a process has in memory, mapping by mapping, and what of that is the
 * malloc library's.
 *
 *   /proc/PID/maps      | mapping      |      | mapping             |  …
 *   the heap's spans        |▒▒▒▒▒▒▒|             |▒▒▒▒|  |▒▒▒|
 *   present.c           all that is there, and of the spans
 *                           └───── the library's ────────┘
 *
 * The kernel joins neighbouring mappings, so a mapping may be of both: then the
 * pages of the library's spans are counted, and the rest is the program's.
 *
 * A kernel that cannot be asked for what is there writes it into smaps: the
 * same lines, and behind each of them one that begins with "Rss:".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "present.h"
#include "why.h"

struct smaps {
	struct heap *heap;
	struct why *w;
	struct present present;
	size_t span; /* the first that does not end before the mapping */
	/* The mapping at hand. */
	struct span at;
	char perms[5];
	char *name;
	bool guarded; /* a mapping without access ends where it begins */
	bool zeroes; /* a file's variables do: these begin as zero */
	uint64_t own; /* of it, the library's that is in memory, at most */
	uint64_t all_own; /* … of all mappings */
};

/*
 * The next of the library's spans that lies in the mapping behind @from, with
 * those that it touches; they come in ascending order, and may overlap.
 */
static bool next_own(const struct smaps *s, uint64_t from, size_t *i,
		     struct span *own)
{
	const struct span *skip = s->heap->skip;
	size_t nr = s->heap->nr_skip;

	while (*i < nr && skip[*i].end <= from)
		++*i;
	if (*i == nr || skip[*i].start >= s->at.end)
		return false;
	*own = skip[*i];
	while (++*i < nr && skip[*i].start <= own->end)
		own->end = max(own->end, skip[*i].end);
	own->start = max(own->start, from);
	own->end = min(own->end, s->at.end);
	return true;
}

static void count_own(struct smaps *s)
{
	struct span own = { .end = s->at.start };
	size_t i;

	while (s->span < s->heap->nr_skip &&
	       s->heap->skip[s->span].end <= s->at.start)
		s->span++;
	for (i = s->span; next_own(s, own.end, &i, &own);) {
		if (own.start == s->at.start && own.end == s->at.end)
			s->own = own.end - own.start; /* Rss says the rest */
		else
			s->own +=
				present_bytes(&s->present, own.start, own.end);
	}
}

/* The line that begins a mapping. False: it is another one. */
static bool begin_mapping(struct smaps *s, char *line)
{
	unsigned long start, end;
	bool guard = s->perms[0] == '-';
	bool data = s->name && *s->name == '/' && s->perms[1] == 'w';
	uint64_t before = s->at.end;
	int name = 0;

	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &start, &end, s->perms,
		   &name) != 3 ||
	    !name)
		return false;
	line[strcspn(line, "\n")] = 0;
	free(s->name);
	s->name = strdup(line + name);
	s->at = (struct span){ start, end };
	s->guarded = guard && before == start;
	s->zeroes = data && before == start && !*s->name;
	s->own = 0;
	count_own(s);
	return true;
}

static enum part part_of(const struct smaps *s)
{
	const char *name = s->name ? s->name : "";

	if (!strcmp(name, "[stack]") || (s->guarded && !*name))
		return PART_STACKS;
	if (s->perms[3] == 's' || !strncmp(name, "/SYSV", 5) ||
	    !strncmp(name, "/dev/shm/", 9) || !strncmp(name, "/memfd:", 7))
		return PART_SHARED;
	if (s->zeroes)
		return PART_DATA;
	if (*name != '/')
		return *name == '[' && name[1] == 'v' ? PART_CODE :
							PART_ANONYMOUS;
	if (s->perms[1] == 'w')
		return PART_DATA;
	return s->perms[2] == 'x' || strstr(name, ".so") ? PART_CODE :
							   PART_FILES;
}

static void take_rss(struct smaps *s, uint64_t rss)
{
	uint64_t own = min(rss, s->own), rest = rss - own;
	enum part part = part_of(s);

	s->w->rss += rss;
	s->w->part[part] += (int64_t)rest;
	if (part == PART_ANONYMOUS && rest > s->w->largest) {
		s->w->largest = rest;
		s->w->largest_start = s->at.start;
	}
	s->all_own += own;
}

/* A line of the process's mappings. */
static void take_line(struct smaps *s, char *line)
{
	unsigned long kb;

	if (sscanf(line, "Rss: %lu kB", &kb) == 1)
		take_rss(s, (uint64_t)kb << 10);
	else if ((line[0] < 'A' || line[0] > 'Z') && begin_mapping(s, line) &&
		 s->present.scans)
		take_rss(s, present_bytes(&s->present, s->at.start, s->at.end));
}

/**
 * why_rss() - count what a process has in memory, by mappings
 * @h: the heap; its skip list is in ascending order
 * @w: rss and the parts that are not the library's are filled
 * @own: filled: bytes of the library's that are in memory
 *
 * Return: true, or false with the reason in the target's error.
 */
bool why_rss(struct heap *h, struct why *w, uint64_t *own)
{
	struct smaps s = { .heap = h, .w = w };
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *f = NULL;

	if (present_open(&s.present, h->t->pid)) {
		snprintf(path, sizeof(path), "/proc/%d/%s", h->t->pid,
			 s.present.scans ? "maps" : "smaps");
		f = fopen(path, "re");
	}
	while (f && getline(&line, &size, f) > 0)
		take_line(&s, line);
	*own = s.all_own;
	free(line);
	free(s.name);
	if (f)
		fclose(f);
	present_close(&s.present);
	return w->rss || target_fail(h->t,
				     "%s is gone, or nothing of it may "
				     "be read",
				     h->t->label);
}

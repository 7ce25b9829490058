/* SPDX-License-Identifier: MIT */
/*
 * The areas of an address space, and what each of them is.
 *
 *   /proc/PID/smaps   start-end perms … name     an area
 *                     Rss, Swap, …               what of it is in memory
 *   /proc/PID/exe     which of them are the program's own:
 *                     text, read-only data, data, and bss right behind
 *   a core dump       its segments; names of those that files begin with
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ashlar/mm_types.h>
#include "map.h"
#include "target.h"

/* Linux's limit is 65,530; one that root has raised is followed so far. */
#define AREAS_MOST (1u << 18)
#define NAMES_MOST (1u << 20) /* bytes */
#define USER_END (1ull << 47)

const char *const map_kind_names[MAP_KINDS] = {
	[MAP_TEXT] = "text",	 [MAP_RODATA] = "rodata",
	[MAP_DATA] = "data",	 [MAP_BSS] = "bss",
	[MAP_BRK] = "heap",	 [MAP_MALLOC] = "malloc",
	[MAP_LARGE] = "large",	 [MAP_ANONYMOUS] = "anonymous",
	[MAP_GUARD] = "guard",	 [MAP_LIBRARY] = "library",
	[MAP_FILE] = "file",	 [MAP_SHARED] = "shared",
	[MAP_STACK] = "stack",	 [MAP_VDSO] = "vdso",
	[MAP_DIRECT] = "direct", [MAP_VMALLOC] = "vmalloc",
	[MAP_KMAP] = "kmap",	 [MAP_FIXMAP] = "fixmap",
	[MAP_USER] = "user",	 [MAP_RAM] = "ram",
	[MAP_DEVICE] = "device", [MAP_OTHER] = "other",
};

/* map_add_area - the next area; NULL: it is none, or there is no memory */
struct map_area *map_add_area(struct map_space *s, uint64_t start, uint64_t end)
{
	size_t nr = s->nr_areas;
	struct map_area *more = s->areas;

	if (start >= end || (start | end) % PAGE_SIZE || nr == AREAS_MOST ||
	    end > 1ull << 56 || (nr && start < s->areas[nr - 1].end))
		return NULL;
	if ((nr & (nr - 1)) == 0)
		more = realloc(more, (nr ? 2 * nr : 1) * sizeof(*more));
	if (!more)
		return NULL;
	s->areas = more;
	more[nr] = (struct map_area){ .start = start, .end = end };
	s->nr_areas++;
	return &more[nr];
}

/* map_first_area - the number of the first area that ends behind @address */
size_t map_first_area(const struct map_space *s, uint64_t address)
{
	size_t low = 0, high = s->nr_areas, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (s->areas[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* map_name - the number of a name; most are those of the area before. What is
 * too much for a page has none. */
uint32_t map_name(struct map *m, const char *name)
{
	size_t n = json_array_size(m->names);
	const char *last = json_string_value(json_array_get(m->names, n - 1));

	if (n && !*name)
		return 0;
	if (!last || strcmp(last, name) != 0) {
		m->name_bytes += strlen(name);
		if (m->name_bytes > NAMES_MOST)
			return 0;
		json_array_append_new(m->names, map_text(name));
		n++;
	}
	return (uint32_t)n - 1;
}

/* ---- what an area is ---- */

struct smaps {
	struct map *map;
	struct map_space *space;
	char exe[4096];
	bool bss; /* the area before is the program's data */
	struct map_area *at; /* or NULL: its lines are left out */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static enum map_kind kind_of_program(const struct map_area *a)
{
	if (a->perms & MAP_X)
		return MAP_TEXT;
	return a->perms & MAP_W ? MAP_DATA : MAP_RODATA;
}

static enum map_kind kind_of(const struct smaps *s, const struct map_area *a,
			     const char *name)
{
	const char *base = base_name(name);

	if (*name == '/' && !strcmp(name, s->exe))
		return kind_of_program(a);
	if (!*name && s->bss && (a - 1)->end == a->start)
		return MAP_BSS;
	if (!strcmp(name, "[heap]"))
		return MAP_BRK;
	if (!strncmp(name, "[stack", 6))
		return MAP_STACK;
	if (!strncmp(name, "[v", 2))
		return MAP_VDSO;
	if (a->perms & MAP_S || !strncmp(name, "/dev/shm/", 9) ||
	    !strncmp(name, "/memfd:", 7) || !strncmp(name, "/SYSV", 5))
		return MAP_SHARED;
	if (*name == '/')
		return strstr(base, ".so") ? MAP_LIBRARY : MAP_FILE;
	return a->perms & (MAP_R | MAP_W | MAP_X) ? MAP_ANONYMOUS : MAP_GUARD;
}

static uint8_t perms_of(const char *text)
{
	return (uint8_t)((text[0] == 'r' ? MAP_R : 0) |
			 (text[1] == 'w' ? MAP_W : 0) |
			 (text[2] == 'x' ? MAP_X : 0) |
			 (text[3] == 's' ? MAP_S : 0));
}

/* The line that an area begins with. False: it is another one. */
static bool begin_area(struct smaps *s, char *line)
{
	unsigned long long start, end;
	char perms[5];
	int name = 0;

	if (sscanf(line, "%llx-%llx %4s %*s %*s %*s %n", &start, &end, perms,
		   &name) != 3 ||
	    !name)
		return false;
	line[strcspn(line, "\n")] = 0;
	s->at = map_add_area(s->space, start, end);
	if (!s->at)
		return true;
	s->at->perms = perms_of(perms);
	s->at->kind = kind_of(s, s->at, line + name);
	s->at->name = map_name(s->map, line + name);
	s->bss = s->at->kind == MAP_DATA || (s->bss && s->at->kind == MAP_BSS);
	return true;
}

/* ---- smaps ---- */

static void add_value(struct map_area *a, const char *line)
{
	const struct {
		const char *key;
		uint64_t *sum, *also;
	} values[] = {
		{ "Rss:", &a->rss, NULL },
		{ "Shared_Clean:", &a->shared, NULL },
		{ "Shared_Dirty:", &a->shared, &a->dirty },
		{ "Private_Dirty:", &a->dirty, NULL },
		{ "AnonHugePages:", &a->huge, NULL },
		{ "ShmemPmdMapped:", &a->huge, NULL },
		{ "FilePmdMapped:", &a->huge, NULL },
		/* Rss leaves these out. */
		{ "Private_Hugetlb:", &a->huge, &a->rss },
		{ "Shared_Hugetlb:", &a->huge, &a->rss },
		{ "Swap:", &a->swap, NULL },
	};
	size_t i, n;
	uint64_t kb;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		n = strlen(values[i].key);
		if (strncmp(line, values[i].key, n))
			continue;
		kb = strtoull(line + n, NULL, 10);
		*values[i].sum += kb;
		if (values[i].also)
			*values[i].also += kb;
		return;
	}
}

static bool read_smaps(struct smaps *s, struct target *t)
{
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", t->pid);
	f = fopen(path, "re");
	while (f && getline(&line, &size, f) > 0) {
		if (line[0] < 'A' || line[0] > 'Z') {
			begin_area(s, line);
			budget_renew(t);
			budget_spend(t, 0);
		} else if (s->at) {
			add_value(s->at, line);
		}
	}
	free(line);
	if (f)
		fclose(f);
	return s->space->nr_areas ||
	       target_fail(t, "%s is gone, or nothing of it may be read",
			   t->label);
}

/* The end of the addresses: a 32-bit program has 4 GB. */
static void end_space(struct map_space *s)
{
	uint64_t last = s->nr_areas ? s->areas[s->nr_areas - 1].end : 0;

	s->end = 1ull << 32;
	if (last > s->end)
		s->end = USER_END;
	while (last > s->end)
		s->end *= 2;
}

static void read_name(struct map *m, pid_t pid)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(m->title, sizeof(m->title), f))
		m->title[strcspn(m->title, "\n")] = 0;
	if (f)
		fclose(f);
}

/**
 * map_process() - the areas of a process, and the state of their pages
 * @m: fresh; filled
 * @t: an open process
 *
 * Return: true, or false with the reason in @t->error.
 */
bool map_process(struct map *m, struct target *t)
{
	struct smaps s = { .map = m, .space = &m->space[0] };
	char path[64];
	ssize_t n;

	m->pid = t->pid;
	m->nr_spaces = 1;
	m->space[0].name = "addresses";
	snprintf(m->label, sizeof(m->label), "%s", t->label);
	read_name(m, t->pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", t->pid);
	n = readlink(path, s.exe, sizeof(s.exe) - 1);
	s.exe[n > 0 ? n : 0] = 0;
	if (!read_smaps(&s, t))
		return false;
	end_space(&m->space[0]);
	return map_pages(m, t);
}

/* ---- a core dump ---- */

/* The file that begins at @address, or NULL. */
static const char *file_at(const struct target *t, uint64_t address)
{
	size_t i;

	for (i = 0; i < t->nr_objects; i++)
		if (t->objects[i].base == address)
			return t->objects[i].path;
	return NULL;
}

static void add_segment(struct map *m, const struct target *t,
			const struct segment *from)
{
	struct map_space *s = &m->space[0];
	const char *file = file_at(t, from->address);
	uint64_t size = from->size & ~(PAGE_SIZE - 1);
	struct map_area *a =
		map_add_area(s, from->address, from->address + size);

	if (!a)
		return;
	a->perms = MAP_R;
	a->kind = MAP_ANONYMOUS;
	a->rss = a->dirty = size >> 10;
	if (file) {
		a->kind = strstr(base_name(file), ".so") ? MAP_LIBRARY :
							   MAP_FILE;
		a->name = map_name(m, file);
	}
	map_add_pages(&s->runs, a->start / PAGE_SIZE, size / PAGE_SIZE,
		      MAP_PRESENT | MAP_DIRTY);
}

/**
 * map_core() - the areas of a core dump
 * @m: fresh; filled
 * @t: an open core dump
 *
 * Return: true, or false with the reason in @t->error.
 */
bool map_core(struct map *m, struct target *t)
{
	size_t i;

	m->nr_spaces = 1;
	m->space[0].name = "addresses";
	snprintf(m->label, sizeof(m->label), "%s", t->label);
	snprintf(m->title, sizeof(m->title), "%s", base_name(t->label));
	for (i = 0; i < t->nr_segments; i++)
		add_segment(m, t, &t->segments[i]);
	end_space(&m->space[0]);
	map_note(m, "A core dump has the pages that were written to it: what "
		    "was shared, swapped or clean is not known.");
	return m->space[0].nr_areas ||
	       target_fail(t, "%s holds no memory", t->label);
}

/* SPDX-License-Identifier: MIT */
/*
 * The machine's memory, as its first process wrote it to a disk (map_inside.c).
 *
 *   layout, vmallocinfo   the kernel's areas above 3 GB   ┐ two spaces: the
 *   iomem                 what lies at physical addresses │ kernel's addresses
 *   frames, pageblocks    each frame (mm/report/frames.c) ┘ and RAM
 *   uptime                when that was
 *
 * RAM is seen twice: at its own addresses, and in the kernel's direct map, as
 * far as that goes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"
#include "map.h"
#include "mm/report/report.h"

#define DISK_BYTES (256l << 20)
#define KERNEL_START 0xc0000000ull
#define SPACE_END (1ull << 32)
#define FRAMES_MOST (1ul << 20)
#define BLOCK_FRAMES (1ul << pageblock_order)
#define DETAIL_BYTES (3ul << 20)

struct machine {
	struct map map;
	char *layout, *uptime, *iomem, *vmallocinfo, *pageblocks, *frames;
	uint64_t low; /* frames that the direct map has */
};

/* What a line of frames says. */
struct frames_line {
	uint64_t pfn, nr;
	char kind[16], name[40], bits[400];
	unsigned int size, lead, slots;
};

/* ---- areas ---- */

static struct map_area *add_area(struct machine *m, struct map_space *s,
				 uint64_t start, uint64_t end,
				 enum map_kind kind, const char *name)
{
	struct map_area *a =
		map_add_area(s, start & ~(PAGE_SIZE - 1),
			     (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));

	if (!a)
		return NULL;
	a->kind = (uint8_t)kind;
	a->perms = MAP_R | MAP_W;
	a->name = map_name(&m->map, name);
	return a;
}

/* "    lowmem : 0xc0000000 - 0xdffe0000   ( 511 MB)" */
static bool find_layout(const struct machine *m, const char *name,
			uint64_t *start, uint64_t *end)
{
	const char *line = strstr(m->layout, "virtual kernel memory layout");
	unsigned long long from, to;
	char word[16];

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		/* A line of the log may begin with its level and time. */
		const char *at = strstr(line, " : 0x");
		const char *stop = strchr(line, '\n');

		if (!at || (stop && at > stop))
			continue;
		while (at > line && at[-1] != ' ')
			at--;
		if (sscanf(at, "%15s : %llx - %llx", word, &from, &to) == 3 &&
		    !strcmp(word, name)) {
			*start = from;
			*end = to;
			return true;
		}
	}
	return false;
}

/* "0xe0800000-0xe0803000   12288 caller+0x10 pages=2 vmalloc" */
static void add_vmalloc(struct machine *m, struct map_space *s)
{
	char *line, *rest, name[120];
	unsigned long long start, end, size;
	struct map_area *a;
	unsigned int pages;
	char *at;

	for (line = strtok_r(m->vmallocinfo, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		*name = 0;
		if (sscanf(line, "%llx-%llx %llu %119[^\n]", &start, &end,
			   &size, name) < 3)
			continue;
		a = add_area(m, s, start, end, MAP_VMALLOC, name);
		at = strstr(name, "pages=");
		if (a && at && sscanf(at, "pages=%u", &pages) == 1)
			a->rss = pages * (PAGE_SIZE >> 10);
	}
}

static void add_kernel_areas(struct machine *m, struct map_space *s)
{
	uint64_t start, end;

	s->name = "Kernel addresses";
	s->end = SPACE_END;
	add_area(m, s, 0, KERNEL_START, MAP_USER, "the running program's");
	if (find_layout(m, "lowmem", &start, &end) && start == KERNEL_START &&
	    end > start) {
		m->low = (end - start) / PAGE_SIZE;
		add_area(m, s, start, end, MAP_DIRECT, "direct map");
	}
	add_vmalloc(m, s);
	if (find_layout(m, "pkmap", &start, &end))
		add_area(m, s, start, end, MAP_KMAP, "kmap");
	if (find_layout(m, "fixmap", &start, &end))
		add_area(m, s, start, end, MAP_FIXMAP, "fixmap");
}

/* "00100000-1ffdffff : System RAM"; what lies inside is indented. */
static void add_physical_areas(struct machine *m, struct map_space *s)
{
	unsigned long long start, end;
	char *line, *rest, name[80];
	bool ram;

	s->name = "RAM";
	s->end = SPACE_END;
	for (line = strtok_r(m->iomem, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (*line == ' ' || sscanf(line, "%llx-%llx : %79[^\n]", &start,
					   &end, name) != 3)
			continue;
		ram = !strcmp(name, "System RAM");
		add_area(m, s, start, end + 1, ram ? MAP_RAM : MAP_DEVICE,
			 name);
	}
}

/* ---- frames ---- */

static bool parse_line(const char *line, struct frames_line *l)
{
	unsigned long long pfn, nr;

	*l = (struct frames_line){ 0 };
	if (sscanf(line, "%llu %llu %15s %39s %u %u %u %399s", &pfn, &nr,
		   l->kind, l->name, &l->size, &l->lead, &l->slots,
		   l->bits) < 3)
		return false;
	l->pfn = pfn;
	l->nr = nr;
	return nr && pfn < FRAMES_MOST && nr <= FRAMES_MOST - pfn;
}

static uint64_t type_of(const char *name)
{
	uint64_t i = 0;

	while (i < MIGRATE_TYPES && strcmp(name, migratetype_names[i]) != 0)
		i++;
	return i;
}

static uint64_t cache_of(struct machine *m, const struct frames_line *l)
{
	const json_t *c;
	size_t i;

	json_array_foreach(
		m->map.caches, i,
		c) if (!strcmp(json_string_value(json_array_get(c, 0)),
			       l->name)) return i;
	json_array_append_new(m->map.caches,
			      json_pack("[o i i b]", map_text(l->name),
					(int)l->size, (int)l->size, 0));
	return i;
}

static unsigned int digit(char c)
{
	return c <= '9' ? (unsigned int)c - '0' : (unsigned int)c - 'a' + 10;
}

/* The digits have four slots each, the first in the lowest bit. */
static void pack_slab(struct machine *m, struct pack *p,
		      const struct frames_line *l)
{
	size_t n = strspn(l->bits, "0123456789abcdef"), i;
	unsigned int slots = (unsigned int)min((size_t)l->slots, n * 4);
	uint8_t byte;

	pack_number(p, cache_of(m, l));
	pack_number(p, l->lead);
	pack_number(p, slots);
	pack_number(p, SLOTS_TOLD);
	for (i = 0; i < (slots + 7) / 8; i++) {
		byte = (uint8_t)digit(l->bits[2 * i]);
		if (2 * i + 1 < n)
			byte |= (uint8_t)(digit(l->bits[2 * i + 1]) << 4);
		pack_bytes(p, &byte, 1);
	}
	pack_number(p, 0); /* none is known to be in a processor's list */
}

static enum map_frames frames_kind(const char *kind)
{
	static const struct {
		const char *name;
		enum map_frames frames;
	} kinds[] = {
		{ "free", FRAMES_FREE },     { "pcp", FRAMES_PCP },
		{ "slab", FRAMES_SLAB },     { "anon", FRAMES_ANON },
		{ "file", FRAMES_CACHE },    { "huge", FRAMES_HUGE },
		{ "reserved", FRAMES_NONE }, { "kernel", FRAMES_KERNEL },
	};
	size_t i = 0;

	while (i < ARRAY_SIZE(kinds) - 1 && strcmp(kinds[i].name, kind) != 0)
		i++;
	return kinds[i].frames;
}

static void pack_line(struct machine *m, struct pack *p,
		      const struct frames_line *l, uint64_t nr)
{
	enum map_frames what = frames_kind(l->kind);
	uint64_t flags = 0;

	if (what == FRAMES_FREE)
		flags = 1 | type_of(l->name) << 1;
	pack_number(p, what | flags << 4);
	pack_number(p, nr);
	if (what == FRAMES_SLAB)
		pack_slab(m, p, l);
}

/* Frames that are in use count for the areas that they lie in. */
static void count_used(struct map_space *s, uint64_t base,
		       const struct frames_line *l)
{
	uint64_t start = base + l->pfn * PAGE_SIZE;
	uint64_t end = start + l->nr * PAGE_SIZE;
	size_t i = map_first_area(s, start);
	struct map_area *a;

	if (!strcmp(l->kind, "free") || !strcmp(l->kind, "pcp"))
		return;
	for (; i < s->nr_areas && s->areas[i].start < end; i++) {
		a = &s->areas[i];
		a->rss += (min(a->end, end) - max(a->start, start)) >> 10;
	}
}

/* Blocks below frame @end, side by side. Returns the frame behind the last. */
static uint64_t pack_lines(struct machine *m, struct map_space *s,
			   struct pack *p, uint64_t base, uint64_t end,
			   uint64_t *blocks)
{
	const char *line = m->frames;
	struct frames_line l;
	uint64_t at = 0;

	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!parse_line(line, &l) || l.pfn < at || l.pfn >= end)
			continue;
		if (l.pfn > at) {
			pack_number(p, FRAMES_NONE);
			pack_number(p, l.pfn - at);
			++*blocks;
		}
		l.nr = min(l.nr, end - l.pfn);
		pack_line(m, p, &l, l.nr);
		count_used(s, base, &l);
		++*blocks;
		at = l.pfn + l.nr;
	}
	return at;
}

/* "zone Normal 4096 UUMM": a letter for each page block of a zone. */
static void read_types(const struct machine *m, uint8_t *types, uint64_t nr)
{
	const char *line = m->pageblocks, *c;
	unsigned long long pfn;
	int at;

	memset(types, MIGRATE_TYPES, nr);
	for (; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		at = 0;
		if (sscanf(line, "zone %*s %llu %n", &pfn, &at) != 1 || !at)
			continue;
		pfn /= BLOCK_FRAMES;
		for (c = line + at; *c > ' ' && pfn < nr; c++, pfn++)
			types[pfn] = *c == 'U' ? MIGRATE_UNMOVABLE :
				     *c == 'M' ? MIGRATE_MOVABLE :
						 MIGRATE_RECLAIMABLE;
	}
}

static void pack_node(struct machine *m, struct map_space *s, uint64_t base,
		      uint64_t end)
{
	static uint8_t types[FRAMES_MOST / BLOCK_FRAMES];
	struct pack blocks = { 0 };
	uint64_t nr_blocks = 0, nr, nr_types;

	nr = pack_lines(m, s, &blocks, base, end, &nr_blocks);
	nr_types = (nr + BLOCK_FRAMES - 1) / BLOCK_FRAMES;
	read_types(m, types, nr_types);
	pack_number(&s->frames, base / PAGE_SIZE);
	pack_number(&s->frames, nr);
	pack_number(&s->frames, nr_types);
	pack_number(&s->frames, nr_blocks);
	pack_bytes(&s->frames, types, nr_types);
	pack_bytes(&s->frames, blocks.bytes, blocks.nr);
	s->frames.failed |= blocks.failed;
	pack_free(&blocks);
	s->nr_nodes = 1;
}

static json_t *machine_json(struct machine *m, const struct boot *b)
{
	struct map *map = &m->map;
	char taken[40];
	json_t *look;

	map_init(map, "machine", DETAIL_BYTES);
	map->nr_spaces = 2;
	snprintf(map->title, sizeof(map->title), "The machine's memory");
	snprintf(map->label, sizeof(map->label), "a PC of %lu MB", b->memory);
	add_kernel_areas(m, &map->space[0]);
	add_physical_areas(m, &map->space[1]);
	pack_node(m, &map->space[0], KERNEL_START, m->low);
	pack_node(m, &map->space[1], 0, FRAMES_MOST);
	look = map_json(map);
	snprintf(taken, sizeof(taken), "%.1f s after the boot",
		 strtod(m->uptime, NULL));
	json_object_set_new(look, "taken", json_string(taken));
	map_free(map);
	return look;
}

/* ---- what was written ---- */

/* The next part, ended by a zero in its own place; NULL: there is none. */
static char *next_part(char **at, const char *end, char name[16])
{
	unsigned long size;
	char *text;
	int n = 0;

	if (sscanf(*at, "%15s %lu%n", name, &size, &n) != 2 || !n ||
	    (*at)[n] != '\n')
		return NULL;
	text = *at + n + 1;
	if (size > (size_t)(end - text))
		return NULL;
	*at = text + size;
	return text;
}

/* A look of six parts and an end; false: there is no more. */
static bool read_look(struct machine *m, char **at, const char *end)
{
	struct {
		const char *name;
		char **text;
	} parts[] = {
		{ "layout", &m->layout },
		{ "uptime", &m->uptime },
		{ "iomem", &m->iomem },
		{ "vmallocinfo", &m->vmallocinfo },
		{ "pageblocks", &m->pageblocks },
		{ "frames", &m->frames },
	};
	char name[16], *text;
	size_t i;

	*m = (struct machine){ 0 };
	while ((text = next_part(at, end, name)) && strcmp(name, "end") != 0)
		for (i = 0; i < ARRAY_SIZE(parts); i++)
			if (!strcmp(name, parts[i].name))
				*parts[i].text =
					strndup(text, (size_t)(*at - text));
	for (i = 0; text && i < ARRAY_SIZE(parts); i++)
		if (!*parts[i].text)
			text = NULL;
	return text;
}

static void free_look(struct machine *m)
{
	free(m->layout);
	free(m->uptime);
	free(m->iomem);
	free(m->vmallocinfo);
	free(m->pageblocks);
	free(m->frames);
}

static bool read_disk(int fd, const struct boot *b, json_t *looks)
{
	char *text = malloc(DISK_BYTES + 1), *at = text;
	ssize_t n = text ? pread(fd, text, DISK_BYTES, 0) : -1;
	struct machine m;

	if (n >= 0)
		text[n] = 0;
	while (n > 0 && read_look(&m, &at, text + n)) {
		json_array_append_new(looks, machine_json(&m, b));
		free_look(&m);
	}
	free(text);
	return json_array_size(looks);
}

/**
 * map_boot() - boot the machine, and look at its memory
 * @b: memory and program are set
 * @film: how many looks
 * @every_ms: milliseconds before each
 * @looks: an array; gets them
 *
 * Return: the exit status; a complaint was made if it is not 0.
 */
int map_boot(struct boot *b, unsigned int film, unsigned int every_ms,
	     json_t *looks)
{
	FILE *disk = tmpfile();
	char words[40];
	int status = EXIT_FAILURE;

	snprintf(words, sizeof(words), "%u,%u", film, every_ms);
	b->map = words;
	b->map_fd = disk && !ftruncate(fileno(disk), DISK_BYTES) ?
			    dup(fileno(disk)) :
			    -1;
	if (b->map_fd < 0)
		complain("cannot make a disk for what is seen: %s",
			 strerror(errno));
	else
		status = boot_run(b);
	if (!status && !read_disk(b->map_fd, b, looks)) {
		complain("the machine ended before its memory was looked at");
		status = EXIT_FAILURE;
	}
	if (b->map_fd >= 0)
		close(b->map_fd);
	if (disk)
		fclose(disk);
	b->map = NULL;
	return status;
}

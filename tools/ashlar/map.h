/* SPDX-License-Identifier: MIT */
/*
 * Parts of ashlar map: one look at a process, a core dump or the machine, and
 * the page that shows it.
 *
 *   map_areas.c    mappings, and what smaps says of them ┐
 *   map_pages.c    the state of each page                ├─► struct map
 *   map_heap.c     frames, slabs, objects                │
 *   map_machine.c  the same of the machine               ┘
 *   map_pack.c     struct map ─► JSON: names and sums as such, the rest packed
 *   map_svg.c      JSON ─► the drawing of a textbook
 *   map_page.c     JSON ─► a page of HTML (map.html, map.css, map.js), and back
 */
#ifndef ASHLAR_TOOLS_MAP_H
#define ASHLAR_TOOLS_MAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct target;

/* What an area is; in the order of map_kind_names. */
enum map_kind {
	MAP_TEXT,
	MAP_RODATA,
	MAP_DATA,
	MAP_BSS,
	MAP_BRK,
	MAP_MALLOC, /* Ashlar's frames, and its tables for them */
	MAP_LARGE, /* mappings of single blocks */
	MAP_ANONYMOUS,
	MAP_GUARD, /* reserved, or without access */
	MAP_LIBRARY,
	MAP_FILE,
	MAP_SHARED,
	MAP_STACK,
	MAP_VDSO,
	MAP_DIRECT, /* from here on the machine's */
	MAP_VMALLOC,
	MAP_KMAP,
	MAP_FIXMAP,
	MAP_USER,
	MAP_RAM,
	MAP_DEVICE,
	MAP_OTHER, /* a group of small ones */
	MAP_KINDS
};
extern const char *const map_kind_names[MAP_KINDS];

/* struct map_area.perms */
#define MAP_R 1u
#define MAP_W 2u
#define MAP_X 4u
#define MAP_S 8u

/* The state of a page; 0: it is not in memory. */
#define MAP_PRESENT 1u
#define MAP_SWAPPED 2u
#define MAP_OF_FILE 4u /* of a file, or shared memory */
#define MAP_MANY 8u /* other processes map it, too */
#define MAP_DIRTY 16u /* its contents are nowhere else */
#define MAP_HUGE 32u
#define MAP_UNKNOWN 64u /* there was no time to look */

/* What frames are, in the order in which map.js names them. */
enum map_frames {
	FRAMES_NONE, /* never brought online */
	FRAMES_FREE,
	FRAMES_PCP,
	FRAMES_USED,
	FRAMES_SLAB,
	FRAMES_ANON, /* the machine's, of programs */
	FRAMES_CACHE, /* … of files */
	FRAMES_KERNEL,
	FRAMES_HUGE,
};

/* How the objects of a slab are told. */
enum map_slots { SLOTS_USED, SLOTS_FREE, SLOTS_COUNTED, SLOTS_TOLD };

/* Bytes that grow; numbers have seven bits to a byte, low ones first. */
struct pack {
	uint8_t *bytes;
	size_t nr, room;
	bool failed; /* no memory */
};

void pack_number(struct pack *p, uint64_t n);
void pack_bytes(struct pack *p, const void *bytes, size_t nr);
void pack_free(struct pack *p);

struct map_area {
	uint64_t start, end;
	uint8_t perms, kind;
	uint32_t name; /* in map.names */
	uint64_t rss, dirty, shared, swap, huge; /* kB */
};

/* Runs of equal pages, in ascending order. */
struct map_runs {
	struct pack pack;
	size_t nr;
	uint64_t end; /* page behind the last one packed */
	uint64_t start, pages; /* the one at hand, by number */
	uint8_t state;
};

struct map_space {
	const char *name;
	uint64_t end; /* of the addresses */
	struct map_area *areas;
	size_t nr_areas;
	struct map_runs runs;
	struct pack frames, large; /* see map_heap.c */
	size_t nr_nodes, nr_large;
};

/* The machine has two: the kernel's addresses, and RAM. */
#define MAP_SPACES 2

struct map {
	const char *kind; /* "process", "core" or "machine" */
	char title[80], label[80];
	int pid; /* or 0 */
	struct map_space space[MAP_SPACES];
	unsigned int nr_spaces;
	json_t *names, *caches, *notes, *facts;
	size_t name_bytes; /* of all names */
	size_t detail; /* bytes that slabs' bits may still take */
	struct timespec deadline;
};

/* map_areas.c */
bool map_process(struct map *m, struct target *t);
bool map_core(struct map *m, struct target *t);
struct map_area *map_add_area(struct map_space *s, uint64_t start,
			      uint64_t end);
uint32_t map_name(struct map *m, const char *name);
size_t map_first_area(const struct map_space *s, uint64_t address);

/* map_pages.c */
bool map_pages(struct map *m, struct target *t);
void map_add_pages(struct map_runs *r, uint64_t page, uint64_t nr,
		   uint8_t state);
void map_end_pages(struct map_runs *r);

/* map_heap.c */
bool map_heap(struct map *m, struct target *t);

/* map_pack.c */
void map_init(struct map *m, const char *kind, size_t detail);
void map_free(struct map *m);
bool map_late(const struct map *m);
void map_note(struct map *m, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
json_t *map_text(const char *s);
json_t *map_json(struct map *m);

/* map_groups.c: the drawing's boxes, from the highest address down */
json_t *map_groups(const struct map *m, const struct map_space *s);

/* map_svg.c: @snapshot is from map_json() */
bool map_svg(FILE *out, const json_t *snapshot, bool alone);

/* map_page.c */
bool map_page(FILE *out, json_t *snapshots, bool is_diff);
json_t *map_load(const char *path);

/* map_machine.c */
struct boot;
int map_boot(struct boot *b, unsigned int film, unsigned int every_ms,
	     json_t *snapshots);

/* map.html, map.css and map.js, by scripts/embed */
extern const char map_html[], map_css[], map_js[];

#endif

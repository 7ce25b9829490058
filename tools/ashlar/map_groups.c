/* SPDX-License-Identifier: MIT */
/*
 * Areas as the boxes of a drawing: neighbours that belong together are one.
 *
 *   libc.so.6 r--, r-x, r--, rw-, bss   ─► "libc.so.6"
 *   stack, and the guard below it       ─► two boxes
 *   thousands of small mappings         ─► "other": what is left when the
 *                                          most telling ones are chosen
 */
#include <stdlib.h>
#include <string.h>
#include "map.h"
#include <ashlar/compiler.h>

#define GROUPS_MOST 36
#define GAP_MOST (16ul << 20) /* bytes between two areas of a box */

struct group {
	size_t first, nr; /* areas */
	uint8_t kind;
	uint64_t start, end, bytes;
	uint64_t rss, dirty, shared, swap, huge; /* kB */
	bool kept;
};

struct groups {
	const struct map *map;
	const struct map_space *space;
	struct group *group;
	size_t nr;
};

static void add_area(struct group *g, const struct map_area *a)
{
	g->nr++;
	g->end = a->end;
	g->bytes += a->end - a->start;
	g->rss += a->rss;
	g->dirty += a->dirty;
	g->shared += a->shared;
	g->swap += a->swap;
	g->huge += a->huge;
}

/* True if @a goes into the same box as the area before it. */
static bool belongs(const struct map_area *before, const struct map_area *a)
{
	if (before->kind == MAP_LIBRARY && a->start == before->end)
		return a->name == before->name ||
		       (a->kind == MAP_ANONYMOUS && before->perms & MAP_W);
	if (a->kind != before->kind || a->start - before->end > GAP_MOST)
		return false;
	if (a->kind == MAP_LIBRARY || a->kind == MAP_FILE ||
	    a->kind == MAP_SHARED)
		return a->name == before->name;
	return a->kind != MAP_RAM && a->kind != MAP_DEVICE;
}

static bool make(struct groups *g)
{
	const struct map_space *s = g->space;
	size_t i;

	g->group = calloc(s->nr_areas + 1, sizeof(*g->group));
	for (i = 0; g->group && i < s->nr_areas; i++) {
		const struct map_area *a = &s->areas[i];

		if (!i || !belongs(a - 1, a)) {
			g->group[g->nr++] = (struct group){ .first = i,
							    .kind = a->kind,
							    .start = a->start };
		}
		add_area(&g->group[g->nr - 1], a);
	}
	return g->group;
}

/* ---- which are shown ---- */

/* What every drawing has goes first, then what is in memory, then size. */
static double weight(const struct group *g)
{
	double w = (double)(g->rss + g->swap) * 1024 +
		   (double)min(g->bytes, (uint64_t)1 << 30) / 64;

	switch (g->kind) {
	case MAP_TEXT:
	case MAP_DATA:
	case MAP_BSS:
	case MAP_BRK:
	case MAP_MALLOC:
	case MAP_STACK:
	case MAP_VDSO:
	case MAP_RODATA:
	case MAP_DIRECT:
	case MAP_KMAP:
	case MAP_FIXMAP:
		return w + 1e18;
	}
	return w;
}

static int by_weight(const void *a, const void *b)
{
	double x = weight(*(struct group *const *)a);
	double y = weight(*(struct group *const *)b);

	return x > y ? -1 : x < y;
}

static bool choose(struct groups *g)
{
	struct group **order = calloc(g->nr + 1, sizeof(*order));
	size_t i;

	if (!order)
		return false;
	for (i = 0; i < g->nr; i++)
		order[i] = &g->group[i];
	qsort(order, g->nr, sizeof(*order), by_weight);
	for (i = 0; i < g->nr && i < GROUPS_MOST; i++)
		order[i]->kept = true;
	free(order);
	return true;
}

/* Those that are not shown, and lie side by side, become one. */
static void join(struct groups *g)
{
	size_t i, nr = 0;

	for (i = 0; i < g->nr; i++) {
		struct group *from = &g->group[i], *to;

		to = nr ? &g->group[nr - 1] : NULL;
		if (!to || from->kept || to->kept) {
			g->group[nr++] = *from;
			continue;
		}
		to->kind = MAP_OTHER;
		to->nr += from->nr;
		to->end = from->end;
		to->bytes += from->bytes;
		to->rss += from->rss;
		to->dirty += from->dirty;
		to->shared += from->shared;
		to->swap += from->swap;
		to->huge += from->huge;
	}
	g->nr = nr;
}

/* ---- as JSON ---- */

static const char *const words[MAP_KINDS] = {
	[MAP_TEXT] = "text (code)",
	[MAP_RODATA] = "constants",
	[MAP_DATA] = "data",
	[MAP_BSS] = "bss (zero)",
	[MAP_BRK] = "heap (brk)",
	[MAP_MALLOC] = "malloc: frames and slabs",
	[MAP_LARGE] = "malloc: large blocks",
	[MAP_ANONYMOUS] = "anonymous",
	[MAP_GUARD] = "reserved, no access",
	[MAP_STACK] = "stack",
	[MAP_VDSO] = "vdso",
	[MAP_DIRECT] = "direct map",
	[MAP_VMALLOC] = "vmalloc",
	[MAP_KMAP] = "kmap",
	[MAP_FIXMAP] = "fixmap",
	[MAP_USER] = "programs",
};

static json_t *label_of(const struct groups *g, const struct group *of)
{
	const struct map_area *a = &g->space->areas[of->first];
	const char *name =
		json_string_value(json_array_get(g->map->names, a->name));
	const char *slash = name && *name == '/' ? strrchr(name, '/') : NULL;
	char text[300];

	if (of->kind == MAP_OTHER)
		snprintf(text, sizeof(text), "%zu smaller mappings", of->nr);
	else if (words[of->kind] && of->nr > 1 && of->kind != MAP_VDSO)
		snprintf(text, sizeof(text), "%s · %zu", words[of->kind],
			 of->nr);
	else if (words[of->kind])
		snprintf(text, sizeof(text), "%s", words[of->kind]);
	else
		snprintf(text, sizeof(text), "%s",
			 slash && slash[1] ? slash + 1 :
			 name		   ? name :
					     "?");
	return map_text(text);
}

static json_t *group_json(const struct groups *g, const struct group *of)
{
	return json_pack("{ss so sI sI sI sI sI sI sI sI sI sI}", "kind",
			 map_kind_names[of->kind], "label", label_of(g, of),
			 "start", (json_int_t)of->start, "end",
			 (json_int_t)of->end, "bytes", (json_int_t)of->bytes,
			 "first", (json_int_t)of->first, "areas",
			 (json_int_t)of->nr, "rss", (json_int_t)of->rss,
			 "dirty", (json_int_t)of->dirty, "shared",
			 (json_int_t)of->shared, "swap", (json_int_t)of->swap,
			 "huge", (json_int_t)of->huge);
}

/**
 * map_groups() - the boxes of a space's drawing
 * @m: the look
 * @s: one of its spaces
 *
 * Return: an array, from the highest address down.
 */
json_t *map_groups(const struct map *m, const struct map_space *s)
{
	struct groups g = { .map = m, .space = s };
	json_t *array = json_array();
	size_t i;

	if (make(&g) && choose(&g)) {
		join(&g);
		for (i = g.nr; i-- > 0;)
			json_array_append_new(array,
					      group_json(&g, &g.group[i]));
	}
	free(g.group);
	return array;
}

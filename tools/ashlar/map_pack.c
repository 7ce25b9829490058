/* SPDX-License-Identifier: MIT */
/*
 * A look as JSON. What there is much of is packed: numbers of seven bits to a
 * byte, one behind the other, then by zlib, then as base64. map.js reads them
 * in the same order:
 *
 *   of each space
 *     areas    gap, pages, perms, kind, name, rss, dirty, shared, swap, huge
 *     runs     gap, pages, state                          (map_pages.c)
 *     nodes    frames and slabs                           (map_heap.c)
 *     large    gap, bytes, 1 if it is guarded             (map_heap.c)
 *
 * Each list begins with how many there are; a gap is from the end of the one
 * before, in pages, or in bytes between large blocks.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <ashlar/mm_types.h>
#include <zlib.h>
#include "map.h"

#define LOOK_SECONDS 20

/* ---- numbers ---- */

void pack_bytes(struct pack *p, const void *bytes, size_t nr)
{
	size_t room = p->room ? p->room : 4096;
	uint8_t *more;

	while (room < p->nr + nr)
		room *= 2;
	if (room > p->room) {
		more = realloc(p->bytes, room);
		p->failed |= !more;
		if (!more)
			return;
		p->bytes = more;
		p->room = room;
	}
	if (nr)
		memcpy(p->bytes + p->nr, bytes, nr);
	p->nr += nr;
}

void pack_number(struct pack *p, uint64_t n)
{
	uint8_t bytes[10];
	size_t nr = 0;

	for (; n > 0x7f; n >>= 7)
		bytes[nr++] = (uint8_t)(n | 0x80);
	bytes[nr++] = (uint8_t)n;
	pack_bytes(p, bytes, nr);
}

void pack_free(struct pack *p)
{
	free(p->bytes);
	*p = (struct pack){ 0 };
}

static void pack_pack(struct pack *p, const struct pack *from)
{
	pack_bytes(p, from->bytes, from->nr);
	p->failed |= from->failed;
}

/* ---- a map ---- */

void map_init(struct map *m, const char *kind, size_t detail)
{
	*m = (struct map){ .kind = kind, .detail = detail };
	m->names = json_array();
	m->caches = json_array();
	m->notes = json_array();
	m->facts = json_object();
	clock_gettime(CLOCK_MONOTONIC, &m->deadline);
	m->deadline.tv_sec += LOOK_SECONDS;
	map_name(m, "");
}

void map_free(struct map *m)
{
	unsigned int i;

	for (i = 0; i < MAP_SPACES; i++) {
		free(m->space[i].areas);
		pack_free(&m->space[i].runs.pack);
		pack_free(&m->space[i].frames);
		pack_free(&m->space[i].large);
	}
	json_decref(m->names);
	json_decref(m->caches);
	json_decref(m->notes);
	json_decref(m->facts);
}

/* True if the look has taken as long as it may. */
bool map_late(const struct map *m)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= m->deadline.tv_sec;
}

/* A string of JSON, which is UTF-8; what a process calls itself may not be. */
json_t *map_text(const char *s)
{
	json_t *text = json_string(s);
	char *copy, *c;

	if (text)
		return text;
	copy = strdup(s);
	for (c = copy; c && *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	text = json_string(copy ? copy : "");
	free(copy);
	return text;
}

/* map_note - a sentence that the page shows below its title */
void map_note(struct map *m, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(m->notes, map_text(text));
}

/* ---- packed ---- */

static void pack_area(struct pack *p, const struct map_area *a, uint64_t before)
{
	pack_number(p, (a->start - before) >> PAGE_SHIFT);
	pack_number(p, (a->end - a->start) >> PAGE_SHIFT);
	pack_number(p, a->perms);
	pack_number(p, a->kind);
	pack_number(p, a->name);
	pack_number(p, a->rss);
	pack_number(p, a->dirty);
	pack_number(p, a->shared);
	pack_number(p, a->swap);
	pack_number(p, a->huge);
}

static void pack_space(struct pack *p, struct map_space *s)
{
	uint64_t before = 0;
	size_t i;

	pack_number(p, s->nr_areas);
	for (i = 0; i < s->nr_areas; i++) {
		pack_area(p, &s->areas[i], before);
		before = s->areas[i].end;
	}
	map_end_pages(&s->runs);
	pack_number(p, s->runs.nr);
	pack_pack(p, &s->runs.pack);
	pack_number(p, s->nr_nodes);
	pack_pack(p, &s->frames);
	pack_number(p, s->nr_large);
	pack_pack(p, &s->large);
}

static char *base64(const uint8_t *in, size_t nr)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((nr + 2) / 3 * 4 + 1), *out = text;
	size_t i, left;
	uint32_t word;

	for (i = 0; text && i < nr; i += 3) {
		left = nr - i;
		word = (uint32_t)in[i] << 16 |
		       (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
		       (left > 2 ? in[i + 2] : 0);
		*out++ = digit[word >> 18];
		*out++ = digit[word >> 12 & 63];
		*out++ = left > 1 ? digit[word >> 6 & 63] : '=';
		*out++ = left > 2 ? digit[word & 63] : '=';
	}
	if (text)
		*out = 0;
	return text;
}

/* NULL: no memory. */
static char *compressed(const struct pack *p)
{
	uLongf size = compressBound(p->nr);
	uint8_t *bytes = malloc(size);
	char *text = NULL;

	if (bytes && compress2(bytes, &size, p->bytes, p->nr, 6) == Z_OK)
		text = base64(bytes, size);
	free(bytes);
	return text;
}

static char *pack_all(struct map *m)
{
	struct pack p = { 0 };
	char *text = NULL;
	unsigned int i;

	for (i = 0; i < m->nr_spaces; i++)
		pack_space(&p, &m->space[i]);
	if (!p.failed)
		text = compressed(&p);
	pack_free(&p);
	return text;
}

static json_t *space_json(const struct map *m, const struct map_space *s)
{
	return json_pack("{ss sI so}", "name", s->name, "end",
			 (json_int_t)s->end, "groups", map_groups(m, s));
}

static json_t *kinds_json(void)
{
	json_t *kinds = json_array();
	int i;

	for (i = 0; i < MAP_KINDS; i++)
		json_array_append_new(kinds, json_string(map_kind_names[i]));
	return kinds;
}

static json_t *now_json(void)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[40];

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S",
		 localtime_r(&now, &tm));
	return json_string(text);
}

/**
 * map_json() - a look as JSON
 * @m: the look
 *
 * Return: the object, or NULL if there is no memory.
 */
json_t *map_json(struct map *m)
{
	char *data = pack_all(m);
	json_t *o, *spaces;
	unsigned int i;

	if (!data)
		return NULL;
	spaces = json_array();
	for (i = 0; i < m->nr_spaces; i++)
		json_array_append_new(spaces, space_json(m, &m->space[i]));
	o = json_pack("{si ss so so so si so sO sO sO sO so ss}", "ashlar_map",
		      1, "kind", m->kind, "kinds", kinds_json(), "title",
		      map_text(m->title), "label", map_text(m->label), "pid",
		      m->pid, "taken", now_json(), "names", m->names, "caches",
		      m->caches, "notes", m->notes, "facts", m->facts, "spaces",
		      spaces, "data", data);
	free(data);
	return o;
}

/* SPDX-License-Identifier: MIT */
/*
 * A copied profile, with names, and with what its samples stand for.
 *
 *   addresses of all stacks, each once ── symbols_find() ──► locations
 *   site: n samples, each of slot bytes
 *         ÷ (1 - e^(-slot / rate)) ──► so many blocks were there
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "build_id.h"
#include "mapped.h"
#include "profile_raw.h"

struct names {
	struct profile *p;
	struct profile_raw *raw;
	struct profile_builder *b;
	uint64_t *pc; /* ascending, each once */
	uint32_t nr;
	uint32_t *location; /* of each */
};

/* ---- addresses ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

/* Addresses that lie in no place of a program make a long list nowhere. */
static bool gather(struct names *n)
{
	const unsigned long *pc;
	size_t total = 0, at = 0;
	uint32_t i, k, nr;

	for (i = 0; i < n->raw->head.nr_slots; i++)
		total += profile_raw_stack(n->raw, n->raw->site[i].stack, &pc);
	n->pc = malloc((total + 1) * sizeof(*n->pc));
	n->location = malloc((total + 1) * sizeof(*n->location));
	if (!n->pc || !n->location)
		return false;
	for (i = 0; i < n->raw->head.nr_slots; i++) {
		nr = profile_raw_stack(n->raw, n->raw->site[i].stack, &pc);
		for (k = 0; k < nr; k++)
			n->pc[at++] = pc[k];
	}
	qsort(n->pc, total, sizeof(*n->pc), by_value);
	for (at = 0; at < total; at++)
		if (!at || n->pc[at] != n->pc[n->nr - 1])
			n->pc[n->nr++] = n->pc[at];
	return true;
}

static uint32_t place_of(const struct names *n, uint64_t pc)
{
	const uint64_t *found =
		bsearch(&pc, n->pc, n->nr, sizeof(*n->pc), by_value);

	return found ? n->location[found - n->pc] : 0;
}

/* ---- locations ---- */

static void hex(char *text, const struct build_id *id)
{
	size_t i;

	*text = 0;
	for (i = 0; i < id->size; i++)
		sprintf(text + 2 * i, "%02x", id->bytes[i]);
}

/* The whole of a file's mappings, from its first page on. */
static uint32_t add_mapping(struct names *n, uint64_t pc)
{
	struct symbols *s = n->raw->symbols;
	const struct mapping *m = mapping_at(s, pc), *first;
	struct build_id id;
	char text[2 * sizeof(id.bytes) + 1] = "";
	struct profile_mapping whole;
	int fd;

	if (!m)
		return 0;
	first = mapping_first(s, m);
	whole = (struct profile_mapping){ .start = first->start,
					  .end = first->end,
					  .offset = first->offset,
					  .file = (char *)m->path,
					  .build_id = text };
	for (; first < s->mapping + s->nr && !strcmp(first->path, m->path);
	     first++)
		whole.end = first->end;
	fd = mapping_open(s, m);
	if (fd >= 0) {
		if (build_id_read(fd, 0, &id))
			hex(text, &id);
		close(fd);
	}
	return profile_add_mapping(n->b, &whole);
}

/* The frames of one address, which are next to each other in @f. */
static void add_location(struct names *n, uint32_t index, uint32_t mapping,
			 const struct frame *f, size_t nr)
{
	struct profile_line line[16];
	uint32_t lines = 0;
	size_t i;

	for (i = 0; i < nr && lines < ARRAY_SIZE(line); i++) {
		if (!f[i].function)
			continue;
		line[lines].function = profile_add_function(
			n->b, f[i].function, f[i].file ? f[i].file : "");
		line[lines++].line = f[i].line;
	}
	n->location[index] =
		profile_add_location(n->b, n->pc[index], mapping, line, lines);
}

/* Mappings are looked for once for each file, as addresses ascend. */
static uint32_t mapping_of(struct names *n, uint64_t pc, uint32_t last)
{
	const struct profile_mapping *m;

	if (last) {
		m = &n->p->mapping[last - 1];
		if (pc >= m->start && pc < m->end)
			return last;
	}
	return add_mapping(n, pc);
}

static void add_locations(struct names *n, const struct frames *f)
{
	size_t at = 0, end;
	uint32_t i, mapping = 0;

	for (i = 0; i < n->nr; i++) {
		/* Between two addresses there is a 0, with its own frame. */
		while (at < f->nr && f->frame[at].index < 2 * i)
			at++;
		for (end = at; end < f->nr && f->frame[end].index == 2 * i;)
			end++;
		mapping = mapping_of(n, n->pc[i], mapping);
		add_location(n, i, mapping, f->frame + at, end - at);
		at = end;
	}
}

/* A 0 behind each address: what is told of one does not depend on another. */
static bool name_all(struct names *n)
{
	uint64_t *apart = calloc(2 * (n->nr + 1ul), sizeof(*apart));
	struct frames *f;
	uint32_t i;

	if (!apart)
		return false;
	for (i = 0; i < n->nr; i++)
		apart[2 * i] = n->pc[i];
	/* The first is no instruction, but a return address like the others. */
	f = symbols_find(n->raw->symbols, apart, 2 * n->nr, false);
	free(apart);
	if (!f)
		return false;
	add_locations(n, f);
	frames_free(f);
	return true;
}

/* ---- samples ---- */

static int64_t as_count(double n)
{
	return n < 9e18 ? (int64_t)llround(n) : INT64_MAX;
}

/* What called main() is not shown: @nr, or how many there are up to it. */
static uint32_t up_to_main(const struct names *n, const uint32_t *location,
			   uint32_t nr)
{
	const struct profile_location *l;
	uint32_t i;

	for (i = 0; i < nr; i++) {
		l = &n->p->location[location[i]];
		if (l->nr &&
		    !strcmp(n->p->function[l->line[l->nr - 1].function].name,
			    "main"))
			return i + 1;
	}
	return nr;
}

static bool add_site(struct names *n, const struct profile_site *s)
{
	double stands_for =
		-1 / expm1(-(double)s->slot / (double)n->raw->head.rate);
	uint32_t location[DEPOT_DEPTH], nr, i;
	int64_t value[PROFILE_VALUES];
	const unsigned long *pc;

	nr = profile_raw_stack(n->raw, s->stack, &pc);
	for (i = 0; i < nr; i++)
		location[i] = place_of(n, pc[i]);
	nr = up_to_main(n, location, nr);
	value[INUSE_OBJECTS] = as_count((double)s->live * stands_for);
	value[INUSE_SPACE] = as_count((double)s->live_bytes * stands_for);
	value[ALLOC_OBJECTS] =
		as_count(((double)s->live + (double)s->freed) * stands_for);
	value[ALLOC_SPACE] = as_count(
		((double)s->live_bytes + (double)s->freed_bytes) * stands_for);
	n->p->samples += s->live + s->freed;
	return profile_add_sample(n->b, location, nr, value);
}

static void fill_head(struct profile *p, const struct profile_raw *raw)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	p->rate = raw->head.rate;
	p->rate_first = raw->head.rate_first;
	p->lost = raw->head.lost;
	p->no_stack = raw->head.no_stack;
	p->time_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/**
 * profile_resolve() - give names to what was copied
 * @p: an empty one, which is filled
 * @raw: the copy
 *
 * Return: false after a complaint.
 */
bool profile_resolve(struct profile *p, struct profile_raw *raw)
{
	struct names n = { .p = p, .raw = raw, .b = profile_build(p) };
	const struct profile_site *s;
	bool ok;

	fill_head(p, raw);
	ok = n.b && gather(&n) && name_all(&n);
	for (s = raw->site; ok && s < raw->site + raw->head.nr_slots; s++)
		if (s->slot && s->live + s->freed)
			ok = add_site(&n, s);
	if (!ok)
		complain("out of memory");
	if (n.b)
		ok = profile_built(n.b) && ok;
	free(n.pc);
	free(n.location);
	return ok;
}

/* SPDX-License-Identifier: MIT */
/*
 * A profile, piece by piece: what is the same is kept once.
 *
 *   profile_build ─► functions ─► locations ─► samples ─► profile_built
 *                      ▲ a hash table for each kind, of places
 *
 * Samples of the same stack are added up.
 */
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "profile.h"

#define FIRST_SLOTS 256u
#define NONE UINT32_MAX

/* Places of things by their hash; 0: free, else the place plus 1. */
struct places {
	uint32_t *slot;
	uint32_t nr, used;
};

struct profile_builder {
	struct profile *p;
	struct places function, location, sample;
	uint32_t room[4]; /* of the arrays, in this order */
	bool failed;
};

typedef uint64_t (*hash_of)(const struct profile *p, uint32_t place);
typedef bool (*equals)(const struct profile *p, uint32_t place,
		       const void *wanted);

static uint64_t mix(uint64_t h, uint64_t n)
{
	h = (h ^ n) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t hash_text(uint64_t h, const char *s)
{
	while (*s)
		h = mix(h, (unsigned char)*s++);
	return h;
}

/* ---- a table ---- */

static bool places_grow(struct places *t, const struct profile *p, hash_of hash)
{
	struct places more = { .nr = t->nr ? 2 * t->nr : FIRST_SLOTS };
	uint32_t i, at;

	more.slot = calloc(more.nr, sizeof(*more.slot));
	if (!more.slot)
		return false;
	for (i = 0; i < t->nr; i++) {
		if (!t->slot[i])
			continue;
		at = (uint32_t)hash(p, t->slot[i] - 1) & (more.nr - 1);
		while (more.slot[at])
			at = (at + 1) & (more.nr - 1);
		more.slot[at] = t->slot[i];
	}
	more.used = t->used;
	free(t->slot);
	*t = more;
	return true;
}

/* Where @wanted is, or is to be: a slot; NULL: there is no memory. */
static uint32_t *places_find(struct places *t, const struct profile *p,
			     hash_of hash, equals same, uint64_t h,
			     const void *wanted)
{
	uint32_t at;

	if (t->used >= t->nr / 2 && !places_grow(t, p, hash))
		return NULL;
	at = (uint32_t)h & (t->nr - 1);
	while (t->slot[at] && !same(p, t->slot[at] - 1, wanted))
		at = (at + 1) & (t->nr - 1);
	return &t->slot[at];
}

/* Room in the array @array for one more. */
static bool make_room(struct profile_builder *b, void **array, uint32_t nr,
		      uint32_t *room, size_t size)
{
	uint32_t wanted = *room ? 2 * *room : 64;
	void *more;

	if (nr < *room)
		return true;
	more = *room < NONE / 4 ? realloc(*array, wanted * size) : NULL;
	if (!more) {
		b->failed = true;
		return false;
	}
	*array = more;
	*room = wanted;
	return true;
}

static uint32_t fail(struct profile_builder *b)
{
	b->failed = true;
	return 0;
}

static uint32_t enter(struct places *t, uint32_t *slot, uint32_t *nr)
{
	t->used++;
	*slot = ++*nr;
	return *nr - 1;
}

/* ---- functions ---- */

static uint64_t function_hash(const struct profile *p, uint32_t place)
{
	const struct profile_function *f = &p->function[place];

	return hash_text(hash_text(1, f->name) + 1, f->file);
}

static bool function_same(const struct profile *p, uint32_t place,
			  const void *wanted)
{
	const struct profile_function *f = wanted, *have = &p->function[place];

	return !strcmp(have->name, f->name) && !strcmp(have->file, f->file);
}

/* profile_add_function - its place */
uint32_t profile_add_function(struct profile_builder *b, const char *name,
			      const char *file)
{
	struct profile_function f = { (char *)name, (char *)file };
	uint64_t h = hash_text(hash_text(1, name) + 1, file);
	uint32_t *slot = places_find(&b->function, b->p, function_hash,
				     function_same, h, &f);

	if (!slot)
		return fail(b);
	if (*slot)
		return *slot - 1;
	f.name = strdup(name);
	f.file = strdup(file);
	if (!f.name || !f.file ||
	    !make_room(b, (void **)&b->p->function, b->p->nr_functions,
		       &b->room[0], sizeof(f))) {
		free(f.name);
		free(f.file);
		return fail(b);
	}
	b->p->function[b->p->nr_functions] = f;
	return enter(&b->function, slot, &b->p->nr_functions);
}

/* ---- mappings ---- */

/* profile_add_mapping - its place, plus 1; 0 if there is no memory */
uint32_t profile_add_mapping(struct profile_builder *b,
			     const struct profile_mapping *m)
{
	struct profile_mapping *have;
	uint32_t i;

	for (i = 0; i < b->p->nr_mappings; i++) {
		have = &b->p->mapping[i];
		if (have->start == m->start && have->end == m->end &&
		    have->offset == m->offset && !strcmp(have->file, m->file))
			return i + 1;
	}
	if (!make_room(b, (void **)&b->p->mapping, i, &b->room[1], sizeof(*m)))
		return 0;
	have = &b->p->mapping[i];
	*have = *m;
	have->file = strdup(m->file);
	have->build_id = strdup(m->build_id);
	if (!have->file || !have->build_id) {
		free(have->file);
		free(have->build_id);
		return fail(b);
	}
	b->p->nr_mappings++;
	return i + 1;
}

/* ---- locations ---- */

static uint64_t hash_location(const struct profile_location *l)
{
	uint64_t h = mix(mix(l->nr, l->address), l->mapping);
	uint32_t i;

	for (i = 0; i < l->nr; i++)
		h = mix(h,
			(uint64_t)l->line[i].function << 32 | l->line[i].line);
	return h;
}

static uint64_t location_hash(const struct profile *p, uint32_t place)
{
	return hash_location(&p->location[place]);
}

static bool location_same(const struct profile *p, uint32_t place,
			  const void *wanted)
{
	const struct profile_location *l = wanted, *have = &p->location[place];

	return have->address == l->address && have->mapping == l->mapping &&
	       have->nr == l->nr &&
	       (!l->nr ||
		!memcmp(have->line, l->line, l->nr * sizeof(*l->line)));
}

/* profile_add_location - its place */
uint32_t profile_add_location(struct profile_builder *b, uint64_t address,
			      uint32_t mapping, const struct profile_line *line,
			      uint32_t nr)
{
	struct profile_location l = { address, mapping, nr,
				      (struct profile_line *)line };
	uint32_t *slot = places_find(&b->location, b->p, location_hash,
				     location_same, hash_location(&l), &l);

	if (!slot)
		return fail(b);
	if (*slot)
		return *slot - 1;
	if (!make_room(b, (void **)&b->p->location, b->p->nr_locations,
		       &b->room[2], sizeof(l)))
		return 0;
	l.line = malloc((nr + 1ul) * sizeof(*line));
	if (!l.line)
		return fail(b);
	if (nr)
		memcpy(l.line, line, nr * sizeof(*line));
	b->p->location[b->p->nr_locations] = l;
	return enter(&b->location, slot, &b->p->nr_locations);
}

/* ---- samples ---- */

static uint64_t hash_sample(const struct profile_sample *s)
{
	uint64_t h = s->nr;
	uint32_t i;

	for (i = 0; i < s->nr; i++)
		h = mix(h, s->location[i]);
	return h;
}

static uint64_t sample_hash(const struct profile *p, uint32_t place)
{
	return hash_sample(&p->sample[place]);
}

static bool sample_same(const struct profile *p, uint32_t place,
			const void *wanted)
{
	const struct profile_sample *s = wanted, *have = &p->sample[place];

	return have->nr == s->nr &&
	       (!s->nr || !memcmp(have->location, s->location,
				  s->nr * sizeof(*s->location)));
}

static void add_up(struct profile_sample *s,
		   const int64_t value[PROFILE_VALUES])
{
	int i;

	for (i = 0; i < PROFILE_VALUES; i++)
		s->value[i] = profile_sum(s->value[i], value[i]);
}

/* profile_add_sample - @location: @nr of them, innermost first */
bool profile_add_sample(struct profile_builder *b, const uint32_t *location,
			uint32_t nr, const int64_t value[PROFILE_VALUES])
{
	struct profile_sample s = { nr, (uint32_t *)location, { 0 } };
	uint32_t *slot = places_find(&b->sample, b->p, sample_hash, sample_same,
				     hash_sample(&s), &s);

	if (!slot)
		return fail(b);
	if (*slot) {
		add_up(&b->p->sample[*slot - 1], value);
		return true;
	}
	if (!make_room(b, (void **)&b->p->sample, b->p->nr_samples, &b->room[3],
		       sizeof(s)))
		return false;
	s.location = malloc((nr + 1ul) * sizeof(*location));
	if (!s.location)
		return fail(b);
	if (nr)
		memcpy(s.location, location, nr * sizeof(*location));
	memcpy(s.value, value, sizeof(s.value));
	b->p->sample[b->p->nr_samples] = s;
	enter(&b->sample, slot, &b->p->nr_samples);
	return true;
}

/* ---- the whole ---- */

/* profile_build - begin with @p, which is empty; NULL: there is no memory */
struct profile_builder *profile_build(struct profile *p)
{
	struct profile_builder *b = calloc(1, sizeof(*b));

	if (b)
		b->p = p;
	return b;
}

/* profile_built - the end of it; false: there was not memory for all */
bool profile_built(struct profile_builder *b)
{
	bool ok = !b->failed;

	free(b->function.slot);
	free(b->location.slot);
	free(b->sample.slot);
	free(b);
	if (!ok)
		complain("out of memory");
	return ok;
}

void profile_free(struct profile *p)
{
	uint32_t i;

	for (i = 0; i < p->nr_mappings; i++) {
		free(p->mapping[i].file);
		free(p->mapping[i].build_id);
	}
	for (i = 0; i < p->nr_functions; i++) {
		free(p->function[i].name);
		free(p->function[i].file);
	}
	for (i = 0; i < p->nr_locations; i++)
		free(p->location[i].line);
	for (i = 0; i < p->nr_samples; i++)
		free(p->sample[i].location);
	free(p->mapping);
	free(p->function);
	free(p->location);
	free(p->sample);
	*p = (struct profile){ 0 };
}

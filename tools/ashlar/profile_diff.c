/* SPDX-License-Identifier: MIT */
/*
 * What there is more in one profile than in another.
 *
 *   before  a;b;c 100   a;b;d  50
 *   after   a;b;c 120             a;e 10      the same stack is that of the
 *   ─────────────────────────────────────     same functions and lines
 *           a;b;c  20   a;b;d -50  a;e 10
 *
 * Addresses differ from run to run, so those with names have none here; others
 * are told apart by their file and where they are in it.
 */
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "profile.h"

#define LABEL_BYTES 512

struct merge {
	struct profile_builder *b;
	uint32_t *location; /* of one of the two: its place in the result */
};

/* Its lines, or a name made of what is known. */
static uint32_t add_location(struct merge *m, const struct profile *p,
			     const struct profile_location *l)
{
	struct profile_line *line = calloc(l->nr + 1ul, sizeof(*line));
	const struct profile_function *f;
	char text[LABEL_BYTES];
	uint32_t i, place;

	if (!line)
		return 0;
	for (i = 0; i < l->nr; i++) {
		f = &p->function[l->line[i].function];
		line[i].function = profile_add_function(m->b, f->name, f->file);
		line[i].line = l->line[i].line;
	}
	if (!l->nr)
		line[0].function = profile_add_function(
			m->b, profile_label(p, l, 0, text, sizeof(text)), "");
	place = profile_add_location(m->b, 0, 0, line, max(l->nr, 1u));
	free(line);
	return place;
}

/* Its samples, of one sign. */
static bool add_samples(struct merge *m, const struct profile *p, int sign)
{
	const struct profile_sample *s;
	int64_t value[PROFILE_VALUES];
	uint32_t *stack, i, n;
	bool ok = true;

	for (n = 0; ok && n < p->nr_samples; n++) {
		s = &p->sample[n];
		stack = malloc((s->nr + 1ul) * sizeof(*stack));
		if (!stack)
			return false;
		for (i = 0; i < s->nr; i++)
			stack[i] = m->location[s->location[i]];
		for (i = 0; i < PROFILE_VALUES; i++)
			value[i] = sign * s->value[i];
		ok = profile_add_sample(m->b, stack, s->nr, value);
		free(stack);
	}
	return ok;
}

static bool add(struct merge *m, const struct profile *p, int sign)
{
	uint32_t i;
	bool ok;

	m->location = malloc((p->nr_locations + 1ul) * sizeof(*m->location));
	if (!m->location)
		return false;
	for (i = 0; i < p->nr_locations; i++)
		m->location[i] = add_location(m, p, &p->location[i]);
	ok = add_samples(m, p, sign);
	free(m->location);
	return ok;
}

/**
 * profile_diff() - what there is more in one profile than in another
 * @out: an empty one, which is filled; freed by profile_free() in any case
 * @before: one profile
 * @after: the other
 *
 * Return: false after a complaint.
 */
bool profile_diff(struct profile *out, const struct profile *before,
		  const struct profile *after)
{
	struct merge m = { .b = profile_build(out) };
	bool ok;

	out->is_diff = true;
	out->time_ns = after->time_ns;
	snprintf(out->note, sizeof(out->note),
		 "What there is more than before, or less");
	ok = m.b && add(&m, before, -1) && add(&m, after, 1);
	if (!ok)
		complain("out of memory");
	if (m.b)
		ok = profile_built(m.b) && ok;
	return ok;
}

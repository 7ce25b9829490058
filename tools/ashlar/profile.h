/* SPDX-License-Identifier: MIT */
/*
 * A profile of a heap, as the command has it: from a process or a file, and to
 * the forms that it is shown in.
 *
 *   a process ── profile_read.c ── profile_names.c ─┐    ┌─ profile_text.c
 *   a file ───── profile_load.c ────────────────────┴──►─┼─ profile_flame.c
 *   two of them ─ profile_diff.c ───────────────────┘    └─ profile_save.c
 */
#ifndef ASHLAR_TOOLS_PROFILE_H
#define ASHLAR_TOOLS_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "symbolize.h"
#include "target.h"

/* What is known of a stack, in pprof's order. */
enum profile_value {
	ALLOC_OBJECTS,
	ALLOC_SPACE,
	INUSE_OBJECTS,
	INUSE_SPACE,
	PROFILE_VALUES
};

#define PROFILE_DEPTH 4096 /* frames of one stack in a file, at most */

struct profile_mapping {
	uint64_t start, end, offset;
	char *file, *build_id; /* never NULL */
};

struct profile_line {
	uint32_t function; /* its place among the functions */
	uint32_t line; /* 0: not known */
};

/* An address; inlined calls are lines of it, innermost first. */
struct profile_location {
	uint64_t address;
	uint32_t mapping; /* its place, plus 1; 0: in none */
	uint32_t nr;
	struct profile_line *line;
};

struct profile_function {
	char *name, *file; /* never NULL; "" if it is not known */
};

struct profile_sample {
	uint32_t nr;
	uint32_t *location; /* innermost first */
	int64_t value[PROFILE_VALUES];
};

struct profile {
	struct profile_mapping *mapping;
	struct profile_location *location;
	struct profile_function *function;
	struct profile_sample *sample;
	uint32_t nr_mappings, nr_locations, nr_functions, nr_samples;
	uint64_t rate, rate_first; /* bytes; 0: not known */
	uint64_t samples; /* taken; 0: not known */
	uint64_t lost, no_stack; /* of these */
	int64_t time_ns; /* since 1970 */
	char note[200]; /* of what it is */
	bool is_diff; /* values may be negative */
};

/* Files may have any values: a sum that is too large is the largest one. */
static inline int64_t profile_sum(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum) || sum == INT64_MIN)
		return b < 0 ? -INT64_MAX : INT64_MAX;
	return sum;
}

void profile_free(struct profile *p);

/* profile_read.c: what a process knows, copied while it is there */
struct profile_raw;

struct profile_raw *profile_take(struct target *t);
void profile_raw_free(struct profile_raw *raw);

/* profile_names.c: ... and with names */
bool profile_resolve(struct profile *p, struct profile_raw *raw);

/* profile_build.c: to make one, piece by piece */
struct profile_builder;

struct profile_builder *profile_build(struct profile *p);
uint32_t profile_add_function(struct profile_builder *b, const char *name,
			      const char *file);
uint32_t profile_add_mapping(struct profile_builder *b,
			     const struct profile_mapping *m);
uint32_t profile_add_location(struct profile_builder *b, uint64_t address,
			      uint32_t mapping, const struct profile_line *line,
			      uint32_t nr);
bool profile_add_sample(struct profile_builder *b, const uint32_t *location,
			uint32_t nr, const int64_t value[PROFILE_VALUES]);
bool profile_built(struct profile_builder *b);

/* profile_text.c, profile_flame.c, profile_save.c */
bool profile_print(FILE *out, const struct profile *p, enum profile_value by);
bool profile_collapsed(FILE *out, const struct profile *p,
		       enum profile_value by);
bool profile_flame(FILE *out, const struct profile *p, enum profile_value by);
bool profile_pprof(FILE *out, const struct profile *p, enum profile_value by);

/* profile_text.c */
const char *profile_label(const struct profile *p,
			  const struct profile_location *l, uint32_t line,
			  char *text, size_t size);
const char *profile_number(int64_t n, bool bytes, char text[32]);

/* profile_load.c, profile_diff.c: false after a complaint */
const char *profile_parse(struct profile *p, const unsigned char *bytes,
			  size_t size);
bool profile_load(struct profile *p, const char *path);
bool profile_diff(struct profile *out, const struct profile *before,
		  const struct profile *after);

#endif

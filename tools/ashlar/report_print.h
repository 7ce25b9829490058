/* SPDX-License-Identifier: MIT */
/* A report with names, for people and as JSON. */
#ifndef ASHLAR_TOOLS_REPORT_PRINT_H
#define ASHLAR_TOOLS_REPORT_PRINT_H

#include <jansson.h>
#include <stdio.h>
#include <ashlar/report_record.h>
#include "symbolize.h"

/* Some of a struct frames: one stack as it is shown. */
struct stack_shown {
	size_t first, nr;
};

struct report {
	const struct report_record *record;
	pid_t pid; /* as this command sees it */
	struct frames *frames; /* of all stacks; or NULL */
	struct stack_shown now, other, alloc, free;
	struct frames *variable; /* that the access is to, if it is one */
	pid_t also; /* told of the same bytes; or 0 */
	const struct frame *place; /* in frames; NULL: not known */
};

struct stack_shown frames_show(const struct frames *f, unsigned int from,
			       unsigned int nr);
void stack_print(FILE *out, const struct frames *frames,
		 struct stack_shown shown);
void frame_print_position(FILE *out, const struct frame *f);
json_t *frame_json(const struct frame *f);

/*
 * True if what is reported happened before: damage is found when a block is
 * released, leaves the quarantine, or is looked at at the end. Then the place
 * is the block's, and where it was found is anywhere.
 */
static inline bool report_is_late(const struct report_record *r)
{
	return r->access != REPORT_NO_ACCESS && !*r->call &&
	       !(r->now.flags & REPORT_STACK_EXACT);
}

bool report_resolve(struct report *r, struct symbols *s);
void report_print_text(FILE *out, bool colour, const struct report *r);
void report_print_json(FILE *out, const struct report *r);

#endif

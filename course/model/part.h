/* SPDX-License-Identifier: MIT */
/*
 * The course's core in three parts, so that a page need not load what it does
 * not use: pages and objects; address spaces, and files, which each take all
 * of mm/.
 */
#ifndef COURSE_PART_H
#define COURSE_PART_H

#include "exercise.h"
#include "picture.h"

struct part {
	const struct scene *const *scenes; /* ends with NULL */
	const struct lesson *lessons; /* ends with number 0 */
};

extern const struct part part_objects, part_spaces, part_files;

/* Those that are linked: parts.c, or port/wasm. Ends with NULL. */
extern const struct part *const course_parts[];

#endif

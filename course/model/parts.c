/* SPDX-License-Identifier: MIT */
/* A program has all parts of the course. */
#include "part.h"

const struct part *const course_parts[] = { &part_objects, &part_spaces,
					    &part_files, NULL };

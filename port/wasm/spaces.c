/* SPDX-License-Identifier: MIT */
/* The module spaces.wasm: all of the core, and address spaces. */
#include "../../course/model/part.h"

const struct part *const course_parts[] = { &part_spaces, NULL };

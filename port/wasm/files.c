/* SPDX-License-Identifier: MIT */
/* The module files.wasm: all of the core, and files and reclaim. */
#include "../../course/model/part.h"

const struct part *const course_parts[] = { &part_files, NULL };

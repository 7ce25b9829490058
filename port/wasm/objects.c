/* SPDX-License-Identifier: MIT */
/*
 * The module objects.wasm: the core as far as a process has it, so without
 * address spaces, and the part of the course that needs no more.
 */
#include "../../course/model/part.h"
#include "../sim/sim.h"

const struct part *const course_parts[] = { &part_objects, NULL };

void sim_build_spaces(void)
{
}

void sim_build_kernel(unsigned long pfn)
{
	(void)pfn;
}

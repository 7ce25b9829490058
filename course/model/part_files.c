/* SPDX-License-Identifier: MIT */
/* Pictures and exercises of areas, files, and of what programs do with both. */
#include "part.h"

extern const struct scene scene_reclaim, scene_threads;

static const struct scene *const scenes[] = { &scene_reclaim, &scene_threads,
					      NULL };

static const struct lesson lessons[] = {
	{ 6, ask_areas },    { 24, ask_shared },   { 25, ask_drop },
	{ 26, ask_reclaim }, { 28, ask_pointers }, { 30, ask_threads },
	{ 34, ask_grown },   { 0, NULL },
};

const struct part part_files = { scenes, lessons };

/* SPDX-License-Identifier: MIT */
/* Pictures and exercises of address spaces. */
#include "part.h"

extern const struct scene scene_walk, scene_choose, scene_fault, scene_cow;

static const struct scene *const scenes[] = { &scene_walk, &scene_choose,
					      &scene_fault, &scene_cow, NULL };

static const struct lesson lessons[] = {
	{ 3, ask_own_spaces },	 { 4, ask_segments }, { 5, ask_paging },
	{ 18, ask_choosing },	 { 21, ask_faults },  { 22, ask_cow },
	{ 23, ask_user_copies }, { 36, ask_huge },    { 0, NULL },
};

const struct part part_spaces = { scenes, lessons };

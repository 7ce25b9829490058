/* SPDX-License-Identifier: MIT */
/* Pictures and exercises of pages, objects and devices. */
#include "part.h"

extern const struct scene scene_buddy, scene_slab, scene_sheaf, scene_dma;

static const struct scene *const scenes[] = { &scene_buddy, &scene_slab,
					      &scene_sheaf, &scene_dma, NULL };

static const struct lesson lessons[] = {
	{ 7, ask_zones },    { 8, ask_fragmentation }, { 9, ask_buddy },
	{ 10, ask_too_big }, { 11, ask_mobility },     { 12, ask_watermarks },
	{ 13, ask_slab },    { 14, ask_colour },       { 15, ask_classes },
	{ 16, ask_pools },   { 17, ask_dma },	       { 20, ask_free_lists },
	{ 33, ask_meminfo }, { 35, ask_buddyinfo },    { 0, NULL },
};

const struct part part_objects = { scenes, lessons };

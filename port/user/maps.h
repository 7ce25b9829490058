/* SPDX-License-Identifier: MIT */
/* /proc/self/maps, read without the C library and without memory. */
#ifndef ASHLAR_PORT_MAPS_H
#define ASHLAR_PORT_MAPS_H

#include <ashlar/types.h>

#define MAPPING_NAME 120

/* All zeroes: there is none. */
struct mapping {
	uintptr_t start, end;
	bool read, write, exec;
	char name[MAPPING_NAME]; /* of a file, without folders; or as [heap] */
};

struct near_mappings {
	bool found; /* @at is where the address lies */
	struct mapping at, before, behind; /* else: the nearest ones */
};

bool maps_find(uintptr_t addr, struct near_mappings *near);

#endif

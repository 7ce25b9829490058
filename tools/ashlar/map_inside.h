/* SPDX-License-Identifier: MIT */
/* What the machine's first process does for ashlar map --boot. */
#ifndef ASHLAR_TOOLS_MAP_INSIDE_H
#define ASHLAR_TOOLS_MAP_INSIDE_H

#include <sys/types.h>

void map_inside(const char *words, pid_t program);

#endif

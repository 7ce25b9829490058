/* SPDX-License-Identifier: MIT */
/* Reports that are not wanted: a file of TYPE:PATTERN lines. */
#ifndef ASHLAR_TOOLS_SUPPRESS_H
#define ASHLAR_TOOLS_SUPPRESS_H

#include <stdbool.h>

struct suppressions;

struct suppressions *suppress_read(const char *path);
bool suppress_match(const struct suppressions *s, const char *type,
		    const char *text);
void suppress_free(struct suppressions *s);

#endif

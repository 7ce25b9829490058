/* SPDX-License-Identifier: MIT */
/* Views that are lines of a name and a number. */
#ifndef ASHLAR_TOOLS_ROWS_H
#define ASHLAR_TOOLS_ROWS_H

#include <jansson.h>
#include "mm/vmstat.h"

static inline json_t *rows_json(const struct mm_row *rows, size_t nr)
{
	json_t *out = json_object();
	size_t i;

	for (i = 0; i < nr; i++)
		json_object_set_new(out, rows[i].name,
				    json_integer((json_int_t)rows[i].value));
	return out;
}

#endif

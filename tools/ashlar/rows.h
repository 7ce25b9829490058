/* SPDX-License-Identifier: MIT */
/* Views that are lines of a name and a number. */
#ifndef ASHLAR_TOOLS_ROWS_H
#define ASHLAR_TOOLS_ROWS_H

#include <jansson.h>
#include "mm/report/report.h"

/* @value: report_value or report_kb */
static inline json_t *
rows_json(const struct report_rows *rows, const struct mm_totals *t,
	  unsigned long (*value)(const struct report_row *,
				 const struct mm_totals *))
{
	const struct report_row *row = rows->row, *end = row + rows->nr;
	json_t *out = json_object();

	for (; row < end; row++)
		json_object_set_new(out, row->name,
				    json_integer((json_int_t)value(row, t)));
	return out;
}

#endif

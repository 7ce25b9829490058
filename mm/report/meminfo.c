/* SPDX-License-Identifier: MIT */
/*
 * meminfo: all of memory in kB, a name and a number a line; the numbers end in
 * the same column. Which rows there are: process.c, machine.c.
 */
#include "report.h"

#define LABEL 16 /* columns of a name with its colon and blanks */
#define COLUMNS 24 /* ... and of a number of up to eight digits */
#define LINE 64 /* no name has more than 32 characters */

/* The line is put together here and written once: it is read often. */
static void write_row(struct seq_file *m, const struct report_row *row,
		      unsigned long value)
{
	char line[LINE], digits[20], *end = digits + sizeof(digits);
	char *d = end, *p = line;
	const char *s;

	for (s = row->name; *s; s++)
		*p++ = *s;
	*p++ = ':';
	while (p < line + LABEL)
		*p++ = ' ';
	do
		*--d = (char)('0' + value % 10);
	while (value /= 10);
	while (p + (end - d) < line + COLUMNS)
		*p++ = ' ';
	while (d < end)
		*p++ = *d++;
	for (s = row->unit == COUNT ? "\n" : " kB\n"; *s; s++)
		*p++ = *s;
	seq_write(m, line, (size_t)(p - line));
}

/** write_meminfo() - the rows of @table with the numbers of @t */
void write_meminfo(struct seq_file *m, const struct report_table *table,
		   const struct mm_totals *t)
{
	const struct report_row *row = table->meminfo.row;
	const struct report_row *end = row + table->meminfo.nr;

	for (; row < end; row++)
		write_row(m, row, report_kb(row, t));
}

/* SPDX-License-Identifier: MIT */
/*
 * meminfo: all of memory in kB, a name and a number a line; the numbers end in
 * the same column. Which rows there are: process.c, machine.c.
 */
#include "report.h"

#define LABEL 16 /* columns of a name with its colon and blanks */
#define DIGITS 8 /* columns of a number, or more if it needs more */
#define LINE 64 /* no name has more than 32 characters */
#define TEXT 512 /* lines that are written at once: the file is read often */

/* Writes a line at @p; returns its end. The last digit comes first. */
static char *put_row(char *p, const struct report_row *row, unsigned long value)
{
	char *d, *number = p + LABEL;
	unsigned long more = value / 100000000;
	const char *s = row->name;

	__builtin_memset(p, ' ', LABEL + DIGITS);
	while (*s)
		*p++ = *s++;
	*p++ = ':';
	if (p > number) {
		number = p;
		__builtin_memset(number, ' ', DIGITS);
	}
	for (p = number + DIGITS; more; more /= 10)
		p++;
	d = p;
	do
		*--d = (char)('0' + value % 10);
	while (value /= 10);
	if (row->unit != COUNT) {
		__builtin_memcpy(p, " kB", 3);
		p += 3;
	}
	*p++ = '\n';
	return p;
}

/** write_meminfo() - the rows of @table with the numbers of @t */
void write_meminfo(struct seq_file *m, const struct report_table *table,
		   const struct mm_totals *t)
{
	const struct report_row *row = table->meminfo.row;
	const struct report_row *end = row + table->meminfo.nr;
	char text[TEXT], *p = text;

	for (; row < end; row++) {
		p = put_row(p, row, report_kb(row, t));
		if (p > text + TEXT - LINE) {
			seq_write(m, text, (size_t)(p - text));
			p = text;
		}
	}
	seq_write(m, text, (size_t)(p - text));
}

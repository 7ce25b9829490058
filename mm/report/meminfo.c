/* SPDX-License-Identifier: MIT */
/*
 * meminfo: all of memory in kB, a name and a number a line; the numbers end in
 * the same column. Which rows there are: process.c, machine.c.
 */
#include "report.h"

#define LABEL 16 /* columns of a name with its colon and blanks */
#define COLUMNS 24 /* ... and of a number of up to eight digits */
#define LINE 64 /* no name has more than 32 characters */
#define TEXT 512 /* lines that are written at once: the file is read often */

/* Where a number ends whose @name has an end that leaves it too little room. */
static char *number_end(char *line, char *name, unsigned long value)
{
	char *end = max(name, line + LABEL);

	do
		end++;
	while (value /= 10);
	return max(end, line + COLUMNS);
}

/* Writes a line at @line; returns its end. */
static char *put_row(char *line, const struct report_row *row,
		     unsigned long value)
{
	char *d, *p = line, *end = line + COLUMNS;
	const char *s = row->name;

	for (; p < end; p += 8) /* a constant is two stores, without a call */
		__builtin_memcpy(p, "        ", 8);
	p = line;
	while (*s)
		*p++ = *s++;
	*p++ = ':';
	if (unlikely(p > line + LABEL || value > 99999999))
		end = number_end(line, p, value);
	d = end;
	do
		*--d = (char)('0' + value % 10);
	while (value /= 10);
	if (row->unit != COUNT) {
		__builtin_memcpy(end, " kB", 3);
		end += 3;
	}
	*end++ = '\n';
	return end;
}

/** write_meminfo() - @rows with the numbers of @t */
void write_meminfo(struct seq_file *m, const struct report_rows *rows,
		   const struct mm_totals *t)
{
	const struct report_row *row = rows->row, *end = row + rows->nr;
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

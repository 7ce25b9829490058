/* SPDX-License-Identifier: MIT */
/*
 * meminfo: all of memory in kB, a name and a number a line; the numbers end in
 * the same column. Which rows there are: process.c, machine.c.
 */
#include <ashlar/string.h>
#include "report.h"

#define LABEL 16u /* columns of a name with its colon and blanks */
#define NUMBER 8u /* columns of a number */

static void write_row(struct seq_file *m, const struct report_row *row,
		      unsigned long value)
{
	static const char blanks[] = "                ";
	unsigned int len = (unsigned int)strlen(row->name) + 1;
	unsigned int width = NUMBER;

	seq_write(m, row->name, len - 1);
	if (len > LABEL)
		width -= min(len - LABEL, NUMBER);
	seq_putc(m, ':');
	seq_put_decimal_ul_width(m, blanks + min(len, LABEL), value, width);
	if (row->unit == COUNT)
		seq_putc(m, '\n');
	else
		seq_write(m, " kB\n", 4);
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

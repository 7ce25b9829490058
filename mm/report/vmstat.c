/* SPDX-License-Identifier: MIT */
/*
 * vmstat: counters, a name and a number a line: what there is, and what
 * happened. Which rows there are: process.c, machine.c; behind them come events
 * that only Ashlar counts.
 */
#include "report.h"

const char *const vm_event_names[NR_CORE_EVENTS] = {
	[PGALLOC] = "pgalloc",
	[PGFREE] = "pgfree",
	[PGSTEAL_BLOCK] = "pageblock_steal",
	[PGREPORT] = "pgreport",
	[PGREFAULT] = "pgrefault",
	[PGONLINE] = "pgonline",
	[SLAB_REFILL] = "slab_refill",
	[SLAB_FLUSH] = "slab_flush",
	[BARN_GET] = "barn_get",
	[BARN_PUT] = "barn_put",
	[SLAB_RECLAIM] = "slab_reclaim",
	[ALLOCSTALL] = "allocstall",
	[ALLOC_FAIL] = "alloc_fail",
};

static void write_row(struct seq_file *m, const char *name, unsigned long value)
{
	seq_puts(m, name);
	seq_put_decimal_ul_width(m, " ", value, 0);
	seq_putc(m, '\n');
}

/** write_vmstat() - the rows of @table, then events, with the numbers of @t */
void write_vmstat(struct seq_file *m, const struct report_table *table,
		  const struct mm_totals *t)
{
	const struct report_row *row = table->vmstat.row;
	unsigned int i;

	for (i = 0; i < table->vmstat.nr; i++)
		write_row(m, row[i].name, report_value(&row[i], t));
	for (i = table->event; i < NR_CORE_EVENTS; i++)
		write_row(m, vm_event_names[i], t->events[i]);
}

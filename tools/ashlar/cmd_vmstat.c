/* SPDX-License-Identifier: MIT */
/* ashlar vmstat: counters. */
#include "ashlar.h"
#include "rows.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	totals_show_vmstat(m, &s->totals);
}

static json_t *json(const struct snapshot *s)
{
	struct mm_row rows[NR_VMSTAT_ROWS];

	totals_to_vmstat(&s->totals, rows);
	return rows_json(rows, NR_VMSTAT_ROWS);
}

static const struct view view = {
	.needs = SNAPSHOT_CPUS | SNAPSHOT_CACHES,
	.text = text,
	.json = json,
};

const struct command cmd_vmstat = {
	.name = "vmstat",
	.arguments = "[--json] [--node N] PID | --core FILE",
	.summary = "Print a process's memory counters",
	.help = "nr_ lines say what there is, in pages; the others count what "
		"happened.\n",
	.run = view_run,
	.view = &view,
};

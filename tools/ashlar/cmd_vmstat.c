/* SPDX-License-Identifier: MIT */
/* ashlar vmstat: counters. */
#include "ashlar.h"
#include "rows.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	write_vmstat(m, &process_report, &s->totals);
}

static json_t *json(const struct snapshot *s)
{
	json_t *out =
		rows_json(&process_report.vmstat, &s->totals, report_value);
	unsigned int i;

	for (i = process_report.event; i < NR_CORE_EVENTS; i++)
		json_object_set_new(
			out, vm_event_names[i],
			json_integer((json_int_t)s->totals.events[i]));
	return out;
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

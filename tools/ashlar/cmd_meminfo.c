/* SPDX-License-Identifier: MIT */
/* ashlar meminfo: all of a process's memory in kB. */
#include "ashlar.h"
#include "rows.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	write_meminfo(m, &process_report.meminfo, &s->totals);
}

static json_t *json(const struct snapshot *s)
{
	return rows_json(&process_report.meminfo, &s->totals, report_kb);
}

static const struct view view = {
	.needs = SNAPSHOT_CPUS | SNAPSHOT_CACHES,
	.text = text,
	.json = json,
};

const struct command cmd_meminfo = {
	.name = "meminfo",
	.arguments = "[--json] [--node N] PID | --core FILE",
	.summary = "Print a summary of a process's memory in kB",
	.help = "MemTotal = MemFree + Slab + AnonPages + DirectPages, where "
		"AnonPages are direct\nmappings of large blocks. FreeResident "
		"is the part of MemFree that the program\nkeeps for itself; "
		"the host has the rest back.\n",
	.run = view_run,
	.view = &view,
};

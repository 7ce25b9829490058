/* SPDX-License-Identifier: MIT */
/* ashlar zoneinfo: watermarks, sizes and per-CPU lists of each zone. */
#include "ashlar.h"
#include "snapshot.h"

static void node_text(struct seq_file *m, const struct snapshot_node *s)
{
	const struct mm_totals *node = &s->totals;
	unsigned int i;
	size_t cpu;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *z = &s->zones[i];
		struct mm_totals in_zone = { 0 };

		totals_add_zone(&in_zone, z);
		write_zoneinfo(m, &process_report, s->nid, zone_type_name(z), z,
			       &in_zone, z->managed_pages ? node : NULL);
		if (!z->managed_pages)
			continue;
		node = NULL;
		for (cpu = 0; i == ZONE_NORMAL && cpu < s->nr_cpus; cpu++)
			write_zoneinfo_cpu(m, &process_report,
					   s->cpus[cpu].cpu.nr,
					   s->cpus[cpu].cpu.pcp.count);
		write_zoneinfo_end(m, z);
	}
}

static void text(struct seq_file *m, const struct snapshot *s)
{
	const struct snapshot_node *n;

	for_each_node(n, s)
		node_text(m, n);
}

static json_t *cpus_json(const struct snapshot_node *s)
{
	json_t *cpus = json_array();
	size_t i;

	for (i = 0; i < s->nr_cpus; i++)
		json_array_append_new(
			cpus, json_pack("{sI sI}", "cpu",
					(json_int_t)s->cpus[i].cpu.nr, "count",
					(json_int_t)s->cpus[i].cpu.pcp.count));
	return cpus;
}

static json_t *zone_json(const struct snapshot_node *s, const struct zone *z)
{
	json_t *out = json_pack("{si ss sI sI sI sI sI sI sI sI sI}", "node",
				s->nid, "zone", zone_type_name(z), "free",
				(json_int_t)z->free_pages, "free_resident",
				(json_int_t)z->resident_free, "min",
				(json_int_t)z->watermark[WMARK_MIN], "low",
				(json_int_t)z->watermark[WMARK_LOW], "high",
				(json_int_t)z->watermark[WMARK_HIGH], "spanned",
				(json_int_t)z->spanned_pages, "present",
				(json_int_t)z->present_pages, "managed",
				(json_int_t)z->managed_pages, "start_pfn",
				(json_int_t)z->start_pfn);

	if (z->managed_pages && z->index == ZONE_NORMAL)
		json_object_set_new(out, "pagesets", cpus_json(s));
	return out;
}

static json_t *json(const struct snapshot *s)
{
	const struct snapshot_node *n;
	json_t *zones = json_array();
	unsigned int i;

	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			json_array_append_new(zones,
					      zone_json(n, &n->zones[i]));
	return zones;
}

static const struct view view = {
	.needs = SNAPSHOT_CPUS | SNAPSHOT_CACHES,
	.text = text,
	.json = json,
};

const struct command cmd_zoneinfo = {
	.name = "zoneinfo",
	.arguments = "[--json] [--node N] PID | --core FILE",
	.summary = "Print a process's zones, watermarks and per-CPU lists",
	.run = view_run,
	.view = &view,
};

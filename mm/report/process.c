/* SPDX-License-Identifier: MIT */
/*
 * A process's meminfo, vmstat and zoneinfo.
 *
 * In meminfo, MemTotal is what the program has obtained: frames brought online
 * and direct mappings of large blocks (AnonPages). It adds up:
 *
 *   MemTotal  = MemFree + Slab + AnonPages + DirectPages
 *   MemFree   = FreeResident + free frames that the host has back
 *   Slab     >= SlabActive + SlabCached           (the rest: free objects)
 */
#include "report.h"

static const struct report_row meminfo[] = {
	{ "MemTotal", FRAMES, TOTAL(total) },
	{ "MemFree", FRAMES, TOTAL(all_free) },
	{ "MemAvailable", FRAMES, TOTAL(available) },
	{ "Buffers", FRAMES, TOTAL(none) },
	{ "Cached", FRAMES, TOTAL(none) },
	{ "SwapTotal", FRAMES, TOTAL(none) },
	{ "SwapFree", FRAMES, TOTAL(none) },
	{ "AnonPages", FRAMES, TOTAL(large) },
	{ "Shmem", FRAMES, TOTAL(none) },
	{ "KReclaimable", FRAMES, TOTAL(slab_reclaimable) },
	{ "Slab", FRAMES, TOTAL(slab) },
	{ "SReclaimable", FRAMES, TOTAL(slab_reclaimable) },
	{ "SUnreclaim", FRAMES, TOTAL(slab_unreclaimable) },
	{ "SlabActive", BYTES, TOTAL(slab_active_bytes) },
	{ "SlabCached", BYTES, TOTAL(slab_cached_bytes) },
	{ "DirectPages", FRAMES, TOTAL(direct) },
	{ "FreeResident", FRAMES, TOTAL(all_resident) },
	{ "LargeCached", BYTES, TOTAL(large_cached_bytes) },
};

static const struct report_row vmstat[] = {
	{ "nr_free_pages", COUNT, TOTAL(all_free) },
	{ "nr_slab_reclaimable", COUNT, TOTAL(slab_reclaimable) },
	{ "nr_slab_unreclaimable", COUNT, TOTAL(slab_unreclaimable) },
	{ "nr_anon_pages", COUNT, TOTAL(large) },
	{ "nr_free_resident", COUNT, TOTAL(all_resident) },
	{ "nr_free_percpu", COUNT, TOTAL(pcp) },
	{ "nr_large", COUNT, TOTAL(large_count) },
};

static const struct report_row zone_rows[] = {
	{ "nr_free_pages", COUNT, TOTAL(free) },
	{ "nr_free_resident", COUNT, TOTAL(resident_free) },
};

const struct report_table process_report = {
	.meminfo = REPORT_ROWS(meminfo),
	.vmstat = REPORT_ROWS(vmstat),
	.zone = REPORT_ROWS(zone_rows),
	.node = { vmstat + 1, 3 },
	.event = 0,
};

static void show_pagesets(struct seq_file *m)
{
	struct mm_cpu *cpu;

	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		write_zoneinfo_cpu(m, &process_report, cpu->nr,
				   READ_ONCE(cpu->pcp.count));
	spin_unlock(&mm_cpu_mutex);
}

/**
 * show_zoneinfo() - watermarks, sizes and per-CPU lists of each zone
 * @m: where to; may overflow
 */
void show_zoneinfo(struct seq_file *m)
{
	struct mm_totals node, in_zone, *first = &node;
	struct zone copy, *z;

	mm_collect_totals(&node);
	for (z = zones; z < zones + MAX_NR_ZONES; z++) {
		copy_zone(&copy, z);
		in_zone = (struct mm_totals){ 0 };
		totals_add_zone(&in_zone, &copy);
		write_zoneinfo(m, &process_report, 0, zone_type_name(&copy),
			       &copy, &in_zone,
			       copy.managed_pages ? first : NULL);
		if (!copy.managed_pages)
			continue;
		first = NULL;
		if (copy.index == ZONE_NORMAL)
			show_pagesets(m);
		write_zoneinfo_end(m, &copy);
	}
}

/**
 * show_vmstat() - counters: what there is, and what happened
 * @m: where to; may overflow
 */
void show_vmstat(struct seq_file *m)
{
	struct mm_totals t;

	mm_collect_totals(&t);
	write_vmstat(m, &process_report, &t);
}

/**
 * show_meminfo() - all of memory in kB
 * @m: where to; may overflow
 */
void show_meminfo(struct seq_file *m)
{
	struct mm_totals t;

	mm_collect_totals(&t);
	write_meminfo(m, &process_report.meminfo, &t);
}

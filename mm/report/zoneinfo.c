/* SPDX-License-Identifier: MIT */
/*
 * zoneinfo: a part for each zone, and in the first one the rows of all memory.
 *
 *   Node 0, zone   Normal
 *     per-node stats        write_zoneinfo()
 *     pages free …
 *     pagesets
 *       cpu: 0              write_zoneinfo_cpu(), for each
 *     node_unreclaimable …  write_zoneinfo_end()
 */
#include "report.h"

const char *const zone_type_names[MAX_NR_ZONES] = {
	[ZONE_DMA] = "DMA",
	[ZONE_NORMAL] = "Normal",
	[ZONE_HIGHMEM] = "HighMem",
};

/* The name of a zone, whose index, in a copy, may be anything. */
const char *zone_type_name(const struct zone *z)
{
	return z->index < MAX_NR_ZONES ? zone_type_names[z->index] : "?";
}

static void write_rows(struct seq_file *m, const struct report_rows *rows,
		       const struct mm_totals *t)
{
	unsigned int i;

	for (i = 0; i < rows->nr; i++)
		seq_printf(m, "      %-12s %lu\n", rows->row[i].name,
			   report_value(&rows->row[i], t));
}

static void write_sizes(struct seq_file *m, const struct zone *z,
			bool linux_zones)
{
	unsigned int i, last = MAX_NR_ZONES - 1;

	seq_printf(m,
		   "  pages free     %lu\n        boost    %lu\n"
		   "        min      %lu\n        low      %lu\n"
		   "        high     %lu\n        spanned  %lu\n"
		   "        present  %lu\n        managed  %lu\n"
		   "        cma      %lu\n        protection: (",
		   z->free_pages, 0ul, z->watermark[WMARK_MIN],
		   z->watermark[WMARK_LOW], z->watermark[WMARK_HIGH],
		   z->spanned_pages, z->present_pages, z->managed_pages, 0ul);
	for (i = 0; i <= last; i++)
		seq_printf(m, "%s%lu", i ? ", " : "", z->lowmem_reserve[i]);
	if (linux_zones)
		seq_printf(m, ", %lu", z->lowmem_reserve[last]);
	seq_puts(m, ")\n");
}

/**
 * write_zoneinfo() - a zone's part up to its per-CPU lists
 * @table: whose rows
 * @nid: number of the node
 * @name: the zone's
 * @z: the zone; one without memory ends here
 * @in_zone: numbers of the zone's rows
 * @node: numbers of all memory, with the first zone; NULL with the others
 */
void write_zoneinfo(struct seq_file *m, const struct report_table *table,
		    int nid, const char *name, const struct zone *z,
		    const struct mm_totals *in_zone,
		    const struct mm_totals *node)
{
	seq_printf(m, "Node %d, zone %8s\n", nid, name);
	if (node) {
		seq_puts(m, "  per-node stats\n");
		write_rows(m, &table->node, node);
	}
	write_sizes(m, z, table->linux_zones);
	if (!z->managed_pages)
		return;
	write_rows(m, &table->zone, in_zone);
	seq_puts(m, "  pagesets\n");
}

/** write_zoneinfo_cpu() - a CPU that has @count frames of the zone at hand */
void write_zoneinfo_cpu(struct seq_file *m, const struct report_table *table,
			u32 cpu, unsigned long count)
{
	seq_printf(m,
		   "    cpu: %u\n              count: %lu\n"
		   "              high:  %d\n              batch: %d\n",
		   cpu, count, PCP_HIGH, PCP_BATCH);
	if (table->linux_zones)
		seq_puts(m, "  vm stats threshold: 0\n");
}

/** write_zoneinfo_end() - what follows the per-CPU lists */
void write_zoneinfo_end(struct seq_file *m, const struct zone *z)
{
	seq_printf(m, "  node_unreclaimable:  %u\n  start_pfn:           %lu\n",
		   0u, z->start_pfn);
}

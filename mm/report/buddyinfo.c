/* SPDX-License-Identifier: MIT */
/*
 * buddyinfo, free blocks by order, one line a zone; and pagetypeinfo, the same
 * by mobility, with the page blocks of each mobility.
 */
#include "report.h"

const char *const migratetype_names[MIGRATE_TYPES] = {
	[MIGRATE_UNMOVABLE] = "Unmovable",
	[MIGRATE_MOVABLE] = "Movable",
	[MIGRATE_RECLAIMABLE] = "Reclaimable",
};

/** write_buddyinfo() - a zone's free blocks of each order */
void write_buddyinfo(struct seq_file *m, int nid, const struct zone *z)
{
	unsigned int order, type;

	seq_printf(m, "Node %d, zone %8s ", nid, zone_type_name(z));
	for (order = 0; order < MAX_ORDER; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++)
			nr += z->free_area[order].nr_free[type];
		seq_printf(m, "%6lu ", nr);
	}
	seq_putc(m, '\n');
}

/** write_pagetypeinfo_header() - what stands above the zones' free blocks */
void write_pagetypeinfo_header(struct seq_file *m)
{
	unsigned int order;

	seq_printf(m, "Page block order: %d\n", pageblock_order);
	seq_printf(m, "Pages per block:  %lu\n\n", 1ul << pageblock_order);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (order = 0; order < MAX_ORDER; order++)
		seq_printf(m, "%6d ", order);
	seq_putc(m, '\n');
}

/** write_pagetypeinfo() - a zone's free blocks by mobility and order */
void write_pagetypeinfo(struct seq_file *m, int nid, const struct zone *z)
{
	unsigned int order, type;

	for (type = 0; type < MIGRATE_TYPES; type++) {
		seq_printf(m, "Node %4d, zone %8s, type %12s ", nid,
			   zone_type_name(z), migratetype_names[type]);
		for (order = 0; order < MAX_ORDER; order++)
			seq_printf(m, "%6lu ",
				   z->free_area[order].nr_free[type]);
		seq_putc(m, '\n');
	}
}

/** write_pageblocks_header() - what stands above the zones' page blocks */
void write_pageblocks_header(struct seq_file *m)
{
	unsigned int type;

	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(m, "%12s ", migratetype_names[type]);
	seq_putc(m, '\n');
}

/** write_pageblocks() - a zone's @blocks of each mobility */
void write_pageblocks(struct seq_file *m, int nid, const struct zone *z,
		      const unsigned long blocks[MIGRATE_TYPES])
{
	unsigned int type;

	seq_printf(m, "Node %d, zone %8s ", nid, zone_type_name(z));
	for (type = 0; type < MIGRATE_TYPES; type++)
		seq_printf(m, "%12lu ", blocks[type]);
	seq_putc(m, '\n');
}

/* SPDX-License-Identifier: MIT */
/* ashlar pagetypeinfo: free blocks, and page blocks, by mobility. */
#include "ashlar.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	const struct snapshot_node *n;
	unsigned int i;

	write_pagetypeinfo_header(m);
	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (n->zones[i].managed_pages)
				write_pagetypeinfo(m, n->nid, &n->zones[i]);
	write_pageblocks_header(m);
	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (n->zones[i].managed_pages)
				write_pageblocks(m, n->nid, &n->zones[i],
						 n->blocks[i]);
}

static json_t *type_json(const struct zone *z, unsigned int type,
			 unsigned long page_blocks)
{
	json_t *blocks = json_array();
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		json_array_append_new(
			blocks,
			json_integer(
				(json_int_t)z->free_area[order].nr_free[type]));
	return json_pack("{ss so sI}", "type", migratetype_names[type],
			 "free_blocks", blocks, "page_blocks",
			 (json_int_t)page_blocks);
}

static json_t *zone_json(const struct snapshot_node *n, unsigned int i)
{
	json_t *types = json_array();
	unsigned int type;

	for (type = 0; type < MIGRATE_TYPES; type++)
		json_array_append_new(types, type_json(&n->zones[i], type,
						       n->blocks[i][type]));
	return json_pack("{si ss so}", "node", n->nid, "zone",
			 zone_type_name(&n->zones[i]), "types", types);
}

static json_t *json(const struct snapshot *s)
{
	const struct snapshot_node *n;
	json_t *zones = json_array();
	unsigned int i;

	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (n->zones[i].managed_pages)
				json_array_append_new(zones, zone_json(n, i));
	return json_pack("{si so}", "page_block_order", pageblock_order,
			 "zones", zones);
}

static const struct view view = {
	.needs = SNAPSHOT_BLOCKS,
	.text = text,
	.json = json,
};

const struct command cmd_pagetypeinfo = {
	.name = "pagetypeinfo",
	.arguments = "[--json] [--node N] PID | --core FILE",
	.summary = "Print a process's free blocks by mobility",
	.run = view_run,
	.view = &view,
};

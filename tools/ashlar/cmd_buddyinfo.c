/* SPDX-License-Identifier: MIT */
/* ashlar buddyinfo: free blocks of each order. */
#include "ashlar.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	const struct snapshot_node *n;
	unsigned int i;

	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (n->zones[i].managed_pages)
				write_buddyinfo(m, n->nid, &n->zones[i]);
}

static json_t *zone_json(const struct zone *z, int nid)
{
	json_t *blocks = json_array();
	unsigned int order, type;

	for (order = 0; order < MAX_ORDER; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++)
			nr += z->free_area[order].nr_free[type];
		json_array_append_new(blocks, json_integer((json_int_t)nr));
	}
	return json_pack("{si ss so}", "node", nid, "zone", zone_type_name(z),
			 "free_blocks", blocks);
}

static json_t *json(const struct snapshot *s)
{
	const struct snapshot_node *n;
	json_t *zones = json_array();
	unsigned int i;

	for_each_node(n, s)
		for (i = 0; i < MAX_NR_ZONES; i++)
			if (n->zones[i].managed_pages)
				json_array_append_new(
					zones, zone_json(&n->zones[i], n->nid));
	return zones;
}

static const struct view view = { .text = text, .json = json };

const struct command cmd_buddyinfo = {
	.name = "buddyinfo",
	.arguments = "[--json] [--node N] PID | --core FILE",
	.summary = "Print a process's free blocks of pages by order",
	.run = view_run,
	.view = &view,
};

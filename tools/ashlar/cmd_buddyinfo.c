/* SPDX-License-Identifier: MIT */
/* ashlar buddyinfo: free blocks of each order. */
#include "ashlar.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (s->zones[i].managed_pages)
			zone_show_buddyinfo(m, &s->zones[i]);
}

static json_t *zone_json(const struct zone *z)
{
	json_t *blocks = json_array();
	unsigned int order, type;

	for (order = 0; order < MAX_ORDER; order++) {
		unsigned long nr = 0;

		for (type = 0; type < MIGRATE_TYPES; type++)
			nr += z->free_area[order].nr_free[type];
		json_array_append_new(blocks, json_integer((json_int_t)nr));
	}
	return json_pack("{si ss so}", "node", 0, "zone", zone_type_name(z),
			 "free_blocks", blocks);
}

static json_t *json(const struct snapshot *s)
{
	json_t *zones = json_array();
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (s->zones[i].managed_pages)
			json_array_append_new(zones, zone_json(&s->zones[i]));
	return zones;
}

static const struct view view = { .text = text, .json = json };

const struct command cmd_buddyinfo = {
	.name = "buddyinfo",
	.arguments = "[--json] PID | --core FILE",
	.summary = "Print a process's free blocks of pages by order",
	.run = view_run,
	.view = &view,
};

/* SPDX-License-Identifier: MIT */
/* ashlar slabinfo: one line for each cache, version 2.1. */
#include <string.h>
#include "ashlar.h"
#include "shared_heap.h"
#include "snapshot.h"

static void text(struct seq_file *m, const struct snapshot *s)
{
	const struct snapshot_node *n;
	size_t i;

	write_slabinfo_header(m);
	for_each_node(n, s)
		for (i = 0; i < n->nr_caches; i++)
			write_slabinfo(m, &n->caches[i].cache,
				       n->caches[i].cached);
}

/* The columns of the text, and what they round or leave out. */
static json_t *cache_json(const struct snapshot_cache *c, int nid)
{
	const struct kmem_cache *s = &c->cache;
	struct slabinfo si;

	get_slabinfo(s, c->cached, &si);
	return json_pack(
		"{si ss sI sI sI sI sI sI sI sI sI sI sI sI sI sI}", "node",
		nid, "name", s->name, "active_objs", (json_int_t)si.active_objs,
		"num_objs", (json_int_t)si.num_objs, "cached_objs",
		(json_int_t)c->cached, "objsize", (json_int_t)s->size,
		"requested_size", (json_int_t)s->object_size, "objperslab",
		(json_int_t)si.objects_per_slab, "pagesperslab",
		(json_int_t)si.pages_per_slab, "limit", (json_int_t)si.limit,
		"batchcount", (json_int_t)si.batchcount, "sharedfactor",
		(json_int_t)si.shared, "active_slabs",
		(json_int_t)si.active_slabs, "num_slabs",
		(json_int_t)si.num_slabs, "sharedavail",
		(json_int_t)si.shared_avail, "pages", (json_int_t)s->nr_pages);
}

static json_t *json(const struct snapshot *s)
{
	const struct snapshot_node *n;
	json_t *caches = json_array();
	size_t i;

	for_each_node(n, s)
		for (i = 0; i < n->nr_caches; i++)
			json_array_append_new(caches, cache_json(&n->caches[i],
								 n->nid));
	return caches;
}

static const struct view view = {
	.needs = SNAPSHOT_CACHES,
	.text = text,
	.json = json,
};

/* A heap is asked for by itself, with --json or without. */
static int run(const struct command *self, int argc, char **argv)
{
	const char *heap = NULL;
	bool json = false;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--heap"); i++)
		;
	if (i >= argc)
		return view_run(self, argc, argv);
	for (i = 1; i < argc; i++) {
		if (i + 1 < argc && !heap && !strcmp(argv[i], "--heap"))
			heap = argv[++i];
		else if (!strcmp(argv[i], "--json"))
			json = true;
		else
			return usage_error(self, "--heap wants one name, and "
						 "no process");
	}
	return shared_heap_print(heap, json);
}

const struct command cmd_slabinfo = {
	.name = "slabinfo",
	.arguments = "[--json] [--node N] PID | --core FILE | --heap NAME",
	.summary = "Print a process's slab caches, or a shared heap's",
	.help = "active_objs are objects that the program holds; free ones "
		"that wait in its\nthreads' lists do not count. objperslab and "
		"pagesperslab are means: slabs grow\nwith their cache.\n"
		"--heap: of a shared heap, by its name or a file of "
		"/proc/PID/fd.\n",
	.run = run,
	.view = &view,
};

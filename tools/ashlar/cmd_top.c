/* SPDX-License-Identifier: MIT */
/*
 * ashlar top: all processes on Ashlar, or one, over and over.
 *
 * Without a terminal, with --once and with --json they are shown once.
 */
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ashlar.h"
#include "top.h"

#define ONCE_WIDTH 72 /* of a bar */
#define DELAY 3.0 /* s, slabtop's */
#define DELAY_LEAST 0.1
#define DELAY_MOST 1e6

struct request {
	struct top_wish wish;
	bool once, json;
};

static bool parse_delay(const char *s, double *delay)
{
	char *end;

	*delay = strtod(s, &end);
	return *s && !*end && isfinite(*delay) && *delay >= DELAY_LEAST &&
	       *delay <= DELAY_MOST;
}

static int parse_sort(const struct command *self, struct request *r,
		      const char *s)
{
	const char *letters = r->wish.pid ? TOP_SORT_CACHES :
					    TOP_SORT_PROCESSES;

	if (!s)
		return 0;
	if (!*s || s[1] || !strchr(letters, *s))
		return usage_error(self, "'%s' is no letter to sort by: %s", s,
				   letters);
	r->wish.sort = *s;
	return 0;
}

static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "once", no_argument, NULL, 'o' },
		{ "delay", required_argument, NULL, 'd' },
		{ "sort", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const char *sort = NULL;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":od:s:", options, NULL)) != -1) {
		if (c == 'j')
			r->json = true;
		else if (c == 'o')
			r->once = true;
		else if (c == 's')
			sort = optarg;
		else if (c == 'd' && !parse_delay(optarg, &r->wish.delay))
			return usage_error(self,
					   "'%s' is no delay: seconds, from "
					   "0.1 on",
					   optarg);
		else if (c == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else if (c == '?')
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	if (argc - optind > 1)
		return usage_error(self, "one process, or all");
	if (optind < argc && !parse_pid(argv[optind], &r->wish.pid))
		return usage_error(self, "'%s' is not a process number",
				   argv[optind]);
	return parse_sort(self, r, sort);
}

/* ---- JSON ---- */

static json_t *cache_json(const struct why_cache *c)
{
	const struct slabinfo *s = &c->info;

	return json_pack("{ss si sI sI sI sI sI sI sI sI}", "name",
			 c->class.name, "node", c->node, "num_objs",
			 (json_int_t)s->num_objs, "active_objs",
			 (json_int_t)s->active_objs, "objsize",
			 (json_int_t)c->class.slot, "num_slabs",
			 (json_int_t)s->num_slabs, "active_slabs",
			 (json_int_t)s->active_slabs, "objperslab",
			 (json_int_t)s->objects_per_slab, "pagesperslab",
			 (json_int_t)s->pages_per_slab, "bytes",
			 (json_int_t)c->bytes);
}

static json_t *process_json(const struct top_process *p, bool caches)
{
	json_t *o = json_pack("{si ss sI sI sI}", "pid", p->pid, "command",
			      p->command, "rss", (json_int_t)p->why.rss,
			      "blocks", (json_int_t)p->why.blocks, "threads",
			      (json_int_t)p->why.threads);
	json_t *parts = json_object(), *list;
	size_t i;

	for (i = 0; i < NR_TOP_PARTS; i++)
		json_object_set_new(parts, top_names[i],
				    json_integer((json_int_t)p->part[i]));
	json_object_set_new(o, "parts", parts);
	if (!caches)
		return o;
	list = json_array();
	for (i = 0; i < p->why.nr_caches; i++)
		json_array_append_new(list, cache_json(&p->why.caches[i]));
	json_object_set_new(o, "caches", list);
	return o;
}

static void print_json(const struct top *t, bool one)
{
	json_t *list = json_array(), *o;
	size_t i;

	for (i = 0; i < t->nr; i++)
		json_array_append_new(list, process_json(&t->process[i], one));
	o = json_pack("{so}", "processes", list);
	if (!one) {
		json_object_set_new(o, "others",
				    json_integer((json_int_t)t->others));
		json_object_set_new(o, "unreadable",
				    json_integer((json_int_t)t->unreadable));
		json_object_set_new(o, "unclear",
				    json_integer((json_int_t)t->unclear));
	}
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

/* ---- the command ---- */

static int show_once(struct top *t, const struct request *r)
{
	pid_t pid = r->wish.pid;
	char sort = r->wish.sort;

	if (!(pid ? top_look_some(t, &pid, 1) : top_look_all(t)))
		return top_status(t);
	if (pid)
		top_sort_caches(&t->process[0].why, sort ? sort : 'o');
	else
		top_sort_processes(t, sort ? sort : 'c');
	if (r->json)
		print_json(t, pid != 0);
	else if (pid)
		top_print_one(stdout, &t->process[0], ONCE_WIDTH, false);
	else
		top_print_all(stdout, t);
	return EXIT_SUCCESS;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r = { .wish.delay = DELAY };
	struct top t = { 0 };
	int status = parse(self, argc, argv, &r);

	if (status)
		return status;
	if (r.once || r.json || !top_screen(&t, &r.wish, &status))
		status = show_once(&t, &r);
	top_free(&t);
	return status;
}

const struct command cmd_top = {
	.name = "top",
	.arguments =
		"[--once] [--json] [--delay SECONDS] [--sort LETTER] [PID]",
	.summary = "Show what processes on Ashlar have in memory, and why",
	.help = "All that run on it, or one with its caches: parts that add up "
		"to Rss, again every\n3 seconds. Letters sort as slabtop's do, "
		"q ends, h explains. Without a terminal,\nand with --once or "
		"--json, they are shown once. No process is stopped.\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/*
 * What the six views have in common: their arguments, a target, a snapshot
 * of it, and the choice between text and JSON.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "snapshot.h"

struct request {
	bool json;
	const char *core;
	int pid;
	int node; /* -1: all */
};

static bool parse_node(const char *s, int *node)
{
	*node = *s - '0';
	return *s >= '0' && *s <= '9' && !s[1];
}

/* Returns 0, or EXIT_USAGE after having said why. */
static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "core", required_argument, NULL, 'c' },
		{ "node", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'j')
			r->json = true;
		else if (c == 'c')
			r->core = optarg;
		else if (c == 'n' && !parse_node(optarg, &r->node))
			return usage_error(self, "'%s' is not a node's number",
					   optarg);
		else if (c == 'n')
			continue;
		else if (c == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	if (r->core)
		return optind == argc ? 0 :
					usage_error(self, "a process or a "
							  "core, not both");
	if (optind == argc)
		return usage_error(self, "of which process?");
	if (optind + 1 < argc)
		return usage_error(self, "one process at a time");
	if (!parse_pid(argv[optind], &r->pid))
		return usage_error(self, "'%s' is not a process number",
				   argv[optind]);
	return 0;
}

/**
 * view_render() - a view as text
 * @view: which
 * @s: of what; has what the view needs
 * @len: its bytes
 *
 * Return: the text, to be freed; NULL when memory ran out.
 */
char *view_render(const struct view *view, const struct snapshot *s,
		  size_t *len)
{
	struct seq_file m = { .size = 16 << 10 };

	for (;;) {
		m.buf = malloc(m.size);
		if (!m.buf)
			return NULL;
		m.count = m.wanted = 0;
		view->text(&m, s);
		if (!seq_has_overflowed(&m)) {
			*len = m.count;
			return m.buf;
		}
		free(m.buf);
		m.size = m.wanted;
	}
}

static bool print_text(const struct command *self, const struct snapshot *s)
{
	size_t len;
	char *text = view_render(self->view, s, &len);

	if (text)
		fwrite(text, 1, len, stdout);
	free(text);
	return text != NULL;
}

static json_t *nodes_json(const struct snapshot *s)
{
	const struct snapshot_node *n;
	json_t *nodes = json_array();

	for_each_node(n, s)
		json_array_append_new(nodes,
				      json_pack("{si ss}", "node", n->nid,
						"file", n->path));
	return nodes;
}

/* {"pid": 42, "nodes": …, "buddyinfo": …} */
static bool print_json(const struct command *self, const struct snapshot *s,
		       const struct request *r)
{
	json_t *top = r->core ? json_pack("{ss}", "core", r->core) :
				json_pack("{si}", "pid", r->pid);
	bool ok = json_object_set_new(top, "nodes", nodes_json(s)) == 0 &&
		  json_object_set_new(top, self->name, self->view->json(s)) ==
			  0 &&
		  json_dumpf(top, stdout, JSON_INDENT(1)) == 0;

	putchar('\n');
	json_decref(top);
	return ok;
}

static bool look(const struct command *self, const struct request *r,
		 struct target *t, struct snapshot *s)
{
	if (r->core ? !target_open_core(t, r->core) :
		      !target_open_process(t, r->pid))
		return false;
	if (!target_find_nodes(t) || !target_keep_node(t, r->node) ||
	    !snapshot_take(s, t, self->view->needs))
		return false;
	budget_unwatch();
	if (r->json ? print_json(self, s, r) : print_text(self, s))
		return true;
	return target_fail(t, "out of memory");
}

/**
 * view_run() - the run() of every view
 */
int view_run(const struct command *self, int argc, char **argv)
{
	struct request r = { .node = -1 };
	struct snapshot s = { 0 };
	int status = parse(self, argc, argv, &r);
	struct target t;

	if (status)
		return status;
	budget_watch(r.core ? "the core dump" : "the process");
	if (!look(self, &r, &t, &s)) {
		complain("%s", t.error);
		status = t.spent ? EXIT_GAVE_UP : EXIT_FAILURE;
	}
	snapshot_free(&s);
	target_close(&t);
	return status;
}

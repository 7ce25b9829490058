/* SPDX-License-Identifier: MIT */
/*
 * What the six views have in common: a snapshot of the target, and the choice
 * between text and JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include "request.h"
#include "snapshot.h"

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

static bool look(struct target *t, const struct request *r, void *arg)
{
	const struct command *self = arg;
	struct snapshot s = { 0 };
	bool ok = target_find_nodes(t) && target_keep_node(t, r->node) &&
		  snapshot_take(&s, t, self->view->needs);

	budget_unwatch();
	if (ok && !(r->json ? print_json(self, &s, r) : print_text(self, &s)))
		ok = target_fail(t, "out of memory");
	snapshot_free(&s);
	return ok;
}

/**
 * view_run() - the run() of every view
 */
int view_run(const struct command *self, int argc, char **argv)
{
	struct request r;
	int status = request_parse(&r, self, argc, argv,
				   REQUEST_JSON | REQUEST_CORE | REQUEST_NODE,
				   NULL);

	return status ? status : request_look(&r, look, (void *)self);
}

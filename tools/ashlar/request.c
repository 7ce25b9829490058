/* SPDX-License-Identifier: MIT */
/*
 * What the commands that look at one process, or at one core dump, have in
 * common: their arguments, and the way to a target and back.
 *
 *   [--json] [--node N] PID [WORD] │ --core FILE [WORD]
 *        request_parse()  ─►  request_look()  ─►  the command's own look()
 */
#include <getopt.h>
#include <stdlib.h>
#include "request.h"

static const struct {
	unsigned int takes;
	struct option option;
} known[] = {
	{ REQUEST_JSON, { "json", no_argument, NULL, 'j' } },
	{ REQUEST_CORE, { "core", required_argument, NULL, 'c' } },
	{ REQUEST_NODE, { "node", required_argument, NULL, 'n' } },
};

static bool parse_node(const char *s, int *node)
{
	*node = *s - '0';
	return *s >= '0' && *s <= '9' && !s[1];
}

static int parse_options(struct request *r, const struct command *self,
			 int argc, char **argv, unsigned int takes)
{
	struct option options[ARRAY_SIZE(known) + 1] = { { 0 } };
	unsigned int i, nr = 0;
	int c;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].takes & takes)
			options[nr++] = known[i].option;
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'j')
			r->json = true;
		else if (c == 'c')
			r->core = optarg;
		else if (c == 'n' && !parse_node(optarg, &r->node))
			return usage_error(self, "'%s' is not a node's number",
					   optarg);
		else if (c == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else if (c == '?')
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	return 0;
}

/**
 * request_parse() - read a command's arguments
 * @r: filled
 * @self: the command
 * @argc: number of @argv
 * @argv: its name and its arguments
 * @takes: REQUEST_* options
 * @wants: what else is to be named, or NULL: only the process is
 *
 * Return: 0, or EXIT_USAGE after having said why.
 */
int request_parse(struct request *r, const struct command *self, int argc,
		  char **argv, unsigned int takes, const char *wants)
{
	int status;

	*r = (struct request){ .node = -1 };
	status = parse_options(r, self, argc, argv, takes);
	if (status)
		return status;
	argc -= optind;
	argv += optind;
	if (!wants && r->core && argc)
		return usage_error(self, "a process or a core, not both");
	if (!wants && !r->core && argc != 1)
		return usage_error(self, argc ? "one process at a time" :
						"of which process?");
	if (!r->core && argc && !parse_pid(argv[0], &r->pid))
		return usage_error(self, "'%s' is not a process number",
				   argv[0]);
	if (wants && argc != (r->core ? 1 : 2))
		return usage_error(self, "which process, and which %s?", wants);
	r->word = wants ? argv[argc - 1] : NULL;
	return 0;
}

/**
 * request_look() - look at what was asked for
 * @r: the request
 * @look: looks; false: the target's error says why it could not
 * @arg: for @look
 *
 * Return: the command's exit status; 0 if @look could.
 */
int request_look(const struct request *r,
		 bool (*look)(struct target *t, const struct request *r,
			      void *arg),
		 void *arg)
{
	int status = EXIT_SUCCESS;
	struct target t;

	budget_watch(r->core ? "the core dump" : "the process");
	if (!(r->core ? target_open_core(&t, r->core) :
			target_open_process(&t, r->pid)) ||
	    !look(&t, r, arg)) {
		complain("%s", t.error);
		status = t.spent ? EXIT_GAVE_UP : EXIT_FAILURE;
	}
	budget_unwatch();
	target_close(&t);
	return status;
}

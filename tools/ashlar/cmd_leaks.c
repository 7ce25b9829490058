/* SPDX-License-Identifier: MIT */
/*
 * ashlar leaks: what a running process can reach no more.
 *
 *   PID ── look ── names, suppressions ──┬──────────────────► text or JSON
 *          └────── again, or a file ─────┴─► what there is more
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ashlar.h"
#include "leaks.h"

#define EXIT_LEAKS 23
#define SECONDS_MOST 1000000

struct request {
	int pid;
	bool json;
	const char *since; /* a file with an earlier look, or NULL */
	double delta; /* seconds to the second look; 0: one look */
	const char *suppressions; /* a file, or NULL */
	struct suppressions *suppress;
};

static bool parse_seconds(const char *s, double *seconds)
{
	char *end;

	*seconds = strtod(s, &end);
	return *s >= '0' && *s <= '9' && !*end && *seconds > 0 &&
	       *seconds < SECONDS_MOST;
}

/* One option, with its value if it has one. Returns 0 or EXIT_USAGE. */
static int take_option(const struct command *self, int c, char **argv,
		       struct request *r)
{
	switch (c) {
	case 'j':
		r->json = true;
		return 0;
	case 's':
		r->suppressions = optarg;
		return 0;
	case 'f':
		r->since = optarg;
		return 0;
	case 'd':
		if (parse_seconds(optarg, &r->delta))
			return 0;
		return usage_error(self, "'%s' is not a number of seconds",
				   optarg);
	case ':':
		return usage_error(self, "%s wants a value", argv[optind - 1]);
	default:
		return usage_error(self, "there is no option '%s'",
				   argv[optind - 1]);
	}
}

/* Returns 0, or EXIT_USAGE after having said why. */
static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "delta", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 'f' },
		{ "suppressions", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1)
		if (take_option(self, c, argv, r))
			return EXIT_USAGE;
	if (r->since && r->delta > 0)
		return usage_error(self, "--since or --delta, not both");
	if (optind == argc)
		return usage_error(self, "of which process?");
	if (optind + 1 < argc)
		return usage_error(self, "one process at a time");
	if (!parse_pid(argv[optind], &r->pid))
		return usage_error(self, "'%s' is not a process number",
				   argv[optind]);
	return 0;
}

/* False after a complaint. */
static bool look(const struct request *r, struct leaks *l,
		 struct leaks_report *report)
{
	if (!leaks_look(l, r->pid)) {
		complain("%s", l->error);
		return false;
	}
	if (!leaks_resolve(report, l, r->suppress, NULL)) {
		complain("out of memory");
		return false;
	}
	return true;
}

static void print_json(json_t *o)
{
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
}

/* Returns the exit status. */
static int tell(const struct request *r, const struct leaks_report *report)
{
	json_t *o;

	if (r->json) {
		o = leaks_json(report);
		print_json(o);
		json_decref(o);
	} else {
		leaks_print(stdout, report);
	}
	return report->blocks ? EXIT_LEAKS : EXIT_SUCCESS;
}

static int tell_delta(const struct request *r, const json_t *before,
		      const struct leaks_report *report)
{
	json_t *after = leaks_json(report), *delta = leaks_delta(before, after);
	bool any = json_integer_value(json_object_get(delta, "leaked_blocks")) >
		   0;

	if (r->json)
		print_json(delta);
	else
		leaks_delta_print(stdout, delta);
	json_decref(after);
	json_decref(delta);
	return any ? EXIT_LEAKS : EXIT_SUCCESS;
}

/* A look, and if there was one @before, what came since then. */
static int look_and_tell(const struct request *r, const json_t *before)
{
	struct leaks_report report = { 0 };
	struct leaks l = { 0 };
	int status = EXIT_FAILURE;

	if (look(r, &l, &report))
		status = before ? tell_delta(r, before, &report) :
				  tell(r, &report);
	leaks_report_free(&report);
	leaks_free(&l);
	return status;
}

/* The look that another is compared with; NULL after a complaint. */
static json_t *first_look(const struct request *r)
{
	struct leaks_report report = { 0 };
	struct timespec pause;
	struct leaks l = { 0 };
	json_error_t error;
	json_t *before = NULL;

	if (r->since) {
		before = json_load_file(r->since, 0, &error);
		if (!before)
			complain("%s: %s", r->since, error.text);
		return before;
	}
	if (look(r, &l, &report))
		before = leaks_json(&report);
	leaks_report_free(&report);
	leaks_free(&l);
	pause.tv_sec = (time_t)r->delta;
	pause.tv_nsec = (long)((r->delta - (double)pause.tv_sec) * 1e9);
	if (before)
		nanosleep(&pause, NULL);
	return before;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r = { 0 };
	json_t *before = NULL;
	int status = parse(self, argc, argv, &r);

	if (status)
		return status;
	if (r.suppressions) {
		r.suppress = suppress_read(r.suppressions);
		if (!r.suppress)
			return EXIT_FAILURE;
	}
	if (r.since || r.delta > 0)
		before = first_look(&r);
	if (before || !(r.since || r.delta > 0))
		status = look_and_tell(&r, before);
	else
		status = EXIT_FAILURE;
	json_decref(before);
	suppress_free(r.suppress);
	return status;
}

const struct command cmd_leaks = {
	.name = "leaks",
	.arguments = "[--json] [--suppressions FILE] [--delta SECONDS | "
		     "--since FILE] PID",
	.summary = "Find blocks that a running process can reach no more",
	.help = "The process is read as it runs. With --delta, and with "
		"--since, whose file is\nwhat --json printed before, only "
		"what was leaked between two looks is told. The\nexit status "
		"is 23 if there was anything. man ashlar-leaks says more.\n",
	.run = run,
};

/* SPDX-License-Identifier: MIT */
/*
 * ashlar metrics: what processes have in memory, for a monitoring system.
 *
 *   ashlar metrics > FILE                 for a collector of text files
 *   ashlar metrics --listen 9477          for one that asks, on this machine
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "metrics.h"

struct request {
	const char *listen; /* a port or a path, or NULL */
	pid_t *pid; /* which; none: all */
	size_t nr;
	struct top top;
};

static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	size_t i;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'l' && *optarg)
			r->listen = optarg;
		else if (c == 'l' || c == ':')
			return usage_error(self, "--listen wants a port, or "
						 "the path of a socket");
		else
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	r->pid = calloc((size_t)(argc - optind) + 1, sizeof(*r->pid));
	if (!r->pid) {
		complain("out of memory");
		return EXIT_FAILURE;
	}
	for (; optind < argc; optind++) {
		if (!parse_pid(argv[optind], &r->pid[r->nr]))
			return usage_error(self, "'%s' is not a process number",
					   argv[optind]);
		for (i = 0; r->pid[i] != r->pid[r->nr]; i++)
			;
		r->nr += i == r->nr; /* one that was named before is not new */
	}
	return 0;
}

static bool look(struct request *r)
{
	return r->nr ? top_look_some(&r->top, r->pid, r->nr) :
		       top_look_all(&r->top);
}

/* Whoever asks is told of those that are there. */
static char *make_page(void *arg, size_t *len)
{
	struct request *r = arg;
	char *page = NULL;
	FILE *f = open_memstream(&page, len);

	if (!f)
		return NULL;
	look(r);
	metrics_print(f, &r->top);
	if (fclose(f) == 0)
		return page;
	free(page);
	return NULL;
}

static int listen_and_serve(struct request *r)
{
	struct listener l;
	bool ok = listener_open(&l, r->listen);

	if (ok && !listener_serve(&l, make_page, r)) {
		complain("out of memory");
		ok = false;
	}
	listener_close(&l);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r = { 0 };
	int status = parse(self, argc, argv, &r);

	if (!status && r.listen)
		status = listen_and_serve(&r);
	else if (!status && !look(&r))
		status = top_status(&r.top);
	else if (!status)
		metrics_print(stdout, &r.top);
	top_free(&r.top);
	free(r.pid);
	return status;
}

const struct command cmd_metrics = {
	.name = "metrics",
	.arguments = "[--listen PORT|SOCKET] [PID ...]",
	.summary = "Print what processes have in memory, as OpenMetrics",
	.help = "Of all processes on Ashlar, or of some. With --listen, to "
		"whoever asks for /metrics\nat a port of this machine (only "
		"from the machine itself), or at a UNIX socket.\n",
	.run = run,
};

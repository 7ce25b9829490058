/* SPDX-License-Identifier: MIT */
/*
 * ashlar map: an address space as one page to look at.
 *
 *   PID, --core FILE ─► map_areas.c, map_heap.c ┐
 *   --boot           ─► map_machine.c           ├─► looks ─► page, SVG, JSON
 *   --diff FILE FILE ─► map_load()              ┘
 *
 * A film is several looks, one each so many milliseconds.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"
#include "map.h"
#include "target.h"

#define FILM_MOST 200
#define EVERY_MOST 3600000l
/* Bytes for slabs' bits, so that a page stays below 5 MB. */
#define DETAIL_BYTES (3ul << 20)

struct request {
	const char *output, *save, *core;
	bool svg, diff, boots;
	unsigned long memory; /* MB, of the machine */
	long film, every_ms;
	int argc;
	char **argv;
};

/* ---- looks ---- */

static void look_at_heap(struct map *m, struct target *t)
{
	if (!target_find_nodes(t)) {
		map_note(m, "%s: of its heap only pages are shown.", t->error);
		return;
	}
	budget_unwatch(); /* a large heap takes its time */
	if (!map_heap(m, t))
		map_note(m, "The heap is not shown: %s.", t->error);
}

static bool look(struct map *m, struct target *t, const struct request *r)
{
	int pid = 0;

	if (!r->core && !parse_pid(r->argv[0], &pid))
		return target_fail(t, "'%s' is not a process number",
				   r->argv[0]);
	if (r->core ? !target_open_core(t, r->core) || !map_core(m, t) :
		      !target_open_process(t, pid) || !map_process(m, t))
		return false;
	look_at_heap(m, t);
	return !t->gone;
}

/* One look more; false: there is none. */
static bool add_look(json_t *looks, const struct request *r, int *status)
{
	struct target t = { .fd = -1 };
	struct map m;
	bool ok;

	map_init(&m, r->core ? "core" : "process",
		 DETAIL_BYTES / (size_t)r->film);
	budget_watch(r->core ? "the core dump" : "the process");
	ok = look(&m, &t, r);
	budget_unwatch();
	ok = ok && !json_array_append_new(looks, map_json(&m));
	if (!ok && !json_array_size(looks)) {
		complain("%s", t.error[0] ? t.error : "out of memory");
		*status = t.spent ? EXIT_GAVE_UP : EXIT_FAILURE;
	}
	map_free(&m);
	target_close(&t);
	return ok;
}

/* A film of a process that ends is shorter. */
static int take_looks(json_t *looks, const struct request *r)
{
	const struct timespec pause = { r->every_ms / 1000,
					r->every_ms % 1000 * 1000000 };
	int status = EXIT_SUCCESS;
	long i;

	for (i = 0; i < r->film; i++) {
		if (i)
			nanosleep(&pause, NULL);
		if (!add_look(looks, r, &status))
			break;
	}
	if (!status && i < r->film)
		complain("process %s ended after %ld of %ld looks", r->argv[0],
			 i, r->film);
	return status;
}

/* The machine's console is our output; the page has a file. */
static int boot_looks(json_t *looks, const struct request *r)
{
	struct boot b = { .memory = r->memory ? r->memory : BOOT_MEMORY,
			  .program = r->argv };

	return map_boot(&b, (unsigned int)r->film, (unsigned int)r->every_ms,
			looks);
}

static int load_looks(json_t *looks, const struct request *r)
{
	json_t *look;
	int i;

	for (i = 0; i < 2; i++) {
		look = map_load(r->argv[i]);
		if (!look)
			return EXIT_FAILURE;
		json_array_append_new(looks, look);
	}
	return EXIT_SUCCESS;
}

/* ---- what becomes of them ---- */

static bool write_looks(FILE *out, json_t *looks, const struct request *r)
{
	json_t *last = json_array_get(looks, json_array_size(looks) - 1);

	if (r->svg)
		return map_svg(out, last, true);
	return map_page(out, looks, r->diff);
}

static bool write_file(const char *path, json_t *looks, const struct request *r,
		       bool save)
{
	json_t *last = json_array_get(looks, json_array_size(looks) - 1);
	FILE *out = fopen(path, "we");
	bool ok = out;

	errno = out ? 0 : errno;
	if (ok && save)
		ok = !json_dumpf(last, out, JSON_COMPACT);
	else if (ok)
		ok = write_looks(out, looks, r);
	if (out && fclose(out))
		ok = false;
	if (!ok)
		complain("cannot write %s: %s", path,
			 errno ? strerror(errno) : "out of memory");
	return ok;
}

static int put_looks(json_t *looks, const struct request *r)
{
	if (r->save && !write_file(r->save, looks, r, true))
		return EXIT_FAILURE;
	if (r->output && !write_file(r->output, looks, r, false))
		return EXIT_FAILURE;
	if (!r->output && !r->save && !write_looks(stdout, looks, r)) {
		complain("out of memory");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* ---- what was asked ---- */

static bool parse_number(const char *s, long most, long *n)
{
	char *end;

	errno = 0;
	*n = strtol(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno && *n > 0 &&
	       *n <= most;
}

static int check_boot(const struct command *self, const struct request *r)
{
	if (r->core || r->diff)
		return usage_error(self, "--boot, --core or --diff: one of "
					 "them");
	if (!r->output && !r->save)
		return usage_error(self, "--boot wants an --output: the "
					 "machine has the terminal");
	return 0;
}

static int check_request(const struct command *self, const struct request *r)
{
	int wanted = r->diff ? 2 : r->core ? 0 : 1, pid;

	if (r->boots)
		return check_boot(self, r);
	if (r->memory)
		return usage_error(self, "--memory is --boot's");
	if (r->argc < wanted)
		return usage_error(self, r->diff ? "which two files?" :
						   "which process?");
	if (r->argc > wanted)
		return usage_error(self, "'%s' is one word too many",
				   r->argv[wanted]);
	if (!r->core && !r->diff && !parse_pid(r->argv[0], &pid))
		return usage_error(self, "'%s' is not a process number",
				   r->argv[0]);
	if (r->diff && (r->core || r->film > 1 || r->save))
		return usage_error(self, "--diff takes two files, --output "
					 "and --svg");
	if (r->core && r->film > 1)
		return usage_error(self, "a core dump does not move: no --film "
					 "of it");
	if (!r->output && !r->save && isatty(STDOUT_FILENO))
		return usage_error(self, "a page is nothing for a terminal; "
					 "--output map.html takes it");
	return 0;
}

static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "boot", no_argument, NULL, 'b' },
		{ "core", required_argument, NULL, 'c' },
		{ "diff", no_argument, NULL, 'd' },
		{ "every", required_argument, NULL, 'e' },
		{ "film", required_argument, NULL, 'f' },
		{ "memory", required_argument, NULL, 'm' },
		{ "output", required_argument, NULL, 'o' },
		{ "save", required_argument, NULL, 's' },
		{ "svg", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	opterr = 0;
	while ((o = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (o == 'b')
			r->boots = true;
		else if (o == 'c')
			r->core = optarg;
		else if (o == 'd')
			r->diff = true;
		else if (o == 'o')
			r->output = optarg;
		else if (o == 's')
			r->save = optarg;
		else if (o == 'v')
			r->svg = true;
		else if (o == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else if (o == 'f' && !parse_number(optarg, FILM_MOST, &r->film))
			return usage_error(self, "--film wants 1 to %d looks",
					   FILM_MOST);
		else if (o == 'e' &&
			 !parse_number(optarg, EVERY_MOST, &r->every_ms))
			return usage_error(self,
					   "--every wants 1 to %ld "
					   "milliseconds",
					   EVERY_MOST);
		else if (o == 'm' &&
			 !boot_parse_mb(optarg, BOOT_MEMORY_MIN,
					BOOT_MEMORY_MAX, &r->memory))
			return usage_error(self, "--memory wants %lu to %lu MB",
					   BOOT_MEMORY_MIN, BOOT_MEMORY_MAX);
		else if (o == '?')
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	r->argv = argv + optind;
	r->argc = argc - optind;
	return check_request(self, r);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r = { .film = 1, .every_ms = 1000, .argv = argv };
	int status = parse(self, argc, argv, &r);
	json_t *looks;

	if (status)
		return status;
	looks = json_array();
	if (r.boots)
		status = boot_looks(looks, &r);
	else
		status = r.diff ? load_looks(looks, &r) : take_looks(looks, &r);
	if (!status)
		status = put_looks(looks, &r);
	json_decref(looks);
	return status;
}

const struct command cmd_map = {
	.name = "map",
	.arguments = "[--output FILE] [--svg] [--save FILE]\n"
		     "                  [--film LOOKS] [--every MS] PID |\n"
		     "                  --core FILE | --diff FILE FILE |\n"
		     "                  --boot [--memory MB] [-- PROGRAM "
		     "[ARGUMENTS]]",
	.summary =
		"Draw an address space: areas, pages, frames, slabs, objects",
	.help = "One page of HTML that needs nothing else, to be zoomed into "
		"from all addresses down\nto one object; --svg draws the areas "
		"alone. --film looks several times, --every so\nmany "
		"milliseconds. --diff shows what changed between two pages, or "
		"two looks that\n--save wrote. --boot looks at the machine, so "
		"many milliseconds\nafter it runs PROGRAM.\n\n"
		"  ashlar map --output map.html PID\n",
	.run = run,
};

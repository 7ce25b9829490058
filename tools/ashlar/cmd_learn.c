/* SPDX-License-Identifier: MIT */
/*
 * ashlar learn: a course in memory management, whose lessons run what they
 * say. Its parts are in learn.h.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "learn.h"

#define LESSON_MOST 99

static int list(void)
{
	struct lesson l;
	int *numbers;
	size_t nr = 0, i;
	bool ok;

	numbers = course_numbers(&nr);
	ok = numbers && nr;
	for (i = 0; ok && i < nr; i++) {
		ok = lesson_load(&l, numbers[i]);
		if (ok)
			printf("%s\n", l.title);
		lesson_free(&l);
	}
	free(numbers);
	if (!ok)
		return EXIT_FAILURE;
	puts("\nashlar learn 9               a lesson; what it shows is run "
	     "now\n"
	     "ashlar learn 9 --exercises   questions; --seed N for others");
	return EXIT_SUCCESS;
}

static void print_block(const struct block *b)
{
	if (b->kind == BLOCK_TEXT)
		fputs(b->text, stdout);
	else if (b->output)
		fputs(b->output, stdout);
}

static int show(int number)
{
	struct lesson l;
	bool ok = lesson_load(&l, number);
	size_t i;

	if (!ok) {
		lesson_free(&l);
		return EXIT_FAILURE;
	}
	ok = lesson_run(&l);
	puts(l.title);
	for (i = 0; i < l.nr_blocks; i++)
		print_block(&l.blocks[i]);
	lesson_free(&l);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool parse_number(const char *s, unsigned long most, unsigned long *n)
{
	char *end;

	errno = 0;
	*n = strtoul(s, &end, 10);
	return *s >= '0' && *s <= '9' && !*end && !errno && *n <= most;
}

struct wish {
	bool exercises, check, html;
	unsigned long number, seed;
	const char *site;
};

/* 0, or an exit status after a complaint. */
static int parse(const struct command *self, int argc, char **argv,
		 struct wish *w)
{
	static const struct option options[] = {
		{ "exercises", no_argument, NULL, 'e' },
		{ "seed", required_argument, NULL, 's' },
		{ "check", no_argument, NULL, 'c' },
		{ "html", no_argument, NULL, 'h' },
		{ "site", required_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while (!w->check &&
	       (c = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		if (c == 'e')
			w->exercises = true;
		else if (c == 'c')
			w->check = true;
		else if (c == 'h')
			w->html = true;
		else if (c == 'S')
			w->site = optarg;
		else if (c == 's' && !parse_number(optarg, 1u << 30, &w->seed))
			return usage_error(self,
					   "--seed wants a number, not "
					   "'%s'",
					   optarg);
		else if (c == 1 && w->number)
			return usage_error(self, "one lesson at a time");
		else if (c == 1 &&
			 (!parse_number(optarg, LESSON_MOST, &w->number) ||
			  !w->number))
			return usage_error(self,
					   "a lesson is a number from 1 "
					   "on, not '%s'",
					   optarg);
		else if (c == '?')
			return usage_error(self,
					   "there is no option '%s', or it "
					   "wants a value",
					   argv[optind - 1]);
	}
	return 0;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct wish w = { .seed = 1 };
	int status = parse(self, argc, argv, &w);

	if (status)
		return status;
	if (w.site)
		return course_site(w.site);
	if (!w.number)
		return w.exercises || w.check || w.html ?
			       usage_error(self, "which lesson?") :
			       list();
	if (w.html)
		return lesson_html((int)w.number);
	if (w.check)
		return questions_check((int)w.number, w.seed, argv + optind);
	if (w.exercises)
		return questions_print((int)w.number, w.seed);
	return show((int)w.number);
}

const struct command cmd_learn = {
	.name = "learn",
	.arguments = "[LESSON [--exercises [--seed N] [--check [ANSWER...]]] "
		     "[--html]]",
	.summary = "Learn how memory is managed, from this allocator and "
		   "kernel",
	.help = "Without a lesson, lists them. A lesson's commands are run "
		"now, here or in the\nmachine that boots, and their output is "
		"what they print.\n\n"
		"  --exercises   questions, drawn by lot\n"
		"  --seed N      others; the same for the same N\n"
		"  --check       the rest of the line are answers, one a word; "
		"without any,\n"
		"                tells them\n"
		"  --html        the lesson as one page that needs nothing "
		"else\n"
		"  --site DIR    all of them as pages in DIR\n",
	.run = run,
};

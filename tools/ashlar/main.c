/* SPDX-License-Identifier: MIT */
/* Choose the sub-command; what all of them say in the same way. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"

const struct command *const commands[] = {
	&cmd_run,      &cmd_check,	  &cmd_leaks,	  &cmd_profile,
	&cmd_exec,     &cmd_boot,	  &cmd_translate, &cmd_buddyinfo,
	&cmd_meminfo,  &cmd_pagetypeinfo, &cmd_slabinfo,  &cmd_vmstat,
	&cmd_zoneinfo, &cmd_whatis,	  &cmd_walk,	  &cmd_why,
	&cmd_map,      &cmd_learn,	  &cmd_top,	  &cmd_metrics,
	NULL,
};

/* One sentence on stderr. */
void complain(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("ashlar: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

/* @c: the sub-command, or NULL before there is one. Returns EXIT_USAGE. */
int usage_error(const struct command *c, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "ashlar%s%s: ", c ? " " : "", c ? c->name : "");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nTry 'ashlar%s%s --help'.\n", c ? " " : "",
		c ? c->name : "");
	return EXIT_USAGE;
}

void command_help(const struct command *c)
{
	printf("Usage: ashlar %s %s\n\n%s.\n", c->name, c->arguments,
	       c->summary);
	if (c->help)
		printf("\n%s", c->help);
}

bool parse_pid(const char *s, int *pid)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || errno || n <= 0 || n > 1 << 30)
		return false;
	*pid = (int)n;
	return true;
}

static void help(void)
{
	const struct command *const *c;

	puts("Usage: ashlar COMMAND [ARGUMENTS]\n\n"
	     "Run programs on Ashlar, and look at their memory through the "
	     "kernel's own views.\n\nCommands:");
	for (c = commands; *c; c++)
		printf("  %-13s %s\n", (*c)->name, (*c)->summary);
	puts("\n'ashlar COMMAND --help' says more; so does man ashlar.");
}

/* Output that did not reach its file is a failure, however late it shows. */
static int flushed(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	complain("cannot write: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct command *const *c;

	if (argc < 2)
		return usage_error(NULL, "which command?");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		help();
		return flushed(EXIT_SUCCESS);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("ashlar " ASHLAR_VERSION);
		return flushed(EXIT_SUCCESS);
	}
	for (c = commands; *c; c++) {
		if (strcmp(argv[1], (*c)->name))
			continue;
		if (argc > 2 &&
		    (!strcmp(argv[2], "--help") || !strcmp(argv[2], "-h"))) {
			command_help(*c);
			return flushed(EXIT_SUCCESS);
		}
		return flushed((*c)->run(*c, argc - 1, argv + 1));
	}
	return usage_error(NULL, "there is no command '%s'", argv[1]);
}

/* SPDX-License-Identifier: MIT */
/* ashlar translate: one address, through segments and page tables. */
#include <getopt.h>
#include <stdlib.h>
#include "ashlar.h"
#include "translate.h"

static int translate_table(const char *path, const char *address,
			   enum access access)
{
	static struct mmu m;
	int status;

	if (!mmu_read(&m, path))
		return EXIT_FAILURE;
	status = mmu_translate(&m, address, access, stdout);
	mmu_free(&m);
	return status;
}

static int run(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "table", required_argument, NULL, 't' },
		{ "write", no_argument, NULL, 'w' },
		{ "execute", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	enum access access = ACCESS_READ;
	const char *table = NULL;
	int c, pid;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+wx", options, NULL)) != -1) {
		if (c == 't')
			table = optarg;
		else if (c == 'w')
			access = ACCESS_WRITE;
		else if (c == 'x')
			access = ACCESS_EXEC;
		else
			return usage_error(self,
					   "there is no option '%s', or it "
					   "wants a value",
					   argv[optind - 1]);
	}
	argc -= optind;
	argv += optind;
	if (table) {
		if (argc != 1)
			return usage_error(self, "which address?");
		return translate_table(table, argv[0], access);
	}
	if (argc != 2)
		return usage_error(self, "which process, and which address?");
	if (!parse_pid(argv[0], &pid))
		return usage_error(self, "'%s' is no process number", argv[0]);
	return host_translate(pid, argv[1], stdout);
}

const struct command cmd_translate = {
	.name = "translate",
	.arguments = "[-w | --write | -x | --execute] --table FILE ADDRESS | "
		     "PID ADDRESS",
	.summary = "Walk one address to its frame, step by step",
	.help = "PID is a process of this Linux. FILE holds a 32-bit "
		"process's tables: inside the\nmachine that is "
		"/proc/PID/mmu, and one may be written by hand (man ashlar). "
		"There,\nADDRESS is OFFSET, REGISTER:OFFSET or "
		"SELECTOR:OFFSET. The exit status is 1 if\nthe processor would "
		"raise an exception.\n",
	.run = run,
};

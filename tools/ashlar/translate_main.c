/* SPDX-License-Identifier: MIT */
/*
 * translate inside the machine: a static i386 program without the command's
 * libraries, and with its words.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "translate.h"

static const char usage[] =
	"Usage: translate [-w | --write | -x | --execute] PID|FILE ADDRESS\n";
static const char help[] =
	"\nWalk one address to its frame, step by step. PID is a process or "
	"\"self\";\nADDRESS is OFFSET, REGISTER:OFFSET or SELECTOR:OFFSET. "
	"The exit status is 1\nif the processor would raise an exception.\n\n"
	"  translate $$ 0x8048000\n  translate --write self ss:0xbffff000\n";

static int translate(const char *of, const char *address, enum access access)
{
	static struct mmu m;
	char path[64];

	snprintf(path, sizeof(path), "%s", of);
	if (!strcmp(of, "self") || strspn(of, "0123456789") == strlen(of))
		snprintf(path, sizeof(path), "/proc/%.40s/mmu", of);
	if (!mmu_read(&m, path))
		return EXIT_FAILURE;
	return mmu_translate(&m, address, access, stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "write", no_argument, NULL, 'w' },
		{ "execute", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	enum access access = ACCESS_READ;
	int c;

	while ((c = getopt_long(argc, argv, "+wxh", options, NULL)) != -1) {
		if (c == 'w') {
			access = ACCESS_WRITE;
		} else if (c == 'x') {
			access = ACCESS_EXEC;
		} else if (c == 'h') {
			printf("%s%s", usage, help);
			return EXIT_SUCCESS;
		} else {
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind != 2) {
		fputs(usage, stderr);
		return 2;
	}
	return translate(argv[optind], argv[optind + 1], access);
}

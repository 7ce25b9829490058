/* SPDX-License-Identifier: MIT */
/*
 * A program that asks about a lesson, for what the core on the paper machine
 * does not have: the processor itself, the C library, containers of C++.
 *
 *   ask-NAME SEED   its questions, as JSON, with answers that it found just now
 */
#include <stdio.h>
#include <stdlib.h>
#include "part.h"

static char text[1 << 14];

int main(int argc, char **argv)
{
	struct seq_file out = { .buf = text, .size = sizeof(text) };

	if (argc != 2) {
		fprintf(stderr, "usage: %s SEED\n", argv[0]);
		return 2;
	}
	exercises_json(course_parts[0]->lessons->number,
		       strtoul(argv[1], NULL, 10), &out);
	fwrite(text, 1, out.count, stdout);
	return fflush(stdout) ? 1 : 0;
}

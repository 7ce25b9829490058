/* SPDX-License-Identifier: MIT */
/*
 * The course's core as a program, for `ashlar learn`:
 *
 *   course-core picture SCENE   steps on standard input, one a line; the
 *                               picture after the last one, in characters
 *   course-core ask N SEED      the questions of lesson N, as JSON
 *   course-core scenes          the names of all pictures
 *
 * A page has the same core as a module: port/wasm/course.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "part.h"

static char text[1 << 16];
static struct seq_file out = { .buf = text, .size = sizeof(text) };

static int picture(const char *name)
{
	char line[80];

	if (!scene_open(name)) {
		fprintf(stderr, "there is no picture '%s'\n", name);
		return 1;
	}
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && !scene_step(line)) {
			fprintf(stderr, "%s: there is no step '%s' now\n", name,
				line);
			return 1;
		}
	}
	picture_text(&out);
	return 0;
}

static int questions(const char *number, const char *seed)
{
	if (exercises_json((unsigned int)atoi(number), strtoul(seed, NULL, 10),
			   &out))
		return 0;
	fprintf(stderr, "lesson %s has no exercises\n", number);
	return 1;
}

static int names(void)
{
	const struct part *const *part;
	const struct scene *const *s;

	for (part = course_parts; *part; part++)
		for (s = (*part)->scenes; *s; s++)
			puts((*s)->name);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 2;

	if (argc == 2 && !strcmp(argv[1], "scenes"))
		status = names();
	else if (argc == 3 && !strcmp(argv[1], "picture"))
		status = picture(argv[2]);
	else if (argc == 4 && !strcmp(argv[1], "ask"))
		status = questions(argv[2], argv[3]);
	else
		fputs("usage: course-core picture SCENE | ask N SEED | "
		      "scenes\n",
		      stderr);
	fwrite(text, 1, out.count, stdout);
	return fflush(stdout) ? 1 : status;
}

/* SPDX-License-Identifier: MIT */
/*
 * Suppressions, in the form that sanitizers have:
 *
 *   # a comment
 *   leak:function_or_file_or_library
 *   leak:^exactly*this$
 *
 * A pattern stands for every text that has it in it; * in it for anything; ^
 * at its start and $ at its end for those of the text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "suppress.h"

struct suppression {
	char *type, *pattern; /* in one piece of memory, at type */
};

struct suppressions {
	struct suppression *line;
	size_t nr;
};

static bool add(struct suppressions *s, char *type, char *pattern)
{
	struct suppression *more;

	more = realloc(s->line, (s->nr + 1) * sizeof(*more));
	if (!more)
		return false;
	s->line = more;
	more[s->nr++] = (struct suppression){ type, pattern };
	return true;
}

/* A line without its end; false after a complaint. */
static bool take_line(struct suppressions *s, const char *path, size_t number,
		      char *line)
{
	char *start = line + strspn(line, " \t"), *colon, *copy;

	start[strcspn(start, "\r\n")] = 0;
	if (!*start || *start == '#')
		return true;
	colon = strchr(start, ':');
	if (!colon || colon == start || !colon[1]) {
		complain("line %zu of %s is not of the form TYPE:PATTERN",
			 number, path);
		return false;
	}
	copy = strdup(start);
	if (!copy || !add(s, copy, copy + (colon - start) + 1)) {
		free(copy);
		complain("out of memory");
		return false;
	}
	copy[colon - start] = 0;
	return true;
}

/**
 * suppress_read() - read a file of suppressions
 * @path: the file
 *
 * Return: them, to be freed; NULL after a complaint.
 */
struct suppressions *suppress_read(const char *path)
{
	struct suppressions *s = calloc(1, sizeof(*s));
	FILE *f = fopen(path, "re");
	size_t size = 0, number = 0;
	char *line = NULL;
	bool ok = s && f;

	if (!f)
		complain("%s: %s", path, strerror(errno));
	while (ok && getline(&line, &size, f) > 0)
		ok = take_line(s, path, ++number, line);
	if (ok && ferror(f)) {
		complain("%s: %s", path, strerror(errno));
		ok = false;
	}
	free(line);
	if (f)
		fclose(f);
	if (ok)
		return s;
	suppress_free(s);
	return NULL;
}

/* True if @text begins with what @pattern stands for, to the end of it. */
static bool matches_here(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (!*pattern || (*pattern == '$' && !pattern[1])) {
			if (!*pattern || !*text)
				return true;
			if (!star)
				return false;
			pattern = star;
			text = ++retry;
		} else if (*text && *pattern == *text) {
			pattern++;
			text++;
		} else if (star && *retry) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
}

static bool matches(const char *pattern, const char *text)
{
	if (*pattern == '^')
		return matches_here(pattern + 1, text);
	for (;; text++) {
		if (matches_here(pattern, text))
			return true;
		if (!*text)
			return false;
	}
}

/**
 * suppress_match() - is a report about @text not wanted?
 * @s: the suppressions, or NULL: there are none
 * @type: of the report: "leak"
 * @text: a function, a file or a library that the report names; or NULL
 *
 * Return: true if so.
 */
bool suppress_match(const struct suppressions *s, const char *type,
		    const char *text)
{
	size_t i;

	for (i = 0; s && text && i < s->nr; i++)
		if (!strcmp(s->line[i].type, type) &&
		    matches(s->line[i].pattern, text))
			return true;
	return false;
}

void suppress_free(struct suppressions *s)
{
	size_t i;

	for (i = 0; s && i < s->nr; i++)
		free(s->line[i].type);
	if (s)
		free(s->line);
	free(s);
}

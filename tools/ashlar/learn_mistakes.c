/* SPDX-License-Identifier: MIT */
/*
 * Exercises about mistakes: wrong programs are run under `ashlar check`, and
 * what it calls the mistake is taken out of its report.
 *
 *   ==4711==ERROR: Ashlar: double-free: 0x..., a block of 5 bytes ...
 *                          ^^^^^^^^^^^ the answer; in the question "..."
 */
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "learn.h"

#define HEAD "ERROR: Ashlar: "
#define TAIL "SUMMARY: "
#define BYTES "  bytes around it"
#define ANYBODY "program" /* no longer than any program's name */
#define COMM 15 /* characters that the kernel keeps of a name */
#define ASKED 3 /* of a lesson's programs */
#define MOST 16

struct mistake {
	char *report, *kind;
};

/*
 * What is another in each run, if it begins at @s: an address, a thread's
 * number, a time. Returns how many characters that are, and keeps the first
 * @keep of them; 0: nothing of the kind.
 */
static size_t varying(const char *s, size_t *keep)
{
	static const char *const begin[] = { "0x", "thread " };
	static const char before[] = " ms before";
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(begin); i++) {
		*keep = strlen(begin[i]);
		if (!strncmp(s, begin[i], *keep))
			return *keep + strspn(s + *keep, "0123456789abcdef");
	}
	*keep = 0;
	if (strncmp(s, ", ", 2) != 0)
		return 0;
	n = 2 + strspn(s + 2, "0123456789");
	return strncmp(s + n, before, strlen(before)) ? 0 : n + strlen(before);
}

static void scrub(char *s)
{
	size_t keep, n;
	char *to = s;

	while (*s) {
		n = varying(s, &keep);
		if (!n)
			n = keep = 1;
		memmove(to, s, keep);
		to += keep;
		s += n;
	}
	*to = '\0';
}

/* A program's name would tell its mistake. */
static void hide(char *s, const char *name)
{
	size_t all = strlen(name), n;
	char *to = s;

	while (*s) {
		n = !strncmp(s, name, all)		  ? all :
		    all > COMM && !strncmp(s, name, COMM) ? COMM :
							    0;
		if (n) {
			memcpy(to, ANYBODY, strlen(ANYBODY));
			to += strlen(ANYBODY);
			s += n;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* The report of @line's program, and what it names; false: it names nothing. */
static bool look(struct mistake *m, const char *line)
{
	char *at, *end, *command;

	if (asprintf(&command, "exec ashlar check %s", line) < 0)
		abort();
	m->report = command_output(command);
	free(command);
	at = strstr(m->report, BYTES);
	if (at)
		*at = '\0';
	scrub(m->report);
	hide(m->report, strrchr(line, ' ') ? strrchr(line, ' ') + 1 : line);
	at = strstr(m->report, HEAD);
	end = at ? strchr(at + strlen(HEAD), ':') : NULL;
	if (!end || strcspn(at + strlen(HEAD), " \n") <
			    (size_t)(end - at) - strlen(HEAD))
		return false;
	at += strlen(HEAD);
	m->kind = strndup(at, (size_t)(end - at));
	return m->kind;
}

/* All kinds, each once. */
static char *choices(const struct mistake *m, size_t nr)
{
	char *text = strdup(""), *longer;
	size_t i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < i && strcmp(m[i].kind, m[j].kind);)
			j++;
		if (j < i)
			continue;
		if (asprintf(&longer, "%s%s%s", text, *text ? ", " : "",
			     m[i].kind) < 0)
			abort();
		free(text);
		text = longer;
	}
	return text;
}

/* The report without its name for the mistake. */
static json_t *question(const struct mistake *m, const char *all)
{
	char *at = strstr(m->report, HEAD) + strlen(HEAD);
	char *end = strstr(at, TAIL), *text;
	json_t *q;

	if (asprintf(&text,
		     "A program was run under ashlar check:\n ...%.*s\n"
		     "What is its mistake? one of: %s",
		     (int)(end ? end - at : (long)strlen(at)) -
			     (int)strlen(m->kind),
		     at + strlen(m->kind), all) < 0)
		abort();
	q = json_pack("{s:s, s:s, s:s}", "text", text, "answer", m->kind,
		      "because",
		      "The first line says what was done and to which block; "
		      "the stacks below, by whom.");
	free(text);
	return q;
}

static size_t look_at_all(struct mistake *m, const char *lines)
{
	char *copy = strdup(lines), *line, *rest = copy;
	size_t nr = 0;

	while (copy && nr < MOST && (line = strsep(&rest, "\n")))
		if (*line && look(&m[nr], line))
			nr++;
	free(copy);
	return nr;
}

/**
 * mistakes_of() - questions about a lesson's wrong programs
 * @l: the lesson
 * @seed: chooses among them
 *
 * Return: an array as course-core prints; NULL if the lesson names no programs,
 * or none of them could be run.
 */
json_t *mistakes_of(const struct lesson *l, unsigned long seed)
{
	struct mistake m[MOST] = { { NULL, NULL } };
	json_t *questions = NULL;
	size_t nr = 0, i;
	char *all;

	for (i = 0; i < l->nr_blocks && !nr; i++)
		if (l->blocks[i].kind == BLOCK_ASK)
			nr = look_at_all(m, l->blocks[i].text);
	if (!nr)
		return NULL;
	all = choices(m, nr);
	questions = json_array();
	for (i = 0; i < ASKED && i < nr; i++)
		json_array_append_new(questions,
				      question(&m[(seed * 5 + i) % nr], all));
	for (i = 0; i < MOST; i++) {
		free(m[i].report);
		free(m[i].kind);
	}
	free(all);
	return questions;
}

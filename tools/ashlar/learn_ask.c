/* SPDX-License-Identifier: MIT */
/*
 * Exercises: course-core asks, and knows what its own core did; or a program
 * of the lesson's does. Here answers are compared.
 *
 *   [ { "text": …, "answer": …, "because": … }, … ]
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "learn.h"

/* Those that the core asks. */
static json_t *of_the_core(int number, unsigned long seed)
{
	char n[16], s[24], *words[] = { "ask", n, s, NULL }, *text;
	json_t *questions = NULL;
	bool ok;

	snprintf(n, sizeof(n), "%d", number);
	snprintf(s, sizeof(s), "%lu", seed);
	text = course_core(words, "", &ok);
	if (ok) {
		questions = json_loads(text, 0, NULL);
		if (!json_is_array(questions))
			complain("course-core of another version: 'make' makes "
				 "them alike");
	}
	free(text);
	return questions;
}

/* What the first line of a block prints when it is told the seed. */
static json_t *by_command(const struct block *b, unsigned long seed)
{
	json_t *questions;
	char *command, *text;

	if (asprintf(&command, "exec %.*s %lu", (int)strcspn(b->text, "\n"),
		     b->text, seed) < 0)
		abort();
	text = command_output(command);
	questions = json_loads(text, 0, NULL);
	free(command);
	free(text);
	if (json_is_array(questions))
		return questions;
	json_decref(questions);
	return NULL;
}

json_t *own_questions(const struct lesson *l, unsigned long seed)
{
	size_t i;

	for (i = 0; i < l->nr_blocks; i++)
		if (l->blocks[i].kind == BLOCK_QUESTIONS)
			return by_command(&l->blocks[i], seed);
	return mistakes_of(l, seed);
}

/* The questions of a lesson; NULL after a complaint. */
static json_t *questions_of(int number, unsigned long seed)
{
	json_t *questions = NULL;
	struct lesson l;
	bool ok = lesson_load(&l, number);

	if (ok)
		questions = own_questions(&l, seed);
	lesson_free(&l);
	return questions || !ok ? questions : of_the_core(number, seed);
}

static const char *part(const json_t *question, const char *name)
{
	const char *s = json_string_value(json_object_get(question, name));

	return s ? s : "";
}

/* Lines with columns, or set in, are tables and programs: as typed. */
static bool is_typed(const char *s, int length)
{
	return *s == ' ' || memmem(s, (size_t)length, "  ", 2);
}

/* A line without its newline; words that leave @width go to the next. */
static void print_line(const char *s, int length, int width, int indent)
{
	int column = 0, n, at;

	for (at = 0; at < length; at += n) {
		n = s[at] == ' ';
		n += (int)strcspn(s + at + n, " \n");
		if (column && column + n > width && !is_typed(s, length)) {
			printf("\n%*s", indent, "");
			column = 0;
			at += s[at] == ' ';
			n = (int)strcspn(s + at, " \n");
		}
		printf("%.*s", n, s + at);
		column += n;
	}
}

/* Text in lines of at most @width characters, each behind @indent blanks. */
static void print_folded(const char *s, int width, int indent)
{
	int length;

	for (; *s; s += length + (s[length] == '\n')) {
		length = (int)strcspn(s, "\n");
		print_line(s, length, width, indent);
		if (s[length] && s[length + 1])
			printf("\n%*s", indent, "");
	}
	putchar('\n');
}

int questions_print(int number, unsigned long seed)
{
	json_t *questions = questions_of(number, seed), *q;
	size_t i;

	if (!questions)
		return EXIT_FAILURE;
	json_array_foreach(questions, i, q)
	{
		printf("%zu. ", i + 1);
		print_folded(part(q, "text"), 74, 3);
		putchar('\n');
	}
	printf("ashlar learn %d --exercises --seed %lu --check", number, seed);
	for (i = 0; i < json_array_size(questions); i++)
		printf(" ANSWER");
	puts("\n(without an answer, --check tells them all)");
	json_decref(questions);
	return EXIT_SUCCESS;
}

/* A number, decimal or behind 0x, with a unit or without; false: it is none. */
static bool number_in(const char *s, unsigned long long *n)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	*n = strtoull(s, &end, s[0] == '0' && tolower(s[1]) == 'x' ? 16 : 10);
	return !*end || !strcasecmp(end, "kb") || !strcasecmp(end, " kb");
}

static bool right(const char *given, const char *wanted)
{
	unsigned long long a, b;

	if (number_in(wanted, &b))
		return number_in(given, &a) && a == b;
	return strcasecmp(given, wanted) == 0;
}

/* One sentence of one answer. */
static bool judge(size_t i, const json_t *q, const char *given)
{
	const char *answer = part(q, "answer"), *because = part(q, "because");

	if (!given)
		printf("%zu. %s. ", i + 1, answer);
	else if (right(given, answer))
		printf("%zu. %s is right. ", i + 1, given);
	else
		printf("%zu. %.40s is not right: it is %s. ", i + 1, given,
		       answer);
	print_folded(because, 60, 3);
	return !given || right(given, answer);
}

int questions_check(int number, unsigned long seed, char **answers)
{
	json_t *questions = questions_of(number, seed), *q;
	bool tells = !*answers;
	size_t i, good = 0, n;

	if (!questions)
		return EXIT_FAILURE;
	n = json_array_size(questions);
	for (i = 0; answers[i];)
		i++;
	if (!tells && i != n) {
		complain("lesson %d asks %zu questions, and %zu answers were "
			 "given",
			 number, n, i);
		json_decref(questions);
		return EXIT_USAGE;
	}
	json_array_foreach(questions, i, q)
		good += judge(i, q, tells ? NULL : answers[i]);
	if (!tells)
		printf("%zu of %zu\n", good, n);
	json_decref(questions);
	return good == n ? EXIT_SUCCESS : EXIT_FAILURE;
}

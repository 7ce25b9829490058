/* SPDX-License-Identifier: MIT */
/*
 * Parts of ashlar learn, the course.
 *
 *   course/NN-name.md ─► learn_load.c ─► blocks ─► cmd_learn.c   on a terminal
 *                        learn_run.c     what runs  learn_html.c  as a page
 *                        learn_ask.c     exercises
 */
#ifndef ASHLAR_TOOLS_LEARN_H
#define ASHLAR_TOOLS_LEARN_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum block_kind {
	BLOCK_TEXT,
	BLOCK_RUN, /* commands for bash, here */
	BLOCK_BOOT, /* commands for the machine's shell */
	BLOCK_PICTURE, /* steps of a scene */
	BLOCK_FORM, /* what the tests want to see of the block before */
	BLOCK_ASK, /* programs whose mistakes are asked for */
	BLOCK_QUESTIONS, /* a command that asks, as course-core does */
};

struct block {
	enum block_kind kind;
	char *words; /* behind the kind: a scene, or options of boot */
	char *text;
	char *output; /* once it was run */
};

struct lesson {
	int number;
	char name[64]; /* of its file, without ".md" */
	char *title;
	struct block *blocks;
	size_t nr_blocks;
};

/* learn_load.c */
bool course_folder(char path[PATH_MAX]);
int *course_numbers(size_t *nr); /* in order; NULL after a complaint */
bool lesson_load(struct lesson *l, int number);
void lesson_free(struct lesson *l);

/* learn_run.c; false after a complaint */
bool lesson_run(struct lesson *l);
char *course_core(char *const words[], const char *input, bool *ok);
char *command_output(const char *command); /* what it prints */

/* learn_mistakes.c; NULL: the lesson asks for none */
json_t *mistakes_of(const struct lesson *l, unsigned long seed);

/* learn_ask.c; exit statuses */
/* Those that are asked here and not by the course's core; NULL: none are. */
json_t *own_questions(const struct lesson *l, unsigned long seed);
int questions_print(int number, unsigned long seed);
int questions_check(int number, unsigned long seed, char **answers);

/* learn_html.c; exit statuses */
int lesson_html(int number);
int course_site(const char *folder);

#endif

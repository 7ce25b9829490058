/* SPDX-License-Identifier: MIT */
/*
 * What a page of the course calls. Words go in through input(); what comes
 * back is JSON, as text that ends with a NUL.
 *
 *   open()        input: a picture's name      0: there is none
 *   step()        input: a step of it          0: there is none such now
 *   ask(N, SEED)                               0: lesson N has no exercises
 *
 * An instance is one machine: for another picture, or other exercises, the
 * page makes another instance.
 */
#include "../../course/model/part.h"

#define EXPORT(name) __attribute__((__export_name__(name)))

static char words[256];
static char text[1 << 17];
static struct seq_file out = { .buf = text };

/* From the beginning; the NUL behind it is there already. */
static struct seq_file *rewind(void)
{
	__builtin_memset(text, 0, sizeof(text));
	out = (struct seq_file){ .buf = text, .size = sizeof(text) - 1 };
	return &out;
}

EXPORT("input") char *course_input(void)
{
	return words;
}

EXPORT("open") const char *course_open(void)
{
	if (!scene_open(words))
		return NULL;
	picture_json(rewind());
	return text;
}

EXPORT("step") const char *course_step(void)
{
	if (!scene_step(words))
		return NULL;
	picture_json(rewind());
	return text;
}

EXPORT("ask") const char *course_ask(unsigned int number, unsigned int seed)
{
	return exercises_json(number, seed, rewind()) ? text : NULL;
}

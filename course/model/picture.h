/* SPDX-License-Identifier: MIT */
/*
 * A picture of memory that a learner drives, one step at a time.
 *
 *   order 3   [  8-15 ][ 24-31 ]     a row: its name, and cells
 *   order 2   ( 4-7 )                ( ) free, [ ] in use, < > just now
 *
 *   what happened in the last step, in a sentence
 *   what can be done next: buttons
 *
 * A scene has a state, which is the core's own: it calls the core, and draws
 * what it finds in the core's lists, tables and bits. Drawn in characters
 * (picture_text) or as JSON for a page (picture_json).
 */
#ifndef COURSE_PICTURE_H
#define COURSE_PICTURE_H

#include <ashlar/compiler.h>
#include <ashlar/seq_file.h>
#include <ashlar/types.h>
#include "text.h"

enum tint {
	PLAIN, /* text */
	FREE,
	USED,
	HELD, /* free, but kept ready for the next caller */
	NEW, /* the last step made it so */
	HIGH, /* a wire that is up, … */
	LOW, /* … or down */
	NR_TINTS
};

struct scene {
	const char *name;
	const char *title;
	void (*start)(void);
	/* One step: a word, and a number. False: there is no such step. */
	bool (*step)(const char *what, unsigned long n);
	void (*draw)(void);
	const char *legend; /* NULL: colours mean here what the page says */
};

/* The machine of all scenes and exercises; once a run. */
void course_boot(void);

/* The scene that is open, or NULL if there is none of that name. */
const struct scene *scene_open(const char *name);
/* A step, as "alloc 3"; false: the scene has none such. */
bool scene_step(const char *line);
void picture_text(struct seq_file *m);
void picture_json(struct seq_file *m);

/* For a scene's step(): what has happened, in a sentence. */
void tell(const char *fmt, ...) ASHLAR_PRINTF(1, 2);

/* For a scene's draw(). */
void row(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
void cell(enum tint tint, unsigned int width, const char *fmt, ...)
	ASHLAR_PRINTF(3, 4);
void button(const char *what, long n, const char *fmt, ...) ASHLAR_PRINTF(3, 4);
#define NO_NUMBER (-1l)

#endif

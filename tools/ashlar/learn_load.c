/* SPDX-License-Identifier: MIT */
/*
 * A lesson's file, cut into blocks.
 *
 *   # 9. Title
 *
 *   Text, up to the next line of ```
 *
 *   ```run                 ```boot --memory 64     ```picture buddy
 *   ashlar buddyinfo $$    free                    alloc 3
 *   ```                    ```                     ```
 *
 * A block ```form holds what the tests look for in the output of the block
 * before it, a regular expression a line; a block ```ask wrong programs, a line
 * each, whose mistakes are its exercises; a block ```questions a command that
 * prints exercises when it is told a seed. Readers do not see them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "learn.h"

#define FENCE "```"

static const char *const kinds[] = {
	[BLOCK_RUN] = "run",	     [BLOCK_BOOT] = "boot",
	[BLOCK_PICTURE] = "picture", [BLOCK_FORM] = "form",
	[BLOCK_ASK] = "ask",	     [BLOCK_QUESTIONS] = "questions",
};

/* ---- which there are ---- */

/* The folder with all lessons; false after a complaint. */
bool course_folder(char path[PATH_MAX])
{
	if (find_product("course", path))
		return true;
	complain("cannot find the course beside this command, nor where it is "
		 "installed; 'make' makes it");
	return false;
}

/* The number of "09-buddy.md"; 0: it is no lesson's name. */
static int number_of(const char *file)
{
	const char *dot = strrchr(file, '.');

	if (!isdigit((unsigned char)file[0]) ||
	    !isdigit((unsigned char)file[1]) || file[2] != '-' || !dot ||
	    strcmp(dot, ".md") != 0)
		return 0;
	return atoi(file);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int *course_numbers(size_t *nr)
{
	char path[PATH_MAX];
	int *numbers = NULL;
	struct dirent *e;
	DIR *dir;

	if (!course_folder(path))
		return NULL;
	dir = opendir(path);
	if (!dir) {
		complain("cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	for (*nr = 0; (e = readdir(dir));) {
		if (!number_of(e->d_name))
			continue;
		numbers = realloc(numbers, (*nr + 1) * sizeof(*numbers));
		if (!numbers)
			abort();
		numbers[(*nr)++] = number_of(e->d_name);
	}
	closedir(dir);
	if (!*nr)
		complain("%s has no lesson", path);
	else
		qsort(numbers, *nr, sizeof(*numbers), by_number);
	return numbers;
}

static bool find_lesson(struct lesson *l, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	while (dir && (e = readdir(dir)) && number_of(e->d_name) != l->number)
		;
	if (dir && e)
		snprintf(l->name, sizeof(l->name), "%.*s",
			 (int)(strlen(e->d_name) - 3), e->d_name);
	if (dir)
		closedir(dir);
	return *l->name;
}

/* ---- what is in one ---- */

static char *must(char *s)
{
	if (!s)
		abort();
	return s;
}

static struct block *add_block(struct lesson *l, enum block_kind kind,
			       const char *words)
{
	struct block *b;

	l->blocks = realloc(l->blocks, (l->nr_blocks + 1) * sizeof(*b));
	if (!l->blocks)
		abort();
	b = &l->blocks[l->nr_blocks++];
	*b = (struct block){ .kind = kind,
			     .words = must(strdup(words)),
			     .text = must(strdup("")) };
	return b;
}

static void add_line(struct block *b, const char *line)
{
	size_t have = strlen(b->text);

	b->text = must(realloc(b->text, have + strlen(line) + 2));
	sprintf(b->text + have, "%s\n", line);
}

/* What "```boot --memory 64" begins; false: nothing that is known. */
static bool begin_block(struct lesson *l, const char *words)
{
	size_t i, n;

	for (i = BLOCK_RUN; i < ARRAY_SIZE(kinds); i++) {
		n = strlen(kinds[i]);
		if (strncmp(words, kinds[i], n) ||
		    (words[n] && words[n] != ' '))
			continue;
		add_block(l, (enum block_kind)i,
			  words[n] ? words + n + 1 : words + n);
		return true;
	}
	return false;
}

static bool take_line(struct lesson *l, const char *line, bool *fenced)
{
	struct block *last = l->nr_blocks ? &l->blocks[l->nr_blocks - 1] : NULL;

	if (!l->title && line[0] == '#') {
		l->title = must(strdup(line + 1 + strspn(line + 1, " ")));
		return true;
	}
	if (!strncmp(line, FENCE, 3)) {
		*fenced = !*fenced;
		return !*fenced || begin_block(l, line + 3);
	}
	if (!last || (!*fenced && last->kind != BLOCK_TEXT))
		last = add_block(l, BLOCK_TEXT, "");
	add_line(last, line);
	return true;
}

static bool read_lesson(struct lesson *l, FILE *f)
{
	bool fenced = false, ok = true;
	char *line = NULL;
	size_t size = 0;

	while (ok && getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		ok = take_line(l, line, &fenced);
	}
	free(line);
	return ok && !fenced && l->title;
}

bool lesson_load(struct lesson *l, int number)
{
	char folder[PATH_MAX], path[PATH_MAX + 80];
	bool ok = false;
	FILE *f;

	*l = (struct lesson){ .number = number };
	if (!course_folder(folder))
		return false;
	if (!find_lesson(l, folder)) {
		complain("there is no lesson %d; 'ashlar learn' lists them",
			 number);
		return false;
	}
	snprintf(path, sizeof(path), "%s/%s.md", folder, l->name);
	f = fopen(path, "r");
	if (f) {
		ok = read_lesson(l, f);
		fclose(f);
	}
	if (!ok)
		complain("%s is no lesson: want a title, and blocks of run, "
			 "boot, picture, form, ask or questions that end",
			 path);
	return ok;
}

void lesson_free(struct lesson *l)
{
	size_t i;

	for (i = 0; i < l->nr_blocks; i++) {
		free(l->blocks[i].words);
		free(l->blocks[i].text);
		free(l->blocks[i].output);
	}
	free(l->blocks);
	free(l->title);
}

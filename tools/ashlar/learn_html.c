/* SPDX-License-Identifier: MIT */
/*
 * Lessons as pages.
 *
 *   learn.html   … @TITLE@ … @BODY@ … @MODULE@ …
 *                             │         the core, port/wasm: in the page, or
 *                             │         beside it, where there are many
 *                             text, what was run, figures to be driven
 *
 * Without modules a page's figures are characters, as on a terminal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "ashlar.h"
#include "learn.h"
#include "learn_text.h"

#define MODULE_SCRIPT "core.js"
#define SETS 3 /* of questions in a page */

extern const char learn_page[];

/* ---- the core as text ---- */

static void put_base64(FILE *out, FILE *in)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	unsigned char b[3];
	size_t n;

	while ((n = fread(b, 1, 3, in))) {
		unsigned int v = (unsigned int)b[0] << 16 |
				 (n > 1 ? b[1] : 0u) << 8 | (n > 2 ? b[2] : 0u);

		putc(digits[v >> 18], out);
		putc(digits[v >> 12 & 63], out);
		putc(n > 1 ? digits[v >> 6 & 63] : '=', out);
		putc(n > 2 ? digits[v & 63] : '=', out);
	}
}

/* A file of port/wasm's: beside the command, or in a folder there. */
static FILE *open_module(const char *name)
{
	char path[PATH_MAX], in_folder[64];

	snprintf(in_folder, sizeof(in_folder), "wasm/%s", name);
	if (find_product(name, path) || find_product(in_folder, path))
		return fopen(path, "r");
	return NULL;
}

/* "const MODULES = …"; false: one is missing. */
static bool put_modules(FILE *out)
{
	static const char *const names[] = { "objects.wasm", "spaces.wasm",
					     "files.wasm" };
	bool all = true;
	size_t i;

	fputs("const MODULES = [", out);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		FILE *in = open_module(names[i]);

		all = all && in;
		if (!in)
			continue;
		putc('"', out);
		put_base64(out, in);
		fputs("\",\n", out);
		fclose(in);
	}
	fputs("];\n", out);
	return all;
}

/* ---- a lesson ---- */

/* True if the line @s is the next of the @commands, behind a prompt. */
static bool is_typed(const char *s, char prompt, const char **commands)
{
	size_t n = strcspn(*commands, "\n");

	if (s[0] != prompt || s[1] != ' ' || strncmp(s + 2, *commands, n) ||
	    (s[2 + n] && s[2 + n] != '\n'))
		return false;
	do /* lines that begin with a blank go on with it */
		*commands += n + ((*commands)[n] == '\n');
	while ((n = strcspn(*commands, "\n")) && strchr(" \t", **commands));
	return true;
}

/* Of a block's output, the commands that it ran stand out. */
static void put_output(FILE *out, const struct block *b, char prompt,
		       const char *kind)
{
	const char *s = b->output, *commands = b->text;
	size_t n;

	fprintf(out, "<pre class=\"%s\">", kind);
	for (; *s; s += n + (s[n] == '\n')) {
		bool typed = is_typed(s, prompt, &commands);

		n = strcspn(s, "\n");
		fputs(typed ? "<b>" : "", out);
		put_html(out, s, n);
		fputs(typed ? "</b>\n" : "\n", out);
	}
	fputs("</pre>\n", out);
}

static void put_figure(FILE *out, const struct block *b)
{
	const char *s;

	fprintf(out, "<figure data-scene=\"%s\" data-steps=\"", b->words);
	for (s = b->text; *s; s++)
		if (*s != '\n')
			putc(*s, out);
		else if (s[1])
			putc(';', out);
	fputs("\"><pre>", out);
	put_html(out, b->output, strlen(b->output));
	fputs("</pre></figure>\n", out);
}

static void put_block(FILE *out, const struct block *b)
{
	if (b->kind == BLOCK_TEXT)
		text_as_html(out, b->text);
	else if (!b->output)
		return;
	else if (b->kind == BLOCK_PICTURE)
		put_figure(out, b);
	else
		put_output(out, b, b->kind == BLOCK_RUN ? '$' : '#',
			   b->kind == BLOCK_RUN ? "run" : "boot");
}

/* Those that are asked here, not by the core in the page: for some seeds. */
static char *sets_of_questions(const struct lesson *l)
{
	json_t *sets = json_array(), *one;
	char *text = NULL;
	unsigned long seed;

	for (seed = 1; seed <= SETS && (one = own_questions(l, seed)); seed++)
		json_array_append_new(sets, one);
	if (json_array_size(sets))
		text = json_dumps(sets, JSON_COMPACT);
	json_decref(sets);
	return text;
}

/* Where a page puts the core's questions, or has those that it cannot ask. */
static void put_exercises(FILE *out, const struct lesson *l)
{
	char *text = sets_of_questions(l);

	fprintf(out, "<section data-exercises=\"%d\"", l->number);
	if (text) {
		fputs(" data-questions=\"", out);
		put_html(out, text, strlen(text));
		putc('"', out);
	}
	fputs("></section>\n", out);
	free(text);
}

static void put_lesson(FILE *out, const struct lesson *l)
{
	size_t i;

	fputs("<h1>", out);
	put_html(out, l->title, strlen(l->title));
	fputs("</h1>\n", out);
	for (i = 0; i < l->nr_blocks; i++)
		put_block(out, &l->blocks[i]);
	put_exercises(out, l);
}

/* ---- a page ---- */

struct page {
	const char *title;
	const struct lesson *lesson; /* or NULL: the list of all */
	const struct lesson *all; /* of a site, or NULL */
	size_t nr, at;
};

static void put_link(FILE *out, const char *text, const struct lesson *l)
{
	fprintf(out, "<a href=\"%s.html\">%s", l->name, text);
	put_html(out, l->title, strlen(l->title));
	fputs("</a>\n", out);
}

static void put_ways(FILE *out, const struct page *p)
{
	fputs("<nav><a href=\"index.html\">All lessons</a>\n", out);
	if (p->at)
		put_link(out, "\xe2\x86\x90 ", &p->all[p->at - 1]);
	if (p->at + 1 < p->nr)
		put_link(out, "\xe2\x86\x92 ", &p->all[p->at + 1]);
	fputs("</nav>\n", out);
}

static void put_list(FILE *out, const struct page *p)
{
	size_t i;

	fprintf(out,
		"<h1>%s</h1>\n<p>Everything that these pages show was run "
		"when they were made, on Ashlar; the pictures are driven "
		"by the allocator itself.</p>\n<ol class=\"lessons\">\n",
		p->title);
	for (i = 0; i < p->nr; i++) {
		fputs("<li>", out);
		put_link(out, "", &p->all[i]);
		fputs("</li>\n", out);
	}
	fputs("</ol>\n", out);
}

static void put_body(FILE *out, const struct page *p)
{
	if (!p->lesson) {
		put_list(out, p);
		return;
	}
	if (p->all)
		put_ways(out, p);
	put_lesson(out, p->lesson);
	if (p->all)
		put_ways(out, p);
}

static void put_script(FILE *out, const struct page *p)
{
	if (!p->lesson)
		return;
	if (p->all) {
		fputs("<script src=\"" MODULE_SCRIPT "\"></script>\n", out);
		return;
	}
	fputs("<script>\n", out);
	if (!put_modules(out))
		complain("there are no modules to drive the pictures, so they "
			 "stand still; 'make docs' makes them");
	fputs("</script>\n", out);
}

/* The template up to @mark; returns what follows that. */
static const char *put_until(FILE *out, const char *at, const char *mark)
{
	const char *to = strstr(at, mark);

	fwrite(at, 1, (size_t)(to - at), out);
	return to + strlen(mark);
}

static void put_page(FILE *out, const struct page *p)
{
	const char *at = put_until(out, learn_page, "@TITLE@");

	put_html(out, p->title, strlen(p->title));
	at = put_until(out, at, "@BODY@");
	put_body(out, p);
	at = put_until(out, at, "@MODULE@");
	put_script(out, p);
	fputs(at, out);
}

int lesson_html(int number)
{
	struct lesson l;
	bool ok = lesson_load(&l, number) && lesson_run(&l);
	struct page p = { .title = l.title, .lesson = &l };

	if (ok)
		put_page(stdout, &p);
	lesson_free(&l);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- all of them ---- */

static FILE *open_in(const char *folder, const char *name, const char *end)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, end);
	f = fopen(path, "w");
	if (!f)
		complain("cannot write %s: %s", path, strerror(errno));
	return f;
}

static bool write_page(const char *folder, const char *name,
		       const struct page *p)
{
	FILE *out = open_in(folder, name, ".html");

	if (!out)
		return false;
	put_page(out, p);
	return fclose(out) == 0;
}

static bool write_module(const char *folder)
{
	FILE *out = open_in(folder, MODULE_SCRIPT, "");
	bool ok = out && put_modules(out);

	if (out && !ok)
		complain("there are no modules to drive the pictures; 'make "
			 "docs' makes them");
	return (!out || fclose(out) == 0) && ok;
}

static bool write_pages(const char *folder, struct lesson *all, size_t nr)
{
	struct page p = { .title = "Memory, from the inside: a course",
			  .all = all,
			  .nr = nr };
	bool ok = write_page(folder, "index", &p) && write_module(folder);

	for (p.at = 0; ok && p.at < nr; p.at++) {
		p.lesson = &all[p.at];
		p.title = p.lesson->title;
		ok = lesson_run(&all[p.at]) &&
		     write_page(folder, p.lesson->name, &p);
	}
	return ok;
}

int course_site(const char *folder)
{
	size_t nr = 0, i;
	int *numbers = course_numbers(&nr);
	struct lesson *all = calloc(nr + 1, sizeof(*all));
	bool ok = numbers && nr && all;

	for (i = 0; ok && i < nr; i++)
		ok = lesson_load(&all[i], numbers[i]);
	if (ok && mkdir(folder, 0755) && errno != EEXIST) {
		complain("cannot make %s: %s", folder, strerror(errno));
		ok = false;
	}
	ok = ok && write_pages(folder, all, nr);
	for (i = 0; all && i < nr; i++)
		lesson_free(&all[i]);
	free(all);
	free(numbers);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

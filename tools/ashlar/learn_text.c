/* SPDX-License-Identifier: MIT */
/*
 * A lesson's text as HTML. Of Markdown it knows what lessons use:
 *
 *   ## a heading        paragraphs, parted by an empty line
 *   * an item           | a | row |
 *       four blanks before what stands as it is
 *   `code`, *stress*
 */
#include <stdlib.h>
#include <string.h>
#include "learn_text.h"

/* put_html() - @n characters that a page shows as they are */
void put_html(FILE *out, const char *s, size_t n)
{
	for (; n--; s++)
		if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '>')
			fputs("&gt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if (*s == '"')
			fputs("&quot;", out);
		else
			putc(*s, out);
}

/* `code` and *stress*, where both ends are there. */
static void put_inline(FILE *out, const char *s, size_t n)
{
	const char *end = s + n, *close;

	while (s < end) {
		close = *s == '`' || *s == '*' ?
				memchr(s + 1, *s, (size_t)(end - s - 1)) :
				NULL;
		if (!close || close == s + 1 || s[1] == ' ') {
			put_html(out, s++, 1);
			continue;
		}
		fputs(*s == '`' ? "<code>" : "<em>", out);
		put_html(out, s + 1, (size_t)(close - s - 1));
		fputs(*s == '`' ? "</code>" : "</em>", out);
		s = close + 1;
	}
}

/* What a line is part of. */
enum part { NOTHING, PARAGRAPH, ITEMS, AS_IT_IS, TABLE };

static const char *const opens[] = { "", "<p>", "<ul>", "<pre>", "<table>" };
static const char *const closes[] = { "", "</p>\n", "</li></ul>\n", "</pre>\n",
				      "</table>\n" };

static enum part part_of(const char *line, size_t n, enum part now)
{
	if (!n)
		return now == AS_IT_IS && !strncmp(line, "\n    ", 5) ?
			       AS_IT_IS :
			       NOTHING;
	if (!strncmp(line, "    ", 4))
		return now == ITEMS ? ITEMS : AS_IT_IS;
	if (line[0] == '|')
		return TABLE;
	if (!strncmp(line, "* ", 2) || (now == ITEMS && line[0] == ' '))
		return ITEMS;
	return PARAGRAPH;
}

static void put_cells(FILE *out, const char *line, size_t n)
{
	const char *end = line + n, *bar;

	fputs("<tr>", out);
	for (line++; line < end; line = bar + 1) {
		bar = memchr(line, '|', (size_t)(end - line));
		if (!bar)
			break;
		fputs("<td>", out);
		put_inline(out, line, (size_t)(bar - line));
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

static void put_line(FILE *out, const char *line, size_t n, enum part part,
		     bool first)
{
	if (part == AS_IT_IS) {
		put_html(out, line + (n ? 4 : 0), n ? n - 4 : 0);
	} else if (part == TABLE && line[1] != '-') {
		put_cells(out, line, n);
	} else if (part == ITEMS && line[0] == '*') {
		fputs(first ? "<li>" : "</li><li>", out);
		put_inline(out, line + 2, n - 2);
	} else if (part != TABLE) {
		put_inline(out, line, n);
	}
	putc('\n', out);
}

/* Lines that belong together: of a paragraph, or an item. */
static size_t unit_length(const char *text, enum part part)
{
	size_t n = strcspn(text, "\n"), next;

	while ((part == PARAGRAPH || part == ITEMS) && text[n]) {
		const char *line = text + n + 1;

		next = strcspn(line, "\n");
		if (line[0] == '#' || line[0] == '*' ||
		    part_of(line, next, part) != part)
			break;
		n += 1 + next;
	}
	return n;
}

/** text_as_html() - a block of a lesson's text */
void text_as_html(FILE *out, const char *text)
{
	enum part now = NOTHING, part;
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		part = text[0] == '#' ? NOTHING : part_of(text, n, now);
		n = unit_length(text, part);
		if (part != now)
			fprintf(out, "%s%s", closes[now], opens[part]);
		if (text[0] == '#') {
			fputs("<h2>", out);
			put_inline(out, text + 3, n > 3 ? n - 3 : 0);
			fputs("</h2>\n", out);
		} else if (part != NOTHING) {
			put_line(out, text, n, part, part != now);
		}
		now = part;
	}
	fputs(closes[now], out);
}

/* SPDX-License-Identifier: MIT */
/* Rows, cells and buttons, and how they are drawn; see picture.h. */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "../../port/sim/sim.h"
#include "part.h"
#include "text.h"

#define ROWS 48
#define CELLS 900
#define BUTTONS 48
#define LINE 78 /* characters of a line of text */

struct row {
	char name[28];
	unsigned int first; /* of its cells */
};

struct cell {
	char text[40];
	enum tint tint;
	unsigned int width;
};

struct button {
	char step[28], text[40];
};

static struct row rows[ROWS];
static struct cell cells[CELLS];
static struct button buttons[BUTTONS];
static unsigned int nr_rows, nr_cells, nr_buttons;
static const struct scene *open;
static char told[600];

static const char *const tint_names[NR_TINTS] = { "plain", "free", "used",
						  "held",  "new",  "high",
						  "low" };
/* What stands on both sides of a cell's text; "": nothing does. */
static const char *const brackets[NR_TINTS] = { "", "()", "[]", "{}", "<>" };

/* Zones of 4, 16 and 4 MB, all of them there. */
void course_boot(void)
{
	struct sim_config config = { .zone_pages = { 1024, 4096, 1024 },
				     .boot_pages = { 1024, 4096, 1024 },
				     .grow_pages = 1024 };

	sim_boot(&config);
	sim.no_host = true;
	sim.refuse_ram = true;
}

/* ---- what scenes say ---- */

void tell(const char *fmt, ...)
{
	FORMAT(told, fmt);
}

void row(const char *fmt, ...)
{
	if (nr_rows == ROWS)
		return;
	FORMAT(rows[nr_rows].name, fmt);
	rows[nr_rows++].first = nr_cells;
}

void cell(enum tint tint, unsigned int width, const char *fmt, ...)
{
	if (nr_cells == CELLS)
		return;
	FORMAT(cells[nr_cells].text, fmt);
	cells[nr_cells].tint = tint;
	cells[nr_cells++].width = width;
}

void button(const char *what, long n, const char *fmt, ...)
{
	struct button *b = &buttons[nr_buttons];

	if (nr_buttons == BUTTONS)
		return;
	FORMAT(b->text, fmt);
	if (n == NO_NUMBER)
		ashlar_snprintf(b->step, sizeof(b->step), "%s", what);
	else
		ashlar_snprintf(b->step, sizeof(b->step), "%s %ld", what, n);
	nr_buttons++;
}

/* ---- one scene is open ---- */

const struct scene *scene_open(const char *name)
{
	const struct part *const *part;
	const struct scene *const *s;

	open = NULL;
	for (part = course_parts; *part; part++)
		for (s = (*part)->scenes; *s; s++)
			if (same((*s)->name, name))
				open = *s;
	told[0] = '\0';
	if (open)
		open->start();
	return open;
}

bool scene_step(const char *line)
{
	unsigned long n = 0;
	char what[28];
	size_t i = 0;

	for (; *line && *line != ' ' && i + 1 < sizeof(what); line++)
		what[i++] = *line;
	what[i] = '\0';
	while (*line == ' ')
		line++;
	for (; *line >= '0' && *line <= '9'; line++)
		n = n * 10 + (unsigned long)(*line - '0');
	return !*line && open->step(what, n);
}

static void draw(void)
{
	nr_rows = nr_cells = nr_buttons = 0;
	open->draw();
}

static unsigned int end_of(unsigned int r)
{
	return r + 1 < nr_rows ? rows[r + 1].first : nr_cells;
}

/* ---- in characters ---- */

/* Characters, not bytes: those that go on with one do not count. */
static unsigned int columns(const char *s)
{
	unsigned int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static const char *around(const struct cell *c)
{
	if (brackets[c->tint] && brackets[c->tint][0])
		return brackets[c->tint];
	/* Wires are drawn without a gap. */
	return columns(c->text) > 1 && c->tint != PLAIN ? "  " : "";
}

static void blanks(struct seq_file *m, unsigned int n)
{
	while (n--)
		seq_putc(m, ' ');
}

static void text_row(struct seq_file *m, unsigned int r, unsigned int indent)
{
	unsigned int at = indent;

	seq_puts(m, rows[r].name);
	if (rows[r].first < end_of(r))
		blanks(m, indent - columns(rows[r].name));
	for (unsigned int c = rows[r].first; c < end_of(r); c++) {
		const char *sides = around(&cells[c]);
		unsigned int n =
			columns(cells[c].text) + (unsigned int)strlen(sides);

		if (at + n > LINE && at > indent) {
			seq_putc(m, '\n');
			blanks(m, at = indent);
		}
		if (sides[0])
			seq_putc(m, sides[0]);
		seq_puts(m, cells[c].text);
		if (sides[0])
			seq_putc(m, sides[1]);
		at += n;
	}
	seq_putc(m, '\n');
}

/* A sentence in lines. */
static void text_told(struct seq_file *m)
{
	const char *s = told;
	unsigned int at = 0, n;

	for (; *s; s += n) {
		for (n = 1; s[n] && s[n] != ' ';)
			n++;
		if (at && at + n > LINE) {
			seq_putc(m, '\n');
			at = 0;
			s++;
			n--;
		}
		seq_write(m, s, n);
		at += n;
	}
	seq_putc(m, '\n');
}

void picture_text(struct seq_file *m)
{
	unsigned int indent = 0;

	draw();
	for (unsigned int r = 0; r < nr_rows; r++)
		indent = max(indent, columns(rows[r].name) + 2);
	for (unsigned int r = 0; r < nr_rows; r++)
		text_row(m, r, indent);
	if (told[0])
		text_told(m);
}

/* ---- as JSON ---- */

static void put_cell(struct seq_file *m, const struct cell *c)
{
	seq_puts(m, "{\"text\":");
	put_quoted(m, c->text);
	seq_printf(m, ",\"tint\":\"%s\",\"width\":%u}", tint_names[c->tint],
		   c->width);
}

static void put_row(struct seq_file *m, unsigned int r)
{
	seq_puts(m, "{\"name\":");
	put_quoted(m, rows[r].name);
	seq_puts(m, ",\"cells\":[");
	for (unsigned int c = rows[r].first; c < end_of(r); c++) {
		if (c > rows[r].first)
			seq_putc(m, ',');
		put_cell(m, &cells[c]);
	}
	seq_puts(m, "]}");
}

void picture_json(struct seq_file *m)
{
	draw();
	seq_puts(m, "{\"title\":");
	put_quoted(m, open->title);
	seq_puts(m, ",\"told\":");
	put_quoted(m, told);
	if (open->legend) {
		seq_puts(m, ",\"legend\":");
		put_quoted(m, open->legend);
	}
	seq_puts(m, ",\"rows\":[");
	for (unsigned int r = 0; r < nr_rows; r++) {
		if (r)
			seq_putc(m, ',');
		put_row(m, r);
	}
	seq_puts(m, "],\"buttons\":[");
	for (unsigned int b = 0; b < nr_buttons; b++) {
		seq_puts(m, b ? ",{\"step\":" : "{\"step\":");
		put_quoted(m, buttons[b].step);
		seq_puts(m, ",\"text\":");
		put_quoted(m, buttons[b].text);
		seq_putc(m, '}');
	}
	seq_puts(m, "]}");
}

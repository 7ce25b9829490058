/* SPDX-License-Identifier: MIT */
/*
 * The drawing that textbooks have of an address space: the highest address on
 * top, what belongs together as a box, and what is not mapped as a gap.
 *
 *   7ffd5a1e0000  ┌─────────────────────────────────┐
 *                 │▌stack             132 KB · 20 KB│
 *                 │▌████░░░░░░░░░░░░░░░░░░░░░░░░░░░░│  in memory, of all of it
 *                 └─────────────────────────────────┘
 *                   ┄┄┄┄┄┄┄  47.6 GB not mapped ┄┄┄
 *
 * It stands by itself, and in the page for whoever runs no scripts there. The
 * colours that it names are the page's, too.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "map.h"

#define WIDTH 720
#define LEFT 130 /* of the boxes */
#define GAP 20

static const char style[] =
	"<style>\n"
	":root{--paper:#fbfaf7;--ink:#22252b;--dim:#6c727c;--rule:#d9d7d0;"
	"--panel:#fff;--track:#e9e7e1;"
	"--dirty:#e07a2f;--clean:#4f8fd0;--many:#3d9a76;--swap:#b0489b;"
	"--k-text:#4878d0;--k-rodata:#86aee8;--k-data:#2a9d8f;"
	"--k-bss:#7fcabf;--k-heap:#e3a02c;--k-malloc:#e07a2f;"
	"--k-large:#eeb077;--k-anonymous:#9a7fd1;--k-guard:#c3c7ce;"
	"--k-library:#5f9e62;--k-file:#a3c48b;--k-shared:#cf6aa0;"
	"--k-stack:#d5524c;--k-vdso:#8f99a8;--k-direct:#4878d0;"
	"--k-vmalloc:#9a7fd1;--k-kmap:#e3a02c;--k-fixmap:#d5524c;"
	"--k-user:#8f99a8;--k-ram:#2a9d8f;--k-device:#8f99a8;"
	"--k-other:#aeb4be}\n"
	"@media(prefers-color-scheme:dark){:root{--paper:#14171c;"
	"--ink:#e7e5e0;--dim:#9aa0aa;--rule:#333842;--panel:#1d2128;"
	"--track:#2c313a;--dirty:#f0954f;--clean:#6ba7e4;--many:#52b68e;"
	"--swap:#d06abb;--k-guard:#59606b;--k-other:#6a717d}}\n"
	"svg.still text{font:12px system-ui,sans-serif;fill:var(--ink)}\n"
	"svg.still text.a{font:11px ui-monospace,monospace;fill:var(--dim)}\n"
	"svg.still text.d{fill:var(--dim)}\n"
	"svg.still text.t{font:600 18px system-ui,sans-serif}\n"
	"svg.still text.l{font-weight:600}\n"
	"</style>\n";

struct drawing {
	FILE *out;
	int y;
	const char *held; /* what is said of bytes that are there */
};

static uint64_t number(const json_t *o, const char *key)
{
	json_int_t n = json_integer_value(json_object_get(o, key));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void put_text(FILE *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", out);
		else if (*s == '&')
			fputs("&amp;", out);
		else if ((unsigned char)*s >= ' ')
			putc(*s, out);
	}
}

/* "4 KB", "1.4 MB" */
static const char *size_text(uint64_t bytes, char text[32])
{
	static const char *const unit[] = { "B",  "KB", "MB", "GB",
					    "TB", "PB", "EB" };
	double n = (double)bytes;
	int i = 0;

	for (; n >= 1024 && i < 6; i++)
		n /= 1024;
	snprintf(text, 32, n >= 99.95 || n == floor(n) ? "%.0f %s" : "%.1f %s",
		 n, unit[i]);
	return text;
}

static void draw_gap(struct drawing *d, uint64_t bytes)
{
	char size[32];

	fprintf(d->out,
		"<path d=\"M%d %dH%d\" stroke=\"var(--rule)\" "
		"stroke-dasharray=\"2 4\"/><text class=\"d\" x=\"%d\" "
		"y=\"%d\">%s not mapped</text>\n",
		LEFT + 150, d->y + GAP / 2, WIDTH - 10, LEFT + 14,
		d->y + GAP / 2 + 4, size_text(bytes, size));
	d->y += GAP + 4;
}

/* A piece of a bar, which ends where the next begins. */
static double draw_part(struct drawing *d, double x, double width,
			const char *colour)
{
	if (width > 0)
		fprintf(d->out,
			"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"5\" "
			"fill=\"var(--%s)\"/>",
			x, d->y, width < 1 ? 1 : width, colour);
	return x + (width > 0 && width < 1 ? 1 : width);
}

static void draw_bar(struct drawing *d, const json_t *g)
{
	double left = LEFT + 14, width = WIDTH - LEFT - 38, x = left;
	double scale = width * 1024 / fmax((double)number(g, "bytes"), 1);
	double rss = (double)number(g, "rss"), dirty, many, clean;

	dirty = fmin((double)number(g, "dirty"), rss);
	many = fmin((double)number(g, "shared"), rss - dirty);
	clean = rss - dirty - many;
	fprintf(d->out,
		"<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"5\" "
		"fill=\"var(--track)\"/>",
		left, d->y, width);
	x = draw_part(d, x, dirty * scale, "dirty");
	x = draw_part(d, x, clean * scale, "clean");
	x = draw_part(d, x, many * scale, "many");
	draw_part(d, x, (double)number(g, "swap") * scale, "swap");
	putc('\n', d->out);
}

static void draw_box(struct drawing *d, const json_t *g)
{
	uint64_t bytes = number(g, "bytes");
	int height = 32 + 2 * (int)log2(1 + (double)bytes / (1 << 20));
	char size[32], rss[32];

	fprintf(d->out,
		"<text class=\"a\" x=\"%d\" y=\"%d\" text-anchor=\"end\">"
		"%012" PRIx64
		"</text><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"rx=\"5\" fill=\"var(--panel)\" stroke=\"var(--rule)\"/>"
		"<rect x=\"%d\" y=\"%d\" width=\"6\" height=\"%d\" rx=\"3\" "
		"fill=\"var(--k-%s)\"/>",
		LEFT - 8, d->y + height - 3, number(g, "start"), LEFT, d->y,
		WIDTH - LEFT - 10, height, LEFT, d->y, height,
		string(g, "kind"));
	fprintf(d->out, "<text class=\"l\" x=\"%d\" y=\"%d\">", LEFT + 14,
		d->y + 17);
	put_text(d->out, string(g, "label"));
	fprintf(d->out,
		"</text><text class=\"d\" x=\"%d\" y=\"%d\" "
		"text-anchor=\"end\">%s · %s %s</text>",
		WIDTH - 24, d->y + 17, size_text(bytes, size),
		size_text(number(g, "rss") << 10, rss), d->held);
	d->y += height - 10;
	draw_bar(d, g);
	d->y += 14;
}

static void draw_space(struct drawing *d, const json_t *space)
{
	uint64_t above = number(space, "end");
	const json_t *g;
	size_t i;

	json_array_foreach(json_object_get(space, "groups"), i, g)
	{
		if (number(g, "end") < above)
			draw_gap(d, above - number(g, "end"));
		draw_box(d, g);
		above = number(g, "start");
	}
	if (above)
		draw_gap(d, above);
}

static void draw_legend(struct drawing *d)
{
	static const char *const parts[][2] = {
		{ "dirty", "dirty: nowhere else" },
		{ "clean", "clean: as in a file" },
		{ "many", "clean, shared" },
		{ "swap", "swapped" },
	};
	size_t i;
	int x = LEFT;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++, x += 146)
		fprintf(d->out,
			"<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" "
			"fill=\"var(--%s)\"/><text class=\"d\" x=\"%d\" "
			"y=\"%d\">%s</text>",
			x, d->y, parts[i][0], x + 15, d->y + 9, parts[i][1]);
	d->y += 26;
}

static void draw_title(struct drawing *d, const json_t *look)
{
	fprintf(d->out, "<text class=\"t\" x=\"12\" y=\"%d\">", d->y + 20);
	put_text(d->out, string(look, "title"));
	fprintf(d->out, "</text><text class=\"d\" x=\"12\" y=\"%d\">",
		d->y + 40);
	put_text(d->out, string(look, "label"));
	fprintf(d->out, ", %s</text>\n", string(look, "taken"));
	d->y += 56;
}

/**
 * map_svg() - draw a look
 * @out: where to
 * @look: as map_json() made it, or somebody else
 * @alone: it is a file by itself, with a title
 *
 * Return: false if there is no memory.
 */
bool map_svg(FILE *out, const json_t *look, bool alone)
{
	char *text = NULL;
	size_t size = 0, i;
	struct drawing d = { .out = open_memstream(&text, &size), .y = 8 };
	const json_t *space;

	bool machine = !strcmp(string(look, "kind"), "machine");

	if (!d.out)
		return false;
	d.held = machine ? "in use" : "in memory";
	if (alone)
		draw_title(&d, look);
	if (!machine)
		draw_legend(&d);
	json_array_foreach(json_object_get(look, "spaces"), i, space)
		draw_space(&d, space);
	if (fclose(d.out))
		return false;
	if (alone)
		fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
	fprintf(out,
		"<svg class=\"still\" xmlns=\"http://www.w3.org/2000/svg\" "
		"viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-label=\"address space\">\n%s",
		WIDTH, d.y + 4, style);
	if (alone)
		fprintf(out,
			"<rect width=\"%d\" height=\"%d\" "
			"fill=\"var(--paper)\"/>",
			WIDTH, d.y + 4);
	fputs(text, out);
	fputs("</svg>\n", out);
	free(text);
	return true;
}

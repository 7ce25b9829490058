/* SPDX-License-Identifier: MIT */
/*
 * Processes as lines, and one process as a bar.
 *
 *   163.4 MB = 96.2 live + 3.1 rounding + …
 *   LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLrssppffkoccccccttmmmmm
 *
 * Shares are cut so that they add up as what they are shares of does: each gets
 * its whole units, and those with the largest rest one more, until all is
 * given.
 */
#include <inttypes.h>
#include <limits.h>
#include "top.h"

#define TENTH (double)((1 << 20) / 10.0)

static const char *const texts[NR_TOP_PARTS] = {
	[TOP_LIVE] = "live",	   [TOP_ROUNDING] = "rounding",
	[TOP_SHEAVES] = "sheaves", [TOP_PARTIAL] = "partial slabs",
	[TOP_FREE] = "free",	   [TOP_LARGE] = "large kept",
	[TOP_OWN] = "own",	   [TOP_CODE] = "code and data",
	[TOP_STACKS] = "stacks",   [TOP_OTHER] = "other mappings",
};

static const char *const headings[NR_TOP_PARTS] = {
	[TOP_LIVE] = "LIVE",	   [TOP_ROUNDING] = "ROUND",
	[TOP_SHEAVES] = "SHEAVES", [TOP_PARTIAL] = "PARTIAL",
	[TOP_FREE] = "FREE",	   [TOP_LARGE] = "LARGE",
	[TOP_OWN] = "OWN",	   [TOP_CODE] = "CODE",
	[TOP_STACKS] = "STACKS",   [TOP_OTHER] = "OTHER",
};

const char *const top_names[NR_TOP_PARTS] = {
	[TOP_LIVE] = "live",	   [TOP_ROUNDING] = "rounding",
	[TOP_SHEAVES] = "sheaves", [TOP_PARTIAL] = "partial_slabs",
	[TOP_FREE] = "free",	   [TOP_LARGE] = "large_kept",
	[TOP_OWN] = "own",	   [TOP_CODE] = "code",
	[TOP_STACKS] = "stacks",   [TOP_OTHER] = "other",
};

const char top_letters[NR_TOP_PARTS + 1] = "Lrspfkocnm";

/**
 * top_share() - cut @units in proportion to what parts have
 * @part: bytes of each of NR_TOP_PARTS
 * @units: how many there are to share
 * @share: filled: units of each; they add up to @units, if there is any part
 */
void top_share(const uint64_t *part, uint64_t units, uint64_t *share)
{
	double exact[NR_TOP_PARTS], whole = 0;
	uint64_t given = 0;
	size_t i, most;

	for (i = 0; i < NR_TOP_PARTS; i++)
		whole += (double)part[i];
	for (i = 0; i < NR_TOP_PARTS; i++) {
		exact[i] = whole > 0 ? (double)part[i] * (double)units / whole :
				       0;
		share[i] = (uint64_t)exact[i];
		given += share[i];
	}
	for (; whole > 0 && given < units; given++) {
		for (i = most = 0; i < NR_TOP_PARTS; i++)
			if (exact[i] - (double)share[i] >
			    exact[most] - (double)share[most])
				most = i;
		share[most]++;
	}
}

/* Tenths of a megabyte. */
static uint64_t tenths(uint64_t bytes)
{
	return (uint64_t)((double)bytes / TENTH + 0.5);
}

static void print_tenths(FILE *out, int width, uint64_t n)
{
	fprintf(out, "%*" PRIu64 ".%" PRIu64, width - 2, n / 10, n % 10);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "3 processes on Ashlar, 210.1 MB in memory; 12 may not be read" */
static void print_summary(FILE *out, const struct top *t)
{
	fprintf(out, "%zu process%s on Ashlar, ", t->nr,
		t->nr == 1 ? "" : "es");
	print_tenths(out, 2, tenths(top_rss(t)));
	fprintf(out, " MB in memory; %" PRIu64 " other%s", t->others,
		plural(t->others));
	if (t->unreadable)
		fprintf(out, ", %" PRIu64 " may not be read", t->unreadable);
	if (t->unclear)
		fprintf(out, ", %" PRIu64 " of another version or new",
			t->unclear);
	fputs("\n\n", out);
}

/**
 * top_print_all() - print a table of processes, in MB
 * @out: where to
 * @t: these
 */
void top_print_all(FILE *out, const struct top *t)
{
	uint64_t share[NR_TOP_PARTS], rss;
	size_t i, n;

	print_summary(out, t);
	fprintf(out, "%7s %8s", "PID", "RSS");
	for (n = 0; n < NR_TOP_PARTS; n++)
		fprintf(out, " %7s", headings[n]);
	fputs(" COMMAND\n", out);
	for (i = 0; i < t->nr; i++) {
		const struct top_process *p = &t->process[i];

		rss = tenths(p->why.rss);
		top_share(p->part, rss, share);
		fprintf(out, "%7d ", p->pid);
		print_tenths(out, 8, rss);
		for (n = 0; n < NR_TOP_PARTS; n++) {
			fputc(' ', out);
			print_tenths(out, 7, share[n]);
		}
		fprintf(out, " %s\n", p->command);
	}
}

static void print_bar(FILE *out, const struct top_process *p,
		      unsigned int width)
{
	uint64_t cells[NR_TOP_PARTS], n;
	size_t i;

	top_share(p->part, width, cells);
	for (i = 0; i < NR_TOP_PARTS; i++)
		for (n = 0; n < cells[i]; n++)
			fputc(top_letters[i], out);
	fputc('\n', out);
}

/* "163.4 MB = 96.2 live (L) + 3.1 rounding (r)" */
static void print_sum(FILE *out, const struct top_process *p,
		      unsigned int width)
{
	uint64_t rss = tenths(p->why.rss), share[NR_TOP_PARTS];
	const char *between = "=";
	unsigned int at, length;
	char term[48];
	size_t i;

	top_share(p->part, rss, share);
	at = (unsigned int)fprintf(out, "%" PRIu64 ".%" PRIu64 " MB", rss / 10,
				   rss % 10);
	for (i = 0; i < NR_TOP_PARTS; i++) {
		if (!share[i])
			continue;
		length = (unsigned int)snprintf(
			term, sizeof(term),
			"%s %" PRIu64 ".%" PRIu64 " %s (%c)", between,
			share[i] / 10, share[i] % 10, texts[i], top_letters[i]);
		if (at + 1 + length > width) {
			fputc('\n', out);
			at = 0;
		}
		at += (unsigned int)fprintf(out, " %s", term);
		between = "+";
	}
	fputc('\n', out);
}

static void print_cache(FILE *out, const struct why_cache *c)
{
	const struct slabinfo *s = &c->info;
	double use = s->num_objs ? 100.0 * (double)s->active_objs /
					   (double)s->num_objs :
				   0;

	fprintf(out, "%8lu %8lu %3.0f%% %7.2fK %7lu %8u %9" PRIu64 "K %s",
		s->num_objs, s->active_objs, use, (double)c->class.slot / 1024,
		s->num_slabs, s->objects_per_slab, c->bytes >> 10,
		c->class.name);
	if (c->node)
		fprintf(out, " (node %d)", c->node);
	fputc('\n', out);
}

/**
 * top_print_one() - print a process: a sum, a bar, and its caches
 * @out: where to
 * @p: the process
 * @width: columns of the bar
 * @wrap: the sum takes no more columns, but lines
 */
void top_print_one(FILE *out, const struct top_process *p, unsigned int width,
		   bool wrap)
{
	const struct why *w = &p->why;
	size_t i;

	fprintf(out,
		"%s (process %d): %" PRIu64 " block%s, %" PRIu64 " thread%s\n",
		p->command, p->pid, w->blocks, plural(w->blocks), w->threads,
		plural(w->threads));
	print_sum(out, p, wrap ? width : UINT_MAX);
	print_bar(out, p, width);
	fprintf(out, "\n%8s %8s %4s %8s %7s %8s %10s %s\n", "OBJS", "ACTIVE",
		"USE", "OBJ SIZE", "SLABS", "OBJ/SLAB", "CACHE SIZE", "NAME");
	for (i = 0; i < w->nr_caches; i++)
		print_cache(out, &w->caches[i]);
}

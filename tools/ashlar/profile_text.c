/* SPDX-License-Identifier: MIT */
/*
 * A profile as text: for people, who allocates most; and for other programs,
 * a stack in each line.
 *
 *   main;parse;add_node 123456       outermost first, collapsed
 */
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "profile.h"

#define FUNCTIONS_SHOWN 20
#define STACKS_SHOWN 5
#define FRAMES_SHOWN 12
#define LABEL_BYTES 512

/* ---- frames ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *profile_label(const struct profile *p,
			  const struct profile_location *l, uint32_t line,
			  char *text, size_t size)
{
	const struct profile_mapping *m;
	unsigned long long at = l->address;

	if (line < l->nr)
		return p->function[l->line[line].function].name;
	if (l->mapping) {
		m = &p->mapping[l->mapping - 1];
		at += m->offset - m->start;
		snprintf(text, size, "[%s+0x%llx]", base_name(m->file), at);
	} else {
		snprintf(text, size, "[0x%llx]", at);
	}
	return text;
}

/* ---- collapsed ---- */

/* What separates frames, or lines, is no part of a name there. */
static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		putc(*name == ';' ? ':' : *name == '\n' ? ' ' : *name, out);
}

static void print_stack(FILE *out, const struct profile *p,
			const struct profile_sample *s)
{
	const struct profile_location *l;
	const char *separator = "";
	char text[LABEL_BYTES];
	uint32_t i, line;

	for (i = s->nr; i-- > 0; separator = ";") {
		l = &p->location[s->location[i]];
		line = max(l->nr, 1u);
		while (line-- > 0) {
			fputs(separator, out);
			print_name(out, profile_label(p, l, line, text,
						      sizeof(text)));
			separator = ";";
		}
	}
	if (!s->nr)
		fputs("[no stack]", out);
}

/* profile_collapsed - a line for each stack */
bool profile_collapsed(FILE *out, const struct profile *p,
		       enum profile_value by)
{
	const struct profile_sample *s;
	uint32_t i;

	for (i = 0; i < p->nr_samples; i++) {
		s = &p->sample[i];
		if (!s->value[by])
			continue;
		print_stack(out, p, s);
		fprintf(out, " %lld\n", (long long)s->value[by]);
	}
	return true;
}

/* ---- a table ---- */

struct row {
	uint32_t function; /* or the number of functions: unknown */
	int64_t own, all, blocks;
	uint32_t seen; /* in the sample with this number, plus 1 */
};

static const char *const what[PROFILE_VALUES] = {
	[ALLOC_OBJECTS] = "allocated",
	[ALLOC_SPACE] = "allocated",
	[INUSE_OBJECTS] = "in use",
	[INUSE_SPACE] = "in use",
};

static bool is_bytes(enum profile_value by)
{
	return by == ALLOC_SPACE || by == INUSE_SPACE;
}

/* Three digits and a unit. */
const char *profile_number(int64_t n, bool bytes, char text[32])
{
	static const char units[] = " KMGTPE";
	double x = (double)n, step = bytes ? 1024 : 1000;
	unsigned int i = 0;

	while ((x >= 999.5 || x <= -999.5) && i + 1 < sizeof(units) - 1) {
		x /= step;
		i++;
	}
	if (!i)
		snprintf(text, 32, "%lld%s", (long long)n, bytes ? " B" : "");
	else
		snprintf(text, 32, "%.*f %c%s",
			 x < 9.995 && x > -9.995 ? 2 :
			 x < 99.95 && x > -99.95 ? 1 :
						   0,
			 x, units[i], bytes ? "iB" : "");
	return text;
}

static int64_t total_of(const struct profile *p, enum profile_value by)
{
	int64_t total = 0;
	uint32_t i;

	for (i = 0; i < p->nr_samples; i++)
		total = profile_sum(total, p->sample[i].value[by]);
	return total;
}

static void print_totals(FILE *out, const struct profile *p)
{
	char bytes[32], blocks[32];
	bool alloc;
	int i;

	for (i = 0; i < 2; i++) {
		alloc = i == 1;
		fprintf(out, "%-10s %10s in %s blocks\n",
			alloc ? "allocated" : "in use",
			profile_number(total_of(p, alloc ? ALLOC_SPACE :
							   INUSE_SPACE),
				       true, bytes),
			profile_number(total_of(p, alloc ? ALLOC_OBJECTS :
							   INUSE_OBJECTS),
				       false, blocks));
	}
}

static void print_head(FILE *out, const struct profile *p)
{
	char rate[32], first[32];

	fprintf(out, "%s\n", *p->note ? p->note : "Heap profile");
	if (p->rate)
		fprintf(out, "%llu samples, one for each %s allocated\n",
			(unsigned long long)p->samples,
			profile_number((int64_t)p->rate, true, rate));
	if (p->rate > p->rate_first && p->rate_first)
		fprintf(out,
			"The tables of the profile are full: there were to be "
			"one for each %s\n",
			profile_number((int64_t)p->rate_first, true, first));
	if (p->lost)
		fprintf(out, "%llu samples are missing: there was no memory\n",
			(unsigned long long)p->lost);
	if (p->no_stack)
		fprintf(out, "Of %llu samples the stack is not known\n",
			(unsigned long long)p->no_stack);
	print_totals(out, p);
}

static int64_t size_of(int64_t n)
{
	return n < 0 ? -n : n;
}

static int by_own(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int64_t m = size_of(x->own), n = size_of(y->own);

	if (m == n) {
		m = size_of(x->all);
		n = size_of(y->all);
	}
	return m < n ? 1 : m > n ? -1 : 0;
}

static void add_own(struct row *r, const struct profile_sample *s,
		    enum profile_value by)
{
	r->own = profile_sum(r->own, s->value[by]);
	r->blocks = profile_sum(r->blocks, s->value[by - is_bytes(by)]);
}

/* One sample's part in the rows; a function that recurs counts once. */
static void count_sample(const struct profile *p, struct row *row,
			 uint32_t number, enum profile_value by)
{
	const struct profile_sample *s = &p->sample[number];
	const struct profile_location *l;
	struct row *r = &row[p->nr_functions];
	uint32_t i, k;

	if (!s->nr)
		add_own(r, s, by);
	for (i = 0; i < s->nr; i++) {
		l = &p->location[s->location[i]];
		for (k = 0; k < max(l->nr, 1u); k++) {
			r = &row[l->nr ? l->line[k].function : p->nr_functions];
			if (!i && !k)
				add_own(r, s, by);
			if (r->seen != number + 1)
				r->all = profile_sum(r->all, s->value[by]);
			r->seen = number + 1;
		}
	}
}

static struct row *count_functions(const struct profile *p,
				   enum profile_value by)
{
	struct row *row = calloc(p->nr_functions + 1ul, sizeof(*row));
	uint32_t i;

	if (!row)
		return NULL;
	for (i = 0; i <= p->nr_functions; i++)
		row[i].function = i;
	for (i = 0; i < p->nr_samples; i++)
		count_sample(p, row, i, by);
	qsort(row, p->nr_functions + 1ul, sizeof(*row), by_own);
	return row;
}

/* Of a difference there are no shares: what grew may be as much as shrank. */
static const char *percent(const struct profile *p, int64_t part, int64_t total,
			   char text[16])
{
	*text = 0;
	if (total && !p->is_diff)
		snprintf(text, 16, "%.1f%%",
			 100.0 * (double)part / (double)total);
	return text;
}

static void print_row(FILE *out, const struct profile *p, const struct row *r,
		      int64_t total, bool bytes)
{
	const struct profile_function *f = &p->function[r->function];
	char own[32], all[32], blocks[32], of_own[16], of_all[16];

	fprintf(out, "%10s %6s %10s %6s %8s  ",
		profile_number(r->own, bytes, own),
		percent(p, r->own, total, of_own),
		profile_number(r->all, bytes, all),
		percent(p, r->all, total, of_all),
		profile_number(r->blocks, false, blocks));
	if (r->function == p->nr_functions)
		fputs("[unknown]\n", out);
	else if (*f->file)
		fprintf(out, "%s  %s\n", f->name, base_name(f->file));
	else
		fprintf(out, "%s\n", f->name);
}

static bool print_functions(FILE *out, const struct profile *p,
			    enum profile_value by)
{
	int64_t total = total_of(p, by);
	struct row *row = count_functions(p, by);
	uint32_t i;

	if (!row) {
		complain("out of memory");
		return false;
	}
	fprintf(out, "\n%10s        %10s        %8s  function, of what is %s\n",
		"itself", "+ callees", "blocks", what[by]);
	for (i = 0; i <= p->nr_functions && i < FUNCTIONS_SHOWN; i++)
		if (row[i].own || row[i].function < p->nr_functions)
			print_row(out, p, &row[i], total, is_bytes(by));
	free(row);
	return true;
}

static enum profile_value sort_by;

static int by_size(const void *a, const void *b)
{
	const struct profile_sample *const *x = a, *const *y = b;
	int64_t m = size_of((*x)->value[sort_by]);
	int64_t n = size_of((*y)->value[sort_by]);

	return m < n ? 1 : m > n ? -1 : 0;
}

static void print_frames(FILE *out, const struct profile *p,
			 const struct profile_sample *s)
{
	const struct profile_location *l;
	const struct profile_line *line;
	uint32_t i, k, shown = 0;
	char text[LABEL_BYTES];

	for (i = 0; i < s->nr && shown < FRAMES_SHOWN; i++) {
		l = &p->location[s->location[i]];
		for (k = 0; k < max(l->nr, 1u) && shown < FRAMES_SHOWN;
		     k++, shown++) {
			line = k < l->nr ? &l->line[k] : NULL;
			fprintf(out, "    %s",
				profile_label(p, l, k, text, sizeof(text)));
			if (line && *p->function[line->function].file)
				fprintf(out, " %s:%u",
					p->function[line->function].file,
					line->line);
			putc('\n', out);
		}
	}
	if (i < s->nr)
		fprintf(out, "    ... %u more\n", s->nr - i);
}

static bool print_stacks(FILE *out, const struct profile *p,
			 enum profile_value by)
{
	const struct profile_sample **s =
		malloc((p->nr_samples + 1ul) * sizeof(*s));
	char text[32], blocks[32];
	uint32_t i;

	if (!s) {
		complain("out of memory");
		return false;
	}
	for (i = 0; i < p->nr_samples; i++)
		s[i] = &p->sample[i];
	sort_by = by;
	qsort(s, p->nr_samples, sizeof(*s), by_size);
	for (i = 0; i < p->nr_samples && i < STACKS_SHOWN && s[i]->value[by];
	     i++) {
		fprintf(out, "\n%s in %s blocks %s, from\n",
			profile_number(s[i]->value[by | 1], true, text),
			profile_number(s[i]->value[by & ~1], false, blocks),
			what[by]);
		print_frames(out, p, s[i]);
	}
	free(s);
	return true;
}

/* profile_print - the functions and stacks with most of @by */
bool profile_print(FILE *out, const struct profile *p, enum profile_value by)
{
	print_head(out, p);
	return print_functions(out, p, by) && print_stacks(out, p, by);
}

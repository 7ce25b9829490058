/* SPDX-License-Identifier: MIT */
/*
 * OpenMetrics 1.0: families of numbers, each with its labels.
 *
 *   # TYPE ashlar_process_memory_bytes gauge
 *   # UNIT ashlar_process_memory_bytes bytes
 *   # HELP ashlar_process_memory_bytes …
 *   ashlar_process_memory_bytes{pid="42",command="redis-server",part="live"} 1
 *   …
 *   # EOF
 *
 * How many series there are has a bound: of the processes the largest are told,
 * and of each one's caches the largest by name, with the rest as one.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "metrics.h"

#define REST "(others)" /* a cache that stands for many */

static void begin(FILE *out, const char *name, const char *unit,
		  const char *help)
{
	fprintf(out, "# TYPE %s gauge\n", name);
	if (unit)
		fprintf(out, "# UNIT %s %s\n", name, unit);
	fprintf(out, "# HELP %s %s\n", name, help);
}

static void one(FILE *out, const char *name, const char *help, uint64_t n)
{
	begin(out, name, NULL, help);
	fprintf(out, "%s %" PRIu64 "\n", name, n);
}

static void label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fputc('\\', out);
		fputc(*value, out);
	}
	fputc('"', out);
}

/* A sample of a process up to its labels, which end here or go on. */
static void sample(FILE *out, const char *name, const struct top_process *p)
{
	fprintf(out, "%s{pid=\"%d\",", name, p->pid);
	label(out, "command", p->command);
}

/* ---- processes ---- */

static uint64_t get_rss(const struct top_process *p)
{
	return p->why.rss;
}

static uint64_t get_untouched(const struct top_process *p)
{
	return (uint64_t)-p->why.part[PART_UNTOUCHED];
}

static uint64_t get_blocks(const struct top_process *p)
{
	return p->why.blocks;
}

static uint64_t get_threads(const struct top_process *p)
{
	return p->why.threads;
}

static const struct {
	const char *name, *unit, *help;
	uint64_t (*get)(const struct top_process *p);
} of_process[] = {
	{ "ashlar_process_resident_bytes", "bytes",
	  "What the kernel calls Rss.", get_rss },
	{ "ashlar_process_untouched_bytes", "bytes",
	  "Allocated and never written, so in no memory.", get_untouched },
	{ "ashlar_process_blocks", NULL, "Blocks that the program holds.",
	  get_blocks },
	{ "ashlar_process_threads", NULL, "Threads.", get_threads },
};

static void print_processes(FILE *out, const struct top *t, size_t nr)
{
	const char *parts = "ashlar_process_memory_bytes";
	size_t f, i, n;

	for (f = 0; f < ARRAY_SIZE(of_process); f++) {
		begin(out, of_process[f].name, of_process[f].unit,
		      of_process[f].help);
		for (i = 0; i < nr; i++) {
			sample(out, of_process[f].name, &t->process[i]);
			fprintf(out, "} %" PRIu64 "\n",
				of_process[f].get(&t->process[i]));
		}
	}
	begin(out, parts, "bytes",
	      "What is in memory, in parts that add up to Rss.");
	for (i = 0; i < nr; i++)
		for (n = 0; n < NR_TOP_PARTS; n++) {
			sample(out, parts, &t->process[i]);
			fprintf(out, ",part=\"%s\"} %" PRIu64 "\n",
				top_names[n], t->process[i].part[n]);
		}
}

/* ---- caches ---- */

/* Counts that add up, of caches of one name or of many. */
static void add_cache(struct why_cache *to, const struct why_cache *c)
{
	to->info.num_objs += c->info.num_objs;
	to->info.active_objs += c->info.active_objs;
	to->info.num_slabs += c->info.num_slabs;
	to->cached += c->cached;
	to->bytes += c->bytes;
}

/* Each name is a cache once, the largest first, and there are few of them. */
static void gather_caches(struct why *w)
{
	struct why_cache rest = { .class.name = REST }, *c = w->caches;
	size_t i, nr = 0;

	top_sort_caches(w, 'n');
	for (i = 0; i < w->nr_caches; i++) {
		if (nr && !strcmp(c[nr - 1].class.name, c[i].class.name))
			add_cache(&c[nr - 1], &c[i]);
		else
			c[nr++] = c[i];
	}
	w->nr_caches = nr;
	top_sort_caches(w, 'c');
	if (nr <= METRICS_CACHES)
		return;
	for (i = METRICS_CACHES - 1; i < nr; i++)
		add_cache(&rest, &c[i]);
	c[METRICS_CACHES - 1] = rest;
	w->nr_caches = METRICS_CACHES;
}

static const char *const states[] = { "active", "cached", "free" };

static uint64_t in_state(const struct why_cache *c, size_t state)
{
	uint64_t all = c->info.num_objs;
	uint64_t active = min((uint64_t)c->info.active_objs, all);
	uint64_t cached = min(c->cached, all - active);

	return state == 0 ? active :
	       state == 1 ? cached :
			    all - active - cached;
}

static uint64_t get_slabs(const struct why_cache *c)
{
	return c->info.num_slabs;
}

static uint64_t get_bytes(const struct why_cache *c)
{
	return c->bytes;
}

static const struct {
	const char *name, *unit, *help;
	uint64_t (*get)(const struct why_cache *c);
} of_cache[] = {
	{ "ashlar_cache_memory_bytes", "bytes", "Frames of its slabs.",
	  get_bytes },
	{ "ashlar_cache_slabs", NULL, "Slabs.", get_slabs },
};

static void cache_sample(FILE *out, const char *name,
			 const struct top_process *p, const struct why_cache *c)
{
	sample(out, name, p);
	fputc(',', out);
	label(out, "cache", c->class.name);
}

static void print_objects(FILE *out, const struct top_process *p)
{
	const char *name = "ashlar_cache_objects";
	const struct why_cache *c;
	size_t s;

	for (c = p->why.caches; c < p->why.caches + p->why.nr_caches; c++)
		for (s = 0; s < ARRAY_SIZE(states); s++) {
			cache_sample(out, name, p, c);
			fprintf(out, ",state=\"%s\"} %" PRIu64 "\n", states[s],
				in_state(c, s));
		}
}

static void print_caches(FILE *out, const struct top *t, size_t nr)
{
	const struct why *w;
	size_t f, i, n;

	begin(out, "ashlar_cache_objects", NULL,
	      "Objects by what they are: held by the program, in a thread's "
	      "list, free in a slab.");
	for (i = 0; i < nr; i++)
		print_objects(out, &t->process[i]);
	for (f = 0; f < ARRAY_SIZE(of_cache); f++) {
		begin(out, of_cache[f].name, of_cache[f].unit,
		      of_cache[f].help);
		for (i = 0; i < nr; i++) {
			w = &t->process[i].why;
			for (n = 0; n < w->nr_caches; n++) {
				cache_sample(out, of_cache[f].name,
					     &t->process[i], &w->caches[n]);
				fprintf(out, "} %" PRIu64 "\n",
					of_cache[f].get(&w->caches[n]));
			}
		}
	}
}

/**
 * metrics_print() - print what was looked at
 * @out: where to
 * @t: after a look; its rows are put in order, and its caches together
 */
void metrics_print(FILE *out, struct top *t)
{
	size_t nr = min(t->nr, (size_t)METRICS_PROCESSES), i;

	top_sort_processes(t, 'c');
	for (i = 0; i < nr; i++)
		gather_caches(&t->process[i].why);
	one(out, "ashlar_processes", "Processes that run on Ashlar.", t->nr);
	one(out, "ashlar_processes_left_out",
	    "Of these, smaller ones of which nothing is told.", t->nr - nr);
	one(out, "ashlar_processes_unreadable",
	    "Processes that may not be read, on Ashlar or not.", t->unreadable);
	print_processes(out, t, nr);
	print_caches(out, t, nr);
	fputs("# EOF\n", out);
}

/* SPDX-License-Identifier: MIT */
/*
 * The order of rows, by slabtop's letters. Numbers go from the largest down,
 * names from the first on; what is equal goes by name, or by process number.
 */
#include <stdlib.h>
#include <string.h>
#include "top.h"

static char order;

static int down(uint64_t a, uint64_t b)
{
	return a < b ? 1 : -(a > b);
}

/* Of 2^32: what @part is of @whole. */
static uint64_t ratio(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part / (double)whole * 4294967296.0) :
		       0;
}

static uint64_t process_key(const struct top_process *p)
{
	switch (order) {
	case 'a':
		return p->part[TOP_LIVE];
	case 'o':
		return p->why.blocks;
	case 'u':
		return ratio(p->part[TOP_LIVE], p->why.rss);
	case 'c':
		return p->why.rss;
	default: /* n, p: see by_process() */
		return 0;
	}
}

static int by_process(const void *a, const void *b)
{
	const struct top_process *x = a, *y = b;
	int c = down(process_key(x), process_key(y));

	if (!c && order == 'n')
		c = strcmp(x->command, y->command);
	return c ? c : down((uint64_t)y->pid, (uint64_t)x->pid);
}

/**
 * top_sort_processes() - put the processes in order
 * @t: these
 * @by: a letter of TOP_SORT_PROCESSES
 */
void top_sort_processes(struct top *t, char by)
{
	order = by;
	if (t->nr)
		qsort(t->process, t->nr, sizeof(*t->process), by_process);
}

static uint64_t cache_key(const struct why_cache *c)
{
	switch (order) {
	case 'a':
		return c->info.active_objs;
	case 'b':
		return c->info.objects_per_slab;
	case 'c':
		return c->bytes;
	case 'l':
		return c->info.num_slabs;
	case 'v':
		return c->info.active_slabs;
	case 'o':
		return c->info.num_objs;
	case 'p':
		return c->info.pages_per_slab;
	case 's':
		return c->class.slot;
	case 'u':
		return ratio(c->info.active_objs, c->info.num_objs);
	default: /* n: see by_cache() */
		return 0;
	}
}

static int by_cache(const void *a, const void *b)
{
	const struct why_cache *x = a, *y = b;
	int c = down(cache_key(x), cache_key(y));

	if (!c)
		c = strcmp(x->class.name, y->class.name);
	return c ? c : x->node - y->node;
}

/**
 * top_sort_caches() - put a process's caches in order
 * @w: its
 * @by: a letter of TOP_SORT_CACHES
 */
void top_sort_caches(struct why *w, char by)
{
	order = by;
	if (w->nr_caches)
		qsort(w->caches, w->nr_caches, sizeof(*w->caches), by_cache);
}

/* SPDX-License-Identifier: MIT */
/*
 * Why a process has as much in memory as it has.
 *
 *   Rss = live + rounding + room + cached + own + free + kept − untouched
 *       + records + code + data + files + shared + stacks + anonymous
 *
 * The first line is what the allocator's structures say (mm/report/parts.c),
 * which counts what it holds, in memory or not; the second comes from the
 * kernel (why_rss.c). What both say of the allocator's pages differs by what
 * was never written, and that is a part of its own: so they always add up.
 * Frames of slabs that were given back hold nothing, and are no room.
 */
#include <stdlib.h>
#include <time.h>
#include "why.h"

const char *const part_names[NR_PARTS] = {
	[PART_LIVE] = "live",
	[PART_ROUNDING] = "rounding",
	[PART_ROOM] = "room",
	[PART_CACHED] = "cached",
	[PART_OWN] = "own",
	[PART_FREE] = "free_kept",
	[PART_KEPT] = "large_kept",
	[PART_UNTOUCHED] = "untouched",
	[PART_RECORDS] = "records",
	[PART_CODE] = "code",
	[PART_DATA] = "data",
	[PART_FILES] = "files",
	[PART_SHARED] = "shared",
	[PART_STACKS] = "stacks",
	[PART_ANONYMOUS] = "anonymous",
};

#define LOOK_SECONDS 30
#define DESCRIPTORS_AT_ONCE 4096

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Bytes of slabs' frames that were never used, or were given back. */
static uint64_t count_vacant(struct heap *h, const struct ram *f)
{
	static struct page pages[DESCRIPTORS_AT_ONCE];
	uint64_t nr = f->bytes >> PAGE_SHIFT, frame = 0, vacant = 0, i, got;

	while (frame < nr && heap_in_time(h)) {
		got = target_copy(h->t, pages, f->map + frame * sizeof(*pages),
				  min(nr - frame,
				      (uint64_t)DESCRIPTORS_AT_ONCE) *
					  sizeof(*pages)) /
		      sizeof(*pages);
		for (i = 0; i < got; i++)
			vacant += (pages[i].flags & PG_slab) &&
				  (pages[i].flags & PG_vacant);
		/* Where nothing can be read, a page of them cannot. */
		frame += got ? got : PAGE_SIZE / sizeof(*pages);
	}
	return vacant << PAGE_SHIFT;
}

static void take_node(struct heap *h, unsigned int node, struct why *w)
{
	const struct snapshot_node *n = &h->snapshot.nodes[node];
	struct ashlar_memory p = { 0 };
	struct why_cache *c;
	uint64_t vacant;
	size_t i;

	for (i = 0; i < n->nr_caches; i++) {
		const struct kmem_cache *s = &n->caches[i].cache;

		c = &w->caches[w->nr_caches++];
		parts_add_cache(&p, &c->class, s, n->caches[i].cached);
		get_slabinfo(s, n->caches[i].cached, &c->info);
		c->bytes = s->nr_pages << PAGE_SHIFT;
		c->cached = n->caches[i].cached;
		c->node = n->nid;
	}
	parts_finish(&p, &n->totals);
	vacant = min(node < h->nr_ram ? count_vacant(h, &h->ram[node]) : 0,
		     (uint64_t)p.room);
	w->part[PART_LIVE] += (int64_t)p.live;
	w->part[PART_ROUNDING] += (int64_t)p.rounding;
	w->part[PART_ROOM] += (int64_t)(p.room - vacant);
	w->part[PART_CACHED] += (int64_t)p.cached;
	w->part[PART_OWN] += (int64_t)p.own;
	w->part[PART_FREE] += (int64_t)p.free_kept;
	w->part[PART_KEPT] += (int64_t)p.large_kept;
	w->blocks += p.blocks;
	w->rounding_most += p.rounding_most;
}

static bool count_thread(void *arg, const char *tid)
{
	(void)tid;
	(*(uint64_t *)arg)++;
	return true;
}

/* What the structures say is held, and the kernel is in memory: @own. */
static void balance(struct why *w, uint64_t own)
{
	int64_t held = 0;
	int i;

	for (i = PART_LIVE; i <= PART_KEPT; i++)
		held += w->part[i];
	if (held > (int64_t)own)
		w->part[PART_UNTOUCHED] = (int64_t)own - held;
	else
		w->part[PART_RECORDS] = (int64_t)own - held;
}

static bool make_room(struct heap *h, struct why *w)
{
	size_t nr = 1;
	unsigned int i;

	for (i = 0; i < h->snapshot.nr_nodes; i++)
		nr += h->snapshot.nodes[i].nr_caches;
	w->caches = calloc(nr, sizeof(*w->caches));
	return w->caches || target_fail(h->t, "out of memory");
}

static bool look(struct heap *h, struct target *t, struct why *w)
{
	unsigned int i;
	uint64_t own;

	if (!heap_open(h, t) || !heap_large(h) || !make_room(h, w))
		return false;
	qsort(h->skip, h->nr_skip, sizeof(*h->skip), by_start);
	for (i = 0; i < h->snapshot.nr_nodes; i++)
		take_node(h, i, w);
	if (!why_rss(h, w, &own))
		return false;
	balance(w, own);
	threads_each(t->pid, count_thread, &w->threads);
	return true;
}

/**
 * why_look() - find what a process's memory is used for
 * @t: its nodes were found
 * @w: filled; freed by why_free() in any case
 *
 * Return: true, or false with the reason in @t->error.
 */
bool why_look(struct target *t, struct why *w)
{
	struct heap h = { .process = t->pid };
	bool ok;

	*w = (struct why){ 0 };
	clock_gettime(CLOCK_MONOTONIC, &h.deadline);
	h.deadline.tv_sec += LOOK_SECONDS;
	ok = look(&h, t, w);
	heap_free(&h);
	return ok;
}

void why_free(struct why *w)
{
	free(w->caches);
	*w = (struct why){ 0 };
}

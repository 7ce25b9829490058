/* SPDX-License-Identifier: MIT */
/*
 * What lies in sheaves is free: in the two that a CPU has of a cache, and in
 * the cache's barns.
 *
 *   CPU     tops[id] ─► | link | bottom | … | 0 | obj | obj |   main
 *                          └─► | link | bottom | … | obj |      spare
 *   barn    full ─► sheaf ─► sheaf ─► …
 */
#include "heap.h"

static void clear_objects(struct heap *h, const uint64_t *objects, size_t n)
{
	struct block b;

	while (n--)
		if (objects[n] && heap_find(h, objects[n], &b))
			clear_bit(h->white, block_number(h, b));
}

/* The objects below @top are free. Returns what the sheaf is linked to. */
static uint64_t clear_sheaf(struct heap *h, uint64_t top)
{
	uint64_t base = (top - sizeof(void *)) & ~(SHEAF_SIZE - 1);
	uint64_t sheaf[SHEAF_SLOTS], bottom, n = (top - base) / sizeof(void *);

	if (!top || top % sizeof(void *) ||
	    target_copy(h->t, sheaf, base, sizeof(sheaf)) != sizeof(sheaf))
		return 0;
	bottom = (sheaf[1] - base) / sizeof(void *);
	if (bottom >= 2 && bottom < n)
		clear_objects(h, sheaf + bottom, n - bottom);
	return sheaf[0];
}

static void clear_barn(struct heap *h, const struct barn *b)
{
	uint64_t top = (uintptr_t)b->full;
	u32 steps;

	for (steps = 0; top && steps <= b->objects; steps++)
		top = clear_sheaf(h, top);
}

/* What a CPU has in the place @id. */
static void clear_place(struct heap *h, const sheaf_t *tops, u32 id)
{
	if (tops[id] != tops[0])
		clear_sheaf(h, clear_sheaf(h, (uintptr_t)tops[id]));
}

static bool clear_sheaves(struct heap *h, const struct snapshot_node *n)
{
	const struct kmem_cache *s;
	size_t c, i;

	for (c = 0; c < n->nr_caches; c++) {
		s = &n->caches[c].cache;
		if (heap_leaves_out(h, s) || !s->id)
			continue;
		if (!heap_in_time(h))
			return false;
		for (i = 0; i < n->nr_cpus; i++) {
			const sheaf_t *tops = n->cpus[i].tops.top;

			clear_place(h, tops, s->id);
			if (s->free_id != s->id)
				clear_place(h, tops, s->free_id);
		}
		for (i = 0; i < NR_CPU_GROUPS; i++)
			clear_barn(h, &s->barns[i]);
	}
	return true;
}

/**
 * heap_sheaves() - take what lies in sheaves for free
 * @h: the heap; its frames were looked at
 *
 * Return: true, or false with the reason in the target's error.
 */
bool heap_sheaves(struct heap *h)
{
	unsigned int i;
	bool ok = true;

	for (i = 0; ok && i < h->snapshot.nr_nodes; i++)
		ok = clear_sheaves(h, &h->snapshot.nodes[i]);
	return ok;
}

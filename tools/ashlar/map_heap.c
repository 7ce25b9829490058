/* SPDX-License-Identifier: MIT */
/*
 * The frames of a process, its slabs and their objects.
 *
 *   mem_map   | slab | tail | free | pages | …    descriptors ─► blocks
 *   runs      [ slots of a slab ] [ … ]           heap.c ─► used, cached, free
 *
 * Packed of each node:
 *
 *   page of its first frame, frames, page blocks, blocks
 *   mobility of each page block
 *   blocks, side by side:  what | flags << 4, frames, and of a slab:
 *     cache, bytes to its first slot, slots, how they are told, and
 *       counted   used, cached
 *       told      a bit for each that is used; how many are cached, and which
 *                 (distances)
 *
 * Slabs that are full or empty need no bits, and those for which there is no
 * room in the page are counted. The process runs on meanwhile: descriptors and
 * slots may be of different moments, and none is taken at its word.
 */
#include <stdlib.h>
#include <string.h>
#include "heap.h"
#include "map.h"

#define DESCRIPTORS_AT_ONCE 4096
#define BLOCK_RESIDENT 1u /* of free frames; their mobility is beside it */
#define BLOCK_TYPE_SHIFT 1

/* The walk over the descriptors of a node. */
struct walk {
	struct map *map;
	struct heap *heap;
	const uint64_t *in_slabs; /* a bit for each slot that its slab gave */
	unsigned int node;
	struct ram *ram;
	uint64_t nr; /* frames */
	uint64_t next; /* the first that no block has yet */
	uint64_t holes; /* frames before that which are none */
	struct pack blocks;
	uint64_t nr_blocks;
	uint8_t *types; /* of page blocks */
	uint32_t first_cache;
	uint64_t used, cached, slots; /* sums of objects */
	uint64_t free; /* frames in free blocks */
	uint64_t counted; /* slabs whose objects are not told */
};

/* ---- slabs ---- */

/* The slots of the slab of @nr frames from @frame on, or NULL. */
static const struct run *slots_of(const struct walk *w, uint64_t frame,
				  uint64_t nr)
{
	const struct heap *h = w->heap;
	uint64_t start = w->ram->base + (frame << PAGE_SHIFT), i;
	const struct run *r;

	for (i = 0; i < nr; i++) {
		if (w->ram->run[frame + i] == NONE)
			continue;
		r = &h->runs[w->ram->run[frame + i]];
		return r->cache != NONE && r->start >= start &&
				       r->start - start < nr << PAGE_SHIFT &&
				       r->slots <=
					       nr * PAGE_SIZE / SLAB_GRANULE ?
			       r :
			       NULL;
	}
	return NULL;
}

static uint32_t cache_at(const struct walk *w, uintptr_t address)
{
	const struct snapshot_node *n = &w->heap->snapshot.nodes[w->node];
	size_t i;

	for (i = 0; i < n->nr_caches; i++)
		if (n->caches[i].address == address)
			return w->first_cache + (uint32_t)i;
	return w->heap->nr_caches;
}

static bool is_cached(const struct walk *w, uint32_t slot)
{
	return bit_is_set(w->in_slabs, slot) &&
	       !bit_is_set(w->heap->white, slot);
}

static void pack_bits(struct pack *p, const struct walk *w, const struct run *r)
{
	uint32_t i, slot;
	uint8_t byte = 0;

	for (i = 0; i < r->slots; i++) {
		slot = r->first + i;
		if (bit_is_set(w->heap->white, slot))
			byte |= (uint8_t)(1u << i % 8);
		if (i % 8 == 7 || i == r->slots - 1) {
			pack_bytes(p, &byte, 1);
			byte = 0;
		}
	}
}

static void pack_cached(struct pack *p, const struct walk *w,
			const struct run *r, uint32_t cached)
{
	uint32_t i, before = 0;

	pack_number(p, cached);
	for (i = 0; i < r->slots; i++) {
		if (!is_cached(w, r->first + i))
			continue;
		pack_number(p, i - before);
		before = i;
	}
}

static void pack_slots(struct walk *w, const struct run *r)
{
	struct pack *p = &w->blocks;
	uint32_t used = 0, cached = 0, i;
	size_t before = p->nr;

	for (i = 0; i < r->slots; i++) {
		used += bit_is_set(w->heap->white, r->first + i);
		cached += is_cached(w, r->first + i);
	}
	w->used += used;
	w->cached += cached;
	w->slots += r->slots;
	if (used == r->slots || used + cached == 0) {
		pack_number(p, used ? SLOTS_USED : SLOTS_FREE);
	} else if (w->map->detail < r->slots / 8 + 2 * (size_t)cached + 1) {
		pack_number(p, SLOTS_COUNTED);
		pack_number(p, used);
		pack_number(p, cached);
		w->counted++;
	} else {
		pack_number(p, SLOTS_TOLD);
		pack_bits(p, w, r);
		pack_cached(p, w, r, cached);
		w->map->detail -= min(w->map->detail, p->nr - before);
	}
}

static void put_slab(struct walk *w, uint64_t frame, uint64_t nr,
		     const struct page *page)
{
	const struct run *r = slots_of(w, frame, nr);
	uint64_t start = w->ram->base + (frame << PAGE_SHIFT);

	pack_number(&w->blocks,
		    r ? r->cache : cache_at(w, (uintptr_t)page->slab_cache));
	pack_number(&w->blocks, r ? r->start - start : 0);
	pack_number(&w->blocks, r ? r->slots : 0);
	if (r)
		pack_slots(w, r);
	else
		pack_number(&w->blocks, SLOTS_FREE);
}

/* ---- blocks ---- */

static void put_block(struct walk *w, enum map_frames what, unsigned int flags,
		      uint64_t nr)
{
	pack_number(&w->blocks, what | (uint64_t)flags << 4);
	pack_number(&w->blocks, nr);
	w->nr_blocks++;
}

static void put_holes(struct walk *w)
{
	if (w->holes)
		put_block(w, FRAMES_NONE, 0, w->holes);
	w->holes = 0;
}

static uint64_t frames_of(const struct page *page)
{
	if (page->flags & PG_slab)
		return page->flags & PG_tail ? 0 : page->nr;
	if (!(page->flags & (PG_used | PG_buddy | PG_pcp)))
		return 0;
	if (page->order == ORDER_NONE)
		return page->flags & PG_used ? page->priv : 0;
	return page->order < MAX_ORDER ? 1ull << page->order : 0;
}

static void begin_block(struct walk *w, uint64_t frame, const struct page *page)
{
	uint64_t nr = frames_of(page);

	if (!nr || nr > w->nr - frame) {
		w->holes++;
		w->next = frame + 1;
		return;
	}
	put_holes(w);
	w->next = frame + nr;
	if (page->flags & PG_slab) {
		put_block(w, FRAMES_SLAB, 0, nr);
		put_slab(w, frame, nr, page);
	} else if (page->flags & PG_used) {
		put_block(w, FRAMES_USED, 0, nr);
	} else {
		w->free += nr;
		put_block(w, page->flags & PG_buddy ? FRAMES_FREE : FRAMES_PCP,
			  (page->flags & PG_zeroed ? 0 : BLOCK_RESIDENT) |
				  (unsigned int)min(page->list_type,
						    (u8)MIGRATE_TYPES)
					  << BLOCK_TYPE_SHIFT,
			  nr);
	}
}

static void take_frame(struct walk *w, uint64_t frame, const struct page *page)
{
	if (frame % (1ul << pageblock_order) == 0)
		w->types[frame >> pageblock_order] =
			(uint8_t)pageblock_type_of(page);
	if (frame >= w->next)
		begin_block(w, frame, page);
}

static bool walk_frames(struct walk *w)
{
	static struct page pages[DESCRIPTORS_AT_ONCE];
	uint64_t frame = 0, got, i;

	while (frame < w->nr) {
		got = target_copy(w->heap->t, pages,
				  w->ram->map + frame * sizeof(*pages),
				  min(w->nr - frame,
				      (uint64_t)DESCRIPTORS_AT_ONCE) *
					  sizeof(*pages)) /
		      sizeof(*pages);
		if (!heap_in_time(w->heap))
			return false;
		for (i = 0; i < got; i++)
			take_frame(w, frame + i, &pages[i]);
		frame += got;
		for (i = 0; !got && i < PAGE_SIZE / sizeof(*pages); i++) {
			w->holes += frame >= w->next && frame < w->nr;
			frame++;
		}
	}
	put_holes(w);
	return true;
}

static bool map_node(struct walk *w, struct pack *p)
{
	uint64_t blocks = (w->nr + (1ul << pageblock_order) - 1) >>
			  pageblock_order;
	bool ok;

	w->next = w->holes = w->nr_blocks = 0;
	w->first_cache = heap_first_cache(w->heap, w->node);
	w->types = calloc(blocks + 1, 1);
	ok = w->types && walk_frames(w);
	if (ok) {
		pack_number(p, w->ram->base >> PAGE_SHIFT);
		pack_number(p, w->nr);
		pack_number(p, blocks);
		pack_number(p, w->nr_blocks);
		pack_bytes(p, w->types, blocks);
		pack_bytes(p, w->blocks.bytes, w->blocks.nr);
		p->failed |= w->blocks.failed;
	}
	free(w->types);
	pack_free(&w->blocks);
	return ok;
}

/* ---- the whole heap ---- */

static void name_caches(struct map *m, const struct heap *h)
{
	const struct kmem_cache *s;
	uint32_t i;

	for (i = 0; i < h->nr_caches; i++) {
		s = &h->caches[i];
		json_array_append_new(
			m->caches, json_pack("[o i i b]", map_text(s->name),
					     (int)s->size, (int)s->object_size,
					     (s->flags & SLAB_OWN) != 0));
	}
}

/* What the system calls anonymous is the allocator's, if most of it is. */
static void mark(struct map_space *s, uint64_t start, uint64_t end,
		 enum map_kind kind)
{
	size_t i = map_first_area(s, start);
	struct map_area *a;
	uint64_t common;

	for (; i < s->nr_areas && s->areas[i].start < end; i++) {
		a = &s->areas[i];
		common = min(a->end, end) - max(a->start, start);
		if ((a->kind == MAP_ANONYMOUS || a->kind == MAP_GUARD ||
		     a->kind == MAP_MALLOC) &&
		    common >= (a->end - a->start) / 2)
			a->kind = (uint8_t)kind;
	}
}

static void mark_areas(struct map_space *s, const struct heap *h)
{
	size_t i;

	for (i = 0; i < h->nr_skip; i++)
		mark(s, h->skip[i].start, h->skip[i].end, MAP_MALLOC);
	for (i = h->first_large; i < h->nr_runs; i++)
		mark(s, h->runs[i].start, h->runs[i].start + h->runs[i].size,
		     MAP_LARGE);
}

static void pack_large(struct map_space *s, const struct heap *h)
{
	uint64_t end = 0;
	uint32_t i;

	for (i = h->first_large; i < h->nr_runs; i++) {
		const struct run *r = &h->runs[i];

		if (r->start < end)
			continue;
		pack_number(&s->large, r->start - end);
		pack_number(&s->large, r->size);
		pack_number(&s->large, r->trace != NONE);
		end = r->start + r->size;
		s->nr_large++;
	}
}

/* Of watched blocks the record has the last word. */
static bool ask_records(struct heap *h)
{
	struct bytes bytes;
	struct block b;

	for (b.run = 0; b.run < h->first_large; b.run++) {
		if (!h->runs[b.run].record)
			continue;
		for (b.slot = 0; b.slot < h->runs[b.run].slots; b.slot++) {
			if (!bit_is_set(h->white, block_number(h, b)))
				continue;
			if (!heap_bytes(h, b, &bytes))
				return false;
			if (!bytes.words)
				clear_bit(h->white, block_number(h, b));
		}
	}
	return true;
}

/* What slabs' bits say, before sheaves are looked into. */
static uint64_t *copy_bits(const struct heap *h)
{
	size_t bytes = (h->nr_slots + 63ul) / 64 * sizeof(*h->white);
	uint64_t *copy = malloc(bytes + 1);

	if (copy && bytes)
		memcpy(copy, h->white, bytes);
	return copy;
}

static bool read_heap(struct heap *h, struct target *t, uint64_t **in_slabs)
{
	unsigned int i;
	bool ok = heap_open(h, t);

	for (i = 0; ok && i < h->nr_ram; i++)
		ok = heap_frames(h, i, 0, h->ram[i].bytes >> PAGE_SHIFT);
	if (!ok || !heap_large(h))
		return false;
	*in_slabs = copy_bits(h);
	return *in_slabs && heap_sheaves(h) && copy_open(h) && ask_records(h);
}

static void tell_sums(struct map *m, const struct walk *w)
{
	json_object_update_new(m->facts,
			       json_pack("{sI sI sI sI}", "used",
					 (json_int_t)w->used, "cached",
					 (json_int_t)w->cached, "slots",
					 (json_int_t)w->slots, "free_frames",
					 (json_int_t)w->free));
	if (w->counted)
		map_note(m,
			 "There is no room for all objects: of %llu slabs only "
			 "counts are shown.",
			 (unsigned long long)w->counted);
}

static bool map_nodes(struct map *m, struct heap *h, const uint64_t *in_slabs)
{
	struct map_space *s = &m->space[0];
	struct walk w = { .map = m, .heap = h, .in_slabs = in_slabs };

	for (w.node = 0; w.node < h->nr_ram; w.node++) {
		w.ram = &h->ram[w.node];
		w.nr = w.ram->bytes >> PAGE_SHIFT;
		if (!w.nr)
			continue;
		if (!map_node(&w, &s->frames))
			return false;
		s->nr_nodes++;
	}
	tell_sums(m, &w);
	return true;
}

/**
 * map_heap() - the frames and objects of a target
 * @m: its areas are known
 * @t: its nodes were found
 *
 * Return: true, or false with the reason in @t->error.
 */
bool map_heap(struct map *m, struct target *t)
{
	struct heap h = { .process = t->pid,
			  .own = true,
			  .deadline = m->deadline };
	uint64_t *in_slabs = NULL;
	bool ok = read_heap(&h, t, &in_slabs);

	if (ok)
		ok = map_nodes(m, &h, in_slabs);
	if (ok) {
		name_caches(m, &h);
		mark_areas(&m->space[0], &h);
		pack_large(&m->space[0], &h);
	}
	free(in_slabs);
	heap_free(&h);
	return ok || target_fail(t, "out of memory");
}

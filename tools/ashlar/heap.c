/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a process that were allocated and not freed.
 *
 *   mem_map        | slab | tail | free | pages | slab | …      a descriptor
 *                     │                    │                     for each frame
 *   runs           [ slots of one size ] [ one ] [ … ] [ large blocks … ]
 *   white          1 1 0 1 1 1 0 0 1 …   1       …     1 1 …
 *
 * A slot is free if it was never used, has its bit in its frame's descriptor,
 * or lies in a sheaf: of a CPU or of its cache's barn. One that went into a
 * sheaf a moment ago carries the mark, which heap_bytes() looks for. The
 * allocator's own caches hold nothing of the program's: they are left out.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mm/slab_record.h"
#include "heap.h"

#define FRAMES_MAX (1ul << 26)
#define LARGE_MAX (1ul << 24)
#define DESCRIPTORS_AT_ONCE 4096
#define LARGE_AT_ONCE 256 /* at most TARGET_AT_ONCE */

/* ---- runs ---- */

uint32_t heap_find_frame(const struct heap *h, uint64_t address)
{
	unsigned int i;

	for (i = 1; i < h->nr_ram; i++)
		if (address - h->ram[i].base < h->ram[i].bytes)
			return h->ram[i]
				.run[(address - h->ram[i].base) >> PAGE_SHIFT];
	return NONE;
}

/* The large block that @address lies in or behind, or NONE. */
uint32_t heap_find_large(const struct heap *h, uint64_t address)
{
	uint32_t low = h->first_large, high = h->nr_runs, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (h->runs[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low > h->first_large ? low - 1 : NONE;
}

/* Room for one element more, whose index is @nr; NULL: no memory. */
void *heap_grow(struct heap *h, void *array, size_t nr, size_t size)
{
	void *more = array;

	/* Doubles whenever nr is a power of two. */
	if ((nr & (nr - 1)) == 0)
		more = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!more)
		target_fail(h->t, "out of memory");
	return more;
}

bool heap_skip(struct heap *h, uint64_t start, uint64_t end)
{
	struct span *more = heap_grow(h, h->skip, h->nr_skip, sizeof(*more));

	if (!more)
		return false;
	h->skip = more;
	h->skip[h->nr_skip++] = (struct span){ start, end };
	return true;
}

/* @n bits more, all of them set. */
static bool add_slots(struct heap *h, uint32_t n)
{
	size_t words = (h->nr_slots + 63ul) / 64, wanted, room = 64;
	uint64_t *more;
	uint32_t i;

	if (n > NONE - 64 - h->nr_slots)
		return target_fail(h->t, "%s has too many blocks", h->t->label);
	wanted = (h->nr_slots + (size_t)n + 63) / 64;
	while (room < words)
		room *= 2;
	if (!h->white || wanted > room) {
		while (room < wanted)
			room *= 2;
		more = realloc(h->white, room * sizeof(*more));
		if (!more)
			return target_fail(h->t, "out of memory");
		h->white = more;
	}
	memset(h->white + words, 0, (wanted - words) * sizeof(*h->white));
	for (i = h->nr_slots; i < h->nr_slots + n; i++)
		set_bit(h->white, i);
	h->nr_slots += n;
	return true;
}

bool heap_add(struct heap *h, const struct run *run)
{
	struct run *more = heap_grow(h, h->runs, h->nr_runs, sizeof(*more));

	if (!more)
		return false;
	h->runs = more;
	more[h->nr_runs] = *run;
	more[h->nr_runs].first = h->nr_slots;
	h->nr_runs++;
	return add_slots(h, run->slots);
}

/* ---- slabs and page runs ---- */

/* The walk over descriptors: the run at hand, and the frames it has. */
struct walk {
	struct heap *heap;
	struct ram *ram;
	unsigned int node;
	uint64_t frame, end; /* of the run, by number */
	uint32_t run; /* or NONE: nothing of the program's */
	bool described; /* each frame of it has bits */
	bool packed; /* it has several slots */
};

/* heap_leaves_out - true if the slabs of @s are not looked at */
bool heap_leaves_out(const struct heap *h, const struct kmem_cache *s)
{
	return (!h->own && (s->flags & SLAB_OWN)) ||
	       (h->only && strcmp(h->only, s->name) != 0);
}

/* True if what lies in a slot of @s lies in it indeed. */
static bool fits(const struct kmem_cache *s)
{
	uint64_t end = (uint64_t)s->red_left + s->object_size;

	if (s->record)
		end = s->record + sizeof(struct slab_record);
	return s->size >= 2 * sizeof(uint64_t) && end <= s->size &&
	       s->red_left % sizeof(uint64_t) == 0 && s->lead < PAGE_SIZE &&
	       s->record % sizeof(uint64_t) == 0 &&
	       (!s->record || s->red_left < s->record);
}

static bool begin_slab(struct walk *w, uint64_t frame, const struct page *page,
		       uint32_t cache)
{
	const struct kmem_cache *s = &w->heap->caches[cache];
	uint64_t start = w->ram->base + (frame << PAGE_SHIFT);
	uint64_t bytes = min(page->bump * (uint64_t)SLAB_GRANULE,
			     (uint64_t)page->nr << PAGE_SHIFT);
	uint64_t unused = start + bytes;
	struct run run = { .size = s->size,
			   .cache = cache,
			   .trace = NONE,
			   .left = s->red_left,
			   .record = s->record,
			   .bytes = slab_ksize(s) };

	w->end = frame + page->nr;
	w->packed = slab_is_packed(s);
	w->described = slab_is_packed(s) || cache_is_watched(s);
	w->run = NONE;
	run.start = start;
	if (s->record)
		run.bytes = s->record - s->red_left;
	if (slab_is_packed(s)) {
		run.start = (start + s->lead + s->size - 1) / s->size * s->size;
		run.inverse = UINT32_MAX / s->size + 1;
	}
	if (heap_leaves_out(w->heap, s) || unused <= run.start || !fits(s))
		return true;
	run.slots = run.inverse ? (uint32_t)((unused - run.start) / s->size) :
				  1;
	w->run = w->heap->nr_runs;
	return heap_add(w->heap, &run);
}

static bool begin_pages(struct walk *w, uint64_t frame, const struct page *page)
{
	uint64_t nr = page->order == ORDER_NONE ? page->priv :
						  1ull << page->order;
	struct run run = {
		.start = w->ram->base + (frame << PAGE_SHIFT),
		.size = nr << PAGE_SHIFT,
		.bytes = nr << PAGE_SHIFT,
		.slots = 1,
		.cache = NONE,
		.trace = NONE,
	};

	w->run = NONE;
	w->described = w->packed = false;
	w->end = frame + 1;
	if (page->order >= MAX_ORDER && page->order != ORDER_NONE)
		return true;
	if (nr == 0 || nr > (w->ram->bytes >> PAGE_SHIFT) - frame)
		return true;
	w->end = frame + nr;
	if (w->heap->only)
		return true;
	w->run = w->heap->nr_runs;
	return heap_add(w->heap, &run);
}

static uint32_t find_cache(const struct walk *w, const struct snapshot_node *n,
			   uint32_t first, const struct kmem_cache *s)
{
	static uint32_t last;
	size_t i;

	(void)w;
	if (last < n->nr_caches && n->caches[last].address == (uintptr_t)s)
		return first + last;
	for (i = 0; i < n->nr_caches; i++) {
		if (n->caches[i].address == (uintptr_t)s) {
			last = (uint32_t)i;
			return first + last;
		}
	}
	return NONE;
}

/* Free objects that start in the frame @page are not live. */
static void clear_free(struct walk *w, const struct page *page)
{
	const struct run *r = &w->heap->runs[w->run];
	uint64_t address = w->ram->base + (w->frame << PAGE_SHIFT);
	unsigned long word;
	uint32_t i, slot;

	for (i = 0; i < FREE_WORDS; i++) {
		for (word = page->free_bits[i]; word; word &= word - 1) {
			slot = run_slot(
				r, address + SLAB_GRANULE *
						     (64 * i +
						      (uint32_t)__builtin_ctzl(
							      word)));
			if (slot != NONE)
				clear_bit(w->heap->white, r->first + slot);
		}
	}
}

static bool take_frame(struct walk *w, const struct snapshot_node *n,
		       uint32_t first_cache, const struct page *page)
{
	bool head = (page->flags & PG_slab) && !(page->flags & PG_tail);
	bool used = (page->flags & (PG_used | PG_slab)) == PG_used;
	uint32_t cache;

	if (w->frame >= w->end || head) {
		w->run = NONE;
		w->end = w->frame + 1;
		cache = head ? find_cache(w, n, first_cache, page->slab_cache) :
			       NONE;
		if (head && cache != NONE &&
		    !begin_slab(w, w->frame, page, cache))
			return false;
		if (used && !begin_pages(w, w->frame, page))
			return false;
	}
	if (w->run != NONE && w->described && (page->flags & PG_slab))
		clear_free(w, page);
	else if (w->run != NONE && head && (page->free_bits[0] & 1))
		clear_bit(w->heap->white, w->heap->runs[w->run].first);
	/* Of a slab with one object only the first frame says it. */
	if (!(w->packed && (page->flags & PG_vacant)))
		w->ram->run[w->frame] = w->run;
	return true;
}

/* heap_first_cache - the number that a core's first cache has among all */
uint32_t heap_first_cache(const struct heap *h, unsigned int node)
{
	uint32_t i = 0;

	while (i < h->nr_caches && h->cache_node[i] != node)
		i++;
	return i;
}

/**
 * heap_frames() - find the blocks in some frames of a core
 * @h: the heap, open
 * @node: the core
 * @first: number of the first frame, which no block and no slab begins before
 * @nr: how many
 *
 * Return: true, or false with the reason in the target's error.
 */
bool heap_frames(struct heap *h, unsigned int node, uint64_t first, uint64_t nr)
{
	static struct page pages[DESCRIPTORS_AT_ONCE];
	const struct snapshot_node *n = &h->snapshot.nodes[node];
	struct ram *f = &h->ram[node];
	struct walk w = { .heap = h, .ram = f, .run = NONE };
	uint32_t cache = heap_first_cache(h, node);
	uint64_t end = first + nr, i, got;

	for (w.frame = first; w.frame < end;) {
		got = target_copy(h->t, pages,
				  f->map + w.frame * sizeof(*pages),
				  min(end - w.frame,
				      (uint64_t)DESCRIPTORS_AT_ONCE) *
					  sizeof(*pages)) /
		      sizeof(*pages);
		if (!heap_in_time(h))
			return false;
		for (i = 0; i < got; i++, w.frame++)
			if (!take_frame(&w, n, cache, &pages[i]))
				return false;
		if (!got) /* a hole of a page of descriptors at least */
			w.frame += PAGE_SIZE / sizeof(*pages);
	}
	return true;
}

/* ---- a core ---- */

static bool take_caches(struct heap *h, const struct snapshot_node *n,
			unsigned int node)
{
	uint32_t nr = h->nr_caches + (uint32_t)n->nr_caches;
	struct kmem_cache *caches =
		realloc(h->caches, (nr + 1) * sizeof(*caches));
	uint32_t *nodes = realloc(h->cache_node, (nr + 1) * sizeof(*nodes));
	size_t i;

	h->caches = caches ? caches : h->caches;
	h->cache_node = nodes ? nodes : h->cache_node;
	if (!caches || !nodes)
		return target_fail(h->t, "out of memory");
	for (i = 0; i < n->nr_caches; i++) {
		caches[h->nr_caches] = n->caches[i].cache;
		nodes[h->nr_caches++] = node;
	}
	return true;
}

static uint64_t frames_spanned(const struct snapshot_node *n)
{
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (n->zones[i].managed_pages)
			end = max(end, n->zones[i].start_pfn +
					       n->zones[i].spanned_pages);
	return end;
}

static bool take_core(struct heap *h, const struct snapshot_node *n,
		      unsigned int node)
{
	struct ram *f = &h->ram[node];
	struct ashlar_places places;
	uint64_t nr = frames_spanned(n), ids;
	uintptr_t map;

	if (!target_read(h->t, (uintptr_t)n->root.places, &places,
			 sizeof(places)) ||
	    !target_read(h->t, (uintptr_t)n->root.mem_map, &map, sizeof(map)) ||
	    !target_read(h->t, (uintptr_t)n->root.free_mark, &ids,
			 sizeof(ids)) ||
	    nr > FRAMES_MAX || places.frames % PAGE_SIZE ||
	    places.frames > INT64_MAX / 2 || map > INT64_MAX / 2)
		return target_fail(h->t, "the frames of %s cannot be found",
				   h->t->label);
	h->free_mark[node] = ids;
	h->nr_ram = node + 1;
	if (!nr || !places.frames) /* all blocks are guarded ones, or large */
		return true;
	*f = (struct ram){ .base = places.frames,
			   .bytes = nr << PAGE_SHIFT,
			   .map = map };
	f->run = malloc(nr * sizeof(*f->run));
	if (!f->run)
		return target_fail(h->t, "out of memory");
	memset(f->run, 0xff, nr * sizeof(*f->run));
	return stacks_open(h, node, (uintptr_t)n->root.stacks) &&
	       take_caches(h, n, node) && heap_skip(h, ids, f->base + f->bytes);
}

/* ---- large blocks ---- */

static bool take_large(struct heap *h, const struct large_slot *slot,
		       const struct large_range *r)
{
	uint64_t descriptor = (uintptr_t)slot->range, key = slot->key;
	struct run run = { .slots = 1, .cache = NONE, .trace = NONE };

	if ((uintptr_t)r->addr != key || !r->size || r->size > INT64_MAX - key)
		return true; /* on its way */
	if (!heap_skip(h, key, key + r->size) ||
	    !heap_skip(h, descriptor & PAGE_MASK,
		       (descriptor & PAGE_MASK) + PAGE_SIZE))
		return false;
	if (r->state != LARGE_BLOCK)
		return true;
	run.start = key;
	run.size = run.bytes = r->size;
	return heap_add(h, &run);
}

/* The blocks of some slots; those whose descriptor cannot be read are none. */
static bool take_slots(struct heap *h, const struct large_slot *slot, size_t nr)
{
	static struct large_range range[LARGE_AT_ONCE];
	static struct large_slot used[LARGE_AT_ONCE];
	uint64_t from[LARGE_AT_ONCE];
	size_t n = 0, at, i, got;

	for (i = 0; i < nr; i++) {
		if (!slot[i].key || (slot[i].key & 1))
			continue;
		used[n] = slot[i];
		from[n++] = (uintptr_t)slot[i].range;
	}
	for (at = 0; at < n; at += got + 1) {
		got = target_gather(h->t, from + at, n - at, range,
				    sizeof(range[0]));
		for (i = 0; i < got; i++)
			if (!take_large(h, &used[at + i], &range[i]))
				return false;
	}
	return true;
}

static bool take_index(struct heap *h, const struct snapshot_node *n)
{
	struct ashlar_places places;
	struct large_slot slot[LARGE_AT_ONCE];
	uint64_t at, end;
	size_t got;

	if (!target_read(h->t, (uintptr_t)n->root.places, &places,
			 sizeof(places)))
		return true;
	if (!guarded_read(h, &places))
		return false;
	if (!places.nr_large)
		return true;
	if (places.nr_large > LARGE_MAX)
		return target_fail(h->t,
				   "the large blocks of %s cannot be found",
				   h->t->label);
	at = (uintptr_t)places.large;
	end = at + places.nr_large * sizeof(slot[0]);
	if (!heap_skip(h, at, end))
		return false;
	for (; at < end; at += sizeof(slot)) {
		got = target_copy(h->t, slot, at,
				  min(end - at, (uint64_t)sizeof(slot))) /
		      sizeof(slot[0]);
		if (!take_slots(h, slot, got) || !heap_in_time(h))
			return false;
	}
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* All are live: it does not matter whose bit was whose. */
static void sort_large(struct heap *h)
{
	struct run *large = h->runs + h->first_large, *last;
	uint32_t i, n = h->nr_runs - h->first_large, first;

	if (!n)
		return;
	first = large[0].first;
	qsort(large, n, sizeof(*large), by_start);
	for (i = 0; i < n; i++)
		large[i].first = first + i;
	last = &large[n - 1];
	h->large_start = large[0].start;
	h->large_bytes = last->start + last->size - h->large_start;
}

static uint64_t half_of_free_memory(void)
{
	uint64_t pages = (uint64_t)sysconf(_SC_AVPHYS_PAGES);

	return max(pages * (uint64_t)sysconf(_SC_PAGESIZE) / 2, 256ull << 20);
}

/**
 * heap_open() - find the caches and the frames of a target
 * @h: all zero, but for process, deadline and what is left out; freed by
 * heap_free() in any case
 * @t: its nodes were found
 *
 * Return: true, or false with the reason in @t->error.
 */
bool heap_open(struct heap *h, struct target *t)
{
	unsigned int i;
	bool ok;

	h->t = t;
	h->copy_most = half_of_free_memory();
	ok = snapshot_take(&h->snapshot, t, SNAPSHOT_CACHES | SNAPSHOT_CPUS);
	for (i = 0; ok && i < h->snapshot.nr_nodes; i++)
		ok = take_core(h, &h->snapshot.nodes[i], i);
	return ok;
}

/**
 * heap_large() - find the large blocks and the guarded ones
 * @h: the heap; what is wanted of its frames was found
 *
 * Return: true, or false with the reason in the target's error.
 */
bool heap_large(struct heap *h)
{
	unsigned int i;
	bool ok = true;

	h->first_large = h->nr_runs;
	for (i = 0; ok && i < h->snapshot.nr_nodes; i++)
		ok = take_index(h, &h->snapshot.nodes[i]);
	if (ok)
		sort_large(h);
	return ok;
}

/**
 * heap_read() - find all blocks of a target
 * @h: as heap_open() wants it
 * @t: its nodes were found
 *
 * Return: true, or false with the reason in @t->error.
 */
bool heap_read(struct heap *h, struct target *t)
{
	unsigned int i;
	bool ok = heap_open(h, t);

	for (i = 0; ok && i < h->nr_ram; i++)
		ok = heap_frames(h, i, 0, h->ram[i].bytes >> PAGE_SHIFT);
	return ok && heap_large(h) && heap_sheaves(h) && copy_open(h);
}

void heap_free(struct heap *h)
{
	unsigned int i;

	for (i = 0; i < MAX_NODES; i++) {
		free(h->ram[i].run);
		stacks_close(h->stacks[i]);
	}
	snapshot_free(&h->snapshot);
	free(h->caches);
	free(h->cache_node);
	free(h->runs);
	copy_close(h);
	free(h->white);
	free(h->traces);
	free(h->skip);
	*h = (struct heap){ 0 };
}

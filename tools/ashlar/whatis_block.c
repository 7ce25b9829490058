/* SPDX-License-Identifier: MIT */
/*
 * What the allocator knows of an address.
 *
 *   address ─► frame ─► descriptor ┬ slab   ─► its first frame ─► cache, slot
 *                                  ├ pages  ─► the block's first frame
 *                                  └ free   ─► …
 *           ─► index of mappings   ─► a large block
 *           ─► pool of guarded blocks ─► one of them, in use or freed
 *
 * Only what has to do with the address is read: the descriptors of one slab,
 * and the sheaves of one cache. So it costs the same in a small heap and in a
 * large one.
 */
#include <string.h>
#include <time.h>
#include "mm/slab_record.h"
#include "whatis.h"

#define LOOK_SECONDS 10
#define FRAMES_AT_ONCE 1024

static bool read_frame(struct heap *h, const struct ram *f, uint64_t frame,
		       struct page *page)
{
	return target_copy(h->t, page, f->map + frame * sizeof(*page),
			   sizeof(*page)) == sizeof(*page);
}

/* ---- frames ---- */

/* The zone and the page block of a frame. */
static void tell_frame(struct heap *h, unsigned int node, uint64_t frame,
		       struct whatis_block *w)
{
	const struct snapshot_node *n = &h->snapshot.nodes[node];
	uint64_t first = ALIGN_DOWN(frame, 1ull << pageblock_order);
	const struct zone *z = n->zones;
	struct page page;
	unsigned int type;

	w->nid = n->nid;
	w->pfn = frame;
	while (z < n->zones + MAX_NR_ZONES &&
	       frame - z->start_pfn >= z->spanned_pages)
		z++;
	if (z == n->zones + MAX_NR_ZONES)
		return;
	if (first < z->start_pfn)
		first = z->start_pfn;
	if (!read_frame(h, &h->ram[node], first, &page))
		return;
	type = pageblock_type_of(&page);
	if (type >= MIGRATE_TYPES)
		return;
	w->zone = zone_type_names[z->index];
	w->type = migratetype_names[type];
	w->framed = true;
}

/* How many frames begin with the one that @page describes; 0: none. */
static uint64_t frames_of(const struct page *page)
{
	if (page->flags & PG_slab)
		return page->flags & PG_tail ? 0 : page->nr;
	if (!(page->flags & (PG_used | PG_buddy | PG_pcp)))
		return 0;
	if (page->order == ORDER_NONE)
		return page->priv;
	return page->order < MAX_ORDER ? 1ull << page->order : 0;
}

/* Blocks of a power of two begin at a multiple of their size. */
static bool find_aligned(struct heap *h, const struct ram *f, uint64_t frame,
			 uint64_t *first, struct page *page)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		*first = ALIGN_DOWN(frame, 1ull << order);
		if (read_frame(h, f, *first, page) &&
		    frame - *first < frames_of(page))
			return true;
	}
	return false;
}

/* Others begin anywhere: the nearest descriptor before that says something. */
static bool find_before(struct heap *h, const struct ram *f, uint64_t frame,
			uint64_t *first, struct page *page)
{
	static struct page pages[FRAMES_AT_ONCE];
	uint64_t end = frame + 1, start, i;

	while (end && heap_in_time(h)) {
		start = end > FRAMES_AT_ONCE ? end - FRAMES_AT_ONCE : 0;
		if (target_copy(h->t, pages, f->map + start * sizeof(*pages),
				(end - start) * sizeof(*pages)) !=
		    (end - start) * sizeof(*pages))
			return false;
		for (i = end - start; i-- > 0;) {
			if (!pages[i].flags)
				continue;
			*first = start + i;
			*page = pages[i];
			return frame - *first < frames_of(page);
		}
		end = start;
	}
	return false;
}

/* The first frame of what @frame belongs to. */
static bool find_first(struct heap *h, const struct ram *f, uint64_t frame,
		       uint64_t *first, struct page *page)
{
	*first = frame;
	if (read_frame(h, f, frame, page) && (page->flags & PG_slab) &&
	    (page->flags & PG_tail)) {
		*first = ((uintptr_t)page->head - f->map) / sizeof(*page);
		return *first < frame && read_frame(h, f, *first, page) &&
		       frame - *first < frames_of(page);
	}
	return find_aligned(h, f, frame, first, page) ||
	       find_before(h, f, frame, first, page);
}

static void tell_pages(const struct ram *f, uint64_t first,
		       const struct page *page, struct whatis_block *w)
{
	w->kind = page->flags & PG_used ? BLOCK_PAGES : BLOCK_FREE;
	w->resident = !(page->flags & PG_zeroed);
	w->start = f->base + (first << PAGE_SHIFT);
	w->bytes = frames_of(page) << PAGE_SHIFT;
}

/* ---- slabs ---- */

static uint32_t cache_at(const struct heap *h, unsigned int node, uintptr_t at)
{
	const struct snapshot_node *n = &h->snapshot.nodes[node];
	size_t i;

	for (i = 0; i < n->nr_caches; i++)
		if (n->caches[i].address == at)
			return heap_first_cache(h, node) + (uint32_t)i;
	return NONE;
}

static void take_stack(struct heap *h, struct block b, uint32_t handle,
		       struct whatis_stack *s)
{
	s->nr = stack_fetch(h, b, handle, s->pc);
}

/* @free: the slab has it back. */
static bool tell_object(struct heap *h, struct block b, bool free,
			struct whatis_block *w)
{
	const struct run *r = &h->runs[b.run];
	struct bytes bytes;

	w->kind = BLOCK_OBJECT;
	w->slot = b.slot;
	w->state = free ? STATE_FREE : STATE_CACHED;
	w->start = block_address(h, b);
	w->bytes = r->bytes;
	if (!heap_bytes(h, b, &bytes))
		return false;
	if (!free && bit_is_set(h->white, block_number(h, b)) && bytes.words)
		w->state = STATE_USED;
	if (!r->record || (!bytes.stack && !bytes.freed))
		return true;
	w->start = bytes.address;
	w->bytes = bytes.nr;
	take_stack(h, b, bytes.stack, &w->alloc);
	if (w->state != STATE_USED) {
		w->state = STATE_FREED;
		take_stack(h, b, bytes.freed, &w->freed);
	}
	return true;
}

/* The slab that begins with @first, whose descriptor is @head. */
static bool tell_slab(struct heap *h, unsigned int node, uint64_t first,
		      const struct page *head, uint64_t address,
		      struct whatis_block *w)
{
	uint32_t cache = cache_at(h, node, (uintptr_t)head->slab_cache);
	const struct kmem_cache *s = &h->caches[cache];
	struct block b = { NONE, NONE };
	const struct run *r;
	bool free = false;

	w->kind = BLOCK_GAP;
	w->start = w->slab = h->ram[node].base + (first << PAGE_SHIFT);
	w->slab_frames = head->nr;
	w->bytes = w->slab_frames << PAGE_SHIFT;
	if (cache == NONE)
		return true;
	memcpy(w->cache, s->name, sizeof(w->cache));
	w->slab_used = head->inuse;
	w->own = heap_leaves_out(h, s);
	w->slot_bytes = s->size;
	h->own = true;
	h->only = w->cache;
	if (!heap_frames(h, node, first, head->nr))
		return false;
	h->first_large = h->nr_runs;
	if (!h->nr_runs)
		return true;
	r = &h->runs[0];
	w->slots = slab_is_packed(s) ?
			   (w->slab + w->bytes - r->start) / s->size :
			   1;
	if (address >= r->start)
		b = (struct block){ 0, run_slot(r, address) };
	if (b.slot == NONE)
		return true;
	free = !bit_is_set(h->white, block_number(h, b));
	return heap_sheaves(h) && copy_open(h) && tell_object(h, b, free, w);
}

static bool tell_ram(struct heap *h, unsigned int node, uint64_t address,
		     struct whatis_block *w)
{
	const struct ram *f = &h->ram[node];
	uint64_t frame = (address - f->base) >> PAGE_SHIFT, first;
	struct page page;

	tell_frame(h, node, frame, w);
	w->kind = BLOCK_OWN;
	if (!find_first(h, f, frame, &first, &page))
		return true;
	if (page.flags & PG_slab)
		return tell_slab(h, node, first, &page, address, w);
	tell_pages(f, first, &page, w);
	return true;
}

/* ---- mappings ---- */

/* A guarded block owns the pages around it up to the next one's. */
static bool holds(const struct kfence_block *b, uint64_t address)
{
	uint64_t pages = (uintptr_t)b->pages;

	return b->state != KFENCE_UNUSED && b->order < MAX_ORDER &&
	       address - (pages - PAGE_SIZE) <
		       (PAGE_SIZE << b->order) + 2 * PAGE_SIZE;
}

static void take_trace(const struct kfence_trace *t, struct whatis_stack *s)
{
	while (s->nr < KFENCE_DEPTH && t->pc[s->nr]) {
		s->pc[s->nr] = t->pc[s->nr];
		s->nr++;
	}
}

static bool tell_guarded(struct heap *h, const struct ashlar_places *places,
			 uint64_t address, struct whatis_block *w)
{
	struct kfence_block b;
	uint64_t at = (uintptr_t)places->guarded;
	uint32_t i;

	if (address - places->pool >= places->pool_bytes)
		return false;
	w->kind = BLOCK_OWN;
	for (i = 0; i < places->nr_guarded && heap_in_time(h); i++) {
		if (target_copy(h->t, &b, at + i * sizeof(b), sizeof(b)) !=
		    sizeof(b))
			return true;
		if (!holds(&b, address))
			continue;
		w->kind = BLOCK_GUARDED;
		w->state = b.state == KFENCE_FREED ? STATE_FREED : STATE_USED;
		w->start = (uintptr_t)b.start;
		w->bytes = b.asked;
		take_trace(&b.alloc, &w->alloc);
		if (w->state == STATE_FREED)
			take_trace(&b.free, &w->freed);
		return true;
	}
	return true;
}

/* True if the address lies in what the allocator has for itself. */
static bool is_own(const struct heap *h, uint64_t address)
{
	size_t i;

	for (i = 0; i < h->nr_skip; i++)
		if (address >= h->skip[i].start && address < h->skip[i].end)
			return true;
	return false;
}

static bool tell_mapping(struct heap *h, uint64_t address,
			 struct whatis_block *w)
{
	const struct run *r;
	uint32_t found;

	if (!heap_large(h))
		return false;
	found = heap_find_large(h, address);
	r = &h->runs[found];
	if (found != NONE && r->trace == NONE && address - r->start < r->size) {
		w->kind = BLOCK_LARGE;
		w->start = r->start;
		w->bytes = r->bytes;
	} else if (is_own(h, address)) {
		w->kind = BLOCK_OWN;
	}
	return true;
}

static bool tell(struct heap *h, uint64_t address, struct whatis_block *w)
{
	struct ashlar_places places;
	unsigned int i;

	for (i = 0; i < h->nr_ram; i++)
		if (address - h->ram[i].base < h->ram[i].bytes)
			return tell_ram(h, i, address, w);
	for (i = 0; i < h->snapshot.nr_nodes; i++)
		if (target_read(h->t,
				(uintptr_t)h->snapshot.nodes[i].root.places,
				&places, sizeof(places)) &&
		    tell_guarded(h, &places, address, w))
			return true;
	return tell_mapping(h, address, w);
}

/**
 * whatis_block() - what the allocator knows of an address
 * @t: its nodes were found
 * @address: any
 * @w: filled
 *
 * Return: true, or false with the reason in @t->error.
 */
bool whatis_block(struct target *t, uint64_t address, struct whatis_block *w)
{
	struct heap h = { .process = t->pid };
	bool ok;

	*w = (struct whatis_block){ 0 };
	clock_gettime(CLOCK_MONOTONIC, &h.deadline);
	h.deadline.tv_sec += LOOK_SECONDS;
	ok = heap_open(&h, t) && tell(&h, address, w);
	heap_free(&h);
	return ok;
}

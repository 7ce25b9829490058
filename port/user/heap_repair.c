/* SPDX-License-Identifier: MIT */
/*
 * A shared heap after the holder of a lock was killed, and looks at all of it.
 *
 *   intent   ALLOC, and its reference was written      carried out
 *            ALLOC, and it was not, or there is none   taken back
 *            FREE                                      carried out
 *   derived  lists and counts from free[]; bits of free pages from kinds
 *
 * Both ways end the same however often they are begun: the intent goes last.
 */
#include <ashlar/string.h>
#include <errno.h>
#include "heap_segment.h"

/* True if the block of @log stays its caller's. */
static bool finish_intent(struct ashlar_heap *h, const struct heap_log *log)
{
	ashlar_heap_ref *where = NULL;

	if (log->where && log->where % sizeof(*where) == 0 &&
	    log->where < heap_page_start(h->nr_pages))
		where = heap_where(h, log->where);
	if (log->op == HEAP_ALLOC)
		return where && *where == log->block;
	if (where && *where == log->block)
		WRITE_ONCE(*where, 0);
	return false;
}

/* Valid places of the slab's word @w. */
static u64 valid_bits(u32 class, u32 w)
{
	u32 n = (u32)HEAP_PAGE / heap_class_size[class];

	if (n >= 64 * (w + 1))
		return ~0ull;
	return n > 64 * w ? (1ull << n % 64) - 1 : 0;
}

static u32 count_free(const struct heap_page *p, u32 class)
{
	u32 n = 0, w;

	for (w = 0; w < HEAP_WORDS; w++)
		n += (u32)__builtin_popcountll(p->free[w] &
					       valid_bits(class, w));
	return n;
}

static bool is_empty(const struct heap_page *p, u32 class)
{
	return p->nr_free == (u32)HEAP_PAGE / heap_class_size[class];
}

static bool is_slab_of(const struct ashlar_heap *h, u32 page, u32 shard)
{
	u32 kind = h->page[page].kind;

	return heap_kind_of(kind) == HEAP_PAGE_SLAB &&
	       heap_shard_of(kind) == shard;
}

static void repair_place(struct ashlar_heap *h, struct heap_shard *s)
{
	struct heap_log *log = &s->log;
	u32 page = (u32)(log->block >> HEAP_PAGE_SHIFT), place;
	struct heap_page *p = &h->page[page];
	u64 bit;

	if (log->op == HEAP_IDLE || page < h->first_page ||
	    page >= h->nr_pages ||
	    !is_slab_of(h, page, (u32)(s - h->header->shard)))
		return;
	place = (u32)(log->block % HEAP_PAGE) /
		heap_class_size[heap_class_of(p->kind)];
	bit = 1ull << place % 64;
	if (finish_intent(h, log))
		WRITE_ONCE(p->free[place / 64], p->free[place / 64] & ~bit);
	else
		WRITE_ONCE(p->free[place / 64], p->free[place / 64] | bit);
}

/* Context: the shard's lock, of a process that is no more. */
void heap_repair_shard(struct ashlar_heap *h, struct heap_shard *s)
{
	u32 nr = (u32)(s - h->header->shard), page, class;

	repair_place(h, s);
	for (class = 0; class < HEAP_CLASSES; class ++)
		s->room[class] = s->nr_empty[class] = 0;
	for (page = h->first_page; page < h->nr_pages; page++) {
		struct heap_page *p = &h->page[page];

		if (!is_slab_of(h, page, nr))
			continue;
		class = heap_class_of(p->kind);
		p->hint = 0;
		p->next = p->prev = 0;
		p->nr_free = count_free(p, class);
		if (p->nr_free)
			heap_link_slab(h, s, class, page);
		s->nr_empty[class] += is_empty(p, class);
	}
	heap_end(&s->log);
}

static void repair_run(struct ashlar_heap *h)
{
	struct heap_log *log = &h->header->log;
	u32 page = (u32)(log->block >> HEAP_PAGE_SHIFT), nr = log->nr, i;
	bool stays;

	if (log->op == HEAP_IDLE || page < h->first_page ||
	    page >= h->nr_pages || nr > h->nr_pages - page)
		return;
	stays = finish_intent(h, log);
	for (i = 0; i < nr; i++) {
		h->page[page + i].nr = nr;
		WRITE_ONCE(h->page[page + i].kind, !stays ? HEAP_PAGE_FREE :
						   i	  ? HEAP_PAGE_TAIL :
							    HEAP_PAGE_RUN);
	}
}

/* Context: header->lock, of a process that is no more. */
void heap_repair_pages(struct ashlar_heap *h)
{
	u32 page;

	repair_run(h);
	for (page = h->first_page; page < h->nr_pages; page++)
		heap_mark_pages(h, page, 1,
				h->page[page].kind == HEAP_PAGE_FREE);
	h->header->cursor = h->first_page;
	heap_end(&h->header->log);
}

/* ---- looks at all of it ---- */

static void lock_all(struct ashlar_heap *h)
{
	u32 i;

	for (i = 0; i < HEAP_SHARDS; i++)
		heap_lock_shard(h, &h->header->shard[i]);
	heap_lock_pages(h);
}

static void unlock_all(struct ashlar_heap *h)
{
	u32 i;

	heap_unlock(&h->header->lock);
	for (i = HEAP_SHARDS; i-- > 0;)
		heap_unlock(&h->header->shard[i].lock);
}

/**
 * ashlar_heap_repair() - repair what dead processes left
 * @heap: the heap
 *
 * Each call repairs what it meets; this looks everywhere.
 *
 * Context: any thread; takes every lock of the heap in turn. Return: 0.
 */
int ashlar_heap_repair(struct ashlar_heap *heap)
{
	lock_all(heap);
	unlock_all(heap);
	return 0;
}

static bool run_is_whole(const struct ashlar_heap *h, u32 page)
{
	u32 nr = h->page[page].nr, i;

	if (!nr || nr > h->nr_pages - page)
		return false;
	for (i = 1; i < nr; i++)
		if (h->page[page + i].kind != HEAP_PAGE_TAIL)
			return false;
	return true;
}

/* Slabs of a list, or ~0: it is none. */
static u32 list_length(const struct ashlar_heap *h, u32 shard, u32 class)
{
	const struct heap_shard *s = &h->header->shard[shard];
	u32 page = s->room[class], before = 0, n = 0, empty = 0;

	for (; page; page = h->page[page].next) {
		if (page >= h->nr_pages || n++ > h->nr_pages ||
		    h->page[page].kind != heap_slab_kind(class, shard) ||
		    h->page[page].prev != before || !h->page[page].nr_free)
			return ~0u;
		empty += is_empty(&h->page[page], class);
		before = page;
	}
	return empty == s->nr_empty[class] ? n : ~0u;
}

static bool lists_are_whole(const struct ashlar_heap *h)
{
	u32 shard, class, page, listed = 0, with_room = 0, n;

	for (shard = 0; shard < HEAP_SHARDS; shard++)
		for (class = 0; class < HEAP_CLASSES; class ++) {
			n = list_length(h, shard, class);
			if (n == ~0u)
				return false;
			listed += n;
		}
	for (page = h->first_page; page < h->nr_pages; page++)
		with_room += heap_kind_of(h->page[page].kind) ==
				     HEAP_PAGE_SLAB &&
			     h->page[page].nr_free;
	return listed == with_room;
}

/* Pages of what begins at @page; 0: it is damaged. */
static u32 look_at(const struct ashlar_heap *h, u32 page)
{
	const struct heap_page *p = &h->page[page];
	bool is_free = h->bits[page / 64] >> page % 64 & 1;
	u32 kind = heap_kind_of(p->kind);

	if (is_free != (kind == HEAP_PAGE_FREE))
		return 0;
	if (kind == HEAP_PAGE_SLAB)
		return p->nr_free == count_free(p, heap_class_of(p->kind));
	if (kind == HEAP_PAGE_RUN)
		return run_is_whole(h, page) ? p->nr : 0;
	return kind == HEAP_PAGE_FREE;
}

/**
 * ashlar_heap_validate() - derive every count and list anew, and compare
 * @heap: the heap
 *
 * Context: any thread; holds every lock of the heap meanwhile. Return: 0, or
 * -EBADMSG: somebody wrote where only the heap may.
 */
int ashlar_heap_validate(struct ashlar_heap *heap)
{
	u32 page = heap->first_page, n = 1;
	bool whole;

	lock_all(heap);
	for (; page < heap->nr_pages && n; page += n)
		n = look_at(heap, page);
	whole = n && page == heap->nr_pages && lists_are_whole(heap);
	unlock_all(heap);
	return whole ? 0 : -EBADMSG;
}

/**
 * ashlar_heap_used() - how much is allocated
 * @heap: the heap
 * @blocks: filled with their number, or NULL
 *
 * Context: any thread; holds every lock of the heap meanwhile. Return: bytes of
 * all blocks, as they may be used.
 */
size_t ashlar_heap_used(struct ashlar_heap *heap, size_t *blocks)
{
	size_t bytes = 0, nr = 0;
	u32 page, class, n;

	lock_all(heap);
	for (page = heap->first_page; page < heap->nr_pages; page++) {
		const struct heap_page *p = &heap->page[page];

		if (p->kind == HEAP_PAGE_RUN) {
			nr++;
			bytes += (size_t)p->nr << HEAP_PAGE_SHIFT;
		} else if (heap_kind_of(p->kind) == HEAP_PAGE_SLAB) {
			class = heap_class_of(p->kind);
			n = (u32)HEAP_PAGE / heap_class_size[class] -
			    p->nr_free;
			nr += n;
			bytes += (size_t)n * heap_class_size[class];
		}
	}
	unlock_all(heap);
	if (blocks)
		*blocks = nr;
	return bytes;
}

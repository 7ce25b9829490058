/* SPDX-License-Identifier: MIT */
/*
 * Small blocks of a shared heap: places in slabs of one page, free ones by
 * bits.
 *
 *   shard ── room[class] ─► slab ◄─► slab      those with a free place
 *     └ lock, log           free[]: 0 1 1 …
 *
 * Each slab belongs to a shard, of which there are several so that processes
 * do not wait for each other: a thread allocates from its own one, and what it
 * releases goes to whichever the block is of.
 *
 * Locks: a shard's, then header->lock for pages.
 */
#include <errno.h>
#include "heap_segment.h"

const u16 heap_class_size[HEAP_CLASSES] = {
	16,  32,  48,  64,  80,	 96,  112,  128,  160,	192,  224,  256,  320,
	384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 4096,
};

static u32 place_of(u32 class, u32 offset)
{
	return offset / heap_class_size[class];
}

static u32 class_for(size_t size)
{
	u32 s = size ? (u32)size : 1, shift;

	if (s <= 128)
		return (s - 1) / 16;
	if (s > 2048)
		return HEAP_CLASSES - 1;
	shift = 31 - (u32)__builtin_clz(s - 1); /* 7 … 10 */
	return 8 + (shift - 7) * 4 + ((s - 1) >> (shift - 2)) - 4;
}

static u32 places(u32 class)
{
	return (u32)HEAP_PAGE / heap_class_size[class];
}

void heap_lock_shard(struct ashlar_heap *h, struct heap_shard *s)
{
	if (unlikely(heap_lock(h, &s->lock)))
		heap_repair_shard(h, s);
}

static struct heap_page *slab_at(struct ashlar_heap *h, u32 page)
{
	return page < h->nr_pages ? &h->page[page] : &h->page[0];
}

/* ---- lists, which are derived. Context: the shard's lock ---- */

void heap_link_slab(struct ashlar_heap *h, struct heap_shard *s, u32 class,
		    u32 page)
{
	struct heap_page *p = &h->page[page];

	p->prev = 0;
	p->next = s->room[class];
	if (p->next)
		slab_at(h, p->next)->prev = page;
	s->room[class] = page;
}

static void unlink_slab(struct ashlar_heap *h, struct heap_shard *s, u32 class,
			u32 page)
{
	struct heap_page *p = &h->page[page];

	if (p->next)
		slab_at(h, p->next)->prev = p->prev;
	if (p->prev)
		slab_at(h, p->prev)->next = p->next;
	else
		s->room[class] = p->next;
	p->next = p->prev = 0;
}

/* ---- slabs come and go ---- */

static u32 new_slab(struct ashlar_heap *h, struct heap_shard *s, u32 class)
{
	u32 page, i, n = places(class);
	struct heap_page *p;

	heap_lock_pages(h);
	page = heap_take_pages(h, 1);
	if (page) {
		p = &h->page[page];
		for (i = 0; i < HEAP_WORDS; i++)
			p->free[i] = n >= 64 * (i + 1) ? ~0ull :
				     n > 64 * i	       ? (1ull << n % 64) - 1 :
							 0;
		p->nr_free = n;
		p->hint = 0;
		heap_order();
		WRITE_ONCE(p->kind,
			   heap_slab_kind(class, (u32)(s - h->header->shard)));
		heap_link_slab(h, s, class, page);
		s->nr_empty[class]++;
	}
	heap_unlock(&h->header->lock);
	return page;
}

static void release_slab(struct ashlar_heap *h, struct heap_shard *s, u32 class,
			 u32 page)
{
	unlink_slab(h, s, class, page);
	s->nr_empty[class]--;
	heap_lock_pages(h);
	WRITE_ONCE(h->page[page].kind, HEAP_PAGE_FREE);
	heap_mark_pages(h, page, 1, true);
	heap_unlock(&h->header->lock);
}

/* ---- places ---- */

/* A free place of @p, which has one. */
static u32 find_place(struct heap_page *p)
{
	u32 w = p->hint % HEAP_WORDS, i;

	for (i = 0; i < HEAP_WORDS && !p->free[w]; i++)
		w = (w + 1) % HEAP_WORDS;
	p->hint = w;
	return p->free[w] ? 64 * w + (u32)__builtin_ctzll(p->free[w]) : ~0u;
}

/* Context: the shard's lock. */
static u64 alloc_in(struct ashlar_heap *h, struct heap_shard *s, u32 class,
		    u64 where)
{
	u32 page = s->room[class], place;
	struct heap_page *p;
	u64 block;

	if (unlikely(!page || page >= h->nr_pages))
		page = new_slab(h, s, class);
	if (unlikely(!page))
		return 0;
	p = &h->page[page];
	place = find_place(p);
	if (unlikely(place >= places(class)))
		return 0;
	block = heap_page_start(page) + place * heap_class_size[class];
	heap_begin(&s->log, HEAP_ALLOC, block, 0, where);
	WRITE_ONCE(p->free[place / 64],
		   p->free[place / 64] & ~(1ull << place % 64));
	if (p->nr_free == places(class))
		s->nr_empty[class]--;
	if (!--p->nr_free)
		unlink_slab(h, s, class, page);
	heap_order();
	if (where)
		WRITE_ONCE(*heap_where(h, where), block);
	heap_end(&s->log);
	return block;
}

static u32 my_shard(struct ashlar_heap *h)
{
	static __thread u32 nr;
	static u32 threads;

	if (unlikely(!nr))
		nr = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
	(void)heap_myself(h);
	return (READ_ONCE(h->process->shard) + nr) % HEAP_SHARDS;
}

/* As heap_alloc_run(), for up to HEAP_SMALL bytes. */
u64 heap_alloc_small(struct ashlar_heap *h, size_t size, u64 where)
{
	u32 first = my_shard(h), class = class_for(size), i;
	struct heap_shard *s;
	u64 block = 0;

	/* When there is no page left, others' slabs may have room. */
	for (i = 0; i < HEAP_SHARDS && !block; i++) {
		s = &h->header->shard[(first + i) % HEAP_SHARDS];
		heap_lock_shard(h, s);
		block = alloc_in(h, s, class, where);
		heap_unlock(&s->lock);
	}
	return block;
}

/* Is @block, in the slab @page of kind @kind, in use? Context: its lock. */
static int check_block(struct ashlar_heap *h, u32 page, u32 class, u64 block)
{
	u32 offset = (u32)(block % HEAP_PAGE);
	u32 place = place_of(class, offset);

	if (offset != place * heap_class_size[class] || place >= places(class))
		return -EINVAL;
	return h->page[page].free[place / 64] >> place % 64 & 1 ? -EALREADY :
								  (int)place;
}

/* Context: the shard's lock. */
static int free_in(struct ashlar_heap *h, struct heap_shard *s, u32 page,
		   u64 block, u64 where)
{
	struct heap_page *p = &h->page[page];
	u32 class = heap_class_of(p->kind), place;
	int found = check_block(h, page, class, block);

	if (found < 0)
		return found;
	if (where && READ_ONCE(*heap_where(h, where)) != block)
		return -EINVAL;
	place = (u32)found;
	heap_begin(&s->log, HEAP_FREE, block, 0, where);
	if (where)
		WRITE_ONCE(*heap_where(h, where), 0);
	heap_order();
	WRITE_ONCE(p->free[place / 64],
		   p->free[place / 64] | 1ull << place % 64);
	if (place / 64 < p->hint)
		p->hint = place / 64;
	heap_end(&s->log);
	if (!p->nr_free++)
		heap_link_slab(h, s, class, page);
	if (p->nr_free == places(class) &&
	    ++s->nr_empty[class] > HEAP_EMPTY_MOST)
		release_slab(h, s, class, page);
	return 0;
}

/* Context: the shard's lock. */
static void release_empty(struct ashlar_heap *h, struct heap_shard *s)
{
	u32 class, page, next, most = h->nr_pages; /* a damaged list ends */

	for (class = 0; class < HEAP_CLASSES; class ++) {
		page = s->room[class];
		for (; page && s->nr_empty[class] && most; most--) {
			next = slab_at(h, page)->next;
			if (slab_at(h, page)->nr_free == places(class))
				release_slab(h, s, class, page);
			page = next;
		}
	}
}

/* Empty slabs become free pages, since there are no others. */
void heap_release_empty(struct ashlar_heap *h)
{
	u32 i;

	for (i = 0; i < HEAP_SHARDS; i++) {
		heap_lock_shard(h, &h->header->shard[i]);
		release_empty(h, &h->header->shard[i]);
		heap_unlock(&h->header->shard[i].lock);
	}
}

/* Returns 0; -EINVAL: no block, -EALREADY: it is free. */
int heap_free_small(struct ashlar_heap *h, u64 block, u64 where)
{
	u32 page = (u32)(block >> HEAP_PAGE_SHIFT);
	u32 kind = READ_ONCE(h->page[page].kind);
	struct heap_shard *s = &h->header->shard[heap_shard_of(kind)];
	int err = -EINVAL;

	heap_lock_shard(h, s);
	/* It may have come and gone since. */
	if (READ_ONCE(h->page[page].kind) == kind)
		err = free_in(h, s, page, block, where);
	heap_unlock(&s->lock);
	return err;
}

/* SPDX-License-Identifier: MIT */
/* What slub.c, the slabs of a cache, has for sheaf.c, which is above it. */
#ifndef ASHLAR_MM_SLUB_H
#define ASHLAR_MM_SLUB_H

#include "internal.h"

/* OBJECT_NONE: no object of the cache starts there. */
enum object_state { OBJECT_USED, OBJECT_FREE, OBJECT_NONE };

static inline __racy struct page *slab_head(struct page *page)
{
	return (page->flags & PG_tail) ? page->head : page;
}

static inline bool cache_has_marks(const struct kmem_cache *s)
{
	return s->flags & SLAB_KMALLOC;
}

/* slab_guard.c */
bool slab_guard_due(struct kmem_cache *s, u32 nr);
void slab_guard(struct page *slab, u32 nr);
u32 slab_unguard(struct page *slab, u32 nr);

/* Context: no cache lock. */
bool slab_grow(struct kmem_cache *s, gfp_t gfp);
void *alloc_direct(struct kmem_cache *s, gfp_t gfp);
void put_direct(struct kmem_cache *s, void *obj, struct list_head *reaped);
enum object_state object_state(const struct kmem_cache *s,
			       const struct page *slab, char *obj);
bool watched_is_used(const struct kmem_cache *s, const struct page *slab,
		     char *obj);
struct page *object_slab(const struct kmem_cache *s, const void *obj);
void report_bad_object(const struct kmem_cache *s, char *obj,
		       enum object_state state);

/* Context: kmem_cache.lock. */
void **slabs_take(struct kmem_cache *s, void **slots, u32 n, bool unused);
void slabs_put(struct kmem_cache *s, void **objs, u32 n);
unsigned long slabs_to_keep(const struct kmem_cache *s);
void reap_free_slabs(struct kmem_cache *s, unsigned long keep,
		     struct list_head *out);

/* True if the frame of @obj is one of a slab of @s. */
static __always_inline bool is_slab_frame_of(const struct kmem_cache *s,
					     const void *obj)
{
	const struct page *page = virt_to_page(obj);

	return virt_addr_valid(obj) && (page->flags & PG_slab) &&
	       page->slab_cache == s;
}

#endif

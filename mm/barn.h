/* SPDX-License-Identifier: MIT */
/* What barn.c, the sheaves between CPUs, has for sheaf.c, which is above it. */
#ifndef ASHLAR_MM_BARN_H
#define ASHLAR_MM_BARN_H

#include <ashlar/atomic.h>
#include "slub.h"

/*
 * Sheaves are needed under a CPU's lock, where nothing may ask the machine
 * for RAM: so the cache of sheaves has one in stock before. Context: no lock.
 */
static __always_inline void stock_sheaves(void)
{
	if (unlikely(READ_ONCE(sheaf_cache.inuse) ==
		     READ_ONCE(sheaf_cache.total_objects)))
		slab_grow(&sheaf_cache, GFP_NOWAIT | __GFP_NOWARN);
}

/* Objects that the sheaf of @top may hold. */
static inline u32 sheaf_room(sheaf_t top)
{
	void **base = sheaf_base(top);

	return (u32)(base + SHEAF_SLOTS - *sheaf_bottom(base));
}

/* Context of these: kmem_cache.lock. */
static inline sheaf_t sheaf_unlink(sheaf_t *list)
{
	sheaf_t top = *list;

	if (top)
		*list = sheaf_base(top)[0];
	return top;
}

static inline void sheaf_link(sheaf_t *list, sheaf_t top)
{
	sheaf_base(top)[0] = *list;
	*list = top;
}

sheaf_t barn_get(struct kmem_cache *s, sheaf_t main);
void barn_put(struct kmem_cache *s, sheaf_t full);
bool barn_has_room(const struct kmem_cache *s, sheaf_t full);
void barn_grow(struct kmem_cache *s);
void barn_note_exchange(struct kmem_cache *s);
void barn_note_flush(struct kmem_cache *s, u32 objects);
sheaf_t sheaf_get_empty(struct kmem_cache *s);
sheaf_t sheaf_exchange(struct kmem_cache *s, sheaf_t main);
sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top);

/* Context of these: no cache lock. */
sheaf_t sheaf_fetch_empty(struct kmem_cache *s);
void sheaf_release(struct kmem_cache *s, sheaf_t top, struct list_head *reaped);
void barn_drain(struct kmem_cache *s, struct list_head *reaped);

/* Context: any. */
sheaf_t sheaf_fit(struct kmem_cache *s, sheaf_t top);
extern atomic_t sheaf_growth;

#endif

/* SPDX-License-Identifier: MIT */
/* What barn.c, the sheaves between CPUs, has for sheaf.c, which is above it. */
#ifndef ASHLAR_MM_BARN_H
#define ASHLAR_MM_BARN_H

#include <ashlar/atomic.h>
#include "slub.h"

void restock_sheaves(void);

/*
 * Sheaves are needed under a CPU's lock, where nothing may ask the machine
 * for RAM: so the cache of sheaves has one in stock before. Context: no lock.
 */
static __always_inline void stock_sheaves(void)
{
	if (unlikely(READ_ONCE(sheaf_cache.inuse) ==
		     READ_ONCE(sheaf_cache.total_objects)))
		restock_sheaves();
}

/* Objects that the sheaf of @top may hold. */
static inline u32 sheaf_room(sheaf_t top)
{
	void **base = sheaf_base(top);

	return (u32)(base + SHEAF_SLOTS - *sheaf_bottom(base));
}

/* The barn of a CPU. */
static inline struct barn *barn_of(struct kmem_cache *s,
				   const struct mm_cpu *cpu)
{
	return &s->barns[cpu->nr % NR_CPU_GROUPS];
}

/* True if some barn has a full sheaf, or had one when it was looked at. */
static __always_inline bool barns_have_full(const struct kmem_cache *s)
{
	uintptr_t any = 0;
	u32 i;

#pragma GCC unroll 8
	for (i = 0; i < NR_CPU_GROUPS; i++)
		any |= (uintptr_t)READ_ONCE(s->barns[i].full);
	return any;
}

/* Context: any, without a barn's lock. */
sheaf_t barn_get(struct kmem_cache *s, struct barn *own, sheaf_t main);
sheaf_t barn_put(struct kmem_cache *s, struct barn *own, sheaf_t main);
sheaf_t sheaf_get_empty(struct kmem_cache *s, struct barn *own);
bool barn_has_room(const struct kmem_cache *s, sheaf_t full);
void sheaf_release(struct kmem_cache *s, sheaf_t top, struct list_head *reaped);
void barn_drain(struct kmem_cache *s, struct list_head *reaped);

/* Context of these: kmem_cache.lock. */
void barn_grow(struct kmem_cache *s);
void barn_note_flush(struct kmem_cache *s, u32 objects);
sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top);

/* Context: any. */
sheaf_t sheaf_fit(struct kmem_cache *s, sheaf_t top);
extern atomic_t sheaf_growth;

#endif

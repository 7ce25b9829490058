/* SPDX-License-Identifier: MIT */
/* What watched_cpu.c, quarantine.c and slab_look.c have for each other. */
#ifndef ASHLAR_MM_WATCHED_CPU_H
#define ASHLAR_MM_WATCHED_CPU_H

#include "slab_debug.h"
#include "slub.h"

#define SLOT_LIST_MOST 56u

/* Some slots, and of which general cache each is (kmem_cache.hand). */
struct slot_list {
	u32 n;
	u8 id[SLOT_LIST_MOST];
	char *slot[SLOT_LIST_MOST];
};

static inline void slot_list_add(struct slot_list *l, u8 id, char *slot)
{
	l->id[l->n] = id;
	l->slot[l->n++] = slot;
}

/* quarantine.c */
extern size_t quarantine_limit
	__hidden; /* bytes; changed under quarantine_lock */

/* True if an object of @s has to wait when it is released. */
static inline bool quarantine_takes(const struct kmem_cache *s)
{
	return s->hand && s->size <= READ_ONCE(quarantine_limit);
}

/* A CPU may keep a small part of the limit before it comes there. */
#define CPU_SHARE 64

/* True if the slots @l, of @bytes, are enough to be brought there. */
static inline bool quarantine_is_due(const struct slot_list *l, size_t bytes)
{
	return l->n == SLOT_LIST_MOST ||
	       bytes >= READ_ONCE(quarantine_limit) / CPU_SHARE;
}

/* Context: no lock held. */
void quarantine_swap(struct slot_list *l);
void quarantine_add(const struct kmem_cache *s, char *slot);
void quarantine_empty(void);

/* watched_cpu.c */
bool watched_cpu_begins(struct mm_cpu *cpu);
void *watched_cpu_alloc(struct kmem_cache *s, struct mm_cpu *cpu, gfp_t gfp,
			const struct slab_call *call);
bool watched_cpu_free(struct kmem_cache *s, struct mm_cpu *cpu,
		      const struct page *slab, char *obj,
		      const struct slab_call *call);

/* False: there is no memory for what @cpu has at hand. */
static inline bool watched_cpu_ready(struct mm_cpu *cpu)
{
	return likely(cpu->watched) || watched_cpu_begins(cpu);
}

#endif

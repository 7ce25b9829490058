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

/* quarantine.c; context: no lock held */
bool quarantine_takes(const struct kmem_cache *s);
bool quarantine_is_due(const struct slot_list *l, size_t bytes);
void quarantine_swap(struct slot_list *l);
void quarantine_add(const struct kmem_cache *s, char *slot);
void quarantine_empty(void);

/* watched_cpu.c */
bool watched_cpu_ready(struct mm_cpu *cpu);
void *watched_cpu_alloc(struct kmem_cache *s, struct mm_cpu *cpu, gfp_t gfp,
			const struct slab_call *call, u32 stack);
bool watched_cpu_free(struct kmem_cache *s, struct mm_cpu *cpu, char *slot,
		      char *obj, const struct slab_call *call, u32 stack);

#endif
